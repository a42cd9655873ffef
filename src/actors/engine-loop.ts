// The engine worker's loop: admits sequences to slots, runs one native step a turn, or parts of a prompt's, and reports
// what came out. Between turns it yields, so that commands and beats are ordinary messages and a cancel takes effect
// within one step, or one part.

import { createAdvance, prefilled } from './advance-sequence.js';
import type { Guides } from './constraints/guides.js';
import type { SequenceGuide } from './constraints/sequence-guide.js';
import type { BatchItem, NativeAddon, NativeContext, NativeSampler } from './engine-addon.js';
import {
  bytesToTokens,
  clockMs,
  type EngineCommand,
  type EngineReport,
  type SequenceId,
  type SubmitCommand,
} from './engine-frames.js';
import { contextOverflow, queueFull, toErrorRecord } from './engine-errors.js';
import type { PrefixCache } from './prefix-cache/prefix-cache.js';
import { isWorthWaitingFor } from './prefix.js';
import { createPromptLookup } from './prompt-lookup.js';
import { createPromptStep } from './prompt-step.js';
import {
  partsBudgetMs,
  planPromptStep,
  planStep,
  prefillShareWhileDecoding,
  type StepPart,
} from './scheduler.js';
import { draftFor, refuseWithoutLogits, type Sequence } from './sequence.js';
import { createSlots } from './slots.js';
import { createStepCounter } from './step-counter.js';
import { createWaitingRoom, type Waiting } from './waiting-room.js';

export interface EngineLoopOptions {
  readonly context: NativeContext;
  readonly createSampler: NativeAddon['createSampler'];
  readonly vocabSize: number;
  readonly numSlots: number;
  readonly contextLength: number;
  readonly maxBatchTokens: number;
  /** Of the context; 0: nothing is guessed ahead. */
  readonly maxDraftTokens: number;
  /** Of the context; 0: no step is computed in parts. */
  readonly maxPromptBatchTokens: number;
  readonly prefixReuse: boolean;
  readonly snapshots: boolean;
  /** False: the backend samples itself, by temperature alone. */
  readonly hasLogits: boolean;
  readonly cache: PrefixCache;
  readonly queueBound: number;
  readonly guides: Pick<Guides, 'prepare' | 'create'>;
  readonly report: (reports: readonly EngineReport[]) => void;
  /** The context can no longer be trusted. */
  readonly onFault: (error: unknown) => void;
}

export interface EngineLoop {
  accept(command: EngineCommand): void;
  numRunning(): number;
  /** Has everything that the slots hold kept for the next start. Nothing may run any more. */
  keepAll(): Promise<void>;
  /** Drops everything; nothing is reported any more. */
  close(): void;
}

/** As many tokens that another prompt is about to feed are worth waiting for. */
const MIN_AWAITED_TOKENS = 512;

