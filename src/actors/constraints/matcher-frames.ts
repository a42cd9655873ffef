/** Every `open` and `accept` is answered, in order. */
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
  | { readonly type: 'close'; readonly id: number };

/** What may come next. */
export interface MatcherReply {
  readonly id: number;
  readonly mask: Uint32Array;
}
