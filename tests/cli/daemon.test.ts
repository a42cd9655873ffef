import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CliHome, type RunningCli } from './cli-harness.js';

jest.setTimeout(120_000);

describe('codexpc daemon and the commands that talk to it', () => {
  let home: CliHome;
  let daemon: RunningCli;
  beforeAll(async () => {
    home = new CliHome();
    daemon = home.start(['daemon']);
    await daemon.printed('ready');
  });
  afterAll(() => home[Symbol.dispose]());

  it('is healthy', async () => {
    expect(await home.run(['health'])).toEqual({ code: 0, stdout: 'health: ok\n', stderr: '' });
  });

  it('answers', async () => {
    expect(await home.run(['run', '-q', 'say hello'])).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
  });

  it('shows its status on one screen and as JSON', async () => {
    const { code, stdout } = await home.run(['status']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining(['daemon', 'engine', 'model', 'slots', 'queue', 'memory', 'speed', 'restarts']),
    );
    const json = JSON.parse((await home.run(['status', '--json'])).stdout) as {
      state: string;
      requests: object;
    };
    expect(json).toMatchObject({ state: 'ready', requests: { completed: 1 } });
  });

  it('lists, inspects, loads and unloads models', async () => {
    expect((await home.run(['models'])).stdout).toMatch(/loaded +default/);
    expect((await home.run(['models', 'inspect', process.execPath])).stdout).toMatch(
      /^vocabulary +\d+ tokens$/m,
    );
    expect((await home.run(['models', 'unload'])).stdout).toBe('The model is unloaded.\n');
    expect((await home.run(['models', 'load'])).stdout).toMatch(/^loaded +in /m);
    expect((await home.run(['models', 'load'])).stdout).toMatch(/^loaded +was there already$/m);
  });

  it('holds a conversation line by line', async () => {
    const { code, stdout } = await home.run(['chat', '-q'], { stdin: 'say one\nsay two\n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'one\ntwo\n' });
  });

  it('keeps a second daemon from starting, and names the first', async () => {
    const { code, stderr } = await home.run(['daemon']);
    expect(code).toBe(111);
    expect(stderr).toContain(`(pid ${daemon.child.pid})`);
    expect(stderr).toContain('[address_in_use]');
  });

  it('stops', async () => {
    expect(await home.run(['stop'])).toEqual({ code: 0, stdout: 'The daemon has stopped.\n', stderr: '' });
    expect((await daemon.done).code).toBe(0);
    expect(existsSync(home.socket)).toBe(false);
    expect((await home.run(['stop'])).stdout).toBe('No daemon is running.\n');
    const health = await home.run(['health']);
    expect(health.code).toBe(1);
    expect(health.stdout).toMatch(/^health: unreachable: cannot reach the daemon/);
  });

  it('drains on SIGTERM and logs to its file as a service', async () => {
    const service = home.start(['daemon', '--service'], { engine: 'slow' });
    const log = home.path('.local', 'state', 'codexpc', 'daemon.log');
    const run = home.start(['run', '-q', 'count 30'], { engine: 'slow' });
    await run.printed('x').catch(() => {}); // the daemon may not have been there yet: the run then needs none
    await run.done;
    service.child.kill('SIGTERM');
    expect((await service.done).code).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain('codexpc daemon starts');
    const { code, stdout } = await home.run(['logs', '-n', '1000']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/INFO.*codexpc daemon starts/);
  });

  it('runs on when its log cannot be written', async () => {
    const log = home.path('blocked');
    writeFileSync(log, '');
    const service = home.start(['daemon', '--service'], { env: { XDG_STATE_HOME: log } });
    await service.printed('the log file cannot be written');
    await service.printed('ready');
    service.child.kill('SIGTERM');
    expect((await service.done).code).toBe(0);
  });

  it('refuses settings that do not fit, with their line', async () => {
    const file = home.path('.config', 'codexpc', 'config.toml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '[engine]\nslots = 0\n');
    const { code, stderr } = await home.run(['daemon']);
    expect(code).toBe(100);
    expect(stderr).toContain(`${file}:2: engine.slots must be a whole number from 1 to 64, not 0`);
  });
});
