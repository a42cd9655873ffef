// What a daemon can be asked, whatever the transport. Front ends call it; src/actors/ implements it.

import type { CodexpcError } from '../errors.js';
import type {
  Health,
  LoadedModel,
  MachineDefinition,
  ModelInfo,
  Respond,
  ResponseEvent,
  Status,
  ToolOutput,
  WatchEvent,
} from './protocol.js';

/** Where a response's events go. One sink a request. */
export interface ResponseSink {
  /** False when the receiver's buffer is full: send nothing more until `onDrain` has fired. Never drops. */
  send(event: ResponseEvent): boolean;
  /** Sets what runs each time there is room again. One listener: the last one set. */
  onDrain(resume: () => void): void;
}

export type CancelReason = 'client_gone' | 'cancelled' | 'deadline' | 'shutdown';

export interface WatchOptions {
  /** With the texts of prompts and answers. */
  readonly content: boolean;
  /** After the snapshot, what happened before. */
  readonly history: boolean;
}

export interface Watching {
  stop(): void;
  /** The state of everything now, for a watcher that has lost events. */
  snapshot(): WatchEvent;
}

export interface DaemonService {
  health(): Health;
  status(): Status;
  /**
   * Starts a response. Every accepted request ends with exactly one `completed` or `failed` event; a cancelled one or
   * one past its deadline is `completed` with that finish reason.
   * `request.requestId` is unique in the daemon: a front end qualifies what its clients choose (`c12/1`), and puts the
   * client's own id back into events. Sessions use the id they were given, in events too.
   * Errors (thrown before any event): invalid_request, queue_full, engine_*, insufficient_memory.
   */
  respond(request: Respond, sink: ResponseSink): void;
  /** Unknown or finished ids are ignored: a cancel may cross the last event. */
  cancel(requestId: string, reason: CancelReason): void;
  /** Answers a call that a running response waits for. Errors: invalid_request. */
  toolOutput(output: ToolOutput): void;
  listModels(): Promise<readonly ModelInfo[]>;
  inspectModel(checkpoint: string): Promise<ModelInfo>;
  loadModel(checkpoint: string | null): Promise<LoadedModel>;
  unloadModel(): Promise<void>;
  /** Every statechart of the daemon, to be drawn. */
  machines(): readonly MachineDefinition[];
  /** Debug stream: a snapshot at once, then transitions, log lines, counters. */
  watch(sink: (event: WatchEvent) => void, options: WatchOptions): Watching;
  /** Makes the engine fail on purpose. Errors: access_denied without that hook, invalid_request. */
  injectFault(fault: string): Promise<void>;
  /** `drain`: no new requests, running ones get a deadline. `now`: everything is cancelled. */
  shutdown(mode: 'drain' | 'now'): void;
}

export type ServiceError = CodexpcError;
