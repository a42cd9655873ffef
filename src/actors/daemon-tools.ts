// The daemon's own tools beside those of a request: what the model is offered, and who answers which call.

import type { JsonObject } from '../harmony/conversation.js';
import type { Respond, Tool } from '../ipc/protocol.js';
import type { CallHeader, CallOwner } from './decoder-stage.js';
import type { OfferedTool } from './tools/tool.js';

export interface ToolOffer {
  /** As the model sees it: the daemon's functions come behind the client's tools. */
  readonly request: Respond;
  /** The daemon's tools that are no functions; the system message describes them. */
  readonly builtins: readonly OfferedTool[];
  /** Names of the daemon's tools that are not offered, since the client has one of the same name. */
  readonly clashes: readonly string[];
  readonly ownerOf: (call: CallHeader) => CallOwner;
}

export const offerTools = (request: Respond, daemons: readonly OfferedTool[]): ToolOffer => {
  const taken = new Set(request.tools.map(({ name }) => name));
  const isWanted = request.daemonTools && request.toolChoice !== 'none';
  const offered = isWanted ? daemons.filter(({ name }) => !taken.has(name)) : [];
  const builtins = offered.filter(({ harmony }) => harmony === 'builtin');
  const functions = offered.filter(({ harmony }) => harmony === 'function');
  const recipients = new Set([
    ...functions.map(({ name }) => `functions.${name}`),
    ...builtins.map(({ name }) => name),
  ]);
  return {
    request:
      functions.length === 0
        ? request
        : { ...request, tools: [...request.tools, ...functions.map(toWireTool)] },
    builtins,
    clashes: request.daemonTools ? daemons.filter(({ name }) => taken.has(name)).map(({ name }) => name) : [],
    ownerOf: ({ recipient, isDeclared, isGuessed }) =>
      isGuessed || !isDeclared || recipients.has(recipient) ? 'daemon' : 'client',
  };
};

const toWireTool = ({ name, description, parameters, grammar }: OfferedTool): Tool =>
  parameters === null
    ? {
        kind: 'freeform',
        name,
        description,
        grammar: grammar === null ? null : { syntax: 'lark', definition: grammar },
      }
    : { kind: 'function', name, description, parameters: parameters as JsonObject, strict: false };
