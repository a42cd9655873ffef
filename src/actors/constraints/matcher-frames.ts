import type { TokenTree } from '../../grammar/token-tree.js';

/** All but `close` are answered, in order. */
export type MatcherRequest =
  | {
      readonly type: 'open';
      readonly id: number;
      readonly grammar: string;
      readonly end: number;
      /** Accepted already. */
      readonly tokens: readonly number[];
    }
  | { readonly type: 'accept'; readonly id: number; readonly tokens: readonly number[] }
  /** Only compiles. */
  | { readonly type: 'prepare'; readonly grammar: string }
  | { readonly type: 'close'; readonly id: number };

export type MatcherReply =
  /** Once, first. */
  | { readonly type: 'tree'; readonly tree: TokenTree }
  /** What may come next. */
  | { readonly type: 'mask'; readonly id: number; readonly mask: Uint32Array }
  | { readonly type: 'prepared' };
