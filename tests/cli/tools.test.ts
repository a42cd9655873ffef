import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CliHome } from './cli-harness.js';

jest.setTimeout(120_000); // on a busy machine

const CLOCK = { CODEXPC_ALLOW_TOOLS: '1', CODEXPC_ALLOWED_TOOLS: 'clock' };
/** Sleeps longer than any test, and is known by the number. */
const NAP = '98765.4321';
const NAP_TABLE = `[tools.nap]\nenabled = true\nsandbox = "none"\ncommand = ["sleep", "${NAP}"]\n`;

/** Ids of processes that were started with this argument. */
const processesWith = (argument: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false; // it has ended
    }
  });

// /proc tells what runs.
const isLinux = process.platform === 'linux';
const itOnLinux = isLinux ? it : it.skip;
const onLinux = (title: string): string => (isLinux ? title : `${title} (skipped: not Linux)`);

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('codexpc tools', () => {
  let home: CliHome;
  beforeAll(() => {
    home = new CliHome();
  });
  afterAll(() => home[Symbol.dispose]());
  const config = (text: string): string => {
    writeFileSync(home.path('tools.toml'), text);
    return home.path('tools.toml');
  };

  it('lists what there is, and what allows it', async () => {
    const none = await home.run(['tools']);
    expect(none.code).toBe(0);
    expect(none.stdout).toMatch(/^clock +no +not enabled$/m);
    expect(none.stdout).toContain('[tools.clock]\n  enabled = true');
    const some = await home.run(['tools', 'list', '--config', config(NAP_TABLE)]);
    expect(some.stdout).toMatch(/^nap +allowed +file, line 2 +without a sandbox$/m);
    const byName = await home.run(['tools', 'list', '--json'], { env: CLOCK });
    const { tools } = JSON.parse(byName.stdout) as {
      tools: { name: string; allowed: boolean; by: string }[];
    };
    expect(tools.filter(({ allowed }) => allowed)).toMatchObject([
      { name: 'clock', by: 'CODEXPC_ALLOWED_TOOLS' },
    ]);
  });

  it('offers what is allowed to a run, unless that declines it', async () => {
    const offered = await home.run(['run', '-q', 'call clock {}'], { env: CLOCK });
    expect(offered.stdout).toMatch(/^got \d{4}-\d\d-\d\d/);
    const declined = await home.run(['run', '-q', '--no-tools', 'call clock {}'], { env: CLOCK });
    expect(declined.stdout).toMatch(/^got There is no tool functions\.clock.* There are no tools/);
  });

  it('describes one', async () => {
    const { code, stdout } = await home.run(['tools', 'describe', 'nap', '--config', config(NAP_TABLE)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^allowed +yes \(file, line 2\)$/m);
    expect(stdout).toMatch(/^sandbox +none: it may do all that you may do$/m);
    expect((await home.run(['tools', 'describe', 'clok'])).stderr).toMatch(
      /there is no tool "clok"; there are clock,/,
    );
  });

  it('runs one that is allowed', async () => {
    const { code, stdout } = await home.run(['tools', 'run', 'clock', '--args', '{"timezone":"UTC"}'], {
      env: CLOCK,
    });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00 \(\w+, UTC\)\n$/),
    });
    const piped = await home.run(['tools', 'run', 'clock', '--json', '--args', '-'], {
      env: CLOCK,
      stdin: '{}',
    });
    expect(JSON.parse(piped.stdout)).toMatchObject({ status: 'ok' });
  });

  it.each([
    [
      'that is not allowed',
      ['shell', '--args', '{}'],
      100,
      /The tool shell is not allowed \(not named in CODEXPC_ALLOWED_TOOLS\)/,
    ],
    ['with arguments that do not fit', ['clock', '--args', '{"zone":1}'], 100, /clock \(invalid arguments/],
    ['that is none', ['clok'], 2, /there is no tool "clok"/],
  ])('does not run one %s', async (_, args, code, message) => {
    const result = await home.run(['tools', 'run', ...args], { env: CLOCK });
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });

  it('says by its exit code that a tool failed', async () => {
    const file = config('[tools.no]\nenabled = true\nsandbox = "none"\ncommand = ["false"]\n');
    const { code, stderr } = await home.run(['tools', 'run', 'no', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^codexpc: no \(failed, exit code 1, after /);
  });

  it("runs a script without the user's start-up files", async () => {
    home.write('.bashrc', 'echo from .bashrc\n');
    const file = config('[tools.shell]\nenabled = true\nsandbox = "none"\n');
    for (const command of ['echo "$HOME"', ['bash', '-c', 'echo "$HOME"']]) {
      const args = ['tools', 'run', 'shell', '--config', file, '--args', JSON.stringify({ command })];
      expect((await home.run(args)).stdout).toBe(`${home.folder}\n`);
    }
  });

  itOnLinux(onLinux('stops one at Ctrl-C, and leaves nothing behind'), async () => {
    const running = home.start(['tools', 'run', 'nap', '--config', config(NAP_TABLE)]);
    await until(() => processesWith(NAP).length > 0);
    running.child.kill('SIGINT');
    expect((await running.done).code).toBe(130);
    await until(() => processesWith(NAP).length === 0);
  });

  it('refuses a folder that is not there, before anything starts', async () => {
    const file = config('[tools.read_file]\nenabled = true\ndirectories = ["nowhere"]\n');
    const { code, stderr } = await home.run(['run', 'hi', '--config', file]);
    expect(code).toBe(100);
    expect(stderr).toMatch(
      /read_file is to read .*\/nowhere, which cannot be read.*tools\.read_file\.directories/,
    );
  });
});

describe("the daemon's own tools on the command line", () => {
  let home: CliHome;
  beforeAll(() => {
    home = new CliHome();
  });
  afterAll(() => home[Symbol.dispose]());

  it('are called and answered on stderr; the answer alone is on stdout', async () => {
    const { code, stdout, stderr } = await home.run(['run', '-q', 'call clock {}'], { env: CLOCK });
    const [call, output] = stderr.trimEnd().split('\n');
    expect(call).toBe('[tool_call] clock {}');
    expect(output).toMatch(/^\[tool_call\.output\] \d{4}-\d\d-\d\d /);
    expect(stdout).toBe(`got ${output?.replace('[tool_call.output] ', '')}\n`);
    expect(code).toBe(0);
  });

  it('are not there unless they are allowed', async () => {
    const { stderr, stdout } = await home.run(['run', '-q', 'call clock {}']);
    expect(stderr).toContain('[tool_call] clock {} (not offered)');
    expect(stdout).toMatch(/^got There is no tool functions\.clock/);
  });

  it('are shown in a chat, whose next turn goes on', async () => {
    const { stdout, stderr } = await home.run(['chat', '-q'], {
      env: CLOCK,
      stdin: 'call clock {}\nsay next\n',
    });
    expect(stderr).toContain('[tool_call] clock {}\n[tool_call.output] ');
    expect(stdout).toMatch(/^got \d{4}-.*\nnext\n$/);
  });

  it('can be forced, on any model', async () => {
    const env = { ...CLOCK, CODEXPC_TEST_FORCE_TOOL: '{"name":"clock","arguments":{"timezone":"UTC"}}' };
    const { stderr, stdout } = await home.run(['run', '-q', 'say hello'], { env });
    expect(stderr).toMatch(/^\[tool_call\] clock \{"timezone":"UTC"\}\n\[tool_call\.output\] .*UTC\)\n$/);
    expect(stdout).toMatch(/^got /);
    const bad = await home.run(['run', 'hi'], { env: { CODEXPC_TEST_FORCE_TOOL: 'clock' } });
    expect(bad.code).toBe(100);
    expect(bad.stderr).toContain('CODEXPC_TEST_FORCE_TOOL');
  });

  itOnLinux(onLinux('end with the daemon, in the middle of a call'), async () => {
    writeFileSync(home.path('tools.toml'), `${NAP_TABLE}[daemon]\ndrain_timeout = "100ms"\n`);
    const env = { CODEXPC_TEST_FORCE_TOOL: '{"name":"nap","arguments":{}}' };
    const daemon = home.start(['daemon', '--config', home.path('tools.toml')], { env });
    await daemon.printed('ready');
    const run = home.start(['run', '-q', 'say hello']);
    await run.printed('[tool_call] nap {}');
    await until(() => processesWith(NAP).length > 0);
    daemon.child.kill('SIGTERM');
    expect((await run.done).code).toBe(75);
    expect((await daemon.done).code).toBe(0);
    expect(processesWith(NAP)).toEqual([]);
  });
});

