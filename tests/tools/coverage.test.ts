// What `npm run coverage` says of docs/coverage.md. The measuring itself takes half an hour, and is done by hand.

import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';

interface Measured {
  readonly numLines: number;
  readonly uncovered: readonly number[];
}
type Seen = ReadonlyMap<string, ReadonlyMap<string, Measured>>;

const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/tools
let compare: (page: string, seen: Seen) => readonly string[];
let withTables: (page: string, seen: Seen) => string;
beforeAll(async () => {
  ({ compare, withTables } = (await import(pathToFileURL(join(root, 'tools/coverage/page.mjs')).href)) as {
    compare: typeof compare;
    withTables: typeof withTables;
  });
});

const EMPTY = ['total', 'below', 'rest']
  .map((name) => `<!-- src: ${name} -->\n<!-- end -->\n`)
  .join('text\n');
const file = (numLines: number, ...uncovered: readonly number[]): Measured => ({ numLines, uncovered });
const seen = (files: Readonly<Record<string, Measured>>): Seen =>
  new Map([['src', new Map(Object.entries(files))]]);
const LOW = seen({
  'src/a.ts': file(100),
  'src/b.ts': file(100, 5),
  'src/low.ts': file(10, 3, 4, 5, 9),
});

describe('docs/coverage.md', () => {
  test('has each file with lines that were not run, and a reason for each below the bound', () => {
    const page = withTables(EMPTY, LOW);
    expect(page).toContain('**97.6 %** of 210 lines in 3 files; 1 files are run whole.');
    expect(page).toContain('| `src/b.ts` | 99.0 | 5 |');
    expect(compare(page, LOW)).toEqual(['src/low.ts has 60.0 % and no reason in docs/coverage.md']);
    const reasoned = page.replace('| 3–5, 9 |  |', '| 3–5, 9 | macOS alone |');
    expect(compare(reasoned, LOW)).toEqual([]);
    expect(withTables(reasoned, LOW)).toBe(reasoned);
  });

  test('may not excuse what has tests now, or has gone', () => {
    const page = withTables(EMPTY, LOW).replace('| 3–5, 9 |  |', '| 3–5, 9 | macOS alone |');
    expect(compare(page, seen({ 'src/low.ts': file(10) }))).toEqual([
      'docs/coverage.md excuses src/low.ts, which has 100.0 % now',
    ]);
    expect(compare(page, seen({ 'src/a.ts': file(10) }))).toEqual([
      'docs/coverage.md names src/low.ts, which is not there',
    ]);
  });

  test('says when a part has too little as a whole', () =>
    expect(compare(EMPTY, seen({ 'src/a.ts': file(100, ...Array(11).keys()) }))[0]).toBe(
      'src has 89.0 % of its lines run, not 90',
    ));
});
