// One round of a session: a prompt goes to the engine, tokens come back, are decoded and sent on.

import type { Usage } from '../ipc/protocol.js';
import type { SessionEvent } from '../machines/session.js';
import type { Guidance } from './constraints/constraint.js';
import type { ToolOffer } from './daemon-tools.js';
import { type Call, createDecoderStage } from './decoder-stage.js';
import type { ResponseObserver } from './decoder-inspection.js';
import { clockMs } from './engine-frames.js';
import type { EngineLink } from './engine-link.js';
import type { ModelRuntime } from './model-runtime.js';
import { offeredTools } from './offered-tools.js';
import type { Outbox } from './outbox.js';
import type { Prompt } from './prompt.js';
import type { SessionClock } from './session-timings.js';

/** What a request has used, over its rounds. */
export type Tally = { -readonly [Count in keyof Usage]: Usage[Count] } & {
  repairs: Record<string, number>;
  draftedTokens: number;
  acceptedTokens: number;
};

export const createTally = (): Tally => ({
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  repairs: {},
  draftedTokens: 0,
  acceptedTokens: 0,
});

export interface GenerationOptions {
  readonly offer: ToolOffer;
  /** Has been queued before, and goes ahead of what waits. */
  readonly resumed: boolean;
  /** What the model is made to write first; empty: nothing. */
  readonly forced: Uint32Array;
  /** What the model is held to; null: nothing. */
  readonly guidance: Guidance | null;
  readonly link: EngineLink;
  readonly model: ModelRuntime;
  readonly prompt: Prompt;
  readonly fingerprint: string;
  readonly seed: bigint;
  readonly createCallId: () => string;
  /** Tokens that may be under way. */
  readonly tokenCredit: number;
  readonly clock: SessionClock;
  readonly tally: Tally;
  readonly outbox: Outbox;
  readonly observe: ResponseObserver;
  readonly tell: (fact: SessionEvent) => void;
}

export interface RunningGeneration {
  /** The receiver is full: no more tokens are asked for. */
  hold(isHeld: boolean): void;
  /** The calls so far. */
  calls(): readonly Call[];
  /** Cancels what is left, and adds up. */
  end(): void;
}

/** OpenAI's API allows 0, the most probable token alone; the sampler wants a share above it, and keeps at least one. */
const LEAST_TOP_P = 1e-6;

export const startGeneration = (options: GenerationOptions): RunningGeneration => {
  const { offer, link, model, prompt, clock, tally, outbox, tell, tokenCredit } = options;
  const { request, builtins, ownerOf } = offer;
  const { include, maxTokens } = request;
  const decoder = createDecoderStage({
    tokenizer: model.tokenizer,
    tools: offeredTools(request),
    builtins: builtins.map(({ name }) => name),
    ownerOf,
    include,
    createCallId: options.createCallId,
    onRepaired: (repair) => observer.mended(repair),
  });
  const wantsTokens = include.includes('tokens') || include.includes('logprobs');
  const wantsLogprobs = include.includes('logprobs');
  const tokens = prompt.tokens();
  const observer = options.observe({ prompt: tokens, decoder: decoder.inside, tokenizer: model.tokenizer });
  let hasBegun = false;
  let owedCredit = 0;
  let isHeld = false;

  const payCredit = (): void => {
    // In portions: a frame for every token would cost as much as the token's own.
    if (isHeld || 2 * owedCredit < tokenCredit) return;
    handle.grant(owedCredit);
    owedCredit = 0;
  };

  const handle = link.generate(
    {
      prompt: tokens,
      marks: prompt.marks(),
      fingerprint: options.fingerprint,
      sampling: {
        ...request.sampling,
        topP: Math.max(request.sampling.topP, LEAST_TOP_P),
        seed: options.seed,
      },
      maxTokens: maxTokens === null ? null : Math.max(1, maxTokens - tally.outputTokens),
      stopTokens: model.stopTokens,
      topLogprobs: request.topLogprobs,
      credit: tokenCredit,
      forced: options.forced,
      guidance: options.guidance,
      resumed: options.resumed,
    },
    {
      started: (cached, atMs) => {
        clock.started(atMs);
        clock.countPrefill(tokens.length - cached);
        tally.inputTokens += tokens.length;
        tally.cachedInputTokens += cached;
        tell({ type: 'generation.started' });
      },
      prefilled: (done, total, atMs) => {
        if (done === total) clock.firstToken(atMs);
        outbox.send({ type: 'progress', phase: 'prefill', done, total });
      },
      sampled: ({ token, logprob, top }) => {
        if (!hasBegun) {
          hasBegun = true;
          tell({ type: 'decode.started' });
        }
        clock.countToken();
        tally.outputTokens += 1;
        prompt.appendGenerated(token);
        if (wantsTokens) {
          const sampled = { token, logprob: wantsLogprobs ? logprob : null, top: [...top] };
          outbox.send({ type: 'tokens.delta', tokens: [sampled] });
        }
        decoder.push(token).forEach(outbox.send);
        observer.tookToken(token);
        owedCredit += 1;
        payCredit();
      },
      drafted: (drafted, accepted) => {
        tally.draftedTokens += drafted;
        tally.acceptedTokens += accepted;
      },
      finished: (reason, atMs) => {
        clock.roundEnded(atMs);
        decoder.finish(reason).forEach(outbox.send);
        observer.ended();
        if (Object.keys(decoder.repairs()).length === 0) prompt.learn(decoder.messages());
        tell({ type: 'generation.finished', reason, calls: decoder.calls() });
      },
      failed: (error) => tell({ type: 'generation.failed', error }),
      lost: (error) => tell({ type: 'engine.lost', error }),
    },
  );

  return {
    hold: (value) => {
      isHeld = value;
      payCredit();
    },
    calls: () => decoder.calls(),
    end: () => {
      handle.cancel();
      observer.ended();
      clock.roundEnded(clockMs());
      tally.reasoningTokens += decoder.numReasoningTokens();
      for (const [name, count] of Object.entries(decoder.repairs())) {
        tally.repairs[name] = (tally.repairs[name] ?? 0) + count;
      }
    },
  };
};