export const createEngineLoop = (options: EngineLoopOptions): EngineLoop => {
  const { context, contextLength, vocabSize, queueBound, onFault } = options;
  const slots = createSlots(context, options);
  const limits = {
    maxBatchTokens: options.maxBatchTokens,
    maxPrefillTokensWhileDecoding: prefillShareWhileDecoding(options.maxBatchTokens),
    maxPromptBatchTokens: options.maxPromptBatchTokens,
  };
  const waiting = createWaitingRoom({
    cache: options.snapshots ? options.cache : null,
    longestShared: (prompt) => slots.longestShared(prompt),
    onFetched: () => schedule(),
  });
  const running = new Map<SequenceId, Sequence>();
  let reports: EngineReport[] = [];
  const promptStep = createPromptStep(context);
  const counter = createStepCounter((load) =>
    reports.push({ type: 'load', load: { ...load, kvTokens: slots.numHeld() } }),
  );
  let turn = 0;
  let promptTurn = 0;
  /** The others are next, if any of them can run. */
  let hadParts = false;
  let scheduled: NodeJS.Immediate | null = null;
  let closed = false;

  const flush = (): void => {
    if (reports.length === 0) return;
    options.report(reports);
    reports = [];
  };

  const fail = (id: SequenceId, error: unknown): void => {
    reports.push({ type: 'failed', id, error: toErrorRecord(error) });
  };

  /** Its grammars are compiled while it waits and while its prompt is fed. */
  const prepared = (submission: SubmitCommand): SubmitCommand => {
    const { guidance } = submission;
    if (guidance === null || !options.hasLogits) return submission;
    try {
      options.guides.prepare(guidance);
      return submission;
    } catch (error) {
      if (guidance.isPromised) throw error;
      return { ...submission, guidance: null };
    }
  };

  const submit = (submission: SubmitCommand): void => {
    const prompt = bytesToTokens(submission.prompt);
    if (prompt.length >= contextLength) {
      fail(submission.id, contextOverflow(prompt.length, contextLength));
    } else if (!submission.resumed && waiting.size() >= queueBound) {
      fail(submission.id, queueFull(waiting.size(), queueBound));
    } else {
      try {
        waiting.enter(prepared(submission), prompt);
      } catch (error) {
        fail(submission.id, error);
      }
    }
  };

  /** Somebody feeds what this one begins with: once is enough. Who waits for it, waits for all of it. */
  const awaits = ({ prompt, isAwaiting }: Waiting): boolean => {
    if (!options.prefixReuse) return false;
    const feeding = [...running.values()].filter(({ isPrefilling }) => isPrefilling);
    if (feeding.length === 0) return false;
    const numShared = slots.longestShared(prompt);
    const minTokens = isAwaiting ? 1 : MIN_AWAITED_TOKENS;
    return feeding.some((other) => isWorthWaitingFor(other.prompt, numShared, prompt, minTokens));
  };

  const admit = ({ submission, prompt, fetched }: Waiting): boolean => {
    let sampler: NativeSampler;
    try {
      if (!options.hasLogits) refuseWithoutLogits(submission);
      sampler = options.createSampler(submission.sampling, vocabSize);
    } catch (error) {
      fail(submission.id, error);
      return true;
    }
    const placed = slots.place(prompt, submission.marks, fetched);
    if (placed === null) {
      sampler.close();
      return false;
    }
    const { slot, resumeFrom } = placed;
    const { repetitionPenalty, presencePenalty, frequencyPenalty } = submission.sampling;
    const countsTokens = repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
    // A mask or a penalty belongs to one token: it would have to be known for those after a draft too.
    const mayDraft = options.maxDraftTokens > 0 && submission.guidance === null && !countsTokens;
    running.set(submission.id, {
      submission,
      slot,
      sampler,
      guide: guideFor(submission, sampler),
      countsTokens,
      lookup: mayDraft ? createPromptLookup(prompt, options.maxDraftTokens) : null,
      prompt,
      forced: bytesToTokens(submission.forced),
      pending: prompt.subarray(resumeFrom),
      isPrefilling: true,
      numSampled: 0,
      credit: submission.credit,
      get numPending() {
        return this.pending.length;
      },
      get mayDecode() {
        return this.credit > 0 && (this.guide === null || this.guide.isReady);
      },
    });
    reports.push({
      type: 'started',
      id: submission.id,
      slot: slot.index,
      cached: resumeFrom,
      atMs: clockMs(),
    });
    return true;
  };

  const guideFor = ({ id, guidance }: SubmitCommand, sampler: NativeSampler): SequenceGuide | null =>
    guidance === null || !options.hasLogits
      ? null
      : options.guides.create(guidance, sampler, {
          ready: schedule,
          failed: (error) => {
            const sequence = running.get(id);
            if (closed || sequence === undefined) return;
            fail(id, error);
            end(sequence);
            schedule();
          },
        });

  const end = (sequence: Sequence): void => {
    if (promptStep.part()?.sequence === sequence) promptStep.abandon();
    sequence.guide?.close();
    sequence.slot.checkpoint();
    sequence.slot.release();
    sequence.sampler.close();
    running.delete(sequence.submission.id);
  };

  const advance = createAdvance({
    context,
    vocabSize,
    contextLength,
    report: (report) => reports.push(report),
    end,
  });

  const runStep = (parts: readonly StepPart<Sequence>[]): void => {
    let numFree = Math.min(
      options.maxDraftTokens,
      options.maxBatchTokens - parts.reduce((sum, { numTokens }) => sum + numTokens, 0),
    );
    const items = parts.map(({ sequence, numTokens, samples }) => {
      const drafted = draftFor(sequence, numFree, contextLength);
      numFree -= drafted.length;
      return {
        slot: sequence.slot.index,
        tokens: Uint32Array.of(...sequence.pending.subarray(0, numTokens), ...drafted),
        sampler: samples ? sequence.sampler : null,
        topLogprobs: samples ? sequence.submission.topLogprobs : 0,
        numDrafts: drafted.length,
      } satisfies BatchItem;
    });
    const results = context.step(items);
    counter.count(parts, results);
    parts.forEach((part, index) => advance(part, results[index] ?? null, items[index]!.numDrafts));
  };

  const runParts = (part: StepPart<Sequence>, budgetMs: number): void => {
    const ran = promptStep.run(budgetMs);
    if (!ran.isDone) {
      reports.push(prefilled(part.sequence, ran.numTokens));
      return;
    }
    counter.count([part], [ran.sampled]);
    advance(part, ran.sampled, 0);
  };

  const promptPart = (sequences: readonly Sequence[]): StepPart<Sequence> | null => {
    if (promptStep.part() === null) {
      const next = planPromptStep({ sequences, limits, turn: promptTurn });
      if (next !== null) {
        promptTurn += 1;
        promptStep.begin(next);
      }
    }
    return promptStep.part();
  };

  const takeTurn = (): void => {
    waiting.admitWhile({ isSlotFree: () => slots.numFree() > 0, awaits, admit });
    const sequences = [...running.values()];
    const prompt = promptPart(sequences);
    const parts = planStep({ sequences, fed: prompt?.sequence ?? null, limits, turn });
    if (prompt === null && parts.length === 0) {
      counter.rest();
      if (running.size === 0) slots.keepBases();
      return;
    }
    flush(); // who has been admitted is known before the step, not after it
    hadParts = prompt !== null && (!hadParts || parts.length === 0);
    if (hadParts) {
      runParts(prompt!, partsBudgetMs(parts.length > 0));
    } else {
      turn += 1;
      runStep(parts);
    }
    schedule();
  };

  const schedule = (): void => {
    scheduled ??= setImmediate(() => {
      scheduled = null;
      if (closed) return;
      try {
        takeTurn();
        flush();
      } catch (error) {
        flush();
        onFault(error);
      }
    });
  };

  const cancel = (id: SequenceId): void => {
    waiting.leave(id);
    const sequence = running.get(id);
    if (sequence !== undefined) end(sequence);
  };

  return {
    accept: (command) => {
      switch (command.type) {
        case 'submit':
          submit(command);
          break;
        case 'credit': {
          const sequence = running.get(command.id);
          if (sequence !== undefined) sequence.credit += command.tokens;
          break;
        }
        case 'cancel':
          cancel(command.id);
          break;
      }
      schedule();
    },
    numRunning: () => running.size,
    keepAll: () => slots.keepAll(),
    close: () => {
      closed = true;
      promptStep.abandon();
      running.forEach(({ sampler }) => sampler.close());
      if (scheduled !== null) clearImmediate(scheduled);
    },
  };
};
