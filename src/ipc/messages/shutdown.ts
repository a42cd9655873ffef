import * as z from 'zod';
import { defineMessage, RequestId } from './define.js';

/** `drain`: no new requests, running ones get a deadline. `now`: everything is cancelled. Answered before it begins. */
export const Shutdown = defineMessage('shutdown', { requestId: RequestId, mode: z.enum(['drain', 'now']) });
export type Shutdown = z.infer<typeof Shutdown>;
