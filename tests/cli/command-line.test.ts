import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { CliContext } from '../../src/cli/context.js';
import { main } from '../../src/cli/main.js';
import { VERSION } from '../../src/cli/version.js';

/** The command line in this process; for commands that need no daemon. */
const run = async (args: readonly string[], env: Record<string, string> = {}) => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? '';
  stdin.end();
  const context: CliContext = {
    stdin,
    stdout,
    stderr,
    env,
    place: { platform: 'linux', env, home: '/nonexistent' },
    onSignal: () => () => {},
    onExit: () => () => {},
    exitNow: (code) => {
      throw new Error(`exit ${code}`);
    },
  };
  const code = await main(args, context);
  return { code, stdout: text(stdout), stderr: text(stderr) };
};

const COMMANDS = [
  'run',
  'chat',
  'codex',
  'health',
  'status',
  'models',
  'tools',
  'daemon',
  'logs',
  'stop',
  'install',
  'uninstall',
  'doctor',
  'config',
  'cache',
  'completion',
  'logits',
];

describe('codexpc', () => {
  it('has the version of its package', () => {
    const file = fileURLToPath(new URL('../../../../package.json', import.meta.url));
    expect((JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version).toBe(VERSION);
  });

  it('teaches with its help: every command, examples and exit codes', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('Exit codes:');
  });

  it.each(COMMANDS)('helps with %s', async (command) => {
    const { code, stdout } = await run([command, '--help']);
    expect({ code, begins: stdout.slice(0, 6) }).toEqual({ code: 0, begins: 'Usage:' });
  });

  it('shows its help and fails when nothing is asked', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^Usage:/);
  });

  it('suggests what was meant', async () => {
    const { code, stderr } = await run(['healt']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^codexpc: unknown command 'healt'\n\(Did you mean health\?\)/);
  });

  it.each([
    ['load', 'models load'],
    ['serve', 'daemon'],
  ])('knows what other programs call %s', async (command, here) => {
    const { code, stderr } = await run([command]);
    expect(code).toBe(2);
    expect(stderr).toContain(`Here it is 'codexpc ${here}'.`);
  });

  it('shows every setting with its origin', async () => {
    const { stdout } = await run(['config', 'show'], {
      CODEXPC_ISA: 'scalar',
      XDG_RUNTIME_DIR: '/run/user/1',
    });
    expect(stdout).toMatch(/^isa = "scalar" +# environment: CODEXPC_ISA$/m);
    expect(stdout).toMatch(/^socket = "\/run\/user\/1\/codexpc\/codexpc\.sock" +# default$/m);
    expect(stdout).toMatch(/^drain_timeout = "30s"/m);
  });

  it.each(['bash', 'zsh', 'fish'])('writes a completion script that %s understands', async (shell) => {
    const { code, stdout } = await run(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['doctor', 'unload', 'reasoning']) expect(stdout).toContain(word);
    const check = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
    if (check.error === undefined) expect(check.stderr).toBe('');
  });

  it('completes commands, options and choices in bash', async () => {
    const { stdout } = await run(['completion', 'bash']);
    const complete = (...words: readonly string[]): string[] => {
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _codexpc; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split('\n');
    };
    expect(complete('codexpc', 'he')).toContain('health');
    expect(complete('codexpc', 'models', 'l')).toEqual(expect.arrayContaining(['list', 'load']));
    expect(complete('codexpc', 'run', '--max')).toEqual(['--max-tokens']);
    expect(complete('codexpc', 'run', '--reasoning', '')).toEqual(['low', 'medium', 'high']);
  });
});
