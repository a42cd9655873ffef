// Injected faults, for tests of everything around the engine: `--fault KIND[@TOKEN][xLIVES]`. `exit@3x2` makes the
// engine worker exit when it samples its third token, in its first two lives. A daemon that was started with it takes
// further ones while it runs (`fault.inject`); `none` waits for those. Not in the normal help.

import { CodexpcError } from '../errors.js';
import type { NativeContext, StepSample } from './engine-addon.js';

export const FAULT_KINDS = [
  'throw', // a native call throws
  'hang', // a native call does not return
  'exit', // the worker thread ends
  'abort', // native code brings the process down
  'nan', // the sampler gets bad numbers
  'garbage', // a token outside the vocabulary
  'heap', // the worker's heap is filled: gigabytes, unless V8 was told a limit
  'start', // the worker throws before it is ready
  'silent', // the worker never becomes ready
  'none', // nothing, until another one is injected
] as const;

export const NO_FAULT: Fault = { kind: 'none', atToken: 1, lives: 1 };

export interface Fault {
  readonly kind: (typeof FAULT_KINDS)[number];
  /** Counted from 1 within a life of the worker, over all sequences. */
  readonly atToken: number;
  /** The fault occurs in this many lives of the worker, from the first. */
  readonly lives: number;
}

export const parseFault = (text: string): Fault => {
  const match = /^([a-z]+)(?:@(\d+))?(?:x(\d+))?$/.exec(text);
  const kind = FAULT_KINDS.find((name) => name === match?.[1]);
  if (match === null || kind === undefined) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `'${text}' is no fault. Write KIND[@TOKEN][xLIVES] with one of ${FAULT_KINDS.join(', ')}.`,
    });
  }
  return { kind, atToken: Number(match[2] ?? 1), lives: Number(match[3] ?? 1) };
};

export const isStartFault = ({ kind }: Fault): boolean => kind === 'start' || kind === 'silent';

/** What a running daemon can be made to do. */
export const INJECTABLE_FAULTS: readonly string[] = FAULT_KINDS.filter(
  (kind) => kind !== 'none' && kind !== 'start' && kind !== 'silent',
);

/** Errors: invalid_request. */
export const parseInjectedFault = (text: string): Fault => {
  const fault = parseFault(text);
  if (INJECTABLE_FAULTS.includes(fault.kind)) return fault;
  throw new CodexpcError({
    code: 'invalid_request',
    message: `'${fault.kind}' cannot be injected into a daemon that runs. Use one of ${INJECTABLE_FAULTS.join(', ')}.`,
  });
};

export interface FaultInjection {
  /** From now on this one, its tokens counted from here. */
  set(fault: Fault): void;
  /** The context, with the fault in its `step`. */
  around(context: NativeContext): NativeContext;
}

export const createFaultInjection = (first: Fault): FaultInjection => {
  let fault = first;
  let numTokens = 0;
  return {
    set: (next) => {
      fault = next;
      numTokens = 0;
    },
    around: (context) =>
      withStrikes(context, (sampled) => {
        const numBefore = numTokens;
        numTokens += 1 + sampled.further.length;
        const { atToken } = fault;
        return numBefore < atToken && numTokens >= atToken ? strike(fault, sampled) : sampled;
      }),
  };
};

const strike = ({ kind, atToken }: Fault, sampled: StepSample): StepSample => {
  switch (kind) {
    case 'throw':
      throw new Error(`injected fault at token ${atToken}`);
    case 'hang':
      return waitForEver();
    case 'exit':
      return process.exit(7);
    case 'abort':
      process.kill(process.pid, 'SIGABRT'); // process.abort() only throws in a thread
      return waitForEver();
    case 'nan':
      return { ...sampled, logprob: NaN };
    case 'garbage':
      return { ...sampled, token: 0x7fffffff };
    case 'heap':
      return fillHeap();
    case 'start':
    case 'silent':
    case 'none':
      return sampled;
  }
};

const fillHeap = (): never => {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
};

const withStrikes = (context: NativeContext, struck: (sampled: StepSample) => StepSample): NativeContext => ({
  step: (items) => context.step(items).map((sampled) => (sampled === null ? null : struck(sampled))),
  beginPromptStep: (item) => context.beginPromptStep(item),
  continuePromptStep: () => {
    const { numPartsLeft, sampled } = context.continuePromptStep();
    return { numPartsLeft, sampled: sampled === null ? null : struck(sampled) };
  },
  abandonPromptStep: () => context.abandonPromptStep(),
  logits: (slot) => context.logits(slot),
  length: (slot) => context.length(slot),
  truncate: (slot, length) => context.truncate(slot, length),
  copy: (from, to, length) => context.copy(from, to, length),
  checkpoint: (slot, length) => context.checkpoint(slot, length),
  checkpoints: (slot) => context.checkpoints(slot),
  dropCheckpoint: (slot, length) => context.dropCheckpoint(slot, length),
  savedBytes: (slot, length) => context.savedBytes(slot, length),
  save: (slot, length, bytes) => context.save(slot, length, bytes),
  restore: (slot, bytes) => context.restore(slot, bytes),
  memory: () => context.memory(),
  close: () => context.close(),
});

/** Blocks the thread without burning a core. */
export const waitForEver = (): never => {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
