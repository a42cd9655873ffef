// The whole protocol on one page: every message each way, and what each request is answered with.
// PROTOCOL.md tells it to authors of clients in other languages.

import * as z from 'zod';
import { Cancel } from './messages/cancel.js';
import { ErrorMessage } from './messages/error.js';
import { InjectFault } from './messages/fault.js';
import { Health, HealthRequest } from './messages/health.js';
import { ClientHello, DaemonHello } from './messages/hello.js';
import { ListMachines, MachineList } from './messages/machines.js';
import {
  InspectModel,
  ListModels,
  LoadedModel,
  LoadModel,
  ModelInfo,
  ModelList,
  UnloadModel,
} from './messages/models.js';
import { Reply } from './messages/reply.js';
import { Respond } from './messages/respond.js';
import { ResponseEvent } from './messages/response-events.js';
import { Shutdown } from './messages/shutdown.js';
import { Status, StatusRequest } from './messages/status.js';
import { ToolOutput } from './messages/tool-output.js';
import { Watch, WatchEventMessage } from './messages/watch.js';

/** Raised when a message changes so that an older peer would misread it. New keys and new messages do not raise it. */
export const PROTOCOL_VERSION = 1;

/** Requests with one reply, by type: the schema of the reply's `result`. */
export const REPLIES = {
  health: Health,
  status: Status,
  'models.list': ModelList,
  'models.inspect': ModelInfo,
  'models.load': LoadedModel,
  'models.unload': z.null(),
  'machines.list': MachineList,
  'fault.inject': z.null(),
  shutdown: z.null(),
  watch: z.null(), // when the watch has ended
} as const;
export type RequestType = keyof typeof REPLIES;
export type ReplyResult<Type extends RequestType> = z.infer<(typeof REPLIES)[Type]>;

export const ClientMessage = z.discriminatedUnion('type', [
  ClientHello,
  HealthRequest,
  StatusRequest,
  ListModels,
  InspectModel,
  LoadModel,
  UnloadModel,
  ListMachines,
  InjectFault,
  Shutdown,
  Respond,
  Watch,
  Cancel,
  ToolOutput,
]);
export type ClientMessage = z.infer<typeof ClientMessage>;
export type Request<Type extends RequestType> = Extract<ClientMessage, { type: Type }>;

export const DaemonMessage = z.discriminatedUnion('type', [
  DaemonHello,
  Reply,
  ErrorMessage,
  WatchEventMessage,
  ...ResponseEvent.options,
]);
export type DaemonMessage = z.infer<typeof DaemonMessage>;

export type { Cancel } from './messages/cancel.js';
export type {
  Channel,
  ConversationItem,
  FreeformTool,
  FunctionTool,
  Tool,
  ToolChoice,
} from './messages/conversation.js';
export { type ErrorMessage, fromWireError, toWireError, type WireError } from './messages/error.js';
export type { DaemonState, EngineState, Health } from './messages/health.js';
export type { ClientHello, DaemonHello } from './messages/hello.js';
export type { MachineDefinition, MachineState, MachineTransition } from './messages/machines.js';
export type { LoadedModel, ModelInfo, ModelShape } from './messages/models.js';
export type { Reply } from './messages/reply.js';
export {
  createRespond,
  DEFAULT_SAMPLING,
  type Include,
  type ReasoningEffort,
  type Respond,
  type RespondOptions,
  type Sampling,
} from './messages/respond.js';
export {
  type Completed,
  type Failed,
  type FinishReason,
  isTerminal,
  type OutputItem,
  type ResponseEvent,
  type Timings,
  type ToolResult,
  type Usage,
} from './messages/response-events.js';
export type { Shutdown } from './messages/shutdown.js';
export type { BackpressureStatus, ConnectionStatus, HttpStatus, Status } from './messages/status.js';
export type { ToolOutput } from './messages/tool-output.js';
export type { ActorView, RecordedEvent, Watch, WatchEvent, WatchEventMessage } from './messages/watch.js';