const root = new URL('../../../../', import.meta.url); // from build/js/tests/cli
const pocket = fileURLToPath(new URL('models/pocket/model.bin', root));
const NOON = new Date('2026-11-22T12:34:56Z');

describe('the pocket model, asked the time', () => {
  const env = {
    ...CLOCK,
    CODEXPC_CHECKPOINT: pocket,
    CODEXPC_TEST_ADDON: new URL('../../src/actors/load-addon.js', import.meta.url).href,
    // It is always the same time: the model makes mistakes when it copies some, as those after midnight.
    NODE_OPTIONS: `--import=data:text/javascript,Date.now=()=>${NOON.getTime()}`,
    TZ: 'UTC',
  };
  const ask = ['run', '-q', '-t', '0', 'What time is it?'];
  const timeOf = (text: string): string | undefined => /\d\d:\d\d:\d\d/.exec(text)?.[0];

  it.each(['in its own process', 'through the daemon'])(
    'calls the clock, and answers with it, %s',
    async (where) => {
      using home = new CliHome();
      if (where === 'through the daemon') await home.start(['daemon'], { env }).printed('ready');
      const { code, stdout, stderr } = await home.run(ask, { env });
      expect(stderr).toMatch(/^\[tool_call\] clock .*\n\[tool_call\.output\] \d{4}-/);
      expect([timeOf(stderr), timeOf(stdout)]).toEqual(['12:34:56', '12:34:56']);
      expect(code).toBe(0);
      expect(existsSync(home.socket)).toBe(where === 'through the daemon');
    },
  );

  it('goes on from what the slot holds', async () => {
    using home = new CliHome();
    const { stdout } = await home.run([...ask, '--json'], { env });
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const items = events
      .filter(({ type }) => type === 'output_item.done')
      .map(({ item }) => (item as { kind: string }).kind);
    expect(items.filter((kind) => kind !== 'message')).toEqual(['tool_call', 'tool_output']);
    const { inputTokens, cachedInputTokens } = events.at(-1)!['usage'] as Record<string, number>;
    // Two prompts of about the same length: only the call's end, the output and a header are new in the second.
    expect(inputTokens! - 2 * cachedInputTokens!).toBeLessThan(60);
  });
});
