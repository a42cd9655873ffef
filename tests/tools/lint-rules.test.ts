// Rules of our own that keep a promise: they must find what they are for.

import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ESLint, Linter } from 'eslint';

const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/tools

describe('a secret', () => {
  let rule: Linter.RuleEntry;
  beforeAll(async () => {
    const config = (await new ESLint({ cwd: root }).calculateConfigForFile(
      'src/ipc/http/access.ts',
    )) as Linter.Config;
    rule = config.rules!['no-restricted-syntax']!;
  });
  const found = (code: string): number =>
    new Linter().verify(code, { rules: { 'no-restricted-syntax': rule } }).length;

  test.each(['given === token', 'policy.token !== given', 'a.b == settings.httpToken', 'secret != given'])(
    'is not compared by %s',
    (code) => expect(found(code)).toBe(1),
  );

  test.each(['token === null', 'settings.token !== undefined', 'token === ""', 'isSameSecret(given, token)'])(
    '%s is no comparison of one',
    (code) => expect(found(code)).toBe(0),
  );
});
