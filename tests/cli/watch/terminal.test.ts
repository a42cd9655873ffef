// The screen in a real terminal, on a daemon that runs: what a person sees of a tool call, a crash and a restart.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Client, connect } from '../../../src/client/index.js';
import { decodeRecording } from '../../../src/ipc/recording.js';
import { CliHome, MAIN } from '../cli-harness.js';
import { hasTmux, Tmux } from './tmux.js';

jest.setTimeout(120_000); // on a busy machine

const recording = fileURLToPath(
  new URL('../../../../../tests/fixtures/recordings/crash.codexpc', import.meta.url),
);
const KEYS = /\/ filter {2}space pause/;
const ifTmux = hasTmux ? describe : describe.skip;

ifTmux(hasTmux ? 'in a terminal' : 'in a terminal (skipped: there is no tmux on this machine)', () => {
  let home: CliHome;
  let terminal: Tmux | null = null;
  let client: Client | null = null;
  beforeEach(() => {
    home = new CliHome();
  });
  afterEach(() => {
    client?.close();
    client = null;
    terminal?.[Symbol.dispose]();
    terminal = null;
    home[Symbol.dispose]();
  });

  const open = (args: readonly string[], [columns, rows]: readonly [number, number] = [80, 24]): Tmux => {
    const command = [process.execPath, MAIN, ...args];
    return (terminal = new Tmux({ command, env: home.env({ engine: 'slow' }), columns, rows }));
  };
  const openDaemon = async (size?: readonly [number, number]): Promise<Tmux> => {
    const gate = home.path('gate');
    const config = home.write(
      'codexpc.toml',
      `[tools.gate]\nenabled = true\nsandbox = "none"\ndescription = "Waits."\ncommand = ["sh", "-c", "until [ -e ${gate} ]; do sleep 0.05; done; echo open"]\n`,
    );
    const screen = open(['daemon', '--foreground', '--fault', 'none', '--config', config], size);
    await screen.until(/engine +alive › .*\[idle\]/);
    client = await connect({ socketPath: home.socket });
    return screen;
  };
  const ask = (text: string) =>
    client!.respond({ items: [{ kind: 'message', role: 'user', text, channel: null }] });

  test('a tool call is seen while it runs, beneath its session', async () => {
    const screen = await openDaemon([120, 40]);
    const answer = ask('call gate {}').text();
    const running = await screen.until(/tool call +active › waiting validating \[running\] stopping/);
    expect(running).toMatch(/session c\d+\/1 +active › callingTools › \[runningTool\] awaitingTool/);
    expect(running).toMatch(/supervisor +running › engineUp › starting \[ready\] draining stopping/);
    expect(running).toMatch(/engine +alive › starting idle loading \[ready\] generating unloading stopping/);
    writeFileSync(home.path('gate'), '');
    expect(await answer).toContain('open');
    await screen.until(/session c\d+\/1 +active \[completed\] failed cancelled/);
  });

  test('a fault that is injected, the crash and the restart are seen', async () => {
    const screen = await openDaemon();
    expect(screen.screen()).toMatch(/restarts 0/);
    screen.press('f');
    await screen.until(/fault: .*KIND\[@TOKEN\]/);
    screen.press('exit@3', 'Enter');
    await screen.until(/Fault exit@3 is set\./);
    await expect(ask('say abcdef').text()).rejects.toMatchObject({ code: 'engine_exited' });
    const crashed = await screen.until(/engine\.exited: ready → recovering/);
    expect(crashed).toMatch(/session c\d+\/\d+ +active completed \[failed\] cancelled/);
    const restarted = await screen.until(/engine\.ready: starting → ready/);
    expect(restarted).toMatch(/supervisor +running › engineUp › \[ready\]/);
    await screen.until(/restarts 1/);
    expect(await ask('say abcdef').text()).toBe('abcdef');
  });

  test('a session is chosen and cancelled', async () => {
    const screen = await openDaemon();
    const answer = ask('count 3000').result();
    await screen.until(/session c\d+\/1 +active › .*\[flowing\]/);
    screen.press('c');
    expect(await screen.until(/c cancels it/)).toMatch(/▸.*session c\d+\/1/);
    screen.press('c');
    expect((await answer).finishReason).toBe('cancelled');
  });

  test.each([
    [80, 24],
    [120, 40],
    [40, 12],
  ] as const)('the screen fits %i × %i, also after a resize', async (columns, rows) => {
    const screen = await openDaemon([100, 30]);
    screen.resize(columns, rows);
    // Where it is narrow, the line of keys is cut.
    const text = await screen.until(new RegExp(`^codexpc [^\\n]*(?:\\n[^\\n]*){${rows - 2}}\\n / filter`));
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(rows);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
    expect(text).toMatch(/supervisor/);
    expect(text).toMatch(/── actors/);
    expect(text).toMatch(/── last/);
  });

  test('a pause holds the screen, steps go back, and it goes on with what is new', async () => {
    const screen = await openDaemon();
    screen.press('Space');
    await screen.until(/PAUSED \d+\/\d+/);
    await ask('say hi').text();
    expect(screen.screen()).not.toMatch(/session c/);
    screen.press('Left');
    const [, position, length] = /PAUSED (\d+)\/(\d+)/.exec(await screen.until(/PAUSED/))!;
    expect(Number(position)).toBeLessThan(Number(length));
    screen.press('Space');
    await screen.until(/session c\d+\/1: .*→ completed|generation\.finished: flowing → completed/);
  });

  test('a filter keeps what fits it', async () => {
    const screen = await openDaemon();
    screen.press('/', 'heartbeat');
    const filtered = await screen.until(/last, with "heartbeat"/);
    expect(filtered).toMatch(/└ heartbeat/);
    expect(filtered).not.toMatch(/front end/);
    screen.press('Escape');
    await screen.until(/front end/);
  });

  test('the terminal is as it was after q, a signal, and a daemon that could not start', async () => {
    const left = /^before\n(?!raw)(?:.*\n)*code (\d+)/;
    const quits = await openDaemon();
    quits.press('q');
    expect(left.exec(await quits.until(/^before\n(?:.*\n)*code/))?.[1]).toBe('0');
    quits[Symbol.dispose]();
    const signalled = await openDaemon();
    process.kill(signalled.childPid, 'SIGTERM');
    expect(left.exec(await signalled.until(/^before\n(?:.*\n)*code/))?.[1]).toBe('0');
    signalled[Symbol.dispose]();
    const first = home.start(['daemon']);
    await first.printed('running.engineUp.ready');
    const second = open(['daemon', '--foreground']);
    const refused = await second.until(/^before\n(?:.*\n)*code/);
    expect(refused).toMatch(/\[address_in_use\]/);
    expect(refused).not.toMatch(/^raw$/m);
  });

  test('watch shows a daemon that runs already, with what happened before, and records it', async () => {
    const daemon = home.start(['daemon']);
    await daemon.printed('running.engineUp.ready');
    client = await connect({ socketPath: home.socket });
    await ask('say hi').text();
    const file = home.path('a.codexpc');
    const screen = open(['watch', '--record', file]);
    const shown = await screen.until(/front end +.*\[accepting\]/);
    expect(shown).toMatch(KEYS);
    screen.press('Space');
    screen.press('Left');
    await screen.until(/flowing → completed/);
    screen.press('q');
    await screen.until(/^before\n(?:.*\n)*code 0/);
    const { header, events } = decodeRecording(readFileSync(file));
    expect(header).toMatchObject({ content: false, daemon: { pid: daemon.child.pid } });
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['snapshot', 'history']));
  });

  test('a recording plays without a daemon, at the speed one chooses, and step by step', async () => {
    const screen = open(['replay', recording], [100, 30]);
    await screen.until(/REPLAY 1× \d+\/\d+/);
    for (let press = 0; press < 4; press++) screen.press('+');
    await screen.until(/REPLAY 16×/);
    await screen.until(/The recording is over/);
    const [, end] = /PAUSED (\d+)\//.exec(screen.screen())!;
    screen.press('Left', 'Left');
    await screen.until(new RegExp(`PAUSED ${Number(end) - 2}/`));
    screen.press('q');
    await screen.until(/^before\n(?:.*\n)*code 0/);
  });
});

describe('without a terminal', () => {
  test('watch and replay print lines, or JSON', async () => {
    const home = new CliHome();
    try {
      const lines = await home.run(['replay', recording]);
      expect(lines).toMatchObject({ code: 0, stderr: '' });
      expect(lines.stdout).toMatch(
        /supervisor engine\.exited: ready → recovering {2}refused: restartBudgetSpent\n/,
      );
      const json = await home.run(['replay', '--json', recording]);
      const kinds = json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind);
      expect(kinds.slice(0, 2)).toEqual(['snapshot', 'history']);
      const daemon = home.start(['daemon']);
      await daemon.printed('running.engineUp.ready');
      const watching = home.start(['watch']);
      await watching.printed('engine.ready: starting → ready');
      watching.child.kill('SIGINT');
      expect((await watching.done).code).toBe(0);
      const none = await home.run(['replay', home.write('x', 'no recording')]);
      expect(none.code).toBe(100);
      expect(none.stderr).toMatch(/no recording of codexpc.*\[invalid_request\]/);
    } finally {
      home[Symbol.dispose]();
    }
  });
});
