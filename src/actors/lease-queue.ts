// Who may use the loaded model, and who waits for one. First come, first served: whoever wants another model waits for
// the running requests, and so do those behind, so that no model is kept waiting for ever by the other.

import { type CheckpointFile, checkpointKey } from './engine-control.js';
import { asCodedError } from './engine-errors.js';
import type { EngineLink } from './engine-link.js';
import type { ModelRuntime } from './model-runtime.js';

/** The right to use the loaded model; it stays loaded until every lease is released. */
export interface EngineLease {
  readonly model: ModelRuntime;
  readonly link: EngineLink;
  /** No weights had to be read for this lease. */
  readonly wasCached: boolean;
  /** Twice is harmless. */
  release(): void;
}

export interface LeaseRequest {
  readonly checkpoint: string;
  readonly signal: AbortSignal;
  /** Bytes loaded of bytes in all, when the request has to wait for its model. */
  readonly onLoading: (done: number, total: number) => void;
}

/** One life of the engine, as far as leases go. */
export interface LeaseSource {
  /** This model is loaded, and no other is to take its place. */
  offers(key: string): boolean;
  /** Has it loaded, unless that is under way. */
  request(file: CheckpointFile, key: string): void;
  take(): Omit<EngineLease, 'wasCached'>;
}

export interface LeaseQueueOptions {
  /** Null while no engine is up: everybody waits. */
  readonly source: () => LeaseSource | null;
  /** Errors: model_not_found, io_error, model_corrupt. */
  readonly find: (path: string) => Promise<CheckpointFile>;
  readonly onHit: (file: CheckpointFile, key: string) => void;
}

export interface LeaseQueue {
  /** Errors: model_not_found, io_error, model_corrupt; what `fail` says. */
  lease(request: LeaseRequest): Promise<EngineLease>;
  /** The checkpoint that is being loaded has come this far. */
  progress(key: string, doneBytes: number, totalBytes: number): void;
  /** Something has changed: serves whoever can be. */
  serve(): void;
  fail(matches: (key: string) => boolean, error: unknown): void;
}

interface Waiter {
  readonly file: CheckpointFile;
  readonly key: string;
  readonly request: LeaseRequest;
  readonly resolve: (lease: EngineLease) => void;
  readonly reject: (error: unknown) => void;
  hadToLoad: boolean;
}

export const createLeaseQueue = ({ source, find, onHit }: LeaseQueueOptions): LeaseQueue => {
  let waiters: readonly Waiter[] = [];
  /** By path: settles when the last request for it has been looked up. */
  const lookups = new Map<string, Promise<unknown>>();

  /**
   * Requests for one checkpoint come out as they went in: the file system answers in any order. They do not wait for
   * another checkpoint, whose disk may be slow.
   */
  const lookUp = async (path: string): Promise<CheckpointFile> => {
    const found = find(path);
    const turn = Promise.allSettled([lookups.get(path), found]);
    lookups.set(path, turn);
    await turn;
    if (lookups.get(path) === turn) lookups.delete(path);
    return found;
  };

  const serve = (): void => {
    for (let first = waiters[0]; first !== undefined; first = waiters[0]) {
      const engine = source();
      if (engine === null) return;
      if (!engine.offers(first.key)) {
        if (!first.hadToLoad) {
          first.hadToLoad = true;
          first.request.onLoading(0, first.file.sizeBytes);
        }
        engine.request(first.file, first.key);
        return;
      }
      waiters = waiters.slice(1);
      grant(first, engine);
    }
  };

  const grant = ({ file, key, request, hadToLoad, resolve }: Waiter, engine: LeaseSource): void => {
    if (hadToLoad) request.onLoading(file.sizeBytes, file.sizeBytes);
    else onHit(file, key);
    const { release, ...lease } = engine.take();
    let released = false;
    resolve({
      ...lease,
      wasCached: !hadToLoad,
      release: () => {
        if (!released) release();
        released = true;
      },
    });
  };

  const remove = (matches: (waiter: Waiter) => boolean, error: unknown): void => {
    const removed = waiters.filter(matches);
    waiters = waiters.filter((waiter) => !matches(waiter));
    removed.forEach(({ reject }) => reject(error));
  };

  return {
    serve,
    lease: async (request) => {
      const { checkpoint, signal } = request;
      const file = await lookUp(checkpoint);
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const key = checkpointKey(file);
        const waiter: Waiter = { file, key, request, resolve, reject, hadToLoad: false };
        waiters = [...waiters, waiter];
        signal.addEventListener('abort', () => remove((other) => other === waiter, signal.reason), {
          once: true,
        });
        serve();
      });
    },
    progress: (key, doneBytes, totalBytes) =>
      waiters
        .filter((waiter) => waiter.key === key)
        .forEach(({ request }) => request.onLoading(doneBytes, totalBytes)),
    fail: (matches, error) => remove(({ key }) => matches(key), asCodedError(error)),
  };
};
