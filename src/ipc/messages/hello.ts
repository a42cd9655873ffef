// The first frame each way. Nothing else is understood before it.

import * as z from 'zod';
import { defineMessage } from './define.js';

export const ClientHello = defineMessage('hello', {
  protocolVersion: z.number().int(),
  /** Who connects, for logs and `status`: "codexpc-cli 0.1.0". */
  client: z.string().max(200),
});
export type ClientHello = z.infer<typeof ClientHello>;

export const DaemonHello = defineMessage('hello', {
  protocolVersion: z.number().int(),
  daemon: z.object({ version: z.string(), pid: z.number().int() }),
});
export type DaemonHello = z.infer<typeof DaemonHello>;
