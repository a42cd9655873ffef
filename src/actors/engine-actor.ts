// The engine on the main thread, over all its lives: which model is loaded, who waits for one, and the link to the
// worker of the present life. The machine decides; this carries out, and hands out leases on the loaded model.

import { createActor, fromCallback, fromPromise } from 'xstate';
import type { Actor, CallbackActorLogic, InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import type { CodexpcError } from '../errors.js';
import {
  createEngineMachine,
  type EngineNotice,
  type EnginePhase,
  enginePhaseOf,
  type EnginePolicy,
} from '../machines/engine.js';
import type { EngineCommand } from '../machines/supervisor.js';
import { findCheckpoint } from './checkpoint-file.js';
import { type CheckpointFile, checkpointKey, type EngineSettings, type OpenModel } from './engine-control.js';
import { asCodedError, engineExited, fromErrorRecord } from './engine-errors.js';
import { type EngineLink, startEngineLink } from './engine-link.js';
import type { Fault } from './fault.js';
import { createModelRuntime, type ModelRuntime } from './model-runtime.js';

export interface EngineActorOptions {
  /** A module that exports `loadAddon()`. */
  readonly addonModule: string;
  readonly settings: EngineSettings;
  readonly policy: EnginePolicy;
  readonly fault: Fault | null;
  /** Loaded as soon as the worker is ready; null: when a request needs one. */
  readonly preload: string | null;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
}

/** The right to use the loaded model; it stays loaded until every lease is released. */
export interface EngineLease {
  readonly model: ModelRuntime;
  readonly link: EngineLink;
  /** No weights had to be read for this lease. */
  readonly wasCached: boolean;
  release(): void;
}

export interface LeaseRequest {
  readonly checkpoint: string;
  readonly signal: AbortSignal;
  /** Bytes loaded of bytes in all, when the request has to wait for its model. */
  readonly onLoading: (done: number, total: number) => void;
}

export interface EngineReportCard {
  readonly phase: EnginePhase | 'down';
  readonly model: ModelRuntime | null;
  readonly numStarted: number;
  readonly numQueued: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

export interface EngineActor {
  /** Runs one life of the engine, for the supervisor. */
  readonly logic: CallbackActorLogic<EngineCommand, { readonly life: number }>;
  /** Errors: model_not_found, io_error, model_corrupt, insufficient_memory; what `failWaiting` says. */
  lease(request: LeaseRequest): Promise<EngineLease>;
  /** Resolves when no model is loaded. */
  unload(): Promise<void>;
  /** Nobody will start the engine again: those who wait for it are told. */
  failWaiting(error: CodexpcError): void;
  /** Reads a checkpoint's header, without loading it. */
  describe(file: CheckpointFile): Promise<Pick<OpenModel, 'format' | 'config'>>;
  /** Paths of every checkpoint that was loaded since the start. */
  knownCheckpoints(): readonly string[];
  report(): EngineReportCard;
}

interface Waiter {
  readonly file: CheckpointFile;
  readonly key: string;
  readonly request: LeaseRequest;
  readonly resolve: (lease: EngineLease) => void;
  readonly reject: (error: unknown) => void;
  hadToLoad: boolean;
}

interface Life {
  readonly machine: Actor<ReturnType<typeof createEngineMachine>>;
  link: EngineLink | null;
  model: { readonly key: string; readonly runtime: ModelRuntime } | null;
}

export const createEngineActor = (options: EngineActorOptions): EngineActor => {
  const { logger, settings } = options;
  let life: Life | null = null;
  let waiters: Waiter[] = [];
  let onUnloaded: (() => void)[] = [];
  const known = new Set<string>();
  const counts = { cacheHits: 0, cacheMisses: 0 };

  const grant = ({ machine, link, model }: Life, waiter: Waiter): void => {
    machine.send({ type: 'request.started' });
    if (waiter.hadToLoad) waiter.request.onLoading(waiter.file.sizeBytes, waiter.file.sizeBytes);
    let released = false;
    waiter.resolve({
      model: model!.runtime,
      link: link!,
      wasCached: !waiter.hadToLoad,
      release: () => {
        if (released) return;
        released = true;
        machine.send({ type: 'request.ended' });
      },
    });
  };

  /** First come, first served: whoever wants another model waits for the running requests, and so do those behind. */
  const serveWaiters = (): void => {
    if (life === null) return;
    for (let first = waiters[0]; first !== undefined; first = waiters[0]) {
      const snapshot = life.machine.getSnapshot();
      const phase = enginePhaseOf(snapshot);
      const isLoaded = (phase === 'ready' || phase === 'generating') && life.model?.key === first.key;
      if (isLoaded && snapshot.context.next === null) {
        waiters = waiters.slice(1);
        countCache(first);
        grant(life, first);
        continue;
      }
      if (!first.hadToLoad) {
        first.hadToLoad = true;
        first.request.onLoading(0, first.file.sizeBytes);
      }
      const isLoading = phase === 'loading' && snapshot.context.checkpoint === first.key;
      if (!isLoading && snapshot.context.next?.checkpoint !== first.key) {
        files.set(first.key, first.file);
        life.machine.send({ type: 'load', checkpoint: first.key });
      }
      return;
    }
  };

  const countCache = (waiter: Waiter): void => {
    if (waiter.hadToLoad) return; // counted and logged where it was loaded
    counts.cacheHits += 1;
    logger.info({ checkpoint: waiter.file.path, key: waiter.key }, 'engine cache hit');
  };

  /** Files by key, for the machine's `load`. */
  const files = new Map<string, CheckpointFile>();

  const load = async (mine: Life, key: string): Promise<void> => {
    const file = files.get(key)!;
    files.delete(key);
    const startedMs = performance.now();
    counts.cacheMisses += 1;
    logger.info({ checkpoint: file.path, key, sizeBytes: file.sizeBytes }, 'engine cache miss: loading');
    const result = await mine.link!.control.load(file);
    if (!result.ok) throw fromErrorRecord(result.error);
    const open = result.value;
    const tokenizerMs = performance.now();
    const runtime = createModelRuntime(file, open, startedMs);
    mine.model = { key, runtime };
    known.add(file.path);
    const { backend, kernels, numThreads, format, openMs, contextMs } = open;
    logger.info(
      { backend, kernels, numThreads, format, openMs: Math.round(openMs), contextMs: Math.round(contextMs) },
      `model loaded: ${backend} backend with ${kernels} kernels`,
    );
    logger.info(
      {
        vocabularySize: open.config.vocabSize,
        stopTokens: runtime.stopTokens,
        elapsedMs: Math.round(performance.now() - tokenizerMs),
      },
      'tokenizer and Harmony renderer ready',
    );
  };

  const logic: EngineActor['logic'] = fromCallback(({ input, sendBack, receive }) => {
    const mine: Life = {
      link: null,
      model: null,
      machine: createActor(
        createEngineMachine({
          runWorker: fromCallback(({ sendBack: tell, receive: hear }) => {
            const link = startEngineLink({
              addonModule: options.addonModule,
              settings,
              fault: options.fault !== null && input.life <= options.fault.lives ? options.fault : null,
              onReady: (kernelTables) => {
                logger.debug({ life: input.life, kernelTables }, 'engine worker ready');
                tell({ type: 'worker.ready' });
              },
              onBeat: () => tell({ type: 'worker.beat' }),
              onExit: (error) =>
                tell(error === null ? { type: 'worker.closed' } : { type: 'worker.exited', error }),
            });
            mine.link = link;
            hear(() => link.close());
            return () => link.terminate();
          }),
          loadModel: fromPromise(({ input: { checkpoint } }) => load(mine, checkpoint)),
          unloadModel: fromPromise(async () => {
            const result = await mine.link!.control.unload();
            mine.model = null;
            if (!result.ok) throw fromErrorRecord(result.error);
          }),
        }),
        { id: 'engine', inspect: options.inspect, input: { policy: options.policy } },
      ),
    };

    const heed = (notice: EngineNotice): void => {
      switch (notice.type) {
        case 'engine.ready':
          if (options.preload !== null) preload(options.preload);
          sendBack(notice);
          break;
        case 'engine.exited':
          mine.link?.lose(notice.error);
          sendBack({ ...notice, running: mine.link?.running() ?? [] });
          break;
        case 'engine.stopped':
          sendBack(notice);
          break;
        case 'model.loaded':
          break;
        case 'model.failed':
          failWaiters(({ key }) => key === notice.checkpoint, notice.error);
          break;
        case 'model.unloaded':
          logger.info('model unloaded');
          onUnloaded.splice(0).forEach((resolve) => resolve());
          break;
      }
    };

    life = mine;
    mine.machine.on('*', heed);
    mine.machine.subscribe(serveWaiters);
    mine.machine.start();
    receive((command) => mine.machine.send(command));
    return () => {
      if (life === mine) life = null;
      mine.machine.stop();
      mine.link?.lose(engineExited(0, null));
      onUnloaded.splice(0).forEach((resolve) => resolve());
    };
  });

  const failWaiters = (matches: (waiter: Waiter) => boolean, error: unknown): void => {
    const failed = waiters.filter(matches);
    waiters = waiters.filter((waiter) => !matches(waiter));
    failed.forEach(({ reject }) => reject(asCodedError(error)));
  };

  const lease = async (request: LeaseRequest): Promise<EngineLease> => {
    const file = await findCheckpoint(request.checkpoint);
    request.signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { file, key: checkpointKey(file), request, resolve, reject, hadToLoad: false };
      waiters.push(waiter);
      request.signal.addEventListener(
        'abort',
        () => failWaiters((other) => other === waiter, request.signal.reason),
        {
          once: true,
        },
      );
      serveWaiters();
    });
  };

  const preload = (checkpoint: string): void => {
    const request: LeaseRequest = { checkpoint, signal: new AbortController().signal, onLoading: () => {} };
    lease(request).then(
      ({ release }) => release(),
      // A request for it is told the same; until then it is only worth a line.
      (error: unknown) => logger.error({ err: error, checkpoint }, 'the default model could not be loaded'),
    );
  };

  return {
    logic,
    lease,
    unload: () => {
      const mine = life;
      if (mine === null || mine.model === null) return Promise.resolve();
      return new Promise((resolve) => {
        onUnloaded = [...onUnloaded, resolve];
        mine.machine.send({ type: 'unload' });
      });
    },
    describe: async (file) => {
      if (life?.model?.key === checkpointKey(file)) return life.model.runtime.open;
      const control = life?.link?.control;
      if (control === undefined) throw engineExited(0, null);
      const result = await control.describe(file);
      if (!result.ok) throw fromErrorRecord(result.error);
      return result.value;
    },
    knownCheckpoints: () => [...known],
    failWaiting: (error) => failWaiters(() => true, error),
    report: () => ({
      phase: life === null ? 'down' : enginePhaseOf(life.machine.getSnapshot()),
      model: life?.model?.runtime ?? null,
      numStarted: life?.link?.numStarted() ?? 0,
      numQueued: life?.link?.numQueued() ?? 0,
      ...counts,
    }),
  };
};
