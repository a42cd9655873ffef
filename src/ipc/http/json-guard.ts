// Looks over a JSON body before JSON.parse builds anything from it: one linear pass over the bytes, nothing allocated.
// JSON.parse takes megabytes of `[` without complaint, and the heap does not. Syntax is left to JSON.parse.

export const MAX_JSON_DEPTH = 64;
export const MAX_JSON_VALUES = 1 << 18;

/** What is wrong with a body; null when it may be parsed. */
export const jsonProblem = (body: Uint8Array): string | null => {
  let depth = 0;
  let numValues = 1;
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case QUOTE:
        at = endOfString(body, at + 1);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        numValues++; // an empty one counts as well
        if (++depth > MAX_JSON_DEPTH) return `the body nests deeper than ${MAX_JSON_DEPTH} levels`;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
      case COMMA:
        numValues++;
        break;
      default: // nothing that counts
    }
    if (numValues > MAX_JSON_VALUES) return `the body holds more than ${MAX_JSON_VALUES} values`;
  }
  return null;
};

/** Index of the closing quote, or of the end. */
const endOfString = (body: Uint8Array, from: number): number => {
  let at = from;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
};

/**
 * Leaves out keys named `__proto__`: JSON.parse makes ordinary properties of them, which turn into prototypes where such
 * an object is copied key by key.
 */
export const parseJson = (text: string): unknown =>
  /__proto__|\\u005f/i.test(text)
    ? JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value))
    : JSON.parse(text);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
