// A whole daemon is given a word in every way that a prompt, a tool and a malformed request can carry one, and dies of a
// crash of its engine on the way. Afterwards the word is in no file that it left behind.

import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from '@msgpack/msgpack';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect as connectClient } from '../../src/client/index.js';
import { joinFrames } from '../../src/ipc/framing.js';
import type { RespondOptions, Status } from '../../src/ipc/protocol.js';
import { CliHome } from '../cli/cli-harness.js';
import { respondMessage } from '../fixtures/front-end-harness.js';

jest.setTimeout(120_000);

const WORD = 'Zanzibar-4711';
const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/integration
const message = (text: string): RespondOptions['items'][number] => ({
  kind: 'message',
  role: 'user',
  text,
  channel: null,
});

/** What follows the greeting on a connection of its own. */
const HOSTILE_FRAMES: readonly unknown[] = [
  { type: WORD },
  WORD,
  { type: 'respond', requestId: '1', [WORD]: WORD },
  respondMessage('1', 'x', { items: [{ kind: WORD, text: WORD }] }),
  respondMessage('1', 'x', { reasoningEffort: WORD }),
  respondMessage('1', 'x', { sampling: WORD }),
  respondMessage('1', 'x', {
    tools: [{ kind: 'function', name: WORD, description: WORD, parameters: WORD }],
  }),
  { type: 'cancel', requestId: WORD },
  { type: 'tool_output', requestId: '1', callId: WORD, output: WORD },
];

/** Bodies for /v1/responses and /v1/chat/completions. */
const HOSTILE_BODIES: readonly string[] = [
  WORD,
  `{"input": "${WORD}`,
  `{"input": {"${WORD}": "${WORD}"}}`,
  `{"input": [{"role": "${WORD}", "content": "${WORD}"}]}`,
  `{"input": "${WORD}", "temperature": "${WORD}", "tools": "${WORD}"}`,
  `{"input": "${WORD}", "metadata": {"${WORD}": 1}, "${WORD}": true}`,
  `{"input": "${WORD}", "tools": [{"type": "function", "name": "f", "parameters": {"type": "${WORD}"}}]}`,
  `{"input": "${WORD}", "tools": [{"type": "${WORD}"}]}`,
  `{"input": "${WORD}", "text": {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object", "properties": {"${WORD}": {"$ref": "#/${WORD}"}}}}}}`,
  `{"input": "${WORD}", "text": {"format": {"type": "json_schema", "name": "s", "schema": {"type": "string", "pattern": "(${WORD}"}}}}`,
  `{"input": "x", "tools": [{"type": "custom", "name": "g", "format": {"type": "grammar", "syntax": "lark", "definition": "start: ${WORD} ((("}}]}`,
  `{"input": "${WORD}", "previous_response_id": "${WORD}"}`,
  `{"messages": [{"role": "user", "content": {"${WORD}": 1}}]}`,
  `{"messages": [{"role": "${WORD}", "content": "${WORD}"}]}`,
  `{"messages": [{"role": "user", "content": "${WORD}"}], "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"enum": {"${WORD}": 1}}}}}`,
  `{"messages": [{"role": "tool", "tool_call_id": "${WORD}", "content": "${WORD}"}]}`,
];

/** Of a process and its children, as the kernel lists them. */
const coreLimits = (pid: number): readonly string[] =>
  process.platform !== 'linux'
    ? []
    : [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')].map(
        (each) => /^Max core.*$/m.exec(readFileSync(`/proc/${each}/limits`, 'utf8'))![0],
      );

