// The table of docs/security.md against the tests: a promise without a test, or with one that was renamed, fails.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url)); // from build/js/tests

const section = (name: string): string =>
  readFileSync(join(root, 'docs/security.md'), 'utf8').split(`\n## ${name}\n`)[1]!.split('\n## ')[0]!;

const lines = section('The lines')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| --- '))
  .slice(1) // the table's head
  .map((line) => {
    const [who = '', what = '', , tests = ''] = line.replace(/^\| | \|$/g, '').split(' | ');
    return { title: `${who}: ${what}`, tests: tests.split(' <br> ') };
  });

/** A test's title as the source writes it, with what it may say behind it where it is skipped. */
const isThere = (source: string, path: string, title: string): boolean =>
  path.endsWith('.cc')
    ? source.includes(`TEST(${title})`)
    : ["'", '"', '`'].some(
        (quote) => source.includes(`(${quote}${title}`) || source.includes(`\n    ${quote}${title}`),
      );

describe('docs/security.md', () => {
  test('has lines', () => expect(lines.length).toBeGreaterThan(30));

  test.each(lines)('$title', ({ tests }) => {
    for (const named of tests) {
      const [, path = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
      expect({ named, exists: existsSync(join(root, path)) && path !== '' }).toEqual({ named, exists: true });
      expect({ named, isThere: isThere(readFileSync(join(root, path), 'utf8'), path, title) }).toEqual({
        named,
        isThere: true,
      });
    }
  });
});
