// What the command line does of its own on macOS, with fakes of the system's programs.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CliHome } from './cli-harness.js';

jest.setTimeout(120_000); // on a busy machine

const MAIN = fileURLToPath(new URL('../fixtures/main-on-macos.js', import.meta.url));
const LABEL = 'org.example.codexpc';

describe('on macOS', () => {
  let home: CliHome;
  beforeEach(() => {
    home = new CliHome();
    mkdirSync(home.path('Library/Application Support/codexpc'), { recursive: true });
    home.write('Library/Application Support/codexpc/config.toml', `[daemon]\nxpc_service = "${LABEL}"\n`);
    mkdirSync(home.path('bin'));
    for (const name of ['launchctl', 'xcode-select', 'xcrun', 'cmake']) system(name, 'exit 0');
    system('uname', 'case "$1" in -m) echo arm64 ;; *) echo Darwin ;; esac');
    system('id', 'echo 501');
  });
  afterEach(() => home[Symbol.dispose]());

  const system = (name: string, script: string): void =>
    writeFileSync(home.path('bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const run = (args: readonly string[], env: Record<string, string> = {}) => {
    const { PATH = '', ...rest } = home.env({ env });
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: 'utf8',
      env: { ...rest, PATH: `${home.path('bin')}:${PATH}` },
    });
    return { status, stdout, stderr };
  };
  const findings = (env: Record<string, string> = {}): Record<string, { status: string; text: string }> => {
    const { stdout } = run(['doctor', '--json'], env);
    const list = JSON.parse(stdout) as { name: string; status: string; text: string }[];
    return Object.fromEntries(list.map((finding) => [finding.name, finding]));
  };

  it('install runs the installer for the agent that the settings name', () => {
    const { status, stdout } = run(['install', '--dry-run']);
    expect(status).toBe(0);
    expect(stdout).toContain(
      `+ launchctl bootstrap gui/501 ${home.path('Library/LaunchAgents', `${LABEL}.plist`)}\n`,
    );
  });

  it('install passes on what the installer found missing', () => {
    system('xcode-select', 'exit 2');
    expect(run(['install'])).toMatchObject({
      status: 111,
      stderr: expect.stringContaining("Xcode's command-line tools are missing"),
    });
  });

  it('uninstall runs the uninstaller', () => {
    expect(run(['uninstall'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('doctor tells how the agent is', () => {
    const service = () => findings()['service'];
    expect(service()).toMatchObject({ status: 'note', text: `no LaunchAgent ${LABEL}` });
    mkdirSync(home.path('Library/LaunchAgents'), { recursive: true });
    home.write(`Library/LaunchAgents/${LABEL}.plist`, '');
    system('launchctl', 'exit 113');
    expect(service()).toMatchObject({ status: 'failed' });
    system('launchctl', String.raw`printf '\tstate = running\n'`);
    expect(service()).toMatchObject({ status: 'ok', text: `agent ${LABEL} runs` });
  });

  it('doctor loads the XPC addon', () => {
    const addon = (name: string): string => home.write(name, '');
    expect(findings({ CODEXPC_TEST_XPC_ADDON: addon('addon.cjs') })['xpc']).toMatchObject({ status: 'ok' });
    expect(findings({ CODEXPC_TEST_XPC_ADDON: addon('addon.node') })['xpc']).toMatchObject({
      status: 'failed',
      text: expect.stringMatching(/addon\.node does not load/),
    });
  });
});
