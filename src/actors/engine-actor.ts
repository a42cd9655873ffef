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
import { collectGarbage } from './collect-garbage.js';
import { type CheckpointFile, checkpointKey, type EngineSettings, type OpenModel } from './engine-control.js';
import { engineExited, fromErrorRecord, noFaultHook } from './engine-errors.js';
import { type EngineLink, startEngineLink } from './engine-link.js';
import { createEngineLoadCounter, type EngineLoad } from './engine-load.js';
import { type Fault, NO_FAULT } from './fault.js';
import { createLeaseQueue, type EngineLease, type LeaseRequest, type LeaseSource } from './lease-queue.js';
import { createModelRuntime, type ModelRuntime } from './model-runtime.js';

export interface EngineActorOptions {
  /** A module that exports `loadAddon()`; null: the native engine. */
  readonly addonModule: string | null;
  readonly settings: EngineSettings;
  readonly policy: EnginePolicy;
  readonly fault: Fault | null;
  /** Loaded as soon as the worker is ready; null: when a request needs one. */
  readonly preload: string | null;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
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
  /**
   * Into the present life, or the next where there is none. Errors: access_denied where the daemon was started without a
   * fault; engine_exited, engine_unresponsive when this life ends first.
   */
  inject(fault: Fault): Promise<void>;
  /** What it has done, over all its lives. */
  load(): EngineLoad;
}

interface Life {
  readonly machine: Actor<ReturnType<typeof createEngineMachine>>;
  link: EngineLink | null;
  model: { readonly key: string; readonly runtime: ModelRuntime } | null;
}

export const createEngineActor = (options: EngineActorOptions): EngineActor => {
  const { logger, settings } = options;
  let life: Life | null = null;
  let onUnloaded: (() => void)[] = [];
  const known = new Set<string>();
  const loadCounter = createEngineLoadCounter();
  const counts = { cacheHits: 0, cacheMisses: 0 };

  const leases = createLeaseQueue({
    // An engine that goes down loads nothing any more: who waits is served by its next life, or cancelled.
    source: () => (life === null || isGoingDown(life) ? null : leaseSourceOf(life)),
    find: findCheckpoint,
    onHit: ({ path }, key) => {
      counts.cacheHits += 1;
      logger.info({ checkpoint: path, key }, 'engine cache hit');
    },
  });

  const isGoingDown = ({ machine }: Life): boolean =>
    ['stopping', 'stopped', 'failed'].includes(enginePhaseOf(machine.getSnapshot()));

  const leaseSourceOf = ({ machine, link, model }: Life): LeaseSource => ({
    offers: (key) => {
      const snapshot = machine.getSnapshot();
      const isUp = ['ready', 'generating'].includes(enginePhaseOf(snapshot));
      return isUp && model?.key === key && snapshot.context.next === null;
    },
    request: (file, key) => {
      const snapshot = machine.getSnapshot();
      const { checkpoint, next } = snapshot.context;
      const isComing = enginePhaseOf(snapshot) === 'loading' && checkpoint === key;
      if (isComing || next?.checkpoint === key) return;
      files.set(key, file);
      machine.send({ type: 'load', checkpoint: key });
    },
    take: () => {
      machine.send({ type: 'request.started' });
      return {
        model: model!.runtime,
        link: link!,
        release: () => machine.send({ type: 'request.ended' }),
      };
    },
  });

  /** Files by key, for the machine's `load`. */
  const files = new Map<string, CheckpointFile>();

  const load = async (mine: Life, key: string): Promise<void> => {
    const file = files.get(key)!;
    files.delete(key);
    const startedMs = performance.now();
    counts.cacheMisses += 1;
    logger.info({ checkpoint: file.path, key, sizeBytes: file.sizeBytes }, 'engine cache miss: loading');
    loadCounter.loopBegan();
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
    if (backend === 'metal')
      logger.info(
        'this backend gives no logits: the schemas and grammars of tools are shown to the model, not enforced',
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

  /** Injected while no life had begun. */
  let awaitedFault: Fault | null = null;

  /** The hook stays where the fault itself is over. */
  const faultOf = (life: number): Fault | null => {
    const awaited = awaitedFault;
    awaitedFault = null;
    if (awaited !== null) return awaited;
    return options.fault === null || life <= options.fault.lives ? options.fault : NO_FAULT;
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
              fault: faultOf(input.life),
              onReady: (kernelTables) => {
                logger.debug({ life: input.life, kernelTables }, 'engine worker ready');
                tell({ type: 'worker.ready' });
              },
              loadCounter,
              onLoading: (done, total) => {
                const { checkpoint } = mine.machine.getSnapshot().context;
                if (checkpoint !== null) leases.progress(checkpoint, done, total);
              },
              onNote: ({ level, message, fields }) => logger[level](fields, message),
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
          leases.fail((key) => key === notice.checkpoint, notice.error);
          break;
        case 'model.unloaded':
          logger.info('model unloaded');
          collectGarbage();
          onUnloaded.splice(0).forEach((resolve) => resolve());
          break;
      }
    };

    life = mine;
    mine.machine.on('*', heed);
    mine.machine.subscribe(leases.serve);
    mine.machine.start();
    receive((command) => mine.machine.send(command));
    return () => {
      if (life === mine) life = null;
      mine.machine.stop();
      mine.link?.lose(engineExited(0, null));
      onUnloaded.splice(0).forEach((resolve) => resolve());
    };
  });

  /** An unload ends it: who asks for that does not want the model loaded again for nobody. */
  let preloading = new AbortController();

  const preload = (checkpoint: string): void => {
    preloading = new AbortController();
    const { signal } = preloading;
    const request: LeaseRequest = { checkpoint, signal, onLoading: () => {} };
    leases.lease(request).then(
      ({ release }) => release(),
      (error: unknown) => {
        if (signal.aborted)
          logger.info({ checkpoint }, 'the default model was unloaded while it was loading');
        // A request for it is told the same; until then it is only worth a line.
        else logger.error({ err: error, checkpoint }, 'the default model could not be loaded');
      },
    );
  };

  return {
    logic,
    lease: leases.lease,
    unload: () => {
      const mine = life;
      if (mine === null || (mine.model === null && enginePhaseOf(mine.machine.getSnapshot()) !== 'loading')) {
        return Promise.resolve();
      }
      preloading.abort(new Error('the model was unloaded'));
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
    inject: async (fault) => {
      if (options.fault === null) throw noFaultHook();
      const control = life === null || isGoingDown(life) ? undefined : life.link?.control;
      if (control === undefined) awaitedFault = fault;
      else await control.inject(fault);
    },
    load: () => loadCounter.load(),
    failWaiting: (error) => leases.fail(() => true, error),
    report: () => ({
      phase: life === null ? 'down' : enginePhaseOf(life.machine.getSnapshot()),
      model: life?.model?.runtime ?? null,
      numStarted: life?.link?.numStarted() ?? 0,
      numQueued: life?.link?.numQueued() ?? 0,
      ...counts,
    }),
  };
};
