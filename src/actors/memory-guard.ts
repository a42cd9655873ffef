// Refuses what would not fit, with figures, instead of letting the machine swap.

import process, { constrainedMemory, platform } from 'node:process';
import { totalmem } from 'node:os';
import type { MemoryUse } from './engine-addon.js';
import { insufficientMemory } from './engine-errors.js';

/** Of the machine's memory, or of what its container may use. */
const DEFAULT_SHARE = 0.8;

export const defaultMemoryBudget = (): number => {
  const constrained = constrainedMemory();
  const total = totalmem();
  // Without a limit, cgroups report a number near 2^63.
  return Math.floor(
    DEFAULT_SHARE * (constrained !== undefined && constrained > 0 ? Math.min(constrained, total) : total),
  );
};

/** Before a file is opened: its weights alone must fit. */
export const guardWeights = (checkpoint: string, weightsBytes: number, budgetBytes: number): void => {
  if (weightsBytes > budgetBytes) {
    throw insufficientMemory(`Loading ${checkpoint}`, { weights: weightsBytes }, budgetBytes);
  }
};

/** What following grammars takes over 200,000 tokens (measured: 110 MB), masks included. */
const GRAMMAR_BYTES = 128e6;

/** Before a context is made. Gives what the budget still has, besides what grammars may come to take. */
export const guardContext = (
  checkpoint: string,
  use: MemoryUse,
  numSlots: number,
  budgetBytes: number,
): number => {
  const needed = { weights: use.weightsBytes, 'KV cache': use.kvBytes, scratch: use.scratchBytes };
  const leftBytes = budgetBytes - needed.weights - needed['KV cache'] - needed.scratch;
  if (leftBytes < 0) {
    throw insufficientMemory(`Loading ${checkpoint} with ${numSlots} slots`, needed, budgetBytes);
  }
  return Math.max(0, leftBytes - GRAMMAR_BYTES);
};

/** Before the first grammar is followed. */
export const guardGrammars = (availableBytes: number): void => {
  if (GRAMMAR_BYTES > availableBytes)
    throw insufficientMemory(
      'Holding an answer to a schema or grammar',
      { grammars: GRAMMAR_BYTES },
      availableBytes,
    );
};

/**
 * Before a request is admitted: the system hands out KV pages when they are first written, so what this request may
 * still touch has to be there now.
 */
export const guardAdmission = (numTokens: number, kvBytesPerToken: number, availableBytes: number): void => {
  const kvBytes = numTokens * kvBytesPerToken;
  if (kvBytes > availableBytes) {
    throw insufficientMemory(
      `A request of up to ${numTokens} tokens`,
      { 'KV cache': kvBytes },
      availableBytes,
    );
  }
};

/**
 * What the system could give the process now, its container's limit included. Infinity where it does not tell: 0 is what
 * libuv says when it cannot read it, as when the process has no descriptor left, and would refuse everybody.
 */
export const availableMemory = (): number =>
  // macOS counts only pages that nobody has ever used as free; there, compression answers for the rest.
  platform === 'darwin' ? Infinity : process.availableMemory() || Infinity;
