// A header's text in words. By hand, because most of a header's reading would be a regular expression's.

export interface HeaderWord {
  readonly word: string;
  /** White space before it. */
  readonly space: string;
  /** Where it ends in the text. */
  readonly end: number;
}

/** The next word at or behind `from`; undefined if only white space is left. */
export const wordFrom = (text: string, from: number): HeaderWord | undefined => {
  const start = endOfSpace(text, from);
  if (start === text.length) return undefined;
  const end = endOfWord(text, start);
  return { word: text.slice(start, end), space: text.slice(from, start), end };
};

/** `word` without the copies of `prefix` it begins with. */
export const cutRepeated = (word: string, prefix: string): string => {
  let at = 0;
  while (word.startsWith(prefix, at)) at += prefix.length;
  return word.slice(at);
};

const endOfSpace = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && isSpaceAt(text, at)) at++;
  return at;
};

const endOfWord = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && !isSpaceAt(text, at)) at++;
  return at;
};

const isSpaceAt = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at);
  return unit < 0x80 ? unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) : /\s/.test(text[at]!);
};
