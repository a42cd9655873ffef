import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('../../../../tools/ci-summary.mjs', import.meta.url));

describe('the summary of a CI run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-ci-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const suite = (name: string, result: string, log: string): void => {
    writeFileSync(join(folder, `${name}.result`), `${result}\n`);
    writeFileSync(join(folder, `${name}.log`), log);
  };
  const summary = (): string => spawnSync(process.execPath, [PROGRAM, folder], { encoding: 'utf8' }).stdout;

  test('gives seconds and figures of every suite, in order', () => {
    suite('2-b', '3 0 41 the second', 'FAILED in a quoted text of a suite that passed\n');
    suite('1-a', '10 0 7 the first', '');
    expect(summary()).toBe(
      '\n== summary\nok         7 s  10 passed, 0 failed  the first\nok        41 s  3 passed, 0 failed  the second\n',
    );
  });

  test('does not call a suite fine that checked nothing', () => {
    suite('1-a', '0 0 2 audit', 'audit: NOTHING WAS CHECKED\n');
    expect(summary()).toBe('\n== summary\nNONE       2 s  0 passed, 0 failed  audit\n');
  });

  test('names a failed jest test once, with the beginning of its error', () => {
    const failure =
      '  ● a daemon › answers\n\n    \u001b[31mexpected 1\u001b[39m\n    got 2\n\n    a\n    b\n    c\n    at the end\n';
    suite('1-a', '1 1 5 jest', `PASS x\n${failure}PASS y\nSummary of all failing tests\n${failure}`);
    expect(summary().split('-- jest\n')[1]).toBe(
      '  ● a daemon › answers\n    expected 1\n    got 2\n    a\n    b\n    c\n',
    );
  });

  test('shows what a native test printed before its name', () => {
    suite(
      '1-a',
      '1 1 5 native',
      'ok   one\n  slots.test.cc:12: length is 3, expected 4\nFAIL two\nok   three\n',
    );
    expect(summary()).toContain('  slots.test.cc:12: length is 3, expected 4\nFAIL two\n');
  });

  test('shows the end of a log that names nothing', () => {
    suite('1-a', '0 1 5 dead', `${'line\n'.repeat(99)}Killed\n`);
    expect(summary()).toMatch(/-- dead\n(line\n){11}Killed\n$/);
  });

  test('stays on one screen however much failed', () => {
    const many = Array.from({ length: 500 }, (_, index) => `FAILED number ${index}\n  why\n`).join('');
    for (const name of ['1-a', '2-b', '3-c']) suite(name, '0 500 5 many', many);
    expect(summary().split('\n').length).toBeLessThan(70);
    expect(summary()).toContain('FAILED number 0');
  });
});
