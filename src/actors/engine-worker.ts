// Entry of the engine worker: one thread for a whole life of the engine. It owns the addon, the weights, the KV slots
// and the decode loop. Control comes through comlink, requests and tokens as msgpack frames.

import { expose } from 'comlink';
import { type MessagePort, workerData } from 'node:worker_threads';
import { checkAddon } from './check-addon.js';
import { collectGarbage } from './collect-garbage.js';
import { createGuides, type Guides } from './constraints/guides.js';
import { controlEndpoint } from './control-endpoint.js';
import type { NativeAddon } from './engine-addon.js';
import type { CheckpointFile, EngineControl, EngineSettings, OpenModel, Result } from './engine-control.js';
import { engineExited, toErrorRecord } from './engine-errors.js';
import { type EngineCommand, type EngineReport, openFrameChannel } from './engine-frames.js';
import { createEngineLoop, type EngineLoop } from './engine-loop.js';
import { createFaultInjection, type Fault, isStartFault, waitForEver } from './fault.js';
import { loadAddon } from './load-addon.js';
import { type ModelInUse, openModel } from './open-model.js';
import { openPrefixCache } from './prefix-cache/open-prefix-cache.js';
import { pageIn } from './page-in.js';
import type { PrefixCache } from './prefix-cache/prefix-cache.js';

export interface EngineWorkerData {
  /** A module that exports `loadAddon(): NativeAddon`; null: the native engine. */
  readonly addonModule: string | null;
  readonly settings: EngineSettings;
  readonly fault: Fault | null;
  readonly framePort: MessagePort;
  readonly controlPort: MessagePort;
}

/** Exit code of a worker that ended itself after reporting why. */
const FAULT_EXIT_CODE = 70;

const start = async ({
  addonModule,
  settings,
  fault,
  framePort,
  controlPort,
}: EngineWorkerData): Promise<void> => {
  const addon = checkAddon(addonModule === null ? loadAddon() : await loadFrom(addonModule));
  if (fault !== null && isStartFault(fault)) {
    if (fault.kind === 'start') throw new Error('injected fault at start');
    waitForEver();
  }

  const faults = fault === null ? null : createFaultInjection(fault);
  let inUse: ModelInUse | null = null;
  /** The last load: an unload may overtake it. */
  let lastLoad = { abort: new AbortController(), ended: Promise.resolve<unknown>(null) };
  let loop: EngineLoop | null = null;
  let guides: Guides | null = null;
  let cache: PrefixCache | null = null;

  const channel = openFrameChannel<readonly EngineReport[], EngineCommand>(framePort, (command) => {
    if (loop !== null) loop.accept(command);
    else if (command.type === 'submit') channel.send([noModel(command.id)]);
  });

  const unload = async (): Promise<void> => {
    lastLoad.abort.abort(new Error('the model was unloaded before all of it was loaded'));
    await lastLoad.ended;
    loop?.close();
    const ended = loop;
    loop = null;
    guides?.close();
    guides = null;
    await ended?.keepAll();
    inUse?.close();
    inUse = null;
    await cache?.flush();
    cache?.close();
    cache = null;
    collectGarbage();
    addon.returnFreeMemory();
  };

  const endAfter = (error: unknown): void => {
    channel.send([{ type: 'fault', error: toErrorRecord(error) }]);
    // The report is on its way before the thread ends: exit closes the ports after flushing them.
    process.exit(FAULT_EXIT_CODE);
  };

  const load = async (file: CheckpointFile, signal: AbortSignal): Promise<OpenModel> => {
    const model = openModel(addon, file, settings);
    inUse = model;
    guides = createGuides(model.description.tokenizer, model.engine.config.vocabSize);
    cache = await openPrefixCache({
      file,
      kernels: model.engine.kernels,
      kvType: settings.kvType,
      precision: settings.precision,
      denseWeights: settings.denseWeights,
      leftBytes: model.leftBytes,
      settings: settings.prefixCache,
      note: (note) => channel.send([{ type: 'note', note }]),
    });
    loop = createEngineLoop({
      context: faults === null ? model.context : faults.around(model.context),
      createSampler: (options, vocabSize) => addon.createSampler(options, vocabSize),
      vocabSize: model.engine.config.vocabSize,
      numSlots: model.numSlots,
      contextLength: model.description.contextLength,
      maxBatchTokens: settings.maxBatchTokens,
      maxDraftTokens: model.maxDraftTokens,
      maxPromptBatchTokens: model.maxPromptBatchTokens,
      prefixReuse: model.engine.capabilities.prefixReuse,
      snapshots: model.engine.capabilities.snapshots,
      hasLogits: model.engine.capabilities.logits,
      cache,
      queueBound: settings.queueBound,
      guides,
      report: (reports) => channel.send(reports),
      onFault: endAfter,
    });
    await pageIn(model.engine, {
      signal,
      onProgress: (done, total) => channel.send([{ type: 'loading', done, total }]),
    });
    return model.description;
  };

  const control: EngineControl = {
    load: async (file) => {
      await unload();
      const abort = new AbortController();
      const loaded = asResult(() => load(file, abort.signal));
      lastLoad = { abort, ended: loaded };
      return loaded;
    },
    describe: (file) =>
      asResult(async () => {
        const engine = addon.openEngine({
          path: file.path,
          isa: settings.isa,
          numThreads: 1,
          backend: 'cpu',
        });
        const { format, config } = engine;
        engine.close();
        return { format, config };
      }),
    unload: () =>
      asResult(async () => {
        await unload();
        return null;
      }),
    inject: (next) => faults?.set(next),
    close: () => {
      void unload().finally(() => setImmediate(() => process.exit(0))); // after the reply
    },
  };
  expose(control, controlEndpoint(controlPort));

  channel.send([{ type: 'ready', kernelTables: addon.kernelTables() }]);
  setInterval(() => channel.send([{ type: 'beat' }]), settings.beatMs);
};

const loadFrom = async (module: string): Promise<NativeAddon> =>
  ((await import(module)) as { loadAddon: () => NativeAddon }).loadAddon();

const asResult = async <Value>(work: () => Promise<Value>): Promise<Result<Value>> => {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toErrorRecord(error) };
  }
};

const noModel = (id: number): EngineReport => ({
  type: 'failed',
  id,
  error: toErrorRecord(engineExited(0, new Error('no model is loaded'))),
});

void start(workerData as EngineWorkerData);
