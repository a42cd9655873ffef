// The one answer to a request. `result` is parsed by the schema that belongs to the request's type (protocol.ts).

import * as z from 'zod';
import { defineMessage, RequestId } from './define.js';

export const Reply = defineMessage('reply', { requestId: RequestId, result: z.unknown() });
export type Reply = z.infer<typeof Reply>;
