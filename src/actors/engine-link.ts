// The main thread's end of one engine worker: starts it, tells what it reports, and ends it.

import { releaseProxy, wrap } from 'comlink';
import { MessageChannel } from 'node:worker_threads';
import type { CodexpcError } from '../errors.js';
import type { Guidance } from './constraints/constraint.js';
import { controlEndpoint } from './control-endpoint.js';
import type { SamplerOptions, Sampled } from './engine-addon.js';
import type { EngineControl, EngineSettings } from './engine-control.js';
import { engineExited, engineStartFailed, fromErrorRecord } from './engine-errors.js';
import {
  type EngineCommand,
  type EngineNote,
  type EngineReport,
  openFrameChannel,
  type SequenceId,
  tokensToBytes,
} from './engine-frames.js';
import type { EngineLoadCounter } from './engine-load.js';
import { startEngineHost } from './engine-host.js';
import type { Fault } from './fault.js';
import type { PromptMarks } from './prompt-marks.js';

export interface EngineLinkOptions {
  readonly addonModule: string | null;
  readonly settings: EngineSettings;
  readonly fault: Fault | null;
  readonly onReady: (kernelTables: Extract<EngineReport, { type: 'ready' }>['kernelTables']) => void;
  readonly onNote: (note: EngineNote) => void;
  readonly loadCounter: EngineLoadCounter;
  readonly onLoading: (doneBytes: number, totalBytes: number) => void;
  /** Any report, at most about one a second: the worker is alive. */
  readonly onBeat: () => void;
  /** The thread is gone; null when it was closed. Comes once, last. */
  readonly onExit: (error: CodexpcError | null) => void;
}

export interface Generation {
  readonly prompt: Uint32Array;
  readonly marks: PromptMarks;
  readonly sampling: SamplerOptions;
  readonly maxTokens: number | null;
  readonly stopTokens: readonly number[];
  readonly topLogprobs: number;
  readonly credit: number;
  /** Stand in for what would be sampled first; empty: nothing does. */
  readonly forced: Uint32Array;
  /** What the tokens are held to; null: nothing. */
  readonly guidance: Guidance | null;
  readonly resumed: boolean;
  /** What the request is, whoever sends it: for the quarantine. */
  readonly fingerprint: string;
}

/** What a generation reports, in order; the last is `finished`, `failed` or `lost`. */
export interface GenerationListener {
  started(cached: number, atMs: number): void;
  prefilled(done: number, total: number, atMs: number): void;
  sampled(token: Sampled): void;
  /** So many tokens were guessed ahead, and so many of them came true. */
  drafted(drafted: number, accepted: number): void;
  finished(reason: 'stop' | 'length', atMs: number): void;
  failed(error: CodexpcError): void;
  /** The engine died. */
  lost(error: CodexpcError): void;
}

export interface GenerationHandle {
  grant(tokens: number): void;
  /** Nothing is reported after this. */
  cancel(): void;
}

export type ControlCalls = {
  readonly [Name in Exclude<keyof EngineControl, 'close'>]: (
    ...given: Parameters<EngineControl[Name]>
  ) => Promise<Awaited<ReturnType<EngineControl[Name]>>>;
};

export interface EngineLink {
  /** Each call ends: with the worker's reply, or with what `lose` is told. */
  readonly control: ControlCalls;
  generate(generation: Generation, listener: GenerationListener): GenerationHandle;
  /** Sequences that hold a slot. */
  numStarted(): number;
  /** Sequences that wait for one. */
  numQueued(): number;
  /** Fingerprints of what holds a slot, or did when the engine was lost. */
  running(): readonly string[];
  /** Tells every generation that the engine is gone, whether or not the thread has ended. */
  lose(error: CodexpcError): void;
  close(): void;
  terminate(): void;
}

interface Entry {
  readonly listener: GenerationListener;
  readonly fingerprint: string;
  started: boolean;
}

const BEAT_SPACING_MS = 1000;

