// A worker_threads MessagePort as comlink sees one. Node's ports are event targets as well, so no adapter sits between.

import type { Endpoint } from 'comlink';
import type { MessagePort } from 'node:worker_threads';

export const controlEndpoint = (port: MessagePort): Endpoint => port as unknown as Endpoint;
