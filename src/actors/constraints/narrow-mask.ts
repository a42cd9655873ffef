// The mask of a place where few bytes may come next, by looking through the tokens that begin with them.

import { type GrammarState, LOST } from '../../grammar/grammar-states.js';
import type { TokenTree } from '../../grammar/token-tree.js';
import { allow } from './token-masks.js';

export interface NarrowMaskOptions {
  readonly vocabSize: number;
  /** What may come where the text is complete. */
  readonly end: number;
}

/** Branches of the tree that are gone along; takes about a tenth of a millisecond. */
const MAX_GONE_ALONG = 1024;
/** Where more bytes than these may come, most of the branches are ways to go. */
const MAX_NARROW_BYTES = 64;

/** undefined: there is too much to look through, or the grammar's states cannot say. */
export const lookThrough = (
  state: GrammarState,
  tree: TokenTree,
  { vocabSize, end }: NarrowMaskOptions,
): Uint32Array | undefined => {
  const mask = new Uint32Array(Math.ceil(vocabSize / 32));
  let numLeft = MAX_GONE_ALONG;

  /** False: it was given up. */
  const look = (from: GrammarState, parent: number): boolean => {
    if (from === LOST || (from.numBytes > MAX_NARROW_BYTES && tree.numBeyond[parent]! > numLeft))
      return false;
    for (let branch = tree.firstBranch[parent]!; branch !== 0; branch = tree.nextSibling[branch]!) {
      const behind = from.after(tree.bytes[branch]!);
      if (behind === null) continue;
      if (--numLeft < 0) return false;
      const token = tree.tokenPlusOne[branch]! - 1;
      if (token >= 0) allow(mask, token);
      if (tree.firstBranch[branch] !== 0 && !look(behind, branch)) return false;
    }
    return true;
  };

  if (!look(state, 0)) return undefined;
  if (state.isComplete) allow(mask, end);
  return mask;
};