export const startEngineLink = (options: EngineLinkOptions): EngineLink => {
  const frames = new MessageChannel();
  const controls = new MessageChannel();
  const entries = new Map<SequenceId, Entry>();
  let lastId: SequenceId = 0;
  let isReady = false;
  let isClosing = false;
  let cause: unknown = null;
  let lastBeatMs = -Infinity;
  let suspects: readonly string[] = [];

  const take = (id: SequenceId): Entry | undefined => {
    const entry = entries.get(id);
    entries.delete(id);
    return entry;
  };

  const onReport = (report: EngineReport): void => {
    switch (report.type) {
      case 'token':
        entries.get(report.id)?.listener.sampled(report);
        break;
      case 'drafted':
        entries.get(report.id)?.listener.drafted(report.drafted, report.accepted);
        break;
      case 'prefill':
        entries.get(report.id)?.listener.prefilled(report.done, report.total, report.atMs);
        break;
      case 'started': {
        const entry = entries.get(report.id);
        if (entry === undefined) break; // cancelled meanwhile
        entry.started = true;
        options.loadCounter.promptBegan(report.cached);
        entry.listener.started(report.cached, report.atMs);
        break;
      }
      case 'finished':
        take(report.id)?.listener.finished(report.reason, report.atMs);
        break;
      case 'failed':
        take(report.id)?.listener.failed(fromErrorRecord(report.error));
        break;
      case 'fault':
        cause ??= fromErrorRecord(report.error);
        break;
      case 'ready':
        isReady = true;
        options.onReady(report.kernelTables);
        break;
      case 'load':
        options.loadCounter.loopReported(report.load);
        break;
      case 'note':
        options.onNote(report.note);
        break;
      case 'loading':
        options.onLoading(report.done, report.total);
        break;
      case 'beat':
        break;
    }
  };

  const channel = openFrameChannel<EngineCommand, readonly EngineReport[]>(frames.port1, (reports) => {
    const nowMs = performance.now();
    if (nowMs - lastBeatMs >= BEAT_SPACING_MS) {
      lastBeatMs = nowMs;
      options.onBeat();
    }
    reports.forEach(onReport);
  });

  const control = wrap<EngineControl>(controlEndpoint(controls.port1));

  /** comlink waits for ever for a worker that has gone. */
  const calls = new Set<(error: CodexpcError) => void>();
  let lostTo: CodexpcError | null = null;
  const answered = <Value>(call: () => Promise<Value>): Promise<Value> =>
    new Promise<Value>((resolve, reject) => {
      if (lostTo !== null) return reject(lostTo);
      calls.add(reject);
      call()
        .then(resolve, reject)
        .finally(() => calls.delete(reject));
    });

  const lose = (error: CodexpcError): void => {
    lostTo ??= error;
    calls.forEach((fail) => fail(error));
    calls.clear();
    const lost = [...entries.values()];
    suspects = suspects.concat(startedOf(lost));
    entries.clear();
    lost.forEach(({ listener }) => listener.lost(error));
  };

  const end = (exitCode: number): void => {
    channel.drain();
    const error = isReady ? engineExited(exitCode, cause) : engineStartFailed(exitCode, cause);
    options.onExit(isClosing && cause === null ? null : error);
    lose(error);
    control[releaseProxy]();
    controls.port1.close();
    channel.close();
  };

  const { addonModule, settings, fault } = options;
  const host = startEngineHost({
    data: { addonModule, settings, fault },
    ports: { frame: frames.port2, control: controls.port2 },
    onError: (error) => {
      cause ??= error;
    },
    onExit: end,
  });

  return {
    control: {
      load: (file) => answered(async () => control.load(file)),
      describe: (file) => answered(async () => control.describe(file)),
      unload: () => answered(async () => control.unload()),
      inject: (next) => answered(async () => control.inject(next)),
    },
    generate: ({ prompt, forced, fingerprint, ...generation }, listener) => {
      if (lostTo !== null) return lostAtOnce(lostTo, listener);
      const id = ++lastId;
      entries.set(id, { listener, fingerprint, started: false });
      channel.send({
        type: 'submit',
        id,
        prompt: tokensToBytes(prompt),
        forced: tokensToBytes(forced),
        ...generation,
      });
      return {
        grant: (tokens) => {
          if (entries.has(id)) channel.send({ type: 'credit', id, tokens });
        },
        cancel: () => {
          if (take(id) !== undefined) channel.send({ type: 'cancel', id });
        },
      };
    },
    numStarted: () => startedOf([...entries.values()]).length,
    numQueued: () => entries.size - startedOf([...entries.values()]).length,
    running: () => suspects.concat(startedOf([...entries.values()])),
    lose,
    close: () => {
      isClosing = true;
      void control.close();
    },
    terminate: () => {
      isClosing = true;
      host.terminate();
    },
  };
};

/** The engine went while the prompt was prepared: nobody would ever answer. */
const lostAtOnce = (error: CodexpcError, listener: GenerationListener): GenerationHandle => {
  let isWanted = true;
  queueMicrotask(() => {
    if (isWanted) listener.lost(error);
  });
  return {
    grant: () => {},
    cancel: () => {
      isWanted = false;
    },
  };
};

const startedOf = (entries: readonly Entry[]): readonly string[] =>
  entries.filter(({ started }) => started).map(({ fingerprint }) => fingerprint);
