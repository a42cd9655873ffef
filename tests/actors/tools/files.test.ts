import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runListDirectory } from '../../../src/actors/tools/files/list-directory.js';
import { runReadFile } from '../../../src/actors/tools/files/read-file.js';
import { PathError, type Roots } from '../../../src/actors/tools/files/rooted-path.js';
import { runSearchFiles } from '../../../src/actors/tools/files/search-files.js';

let top: string;
let roots: Roots;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-files-')));
  const workFolder = join(top, 'work');
  const shared = join(top, 'shared');
  mkdirSync(join(workFolder, 'src/.git'), { recursive: true });
  mkdirSync(shared);
  writeFileSync(join(top, 'secret'), 'secret');
  writeFileSync(join(shared, 'readme'), 'shared text\n');
  writeFileSync(join(workFolder, 'a.txt'), 'one\ntwo\nthree\n');
  writeFileSync(join(workFolder, 'src/b.ts'), 'const two = 2;\n// Two.*\n');
  writeFileSync(join(workFolder, 'src/.git/config'), 'two\n');
  writeFileSync(join(workFolder, 'binary'), Buffer.from([0x74, 0x77, 0x6f, 0, 1]));
  symlinkSync(join(top, 'secret'), join(workFolder, 'leak'));
  symlinkSync(top, join(workFolder, 'up'));
  symlinkSync('a.txt', join(workFolder, 'inner'));
  symlinkSync('loop', join(workFolder, 'loop'));
  execFileSync('mkfifo', [join(workFolder, 'pipe')]);
  roots = { workFolder, readFolders: [shared] };
});
afterEach(() => rmSync(top, { recursive: true }));

describe('read_file', () => {
  test('reads a file, or lines of it', () => {
    expect(runReadFile({ path: 'a.txt' }, roots).text).toBe('one\ntwo\nthree\n');
    expect(runReadFile({ path: 'a.txt', start_line: 2, max_lines: 1 }, roots).text).toBe(
      'two\n[lines 2 to 2 of 3]',
    );
    expect(runReadFile({ path: 'a.txt', start_line: 9 }, roots)).toMatchObject({ isOk: false });
  });

  test('refuses a file that is too large to be read as a whole', () => {
    truncateSync(join(roots.workFolder, 'a.txt'), 16 * 2 ** 20 + 1);
    expect(() => runReadFile({ path: 'a.txt' }, roots)).toThrow(/16,777,217 bytes large; 16,777,216 can be/);
  });

  test('reads what else is allowed, and links that stay inside', () => {
    expect(runReadFile({ path: join(top, 'shared/readme') }, roots).text).toBe('shared text\n');
    expect(runReadFile({ path: 'inner' }, roots).text).toMatch(/^one/);
  });

  test.each([
    ['../secret', /outside/],
    ['leak', /outside/],
    ['up/secret', /outside/],
    ['/etc/passwd', /outside/],
    ['src/../../secret', /outside/],
    ['/proc/self/environ', /outside/],
    ['src', /is a folder/],
    ['pipe', /no regular file/],
    ['loop', /symbolic link/],
    ['none', /does not exist/],
    ['a.txt/x', /no folder/],
    ['binary', /binary file of 5 bytes/],
    ['a\0b', /NUL|does not exist|null/],
  ])('%j is refused', (path, problem) => {
    const read = (): unknown => runReadFile({ path }, roots);
    expect(read).toThrow(problem);
    expect(read).toThrow(PathError);
  });
});

describe('list_directory', () => {
  test('shows names, sizes and where links lead', () => {
    const { text } = runListDirectory({ depth: 2 }, roots);
    expect(text.split('\n')).toEqual([
      'a.txt  14',
      'binary  5',
      'inner -> a.txt',
      `leak -> ${join(top, 'secret')}`,
      'loop -> loop',
      'pipe  0',
      'src/',
      '  .git/',
      '  b.ts  24',
      `up -> ${top}`,
    ]);
  });

  test.each(['..', 'up', '/', 'a.txt'])('%s is refused', (path) =>
    expect(() => runListDirectory({ path }, roots)).toThrow(PathError),
  );
});

describe('search_files', () => {
  const search = (args: Parameters<typeof runSearchFiles>[0]): string => runSearchFiles(args, roots).text;
  test('finds text, without following links or reading what is binary or version control', () => {
    expect(search({ query: 'two' })).toBe('a.txt:2: two\nsrc/b.ts:1: const two = 2;');
    expect(search({ query: 'secret' })).toMatch(/^No match/);
  });

  test('takes a query as a pattern only when told to', () => {
    expect(search({ query: 'Two.*' })).toBe('src/b.ts:2: // Two.*');
    expect(search({ query: '^t.o$', regex: true })).toBe('a.txt:2: two');
    expect(search({ query: 'TWO', ignore_case: true, name: '*.ts' }).split('\n')).toHaveLength(2);
    expect(runSearchFiles({ query: '(', regex: true }, roots)).toMatchObject({ isOk: false });
  });

  test('stays inside', () => expect(() => search({ query: 'x', path: '..' })).toThrow(/outside/));
});
