import type * as z from 'zod';
import { defineMessage, RequestId } from './define.js';

/** Ends a response or a watch. Unknown and finished ids are ignored: a cancel may cross the last event. */
export const Cancel = defineMessage('cancel', { requestId: RequestId });
export type Cancel = z.infer<typeof Cancel>;
