// Policy of the engine worker's loop: what goes into the next forward step. Pure; engine-loop.ts carries it out.
//
// Every sequence that decodes gets its one token each step. What room is left feeds prompts, in turn, and less of it
// while somebody decodes: a long prompt slows running answers by a bounded factor and never stops them.

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
}

export interface StepPart<Sequence> {
  readonly sequence: Sequence;
  readonly numTokens: number;
  /** The part ends with the sequence's last known token, so the next one is sampled. */
  readonly samples: boolean;
}

/** `turn` counts steps; it rotates who is served first. */
export const planStep = <Sequence extends Plannable>(
  sequences: readonly Sequence[],
  { maxBatchTokens, maxPrefillTokensWhileDecoding }: StepLimits,
  turn: number,
): StepPart<Sequence>[] => {
  const runnable = sequences.filter((sequence) => sequence.isPrefilling || sequence.mayDecode);
  const inTurn = rotate(runnable, turn);
  const decoding = inTurn.filter(({ isPrefilling }) => !isPrefilling).slice(0, maxBatchTokens);
  const parts = decoding.map((sequence) => ({ sequence, numTokens: 1, samples: true }));

  const room = maxBatchTokens - parts.length;
  let prefillRoom = parts.length === 0 ? room : Math.min(room, maxPrefillTokensWhileDecoding);
  for (const sequence of inTurn) {
    if (prefillRoom === 0) break;
    if (!sequence.isPrefilling) continue;
    const numTokens = Math.min(prefillRoom, sequence.numPending);
    parts.push({ sequence, numTokens, samples: numTokens === sequence.numPending });
    prefillRoom -= numTokens;
  }
  return parts;
};

/** A quarter of a step: measured on 2 cores, a decode step beside it takes about twice as long as alone. */
export const prefillShareWhileDecoding = (maxBatchTokens: number): number =>
  Math.max(1, Math.floor(maxBatchTokens / 4));

const rotate = <Item>(items: readonly Item[], turn: number): Item[] => {
  if (items.length === 0) return [];
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
};
