// One request: carries out what its machine decides. Renders the conversation, has it generated, decodes the tokens
// and sends the events; ends with exactly one terminal event.

import { createHash } from 'node:crypto';
import { createActor, fromCallback, fromPromise, type InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import { toWireError } from '../ipc/messages/error.js';
import type { Respond } from '../ipc/protocol.js';
import type { ResponseSink } from '../ipc/service.js';
import {
  type CancelReason,
  createSessionMachine,
  type GenerateCommand,
  type SessionOutcome,
  type SessionPhase,
  sessionPhaseOf,
} from '../machines/session.js';
import { type Call, createDecoderStage } from './decoder-stage.js';
import type { EngineActor, EngineLease } from './engine-actor.js';
import { asCodedError } from './engine-errors.js';
import { guardAdmission } from './memory-guard.js';
import { createOutbox } from './outbox.js';
import { createPrompt, type Prompt } from './prompt.js';
import { createSessionClock } from './session-timings.js';

export interface SessionOptions {
  readonly request: Respond;
  readonly sink: ResponseSink;
  readonly checkpoint: string;
  readonly modelName: string;
  readonly queuedAhead: number;
  readonly engine: Pick<EngineActor, 'lease'>;
  readonly policy: SessionPolicy;
  /** Throws what makes a request with this fingerprint unacceptable. */
  readonly guardFingerprint: (fingerprint: string) => void;
  readonly availableMemory: () => number;
  readonly random: { readonly callId: () => string; readonly seed: () => bigint };
  /** YYYY-MM-DD */
  readonly today: () => string;
  readonly now: () => number;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
  /** The terminal event has been handed on. */
  readonly onEnded: (summary: SessionSummary) => void;
}

export interface SessionPolicy {
  readonly toolDeadlineMs: number;
  /** Tokens that may be under way or held back for a receiver that does not read. */
  readonly tokenCredit: number;
  /** How many token ids of a prompt are logged at level debug. */
  readonly numLoggedTokens: number;
}

export interface SessionSummary {
  readonly requestId: string;
  readonly outcome: SessionOutcome;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly totalMs: number;
}

export interface Session {
  readonly requestId: string;
  phase(): SessionPhase;
  cancel(reason: CancelReason): void;
  /** Requests that are still to be begun before this one. */
  tellAhead(numAhead: number): void;
  /** False when no call of that id is waited for. */
  giveToolOutput(callId: string, output: string): boolean;
}

export const startSession = (options: SessionOptions): Session => {
  const { request, engine, policy, logger } = options;
  const { requestId } = request;
  const clock = createSessionClock(options.now);
  const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const repairs = new Map<string, number>();
  const outputs = new Map<string, string>();
  let calls: readonly Call[] = [];
  let prompt: Prompt | null = null;
  let queueDone = 0;
  let lease: EngineLease | null = null;

  const outbox = createOutbox({
    requestId,
    sink: options.sink,
    onStalled: () => machine.send({ type: 'sink.stalled' }),
    onDrained: () => machine.send({ type: 'sink.drained' }),
  });

  const prepare = async (signal: AbortSignal): Promise<void> => {
    const granted = await engine.lease({
      checkpoint: options.checkpoint,
      signal,
      onLoading: (done, total) => outbox.send({ type: 'progress', phase: 'loading', done, total }),
    });
    try {
      signal.throwIfAborted();
      prompt ??= createPrompt(request, granted.model, options.today());
      if (calls.length > 0) {
        prompt.appendToolOutputs(
          calls.map(({ callId, name }) => ({ name, output: outputs.get(callId) ?? '' })),
        );
        calls = [];
      }
      admit(prompt.tokens(), granted);
    } catch (error) {
      granted.release();
      throw error;
    }
    lease = granted;
  };

  const admit = (tokens: Uint32Array, { model }: EngineLease): void => {
    options.guardFingerprint(fingerprintOf(tokens));
    const longest = Math.min(model.loaded.contextLength, tokens.length + (request.maxTokens ?? Infinity));
    guardAdmission(longest, model.open.memory.kvBytesPerToken, options.availableMemory());
    logger.debug(
      { requestId, numTokens: tokens.length, first: [...tokens.subarray(0, policy.numLoggedTokens)] },
      'prompt',
    );
  };

  const machine = createActor(
    createSessionMachine({
      prepare: fromPromise(({ signal }) =>
        prepare(signal).catch((error: unknown) => Promise.reject(asCodedError(error))),
      ),
      generate: fromCallback<GenerateCommand>(({ sendBack, receive }) => {
        const { link, model, release } = lease!;
        const current = prompt!;
        const decoder = createDecoderStage({
          tokenizer: model.tokenizer,
          functions: request.tools.map(({ name }) => name),
          include: request.include,
          createCallId: options.random.callId,
        });
        const wantsTokens = request.include.includes('tokens') || request.include.includes('logprobs');
        let numSampled = 0;
        let owedCredit = 0;
        let isHeld = false;

        const endRound = (): void => {
          clock.roundEnded();
          usage.reasoningTokens += decoder.numReasoningTokens();
          for (const [name, count] of Object.entries(decoder.repairs())) {
            repairs.set(name, (repairs.get(name) ?? 0) + count);
          }
        };

        const payCredit = (): void => {
          // In portions: a frame for every token would cost as much as the token's own.
          if (isHeld || 2 * owedCredit < policy.tokenCredit) return;
          generation.grant(owedCredit);
          owedCredit = 0;
        };

        const generation = link.generate(
          {
            prompt: current.tokens(),
            fingerprint: fingerprintOf(current.tokens()),
            sampling: {
              ...request.sampling,
              seed: request.sampling.seed === null ? options.random.seed() : BigInt(request.sampling.seed),
            },
            maxTokens:
              request.maxTokens === null ? null : Math.max(1, request.maxTokens - usage.outputTokens),
            stopTokens: model.stopTokens,
            topLogprobs: request.topLogprobs,
            credit: policy.tokenCredit,
            resumed: machine.getSnapshot().context.numRounds > 1,
          },
          {
            started: (cached) => {
              clock.started();
              usage.inputTokens += current.tokens().length;
              usage.cachedInputTokens += cached;
              clock.countPrefill(current.tokens().length - cached);
              sendBack({ type: 'generation.started' });
            },
            prefilled: (done, total) => outbox.send({ type: 'progress', phase: 'prefill', done, total }),
            sampled: ({ token, logprob, top }) => {
              if (numSampled++ === 0) {
                clock.firstToken();
                sendBack({ type: 'decode.started' });
              }
              clock.countToken();
              usage.outputTokens += 1;
              current.appendGenerated(token);
              if (wantsTokens) {
                const shown = request.include.includes('logprobs') ? logprob : null;
                outbox.send({ type: 'tokens.delta', tokens: [{ token, logprob: shown, top: [...top] }] });
              }
              decoder.push(token).forEach(outbox.send);
              owedCredit += 1;
              payCredit();
            },
            finished: (reason) => {
              decoder.finish(reason).forEach(outbox.send);
              calls = decoder.calls();
              sendBack({ type: 'generation.finished', reason, callIds: calls.map(({ callId }) => callId) });
            },
            failed: (error) => sendBack({ type: 'generation.failed', error }),
            lost: (error) => sendBack({ type: 'engine.lost', error }),
          },
        );
        receive((command) => {
          isHeld = command.type === 'hold';
          payCredit();
        });
        return () => {
          generation.cancel();
          endRound();
          release();
          lease = null;
        };
      }),
    }),
    {
      id: `session:${requestId}`,
      inspect: options.inspect,
      input: {
        requestId,
        deadlineMs: request.deadlineMs,
        toolDeadlineMs: policy.toolDeadlineMs,
        toolCalls: request.toolCalls,
      },
    },
  );

  const end = (outcome: SessionOutcome): void => {
    const timings = clock.timings();
    if (outcome.type === 'failed') {
      outbox.send({ type: 'failed', error: toWireError(outcome.error) });
    } else {
      const { finishReason } = outcome;
      outbox.send({
        type: 'completed',
        finishReason,
        usage: { ...usage },
        timings,
        repairs: Object.fromEntries(repairs),
      });
    }
    options.onEnded({ requestId, outcome, ...usage, ...timings });
  };

  machine.subscribe({ complete: () => end(machine.getSnapshot().output!) });
  outbox.send({ type: 'created', model: options.modelName, queuedAhead: options.queuedAhead });
  machine.start();

  return {
    requestId,
    phase: () => sessionPhaseOf(machine.getSnapshot()),
    tellAhead: (numAhead) => {
      const done = options.queuedAhead - numAhead;
      if (done <= queueDone) return;
      queueDone = done;
      outbox.send({ type: 'progress', phase: 'queued', done, total: options.queuedAhead });
    },
    cancel: (reason) => machine.send({ type: 'cancel', reason }),
    giveToolOutput: (callId, output) => {
      const { context } = machine.getSnapshot();
      if (
        sessionPhaseOf(machine.getSnapshot()) !== 'awaitingTool' ||
        !context.pendingCallIds.includes(callId)
      )
        return false;
      outputs.set(callId, output);
      outbox.send({ type: 'output_item.done', item: { kind: 'tool_output', callId, output } });
      machine.send({ type: 'tool.output', callId });
      return true;
    },
  };
};

const fingerprintOf = (tokens: Uint32Array): string => createHash('sha1').update(tokens).digest('base64');
