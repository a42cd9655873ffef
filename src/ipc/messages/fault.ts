import * as z from 'zod';
import { defineMessage, RequestId } from './define.js';

/** Makes the engine fail on purpose. Refused by a daemon that was not started with that hook (`--fault`). */
export const InjectFault = defineMessage('fault.inject', {
  requestId: RequestId,
  fault: z.string().min(1).max(64),
});
