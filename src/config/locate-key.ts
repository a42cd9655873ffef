// Finds the line on which a TOML file sets a key, for messages about values that parse but do not fit.

/** 1-based line that sets `key`, or sets the table that holds it; null when the file does not. */
export const locateKey = (text: string, key: readonly string[]): number | null => {
  let best: { line: number; depth: number } | null = null;
  for (const { line, path } of assignments(text)) {
    const depth = commonPrefix(path, key);
    if (depth === path.length && depth > (best?.depth ?? 0)) best = { line, depth };
  }
  return best?.line ?? null;
};

/** Every `[table]` and `key = value` with its full path, in order. Lines inside multi-line strings are passed over. */
function* assignments(text: string): Generator<{ line: number; path: readonly string[] }> {
  let table: readonly string[] = [];
  let open: string | null = null; // the delimiter of an unfinished multi-line string
  for (const [index, content] of text.split('\n').entries()) {
    if (open !== null) {
      if (content.includes(open)) open = null;
      continue;
    }
    const header = /^\s*\[{1,2}([^[\]]+)\]{1,2}/.exec(content);
    const assigned = /^\s*((?:"[^"]*"|'[^']*'|[\w-]+|\s*\.\s*)+?)\s*=(.*)$/.exec(content);
    if (header?.[1] !== undefined) {
      table = keyParts(header[1]);
      yield { line: index + 1, path: table };
    } else if (assigned?.[1] !== undefined) {
      yield { line: index + 1, path: [...table, ...keyParts(assigned[1])] };
      open = unfinishedString(assigned[2] ?? '');
    }
  }
}

const keyParts = (dotted: string): string[] =>
  [...dotted.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );

const unfinishedString = (value: string): string | null => {
  const delimiter = /^\s*("""|''')/.exec(value)?.[1];
  return delimiter !== undefined && value.split(delimiter).length === 2 ? delimiter : null;
};

const commonPrefix = (left: readonly string[], right: readonly string[]): number => {
  let length = 0;
  while (length < left.length && length < right.length && left[length] === right[length]) length++;
  return length;
};
