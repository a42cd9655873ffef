// The data plane between the main thread and the engine worker: msgpack frames over one MessagePort. Both ends are
// ours and of one build, so frames are typed and not validated again. One packet carries all that one turn produced.

import { Packr } from 'msgpackr';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ErrorCode } from '../errors.js';
import type { Guidance } from './constraints/constraint.js';
import type { SamplerOptions, Sampled } from './engine-addon.js';
import type { LoopLoad } from './engine-load.js';
import type { PromptMarks } from './prompt-marks.js';

/** Counts from 1 within one life of the worker. */
export type SequenceId = number;

export interface SubmitCommand {
  readonly type: 'submit';
  readonly id: SequenceId;
  /** Token ids, 4 bytes each, in the machine's byte order. */
  readonly prompt: Uint8Array;
  readonly marks: PromptMarks;
  readonly sampling: SamplerOptions;
  readonly maxTokens: number | null;
  /** A token of these ends the generation and is its last. */
  readonly stopTokens: readonly number[];
  readonly topLogprobs: number;
  /** How many tokens may be sampled before the receiver has to grant more. */
  readonly credit: number;
  /** Token ids as in `prompt`, which stand in for what would be sampled first; a test hook. */
  readonly forced: Uint8Array;
  /** What the tokens are held to; null: nothing. */
  readonly guidance: Guidance | null;
  /** Goes on after a tool's output: has been queued once and goes to the front. */
  readonly resumed: boolean;
}

export type EngineCommand =
  | SubmitCommand
  | { readonly type: 'credit'; readonly id: SequenceId; readonly tokens: number }
  | { readonly type: 'cancel'; readonly id: SequenceId };

/**
 * The same clock in every thread and in the engine's own process, and one that nobody sets: `performance.timeOrigin` is
 * each one's own, and of the wall clock as it was then.
 */
export const clockMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A CodexpcError as data. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A line for the daemon's log. */
export interface EngineNote {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `atMs`: when, by `clockMs`, which both threads share. */
export type EngineReport =
  | {
      readonly type: 'ready';
      readonly kernelTables: ReadonlyArray<{ readonly name: string; readonly supported: boolean }>;
    }
  | { readonly type: 'beat' }
  | { readonly type: 'note'; readonly note: EngineNote }
  /** Bytes of the checkpoint that are in memory. */
  | { readonly type: 'loading'; readonly done: number; readonly total: number }
  | {
      readonly type: 'started';
      readonly id: SequenceId;
      readonly slot: number;
      readonly cached: number;
      readonly atMs: number;
    }
  | {
      readonly type: 'prefill';
      readonly id: SequenceId;
      readonly done: number;
      readonly total: number;
      readonly atMs: number;
    }
  /** A few times a second while there are steps. */
  | { readonly type: 'load'; readonly load: LoopLoad }
  | ({ readonly type: 'token'; readonly id: SequenceId } & Sampled)
  /** Of the tokens before it, so many had been guessed; `drafted` were tried. */
  | {
      readonly type: 'drafted';
      readonly id: SequenceId;
      readonly drafted: number;
      readonly accepted: number;
    }
  | {
      readonly type: 'finished';
      readonly id: SequenceId;
      readonly reason: 'stop' | 'length';
      readonly atMs: number;
    }
  | { readonly type: 'failed'; readonly id: SequenceId; readonly error: ErrorRecord }
  /** The worker ends itself after this. */
  | { readonly type: 'fault'; readonly error: ErrorRecord };

export interface FrameChannel<Out> {
  send(message: Out): void;
  /** Delivers at once what has arrived: the other end is gone. */
  drain(): void;
  close(): void;
}

/** Speaks `Out`, hears `In`. */
export const openFrameChannel = <Out, In>(
  port: MessagePort,
  onMessage: (message: In) => void,
): FrameChannel<Out> => {
  const packr = new Packr({ useRecords: false });
  const deliver = (packet: Uint8Array): void => onMessage(packr.unpack(packet) as In);
  port.on('message', deliver);
  return {
    send: (message) => {
      // A copy of exactly the frame: msgpackr's result is a view of its pool, which would be cloned whole.
      const packet = Uint8Array.from(packr.pack(message));
      port.postMessage(packet, [packet.buffer]);
    },
    drain: () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        deliver(next.message as Uint8Array);
      }
    },
    close: () => port.close(),
  };
};

/** A frame that came over the channel is a view of all that was read with it, which would be cloned whole. */
export const owned = (packet: unknown): unknown =>
  packet instanceof Uint8Array ? Uint8Array.from(packet) : packet;

export const tokensToBytes = (tokens: Uint32Array): Uint8Array =>
  new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);

/** Copies: a frame's bytes need not be aligned. */
export const bytesToTokens = (bytes: Uint8Array): Uint32Array =>
  new Uint32Array(Uint8Array.from(bytes).buffer);
