import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  serviceUnit,
  SERVICE_NAME,
  SOCKET_NAME,
  socketUnit,
  type UnitOptions,
} from '../../src/cli/service/units.js';
import { CliHome } from './cli-harness.js';

jest.setTimeout(60_000);

const OPTIONS: UnitOptions = {
  node: '/usr/bin/node',
  main: '/opt/codexpc/main.js',
  socket: '%t/codexpc/codexpc.sock',
  stopTimeoutMs: 45_000,
  permanentExitCodes: [2, 100],
};

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the systemd units', () => {
  let home: CliHome;
  beforeEach(() => {
    home = new CliHome();
  });
  afterEach(() => home[Symbol.dispose]());

  it('restart on failure within a limit, and are watched', () => {
    const lines = serviceUnit(OPTIONS).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'Type=notify',
        'WatchdogSec=30',
        'Restart=on-failure',
        'RestartSec=2',
        'StartLimitBurst=5',
        'StartLimitIntervalSec=300',
        'RestartPreventExitStatus=2 100',
        'ExecStart="/usr/bin/node" "/opt/codexpc/main.js" daemon --service',
      ]),
    );
    expect(socketUnit(OPTIONS)).toMatch(
      /^ListenStream=%t\/codexpc\/codexpc\.sock\nSocketMode=0600\nDirectoryMode=0700$/m,
    );
  });

  it('quote what systemd would read as its own', () => {
    const unit = serviceUnit({ ...OPTIONS, main: '/home/me/100% $HOME "x"/main.js' });
    expect(unit).toContain(String.raw`"/home/me/100%% $$HOME \"x\"/main.js" daemon`);
  });

  const unverified = hasAnalyze ? '' : ' (skipped: there is no systemd-analyze)';
  (hasAnalyze ? it : it.skip)(`pass systemd-analyze verify without a word${unverified}`, () => {
    const options = { ...OPTIONS, node: process.execPath, main: home.path('main with space.js') };
    writeFileSync(home.path(SERVICE_NAME), serviceUnit(options));
    writeFileSync(home.path(SOCKET_NAME), socketUnit(options));
    const verify = spawnSync(
      'systemd-analyze',
      ['--user', 'verify', home.path(SERVICE_NAME), home.path(SOCKET_NAME)],
      {
        encoding: 'utf8',
        env: { ...home.env(), SYSTEMD_UNIT_PATH: `${home.folder}:` },
      },
    );
    expect(verify).toMatchObject({ status: 0, stderr: '' });
  });
});

/** Writes what it is called with, and answers as a running manager. */
const FAKE_SYSTEMCTL = `#!/bin/sh
echo "$@" >> "$HOME/calls"
[ "$3" = is-system-running ] && echo running
exit 0
`;

describe('codexpc install', () => {
  let home: CliHome;
  let env: Record<string, string>;
  beforeEach(() => {
    home = new CliHome();
    execFileSync('mkdir', [home.path('bin')]);
    writeFileSync(home.path('bin', 'systemctl'), FAKE_SYSTEMCTL, { mode: 0o755 });
    env = { PATH: `${home.path('bin')}:${process.env['PATH']}` };
  });
  afterEach(() => home[Symbol.dispose]());

  const unit = (name: string): string => home.path('.config', 'systemd', 'user', name);

  it('writes both units and enables the socket; again it changes nothing; uninstall removes them', async () => {
    const first = await home.run(['install'], { env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(unit(SOCKET_NAME), 'utf8')).toContain('ListenStream=%t/codexpc/codexpc.sock');
    expect(readFileSync(home.path('calls'), 'utf8')).toMatch(
      /daemon-reload\n.*enable --now codexpc\.socket\n$/,
    );

    const second = await home.run(['install'], { env });
    expect(second.stdout).toMatch(/^codexpc is installed already; nothing changed\./);

    const removed = await home.run(['uninstall'], { env });
    expect(removed.code).toBe(0);
    expect([existsSync(unit(SOCKET_NAME)), existsSync(unit(SERVICE_NAME))]).toEqual([false, false]);
    expect((await home.run(['uninstall'], { env })).stdout).toMatch(/nothing to remove/);
  });

  it('only tells with --dry-run', async () => {
    const { code, stdout } = await home.run(['install', '--dry-run'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('systemctl --user enable --now codexpc.socket');
    expect(existsSync(unit(SERVICE_NAME))).toBe(false);
  });

  it('says in one sentence that there is no systemd', async () => {
    const { code, stderr } = await home.run(['install'], { env: { PATH: home.path('run') } });
    expect(code).toBe(111);
    expect(stderr).toMatch(/^codexpc: This system has no systemd.*\[unsupported_system\]\n$/);
  });

  it('says in one sentence that the home cannot be written', async () => {
    writeFileSync(home.path('file'), '');
    const { code, stderr } = await home.run(['install'], {
      env: { ...env, XDG_CONFIG_HOME: home.path('file') },
    });
    expect(code).toBe(111);
    expect(stderr).toMatch(
      /^codexpc: Cannot write .*codexpc\.service: a part of its path is not a folder.*\[io_error\]\n$/,
    );
  });
});
