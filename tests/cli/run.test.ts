import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CliHome } from './cli-harness.js';

jest.setTimeout(60_000);

describe('codexpc run, without a daemon', () => {
  let home: CliHome;
  beforeAll(() => {
    home = new CliHome();
  });
  afterAll(() => home[Symbol.dispose]());

  it('prints the final text on stdout and the figures on stderr', async () => {
    const { code, stdout, stderr } = await home.run(['run', 'say', 'good morning']);
    expect(stdout).toBe('good morning\n');
    expect(stderr).toMatch(
      /^\d+ tokens.* · prompt \d+ · first token .* · prefill .* tok\/s · decode .* tok\/s\n$/,
    );
    expect(code).toBe(0);
  });

  it('shows the analysis on stderr only when asked', async () => {
    const shown = await home.run(['run', '--show-reasoning', '--quiet', 'think hm | yes']);
    expect(shown).toMatchObject({ code: 0, stderr: 'hm\n\n' });
    const hidden = await home.run(['run', '--quiet', 'think hm | yes']);
    expect(hidden).toEqual({ code: 0, stdout: shown.stdout, stderr: '' });
  });

  it('prints events as JSON lines', async () => {
    const { code, stdout } = await home.run(['run', '--json', '--prompt', 'say hi', '--max-tokens', '32']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    const types = events.map(({ type }) => type);
    expect(types[0]).toBe('created');
    expect(types).toContain('output_text.delta');
    expect(types.at(-1)).toBe('completed');
    expect(code).toBe(0);
  });

  it('reads the prompt from standard input and from a file', async () => {
    expect((await home.run(['run', '-q'], { stdin: 'say piped' })).stdout).toBe('piped\n');
    writeFileSync(home.path('prompt.txt'), 'say from a file');
    expect((await home.run(['run', '-q', '-f', 'prompt.txt'])).stdout).toBe('from a file\n');
  });

  it('offers a tool, and prints its call', async () => {
    const tool = '{"name":"clock","description":"tells the time","parameters":{"type":"object"}}';
    const { code, stdout } = await home.run(['run', '-q', '--tool', tool, 'call clock {}']);
    expect(stdout).toContain('[tool_call] clock {}');
    expect(code).toBe(0);
  });

  it('answers a tool call with --tool-output', async () => {
    const args = ['run', '-q', '--tool', '{"name":"clock"}', '--tool-output', 'clock=noon', 'call clock {}'];
    const { code, stdout } = await home.run(args);
    expect(stdout).toContain('got noon');
    expect(code).toBe(0);
  });

  it.each([
    ['an empty prompt', ['run', ''], '', 2, /the prompt is empty/],
    ['empty standard input', ['run'], ' \n', 2, /the prompt is empty/],
    ['binary standard input', ['run'], Uint8Array.of(104, 0, 105), 100, /NUL byte.*\[invalid_request\]/],
    [
      'input that is not UTF-8',
      ['run'],
      Uint8Array.of(104, 0xff, 105),
      100,
      /not valid UTF-8.*\[invalid_request\]/,
    ],
    ['a file that is not there', ['run', '-f', 'nowhere'], '', 100, /there is no such file/],
    ['a folder as a file', ['run', '-f', '.'], '', 100, /it is a folder/],
    [
      'an unknown option',
      ['run', '--nope', 'hi'],
      '',
      2,
      /unknown option '--nope'\n {2}See 'codexpc run --help'/,
    ],
    ['a seed that is no number', ['run', '--seed', 'x', 'hi'], '', 2, /2\^64-1/],
    ['a checkpoint that is not there', ['run', '-c', 'nowhere.bin', 'hi'], '', 100, /\[model_not_found\]/],
    ['a tool that is no JSON', ['run', '--tool', '{nope', 'hi'], '', 100, /is not JSON/],
    [
      'a socket where nobody listens',
      ['run', '--socket', 'none.sock', 'hi'],
      '',
      111,
      /cannot reach the daemon/,
    ],
  ] as const)('refuses %s in one sentence', async (_, args, stdin, code, sentence) => {
    const result = await home.run(args, { stdin });
    expect(result.stderr).toMatch(/^codexpc: /);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
  });

  it('stops cleanly on Ctrl-C with exit code 130', async () => {
    const running = home.start(['run', 'count 100000'], { engine: 'slow' });
    await running.printed('xx');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stderr).toMatch(/ · stopped\n$/);
  });

  it('ends quietly when the reader leaves', async () => {
    const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'run', 'count 100000'], {
      env: home.env({ engine: 'slow' }),
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end();
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
  });
});
