// What the program is made of besides its own code: licences, install scripts, and where it comes from.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';

interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly isDevelopment: boolean;
  readonly hasInstallScript: boolean;
  readonly resolved: string;
  readonly integrity: string;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/tools
const tool = (name: string): Promise<unknown> =>
  import(pathToFileURL(join(root, 'tools/dependencies', name)).href);

let packages: readonly LockedPackage[];
let page: string;
let isAllowed: (each: LockedPackage) => boolean;
let scripts: readonly string[];
beforeAll(async () => {
  const { readLock } = (await tool('read-lock.mjs')) as { readLock(root: string): readonly LockedPackage[] };
  const licences = (await tool('licences.mjs')) as {
    licencesPage(root: string): string;
    isAllowed(each: LockedPackage): boolean;
  };
  const policy = (await tool('policy.mjs')) as { INSTALL_SCRIPTS: Record<string, string> };
  packages = readLock(root);
  page = licences.licencesPage(root);
  isAllowed = licences.isAllowed;
  scripts = Object.keys(policy.INSTALL_SCRIPTS);
});

const named = ({ name, version, licence }: LockedPackage): string => `${name}@${version} (${licence})`;

describe('the dependencies', () => {
  test('have licences that are allowed', () =>
    expect(packages.filter((each) => !each.isDevelopment && !isAllowed(each)).map(named)).toEqual([]));

  test('are listed in docs/licences.md as they are (npm run docs:licences)', () =>
    expect(readFileSync(join(root, 'docs/licences.md'), 'utf8')).toBe(page));

  test('need no install script: for each that has one it is said why', () => {
    const having = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect([...new Set(having)].sort()).toEqual([...scripts].sort());
  });

  test('come from the registry that npm asks, as they were when they were chosen', () => {
    const elsewhere = packages.filter(
      ({ resolved, integrity }) =>
        (resolved !== '' && !resolved.startsWith('https://registry.npmjs.org/')) ||
        !/^sha512-/.test(integrity),
    );
    expect(elsewhere.map(named)).toEqual([]);
  });

  test('are asked for in exact versions', () => {
    const asked = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const versions = Object.entries({ ...asked.dependencies, ...asked.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

test.each([
  ['MIT', true],
  ['(BSD-2-Clause OR MIT OR Apache-2.0)', true],
  ['GPL-3.0-or-later', false],
  ['none given', false],
  ['MIT AND GPL-3.0-only', false],
])('%s may be used: %j', (licence, allowed) =>
  expect(isAllowed({ ...packages[0]!, name: 'x', licence })).toBe(allowed),
);

describe('npm run audit', () => {
  /** With an npm that answers like that. */
  const audit = (answer: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), 'codexpc-audit-'));
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\ncat <<'END'\n${JSON.stringify(answer)}\nEND\n`);
    chmodSync(join(folder, 'npm'), 0o755);
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'tools/dependencies/audit.mjs')], {
      env: { PATH: [folder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) },
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    return { status, stdout };
  };

  test('says that nothing was checked where the registry has no list', () => {
    const { status, stdout } = audit({ message: '405 Method Not Allowed', error: { summary: '' } });
    expect(stdout).toMatch(/^audit: NOTHING WAS CHECKED: .*\(405 Method Not Allowed\)/);
    expect(stdout).toMatch(/\n0 passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  test('fails on a vulnerability, and names it', () => {
    const vulnerabilities = { bad: { name: 'bad', severity: 'high', range: '<2' } };
    const { status, stdout } = audit({ vulnerabilities, metadata: { dependencies: { prod: 9 } } });
    expect(stdout).toContain('audit: high: bad <2\naudit: 9 packages asked for, 1 with vulnerabilities\n');
    expect(status).toBe(1);
  });
});
