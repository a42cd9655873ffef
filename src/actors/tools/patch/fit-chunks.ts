// Finds where the chunks of a patch belong in a file and makes the new text. The leniency is that of the Codex CLI
// (codex-rs/apply-patch/src/seek_sequence.rs): as it is, without trailing space, without space around, and last with
// typographic characters taken for the plain ones. What is kept stays as the file has it.

import { type Chunk, type ChunkLine, PatchError } from './parse-patch.js';

export const fitChunks = (text: string, chunks: readonly Chunk[], path: string): string => {
  const lineEnd = /\r\n/.test(text) ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop(); // every line ends; so will the last one
  const result: string[] = [];
  let done = 0; // lines of the file that are in the result
  let from = 0; // where the next chunk may begin

  for (const chunk of chunks) {
    for (const anchor of chunk.anchors) {
      const at = find(lines, [anchor], from, false);
      if (at === null)
        throw new PatchError(`${path} has no line '${anchor}'${from === 0 ? '' : ` after line ${from}`}.`);
      from = at + 1;
    }
    const { start, parts } = place(lines, chunk, from, path);
    result.push(...lines.slice(done, start));
    let at = start;
    for (const { kind, text: line } of parts) {
      if (kind === 'added') result.push(line);
      else {
        if (kind === 'kept') result.push(lines[at]!);
        at++;
      }
    }
    done = at;
    from = at;
  }
  result.push(...lines.slice(done));
  return result.map((line) => line + lineEnd).join('');
};

const place = (
  lines: readonly string[],
  { lines: parts, isAtEnd }: Chunk,
  from: number,
  path: string,
): { readonly start: number; readonly parts: readonly ChunkLine[] } => {
  const wanted = parts.filter(({ kind }) => kind !== 'added');
  if (wanted.length === 0) return { start: lines.length, parts }; // only additions: at the end
  const texts = wanted.map(({ text }) => text);
  const start = find(lines, texts, from, isAtEnd);
  if (start !== null) return { start, parts };
  // An empty last line may stand for the end of the file, which no line of ours is.
  const last = parts.findLastIndex(({ kind }) => kind !== 'added');
  if (texts.length > 1 && texts.at(-1) === '') {
    const shorter = find(lines, texts.slice(0, -1), from, isAtEnd);
    if (shorter !== null) return { start: shorter, parts: parts.filter((_, i) => i !== last) };
  }
  throw new PatchError(
    `${path} does not have these lines${from === 0 ? '' : ` after line ${from}`}; read the file and write them as they are:\n${texts.join('\n')}`,
  );
};

const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/[\u2018-\u201b]/g, "'"],
  [/[\u201c-\u201f]/g, '"'],
  [/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' '],
];
const plain = (line: string): string => PLAIN.reduce((so, [from, to]) => so.replace(from, to), line.trim());

const READINGS: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  plain,
];

/** Index of the first line of the first such sequence; at the end of the file first, where that is asked for. */
const find = (
  lines: readonly string[],
  wanted: readonly string[],
  from: number,
  isAtEnd: boolean,
): number | null => {
  const lastStart = lines.length - wanted.length;
  const first = isAtEnd ? Math.max(from, lastStart) : from;
  for (const read of READINGS) {
    const have = lines.map(read);
    const want = wanted.map(read);
    for (let start = first; start <= lastStart; start++) {
      if (want.every((line, i) => have[start + i] === line)) return start;
    }
  }
  return isAtEnd && first > from ? find(lines, wanted, from, false) : null;
};
