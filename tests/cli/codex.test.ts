// `codexpc codex`, with a program in Codex' place that says how it was called.

import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'smol-toml';
import { CliHome, type CliInput } from './cli-harness.js';

jest.setTimeout(120_000);

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(async () => {
  await home.run(['stop', '--now']); // a daemon that the command has started stays
  home[Symbol.dispose]();
});

const PROGRAM = `#!${process.execPath}
const { argv, env } = process;
process.stdout.write(JSON.stringify({ args: argv.slice(2), oss: env.CODEX_OSS_BASE_URL, token: env.CODEXPC_HTTP_TOKEN }));
process.exitCode = Number(env.EXIT_WITH ?? 0);
`;

interface Call {
  readonly args: readonly string[];
  readonly oss?: string;
  readonly token?: string;
}
const withProgram = (input: CliInput = {}): CliInput => {
  const program = home.write('codex', PROGRAM);
  chmodSync(program, 0o755);
  return { ...input, env: { CODEXPC_CODEX: program, ...input.env } };
};
const call = async (args: readonly string[], input: CliInput = {}): Promise<Call> =>
  JSON.parse((await home.run(['codex', ...args], withProgram(input))).stdout) as Call;

/** What `-c` arguments set, as Codex reads them. */
const settingsOf = ({ args }: Call): Record<string, unknown> =>
  parse(args.flatMap((arg, index) => (args[index - 1] === '-c' ? [arg] : [])).join('\n'));

describe('codexpc codex', () => {
  it('starts the daemon, and Codex with all it needs before its own arguments', async () => {
    const called = await call(['exec', '--json', '-c', 'model_verbosity="low"', 'Fix it']);
    expect(called.args.slice(-5)).toEqual(['exec', '--json', '-c', 'model_verbosity="low"', 'Fix it']);
    const settings = settingsOf(called) as {
      model: string;
      model_catalog_json: string;
      model_providers: { codexpc: { base_url: string } };
    };
    expect(settings).toMatchObject({
      model: 'node',
      model_provider: 'codexpc',
      model_providers: { codexpc: { wire_api: 'responses' } },
    });
    const { base_url: baseUrl } = settings.model_providers.codexpc;
    expect(await (await fetch(`${baseUrl}/models`)).json()).toMatchObject({ object: 'list' });
    const { models } = JSON.parse(readFileSync(settings.model_catalog_json, 'utf8')) as {
      models: Record<string, unknown>[];
    };
    expect(models[0]).toMatchObject({
      slug: 'node',
      context_window: 4096, // the scripted model's own
      apply_patch_tool_type: 'freeform',
      default_reasoning_level: 'medium',
    });
    expect((await home.run(['health'])).stdout).toBe('health: ok\n');
  });

  it('ends as Codex ended', async () => {
    const { code } = await home.run(['codex'], withProgram({ env: { EXIT_WITH: '7' } }));
    expect(code).toBe(7);
  });

  it('hands the token over, and not on the command line', async () => {
    const called = await call([], { env: { CODEXPC_HTTP_TOKEN: 'my-secret' } });
    expect(called.token).toBe('my-secret');
    expect(called.args.join(' ')).not.toContain('my-secret');
    expect(settingsOf(called)).toMatchObject({
      model_providers: { codexpc: { env_key: 'CODEXPC_HTTP_TOKEN' } },
    });
  });

  it('points --oss at this daemon', async () => {
    const called = await call(['--oss', 'Hello']);
    expect(called.oss).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
    expect(settingsOf(called)).toMatchObject({ oss_provider: 'ollama' });
    expect(settingsOf(called)).not.toHaveProperty('model_provider');
  });

  it('shows the profile without writing or starting anything of Codex’', async () => {
    const { stdout } = await home.run(['codex', '--print-config'], withProgram());
    const [profile = '', catalogue = ''] = stdout.split(/^# .*codex-models\.json$/m);
    expect(parse(profile)).toMatchObject({ model_provider: 'codexpc' });
    expect(JSON.parse(catalogue)).toMatchObject({ models: expect.any(Array) });
    expect(existsSync(home.path('.codex'))).toBe(false);
  });

  it('installs a profile beside the user’s own configuration', async () => {
    home.makeFolder('.codex');
    const own = home.write('.codex/config.toml', 'model = "mine"\n');
    const { stdout } = await home.run(['codex', '--install'], withProgram());
    expect(stdout).toContain('codex --profile codexpc');
    expect(readFileSync(own, 'utf8')).toBe('model = "mine"\n');
    const profile = parse(readFileSync(home.path('.codex', 'codexpc.config.toml'), 'utf8'));
    expect(profile).toMatchObject({ model_provider: 'codexpc', model: 'node' });
    expect(existsSync(String(profile['model_catalog_json']))).toBe(true);
    expect((await home.run(['codex', '--install'], withProgram())).stdout).toContain('nothing changed');
  });

  it('leaves a profile of that name alone that it has not written', async () => {
    home.makeFolder('.codex');
    const theirs = home.write('.codex/codexpc.config.toml', 'model = "mine"\n');
    const { code, stderr } = await home.run(['codex', '--install'], withProgram());
    expect(code).toBe(100);
    expect(stderr).toContain('not written by codexpc');
    expect(readFileSync(theirs, 'utf8')).toBe('model = "mine"\n');
  });

  it('says what to install when there is no Codex', async () => {
    const { code, stderr } = await home.run(['codex'], { env: { CODEXPC_CODEX: '/nowhere/codex' } });
    expect(code).toBe(111);
    expect(stderr).toContain('npm install --global @openai/codex');
  });

  it('says that Codex needs HTTP', async () => {
    const { code, stderr } = await home.run(['codex'], withProgram({ env: { CODEXPC_HTTP: 'off' } }));
    expect(code).toBe(100);
    expect(stderr).toContain('http.enabled');
  });
});
