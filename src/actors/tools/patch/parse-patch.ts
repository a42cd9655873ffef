// The patch format of the Codex CLI, which gpt-oss models were trained to write:
// https://github.com/openai/codex/blob/main/codex-rs/apply-patch/apply_patch_tool_instructions.md
//
//   *** Begin Patch
//   *** Add File: PATH            lines with +
//   *** Delete File: PATH
//   *** Update File: PATH
//   *** Move to: PATH             optional
//   @@ a line further up          optional for the first chunk; may be empty
//    kept, -removed, +added
//   *** End of File               optional: the chunk ends where the file does
//   *** End Patch

/** What is no patch, or does not fit; the message is for the model. */
export class PatchError extends Error {}

export type FileChange =
  | { readonly kind: 'add'; readonly path: string; readonly lines: readonly string[] }
  | { readonly kind: 'delete'; readonly path: string }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly movedTo: string | null;
      readonly chunks: readonly Chunk[];
    };

export interface Chunk {
  /** Lines that stand above it in the file, outermost first. */
  readonly anchors: readonly string[];
  readonly lines: readonly ChunkLine[];
  readonly isAtEnd: boolean;
}

export interface ChunkLine {
  readonly kind: 'kept' | 'removed' | 'added';
  readonly text: string;
}

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const ADD = '*** Add File:';
const DELETE = '*** Delete File:';
const UPDATE = '*** Update File:';
const MOVE = '*** Move to:';
const END_OF_FILE = '*** End of File';

export const parsePatch = (text: string): readonly FileChange[] => {
  const lines = unwrapped(text);
  if (lines[0]?.trim() !== BEGIN) throw new PatchError(`The first line of a patch is '${BEGIN}'.`);
  if (lines.at(-1)?.trim() !== END) throw new PatchError(`The last line of a patch is '${END}'.`);
  const body = lines.slice(1, -1);
  const changes: FileChange[] = [];
  let next = 0;

  const isHeader = (line: string): boolean => [ADD, DELETE, UPDATE].some((header) => line.startsWith(header));
  const takeWhile = (holds: (line: string) => boolean): string[] => {
    const start = next;
    while (next < body.length && holds(body[next]!)) next++;
    return body.slice(start, next);
  };

  while (next < body.length) {
    const header = body[next++]!.trimEnd();
    const path = (prefix: string): string => named(header.slice(prefix.length), header, next);
    if (header.startsWith(ADD)) {
      const added = takeWhile((line) => line.startsWith('+')).map((line) => line.slice(1));
      changes.push({ kind: 'add', path: path(ADD), lines: added });
    } else if (header.startsWith(DELETE)) {
      changes.push({ kind: 'delete', path: path(DELETE) });
    } else if (header.startsWith(UPDATE)) {
      const from = path(UPDATE);
      const [move] = body[next]?.startsWith(MOVE) === true ? [body[next++]!] : [];
      const firstLine = next + 2;
      const chunks = parseChunks(
        takeWhile((line) => !isHeader(line)),
        firstLine,
      );
      if (chunks.length === 0 && move === undefined)
        throw new PatchError(`The update of ${from} changes nothing (line ${next + 1}).`);
      changes.push({
        kind: 'update',
        path: from,
        movedTo: move === undefined ? null : named(move.slice(MOVE.length), move, next),
        chunks,
      });
    } else if (header !== '') {
      throw new PatchError(
        `Line ${next + 1} of the patch, ${JSON.stringify(header.slice(0, 100))}, is none of '${ADD}', '${DELETE}', '${UPDATE}'. Lines of an added file start with '+'.`,
      );
    }
  }
  if (changes.length === 0) throw new PatchError('The patch changes no file.');
  return changes;
};

/** `firstLine`: the number of the first of these lines in the patch, for a person. */
const parseChunks = (lines: readonly string[], firstLine: number): readonly Chunk[] => {
  const chunks: { anchors: string[]; lines: ChunkLine[]; isAtEnd: boolean }[] = [];
  lines.forEach((line, i) => {
    const current = chunks.at(-1);
    const isOpen = current !== undefined && !current.isAtEnd;
    if (line.trimEnd() === '@@' || line.startsWith('@@ ')) {
      const anchor = line.trimEnd() === '@@' ? [] : [line.slice(3)];
      // Several in a row narrow the place down: class, then method.
      if (isOpen && current.lines.length === 0) current.anchors.push(...anchor);
      else chunks.push({ anchors: anchor, lines: [], isAtEnd: false });
    } else if (line.trimEnd() === END_OF_FILE && current !== undefined) {
      current.isAtEnd = true;
    } else if (!isOpen && line.trim() === '' && (i === lines.length - 1 || current !== undefined)) {
      // an empty line between chunks or files
    } else {
      if (!isOpen) chunks.push({ anchors: [], lines: [], isAtEnd: false });
      chunks.at(-1)!.lines.push(parseLine(line, firstLine + i));
    }
  });
  const empty = chunks.find((chunk) => chunk.lines.length === 0);
  if (empty !== undefined) throw new PatchError(`The chunk '@@ ${empty.anchors.join(' @@ ')}' has no lines.`);
  return chunks;
};

const KINDS = { ' ': 'kept', '-': 'removed', '+': 'added' } as const;

const parseLine = (line: string, number: number): ChunkLine => {
  if (line === '') return { kind: 'kept', text: '' }; // models leave out the space before nothing
  const kind = KINDS[line[0] as keyof typeof KINDS];
  if (kind === undefined)
    throw new PatchError(
      `Line ${number} of the patch, ${JSON.stringify(line.slice(0, 100))}, starts with none of ' ', '-', '+'.`,
    );
  return { kind, text: line.slice(1) };
};

const named = (path: string, line: string, number: number): string => {
  const name = path.trim();
  if (name === '') throw new PatchError(`'${line.trim()}' in line ${number + 1} of the patch names no file.`);
  return name;
};

/** Without the shell's `<<'EOF'` around it and without empty lines before and after. */
const unwrapped = (text: string): readonly string[] => {
  const lines = text.trim().replaceAll('\r\n', '\n').split('\n');
  const heredoc = /^(?:apply_patch\s+)?<<-?\s*(['"]?)(\w+)\1$/.exec(lines[0]!.trim());
  if (heredoc !== null && lines.at(-1)!.trim() === heredoc[2]) return lines.slice(1, -1);
  return lines;
};
