// The requests of a connection that are answered by one reply: which call of DaemonService each of them is.

import type { ClientMessage } from '../ipc/protocol.js';
import type { DaemonService } from '../ipc/service.js';

export type ServiceRequest = Exclude<
  ClientMessage,
  { type: 'hello' | 'respond' | 'watch' | 'cancel' | 'tool_output' }
>;

export type ServiceAnswer =
  /** `afterwards`: what is done once the reply has been sent. */
  | { readonly type: 'now'; readonly result: unknown; readonly afterwards: () => void }
  | { readonly type: 'later'; readonly result: Promise<unknown> };

/** Errors: what the service throws. */
export const answerRequest = (service: DaemonService, request: ServiceRequest): ServiceAnswer => {
  switch (request.type) {
    case 'health':
      return now(service.health());
    case 'status':
      return now(service.status());
    case 'machines.list':
      return now(service.machines());
    case 'fault.inject':
      return later(service.injectFault(request.fault).then(() => null));
    case 'shutdown':
      return now(null, () => service.shutdown(request.mode));
    case 'models.list':
      return later(service.listModels());
    case 'models.inspect':
      return later(service.inspectModel(request.checkpoint));
    case 'models.load':
      return later(service.loadModel(request.checkpoint));
    case 'models.unload':
      return later(service.unloadModel().then(() => null));
  }
};

const now = (result: unknown, afterwards: () => void = () => {}): ServiceAnswer => ({
  type: 'now',
  result,
  afterwards,
});

const later = (result: Promise<unknown>): ServiceAnswer => ({ type: 'later', result });
