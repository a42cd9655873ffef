// One request: carries out what its machine decides. Renders the conversation, has it generated, decodes the tokens
// and sends the events; ends with exactly one terminal event.

import { createHash } from 'node:crypto';
import { createActor, fromCallback, fromPromise, type InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import { toWireError } from '../ipc/messages/error.js';
import type { ResponseSink } from '../ipc/service.js';
import {
  type AnswerCommand,
  type AnswerInput,
  type CancelReason,
  createSessionMachine,
  type GenerateCommand,
  type SessionOutcome,
  type SessionPhase,
  sessionPhaseOf,
} from '../machines/session.js';
import { sessionActorId } from './actor-names.js';
import { type Constraint, type Guidance, guidanceOf } from './constraints/constraint.js';
import type { ToolOffer } from './daemon-tools.js';
import type { Call } from './decoder-stage.js';
import type { ResponseObserver } from './decoder-inspection.js';
import type { EngineActor } from './engine-actor.js';
import { asCodedError } from './engine-errors.js';
import { forcedTokens, type ForcedTurn } from './forced-call.js';
import { createTally, type RunningGeneration, startGeneration } from './generation.js';
import { guardAdmission } from './memory-guard.js';
import type { ModelRuntime } from './model-runtime.js';
import { createOutbox } from './outbox.js';
import type { EngineLease } from './lease-queue.js';
import { createPrompt, type Prompt } from './prompt.js';
import { startToolRound } from './tool-round.js';
import type { ToolRunner } from './tools/tool.js';
import type { Turnstile } from './turnstile.js';
import { createSessionClock } from './session-timings.js';

export interface SessionOptions {
  /** The request, with the daemon's own tools. */
  readonly offer: ToolOffer;
  /** What of the answer is held to a schema or grammar; null: nothing. */
  readonly constraint: Constraint | null;
  readonly toolRunner: Pick<ToolRunner, 'run' | 'endSession'>;
  readonly sink: ResponseSink;
  readonly checkpoint: string;
  readonly modelName: string;
  readonly queuedAhead: number;
  readonly engine: Pick<EngineActor, 'lease'>;
  readonly policy: SessionPolicy;
  /** A test hook: what the model's answer to the user begins with. */
  readonly forced: ForcedTurn | null;
  /** Rendering a prompt takes milliseconds: one session after the other. */
  readonly turnstile: Turnstile;
  /** Throws what makes a request with this fingerprint unacceptable. */
  readonly guardFingerprint: (fingerprint: string) => void;
  readonly availableMemory: () => number;
  readonly random: { readonly callId: () => string; readonly seed: () => bigint };
  /** YYYY-MM-DD */
  readonly today: () => string;
  readonly now: () => number;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
  /** Tells the debug stream of its rounds. */
  readonly observe: ResponseObserver;
  /** The terminal event has been handed on. */
  readonly onEnded: (summary: SessionSummary) => void;
}

export interface SessionPolicy {
  /** How long the client may take to answer a call. */
  readonly toolDeadlineMs: number;
  readonly maxToolRounds: number;
  readonly maxToolTimeMs: number;
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
  readonly timeToFirstTokenMs: number;
  readonly totalMs: number;
  readonly reasoningTokens: number;
  /** What the decoder had to mend, by name. */
  readonly repairs: Readonly<Record<string, number>>;
  /** Tokens that were guessed ahead, and how many of them came true. */
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
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
  const { offer, engine, policy, logger } = options;
  const { request, builtins } = offer;
  const { requestId } = request;
  const clock = createSessionClock(options.now);
  const tally = createTally();
  const outputs = new Map<string, string>();
  let round: RunningGeneration | null = null; // until its calls have been answered
  let prompt: Prompt | null = null;
  let queueDone = 0;
  let lease: EngineLease | null = null;

  const calls = (): readonly Call[] => round?.calls() ?? [];

  const outbox = createOutbox({
    requestId,
    sink: options.sink,
    onStalled: () => machine.send({ type: 'sink.stalled' }),
    onDrained: () => {
      machine.send({ type: 'sink.drained' });
      onDelivered();
    },
  });
  let onDelivered = (): void => {};

  const prepare = async (signal: AbortSignal): Promise<void> => {
    const granted = await engine.lease({
      checkpoint: options.checkpoint,
      signal,
      onLoading: (done, total) => outbox.send({ type: 'progress', phase: 'loading', done, total }),
    });
    try {
      await options.turnstile.pass();
      signal.throwIfAborted();
      prompt ??= createPrompt({ request, builtins, today: options.today() }, granted.model);
      const answered = calls().map((call) => ({ ...call, output: outputs.get(call.callId) ?? '' }));
      if (answered.length > 0) prompt.appendToolOutputs(answered);
      round = null;
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

  const forced = ({ tokenizer }: ModelRuntime): Uint32Array =>
    options.forced === null || outputs.size > 0
      ? new Uint32Array()
      : forcedTokens(options.forced, offer, tokenizer);

  const guidance = ({ tokenizer }: ModelRuntime): Guidance | null => {
    const { constraint } = options;
    if (constraint === null || options.forced !== null) return null; // what is forced need not fit anything
    const names = builtins.map(({ name }) => name);
    return guidanceOf(constraint, { tokenizer, builtins: names, isFirstRound: outputs.size === 0 });
  };

  const machine = createActor(
    createSessionMachine({
      prepare: fromPromise(({ signal }) =>
        prepare(signal).catch((error: unknown) => Promise.reject(asCodedError(error))),
      ),
      generate: fromCallback<GenerateCommand>(({ sendBack, receive }) => {
        const { link, model, release } = lease!;
        const generation = startGeneration({
          offer: outputs.size === 0 ? offer : offerAfterCall(offer),
          resumed: machine.getSnapshot().context.numRounds > 1,
          forced: forced(model),
          guidance: guidance(model),
          link,
          model,
          prompt: prompt!,
          fingerprint: fingerprintOf(prompt!.tokens()),
          seed: request.sampling.seed === null ? options.random.seed() : BigInt(request.sampling.seed),
          createCallId: options.random.callId,
          tokenCredit: policy.tokenCredit,
          clock,
          tally,
          outbox,
          observe: options.observe,
          tell: (fact) => {
            sendBack(fact);
            if (fact.type !== 'generation.finished') return;
            // A client may be quick to answer, and the model slow to end its turn.
            calls()
              .filter(({ callId }) => outputs.has(callId))
              .forEach(({ callId }) => machine.send({ type: 'tool.output', callId }));
          },
        });
        round = generation;
        receive(({ type }) => generation.hold(type === 'hold'));
        return () => {
          generation.end();
          release();
          lease = null;
        };
      }),
      answerCalls: fromCallback<AnswerCommand, AnswerInput>(({ sendBack, receive, input }) => {
        const round = startToolRound({
          calls: calls().filter(({ callId }) => input.callIds.includes(callId)),
          refusal: input.refusal,
          toolNames: [...request.tools, ...builtins].map(({ name }) => name),
          sessionId: requestId,
          runner: options.toolRunner,
          inspect: options.inspect,
          onAnswered: ({ call: { callId }, output, result }) => {
            outputs.set(callId, output);
            outbox.send({ type: 'output_item.done', item: { kind: 'tool_output', callId, output, result } });
            sendBack({ type: 'tool.finished', callId, tookMs: result.durationMs });
          },
        });
        receive(round.stop);
        return round.abort;
      }),
    }),
    {
      id: sessionActorId(requestId),
      inspect: options.inspect,
      input: {
        requestId,
        deadlineMs: request.deadlineMs,
        toolDeadlineMs: policy.toolDeadlineMs,
        maxToolRounds: policy.maxToolRounds,
        maxToolTimeMs: policy.maxToolTimeMs,
        toolCalls: request.toolCalls,
      },
    },
  );

  const end = (outcome: SessionOutcome): void => {
    lease?.release(); // granted in the moment of the cancel
    void options.toolRunner.endSession(requestId);
    const timings = clock.timings();
    const { repairs, draftedTokens, acceptedTokens, ...usage } = tally;
    if (outcome.type === 'failed') outbox.send({ type: 'failed', error: toWireError(outcome.error) });
    else outbox.send({ type: 'completed', finishReason: outcome.finishReason, usage, timings, repairs });
    // Once everything has been handed on: a receiver that was full has the end still to come.
    let told = false;
    onDelivered = () => {
      if (told || outbox.numHeld() > 0) return;
      told = true;
      options.onEnded({ requestId, outcome, ...usage, ...timings, repairs, draftedTokens, acceptedTokens });
    };
    onDelivered();
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
      const isAwaited =
        machine.getSnapshot().status === 'active' &&
        request.toolCalls === 'await' &&
        calls().some((call) => call.callId === callId && call.owner === 'client') &&
        !outputs.has(callId);
      if (!isAwaited) return false;
      outputs.set(callId, output);
      outbox.send({ type: 'output_item.done', item: { kind: 'tool_output', callId, output, result: null } });
      machine.send({ type: 'tool.output', callId });
      return true;
    },
  };
};

/** It was asked for a call, and has made one: what comes next is its own choice. */
const offerAfterCall = (offer: ToolOffer): ToolOffer =>
  offer.request.toolChoice === 'none'
    ? offer
    : { ...offer, request: { ...offer.request, toolChoice: 'auto' } };

const fingerprintOf = (tokens: Uint32Array): string => createHash('sha1').update(tokens).digest('base64');