describe('a checkpoint folder', () => {
  it('whose files are links to secrets tells nothing of them', async () => {
    using home = new CliHome();
    const secret = home.write('secret', `${WORD}: {"model_type": "${WORD}"} ${WORD}`);
    mkdirSync(home.path('model'));
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors'])
      symlinkSync(secret, home.path('model', name));
    const { code, stdout, stderr } = await home.run(['models', 'inspect', home.path('model')], {
      env: { CODEXPC_TEST_ADDON: new URL('../../src/actors/load-addon.js', import.meta.url).href },
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain('config.json');
    expect(stdout + stderr).not.toContain(WORD);
  });
});

describe('what a daemon leaves behind', () => {
  const home = new CliHome();
  let output = '';
  let limits: readonly string[] = [];
  beforeAll(async () => {
    mkdirSync(home.path('tmp'), { mode: 0o700 });
    home.write(
      'tools.toml',
      `[engine]
slots = 1
isolation = "process"
context_length = 2048
[tools.tell]
enabled = true
sandbox = "none"
description = "Tells."
command = ["sh", "-c", "cat; echo ${WORD} >&2; echo ${WORD}; exit 3"]
parameters = { type = "object", properties = { text = { type = "string" } } }
`,
    );
    const input = {
      env: {
        CODEXPC_TEST_ADDON: new URL('../../src/actors/load-addon.js', import.meta.url).href,
        CODEXPC_CHECKPOINT: join(root, 'models/pocket/model.bin'),
        CODEXPC_TEST_FORCE_TOOL: JSON.stringify({ name: 'tell', arguments: { text: WORD } }),
        TMPDIR: home.path('tmp'),
      },
    };
    const umask = process.umask(0);
    const daemon = home.start(
      ['daemon', '--service', '--fault', 'none', '--config', home.path('tools.toml')],
      input,
    );
    process.umask(umask);
    while (!existsSync(home.socket)) await new Promise((next) => setTimeout(next, 20));

    const client = await connectClient({ socketPath: home.socket, name: 'test' });
    const prompt = `${WORD} is a place. `.repeat(60);
    for (const text of [prompt, `${prompt}Is it?`])
      await client.respond({ items: [message(text)], instructions: prompt, maxTokens: 40 }).result();
    await client.status(); // the connection is sound after all that

    const { http } = JSON.parse((await home.run(['status', '--json'], input)).stdout) as Status;
    for (const path of [
      '/v1/responses',
      '/v1/chat/completions',
      `/v1/responses/${WORD}?q=${WORD}`,
      `/${WORD}`,
    ])
      for (const body of HOSTILE_BODIES) {
        const answer = await fetch(`${http!.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: body.replace(/^\{/, '{"model": "pocket", "max_output_tokens": 3, '),
        });
        await answer.text();
      }
    for (const frame of HOSTILE_FRAMES) {
      const socket = connect(home.socket);
      await once(socket, 'connect');
      const hello = { type: 'hello', protocolVersion: 1, client: 'test' };
      socket.end(joinFrames([encode(hello), encode(frame)]));
      socket.resume();
      await once(socket, 'close');
    }
    limits = coreLimits(daemon.child.pid!);
    await client.injectFault('exit@1');
    await client
      .respond({ items: [message(prompt)], maxTokens: 40 })
      .result()
      .catch(() => {});
    client.close();
    daemon.child.kill('SIGTERM');
    const { stdout, stderr } = await daemon.done;
    output = stdout + stderr;
  });
  afterAll(() => home[Symbol.dispose]());

  const files = (): readonly string[] =>
    (readdirSync(home.folder, { recursive: true }) as string[])
      .map((name) => home.path(name))
      .filter((path) => !path.endsWith('tools.toml'));

  it('holds nothing of prompts, tools and malformed requests, in the log or elsewhere', () => {
    const read = files().filter((path) => lstatSync(path).isFile());
    const names = read.map((path) => relative(home.folder, path));
    expect(names).toContain('.local/state/codexpc/daemon.log');
    const holding = read.filter((path) => readFileSync(path).includes(WORD));
    const lines = holding.flatMap((path) =>
      readFileSync(path, 'latin1')
        .split('\n')
        .filter((line) => line.includes(WORD)),
    );
    expect(lines).toEqual([]);
    expect(output).not.toContain(WORD);
  });

  const onLinux = process.platform === 'linux';
  const why = onLinux ? '' : ' (skipped: the limits of processes are in Linux’s /proc)';
  (onLinux ? it : it.skip)(
    `leaves no memory of a crash: its limit is on the daemon and the engine alike${why}`,
    () => {
      expect(limits).toHaveLength(3); // and on what watches over the programs of tools
      for (const limit of limits) expect(limit).toMatch(/^Max core file size +[01] +[01] /);
    },
  );

  it('tells in its log what happened all the same', () => {
    const log = readFileSync(home.path('.local/state/codexpc/daemon.log'), 'utf8');
    expect(log).toContain('engine_exited');
    expect(log).toContain('malformed_frame');
    expect(log).toContain('unknown_message');
  });

  it('keeps prompts on disk as snapshots alone', () => {
    const snapshots = files().filter((path) => path.endsWith('.prefix'));
    expect(snapshots.length).toBeGreaterThan(0);
  });

  it('is for its owner alone, whatever the umask', () => {
    for (const path of files()) {
      const { mode } = lstatSync(path);
      expect({ path, mode: (mode & 0o077).toString(8) }).toEqual({ path, mode: '0' });
    }
  });
});
