// Policy of the engine worker's loop: what goes into the next forward step. Pure; engine-loop.ts carries it out.
//
// Every sequence that decodes gets its one token each step. What room is left feeds prompts, in turn, and less of it
// while somebody decodes: a long prompt slows running answers by a bounded factor and never stops them. Where the engine
// can compute a step in parts, one prompt at a time is fed in larger ones: the more tokens meet a weight that is read, the
// less each costs. Between the parts the others have their steps.

export interface Plannable {
  /** Tokens known but not yet fed: the rest of a prompt, or the one token sampled last. */
  readonly numPending: number;
  readonly isPrefilling: boolean;
  /** A decoding sequence stands still while its receiver is full or its next token's mask is not known yet. */
  readonly mayDecode: boolean;
}

export interface StepLimits {
  readonly maxBatchTokens: number;
  readonly maxPrefillTokensWhileDecoding: number;
  /** 0: there are no prompt steps. */
  readonly maxPromptBatchTokens: number;
}

export interface StepPart<Sequence> {
  readonly sequence: Sequence;
  readonly numTokens: number;
  /** The part ends with the sequence's last known token, so the next one is sampled. */
  readonly samples: boolean;
}

export interface StepQuestion<Sequence> {
  readonly sequences: readonly Sequence[];
  /** Whose prompt step is under way; null: nobody's. */
  readonly fed: Sequence | null;
  readonly limits: StepLimits;
  /** Counts steps; it rotates who is served first. */
  readonly turn: number;
}

export const planStep = <Sequence extends Plannable>({
  sequences,
  fed,
  limits: { maxBatchTokens, maxPrefillTokensWhileDecoding, maxPromptBatchTokens },
  turn,
}: StepQuestion<Sequence>): StepPart<Sequence>[] => {
  /** What would fill a prompt step waits for its own. */
  const isLongPrompt = ({ isPrefilling, numPending }: Sequence): boolean =>
    isPrefilling && numPending >= maxPromptBatchTokens;
  const isElsewhere = (sequence: Sequence): boolean =>
    fed !== null && (sequence === fed || isLongPrompt(sequence));
  const runnable = sequences.filter(
    (sequence) => (sequence.isPrefilling || sequence.mayDecode) && !isElsewhere(sequence),
  );
  const inTurn = rotate(runnable, turn);
  const decoding = inTurn.filter(({ isPrefilling }) => !isPrefilling).slice(0, maxBatchTokens);
  const parts = decoding.map((sequence) => ({ sequence, numTokens: 1, samples: true }));

  const room = maxBatchTokens - parts.length;
  const isAlone = parts.length === 0 && fed === null;
  let prefillRoom = isAlone ? room : Math.min(room, maxPrefillTokensWhileDecoding);
  for (const sequence of inTurn) {
    if (prefillRoom === 0) break;
    if (!sequence.isPrefilling) continue;
    const numTokens = Math.min(prefillRoom, sequence.numPending);
    parts.push({ sequence, numTokens, samples: numTokens === sequence.numPending });
    prefillRoom -= numTokens;
  }
  return parts;
};

/**
 * The next prompt step; null: no prompt is worth one. Several short prompts share an ordinary step; a single one goes in
 * parts too, beyond what is fed beside answers: so it holds nobody up, and can be cancelled at any part.
 */
export const planPromptStep = <Sequence extends Plannable>({
  sequences,
  limits: { maxBatchTokens, maxPrefillTokensWhileDecoding, maxPromptBatchTokens },
  turn,
}: Omit<StepQuestion<Sequence>, 'fed'>): StepPart<Sequence> | null => {
  if (maxPromptBatchTokens === 0) return null;
  const prompts = sequences.filter(({ isPrefilling }) => isPrefilling);
  const most = prompts.length === 1 ? maxPrefillTokensWhileDecoding : maxBatchTokens;
  const sequence = rotate(
    prompts.filter(({ numPending }) => numPending > most),
    turn,
  )[0];
  if (sequence === undefined) return null;
  const numTokens = Math.min(maxPromptBatchTokens, sequence.numPending);
  return { sequence, numTokens, samples: numTokens === sequence.numPending };
};

/**
 * For how long parts are computed before anything else: one beside others, so that running answers wait for no more; on
 * its own, as many as keep the looking for messages cheap.
 */
export const partsBudgetMs = (othersRun: boolean): number => (othersRun ? 0 : 50);

/** A quarter of a step: measured on 2 cores, a decode step beside it takes about twice as long as alone. */
export const prefillShareWhileDecoding = (maxBatchTokens: number): number =>
  Math.max(1, Math.floor(maxBatchTokens / 4));

const rotate = <Item>(items: readonly Item[], turn: number): Item[] => {
  if (items.length === 0) return [];
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
};
