import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runApplyPatch } from '../../../src/actors/tools/patch/apply-patch.js';
import { fitChunks } from '../../../src/actors/tools/patch/fit-chunks.js';
import { parsePatch } from '../../../src/actors/tools/patch/parse-patch.js';

let top: string;
let work: string;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-patch-')));
  work = join(top, 'work');
  mkdirSync(work);
});
afterEach(() => rmSync(top, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const read = (path: string): string => readFileSync(join(work, path), 'utf8');
const patch = (...lines: readonly string[]): string =>
  ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
const apply = (...lines: readonly string[]): string => runApplyPatch({ input: patch(...lines) }, work).text;
const tree = (): readonly string[] => (readdirSync(top, { recursive: true }) as string[]).sort();

describe('apply_patch', () => {
  test('adds, changes, moves and deletes files of one patch', () => {
    write('a.txt', 'one\ntwo\nthree\n');
    write('old.txt', 'x\ny\n');
    write('gone.txt', 'bye\n');
    const told = apply(
      '*** Add File: deep/er/new.txt',
      '+hello',
      '+',
      '*** Update File: a.txt',
      '@@',
      ' one',
      '-two',
      '+2',
      ' three',
      '*** Update File: old.txt',
      '*** Move to: moved.txt',
      '@@',
      '-x',
      '+z',
      ' y',
      '*** Delete File: gone.txt',
    );
    expect(told.split('\n').slice(1)).toEqual([
      'A deep/er/new.txt',
      'M a.txt',
      'R old.txt -> moved.txt',
      'D gone.txt',
    ]);
    expect(read('deep/er/new.txt')).toBe('hello\n\n');
    expect(read('a.txt')).toBe('one\n2\nthree\n');
    expect(read('moved.txt')).toBe('z\ny\n');
    expect(tree()).toEqual([
      'work',
      'work/a.txt',
      'work/deep',
      'work/deep/er',
      'work/deep/er/new.txt',
      'work/moved.txt',
    ]);
  });

  test.each([
    [
      'a chunk that does not fit',
      ['*** Update File: b.txt', '@@', '-nothing', '+x'],
      /does not have these lines/,
    ],
    ['a file that is not there', ['*** Update File: none.txt', '@@', '-a', '+b'], /does not exist/],
    ['a file to delete that is not there', ['*** Delete File: none.txt'], /does not exist/],
    ['a file to add that is there', ['*** Add File: b.txt', '+x'], /exists already/],
    ['a folder in the way', ['*** Add File: b.txt/x', '+x'], /is no folder|leads through/],
    ['a path outside', ['*** Add File: ../evil.txt', '+x'], /outside/],
    ['an absolute path outside', ['*** Add File: /etc/codexpc-evil', '+x'], /outside/],
    ['a move outside', ['*** Update File: b.txt', '*** Move to: ../b.txt', '@@', ' b'], /outside/],
    ['a link that leads outside', ['*** Add File: out/evil.txt', '+x'], /outside/],
    ['a link to a file outside', ['*** Update File: link.txt', '@@', '-secret', '+x'], /symbolic link/],
    ['the same file twice', ['*** Delete File: b.txt', '*** Delete File: ./b.txt'], /twice/],
  ])('%s: nothing at all changes', (_, lines, problem) => {
    write('a.txt', 'a\n');
    write('b.txt', 'b\n');
    mkdirSync(join(top, 'outside'));
    writeFileSync(join(top, 'secret.txt'), 'secret\n');
    symlinkSync(join(top, 'outside'), join(work, 'out'));
    symlinkSync(join(top, 'secret.txt'), join(work, 'link.txt'));
    const before = tree();
    expect(() => apply('*** Update File: a.txt', '@@', '-a', '+changed', ...lines)).toThrow(problem);
    expect(tree()).toEqual(before);
    expect(read('a.txt')).toBe('a\n');
    expect(read('b.txt')).toBe('b\n');
    expect(readFileSync(join(top, 'secret.txt'), 'utf8')).toBe('secret\n');
    expect(existsSync('/etc/codexpc-evil')).toBe(false);
  });

  test('keeps the permissions of a file', () => {
    write('run.sh', 'echo a\n');
    chmodSync(join(work, 'run.sh'), 0o755);
    apply('*** Update File: run.sh', '@@', '-echo a', '+echo b');
    expect(statSync(join(work, 'run.sh')).mode & 0o777).toBe(0o755);
  });

  test.each([
    ['', /first line/],
    ['*** Begin Patch\n*** Add File: a\n+x', /last line/],
    [patch(), /changes no file/],
    [patch('*** Update File: a.txt'), /changes nothing/],
    [patch('*** Add File: '), /names no file/],
    [patch('*** Add File: a', 'no plus'), /start with '\+'/],
    [patch('*** Update File: a', '@@', 'x y'), /Line 4 of the patch/],
    [patch('*** Update File: a', '@@ f'), /has no lines/],
  ])('what is no patch is told: %j', (text, problem) => expect(() => parsePatch(text)).toThrow(problem));

  test('is unwrapped from a here-document', () => {
    const text = `<<'EOF'\n${patch('*** Delete File: a')}\nEOF\n`;
    expect(parsePatch(text)).toEqual([{ kind: 'delete', path: 'a' }]);
  });
});

const fit = (text: string, ...lines: readonly string[]): string => {
  const [change] = parsePatch(patch('*** Update File: f', ...lines));
  return fitChunks(text, change!.kind === 'update' ? change!.chunks : [], 'f');
};

describe('chunks', () => {
  const TWICE = 'class A\n  def f\n    pass\nclass B\n  def f\n    pass\n';
  test('an anchor says which of two places is meant', () => {
    expect(fit(TWICE, '@@ class B', '   def f', '-    pass', '+    return')).toBe(
      'class A\n  def f\n    pass\nclass B\n  def f\n    return\n',
    );
    expect(fit(TWICE, '@@ class B', '@@   def f', '-    pass', '+    return')).toMatch(/return\n$/);
  });

  test('the first place is taken without one, and chunks go on from there', () => {
    expect(fit('a\nb\na\nb\n', '@@', '-a', '+1', '@@', '-a', '+2')).toBe('1\nb\n2\nb\n');
  });

  test('the end of the file is looked at first where it is asked for', () => {
    expect(fit('x\ny\nx\n', '@@', '-x', '+end', '*** End of File')).toBe('x\ny\nend\n');
  });

  test('additions alone go to the end', () => {
    expect(fit('a\n', '@@', '+b')).toBe('a\nb\n');
    expect(fit('', '@@', '+b')).toBe('b\n');
  });

  test.each([
    ['trailing space', 'a  \nb\n', ['@@', ' a', '-b', '+c'], 'a  \nc\n'],
    ['indentation', '    a\nb\n', ['@@', ' a', '-b', '+c'], '    a\nc\n'],
    ['typographic characters', '“a” – b\nb\n', ['@@', ' "a" - b', '-b', '+c'], '“a” – b\nc\n'],
    ['an empty line too many', 'a\nb\n', ['@@', ' a', '-b', '+c', ''], 'a\nc\n'],
    ['no newline at the end', 'a\nb', ['@@', '-b', '+c'], 'a\nc\n'],
    ['line ends of Windows', 'a\r\nb\r\n', ['@@', ' a', '-b', '+c'], 'a\r\nc\r\n'],
  ])('%s does not matter, and what is kept stays as it is', (_, text, lines, expected) => {
    expect(fit(text, ...lines)).toBe(expected);
  });

  test('a whole rewrite of any file by one chunk comes out as written', () => {
    const line = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !/[\r\n]/.test(text));
    const lines = fc.array(line, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const chunk = [...before.map((text) => `-${text}`), ...after.map((text) => `+${text}`)];
        expect(fit(before.map((text) => `${text}\n`).join(''), '@@', ...chunk)).toBe(
          after.map((text) => `${text}\n`).join(''),
        );
      }),
    );
  });
});
