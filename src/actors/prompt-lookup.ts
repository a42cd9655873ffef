// Guesses what a sequence says next: what followed the last time that its latest tokens stood there. An answer that
// edits a file or quotes a tool's output repeats its conversation for long runs. The engine computes the guesses beside
// the token that is due, which reads each weight once for all of them, and keeps those that the sampler draws anyway.
//
// A guess costs: each further token of a step takes about a quarter of a step's time (other experts, more arithmetic).
// So guesses grow while they come true and pause when too few do, for longer each time.

export interface PromptLookup {
  /** The sequence has gone on by this token. */
  append(token: number): void;
  /** At most `limit` guesses at the tokens after those appended; empty: none, or they have not paid lately. */
  draft(limit: number): Uint32Array;
  /** How the last draft turned out. */
  judge(numDrafted: number, numTrue: number): void;
}

/** Tokens that have to be the same before what followed them is worth a try. */
const GRAM = 3;
const FIRST_LENGTH = 4;
/** Share of true guesses below which drafting loses, and the weight of the newest draft in it. */
const BREAK_EVEN = 0.35;
const NEWEST = 0.3;
const FIRST_PAUSE = 16;
const LONGEST_PAUSE = 512;

export const createPromptLookup = (prompt: Uint32Array, maxLength: number): PromptLookup => {
  let tokens = new Uint32Array(Math.max(1024, 2 * prompt.length));
  let length = 0;
  // Where the token after a gram stands, by the gram's hash; 0: nowhere. A newer gram takes the place.
  const places = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(4096, 2 * prompt.length))));
  /** Where the run that the sequence follows goes on; 0: it follows none. */
  let follows = 0;
  let draftLength = Math.min(FIRST_LENGTH, maxLength);
  let shareTrue = 1;
  let pause = FIRST_PAUSE;
  let pausedUntil = 0;

  const isGramBefore = (place: number): boolean => {
    for (let back = 1; back <= GRAM; back += 1) {
      if (tokens[place - back] !== tokens[length - back]) return false;
    }
    return true;
  };

  const append = (token: number): void => {
    if (length === tokens.length) {
      const larger = new Uint32Array(2 * length);
      larger.set(tokens);
      tokens = larger;
    }
    const isFollowing = follows > 0 && tokens[follows] === token;
    tokens[length] = token;
    length += 1;
    if (length < GRAM) return;
    let hash = 0;
    for (let back = 1; back <= GRAM; back += 1) hash = Math.imul(hash ^ tokens[length - back]!, 0x9e3779b1);
    const bin = (hash ^ (hash >>> 15)) & (places.length - 1);
    const place = places[bin]!;
    places[bin] = length;
    if (isFollowing) follows += 1;
    else follows = place > 0 && isGramBefore(place) ? place : 0;
  };

  prompt.forEach(append);
  return {
    append,
    draft: (limit) => {
      if (follows === 0 || limit < 1 || length < pausedUntil) return new Uint32Array();
      return tokens.slice(follows, Math.min(length, follows + Math.min(limit, draftLength)));
    },
    judge: (numDrafted, numTrue) => {
      shareTrue += NEWEST * (numTrue / numDrafted - shareTrue);
      if (shareTrue < BREAK_EVEN) {
        pausedUntil = length + pause;
        pause = Math.min(2 * pause, LONGEST_PAUSE);
        shareTrue = 2 * BREAK_EVEN;
        draftLength = Math.min(2, maxLength);
      } else if (numTrue === numDrafted) {
        if (numDrafted >= draftLength) draftLength = Math.min(2 * draftLength, maxLength);
        if (shareTrue > 2 * BREAK_EVEN) pause = FIRST_PAUSE;
      } else {
        draftLength = Math.min(Math.max(2, numTrue + 1), maxLength);
      }
    },
  };
};
