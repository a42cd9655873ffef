// PROTOCOL.md is enough: a client in another language, and its bytes are the codec's.

import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ERROR_KINDS } from '../../src/errors.js';
import { clientCodec, daemonCodec } from '../../src/ipc/codec.js';
import { joinFrames } from '../../src/ipc/framing.js';
import { ClientMessage, DaemonMessage } from '../../src/ipc/protocol.js';
import { Status } from '../../src/ipc/messages/status.js';
import { respondMessage, startHarness } from '../fixtures/front-end-harness.js';

jest.setTimeout(60_000); // on a busy machine

const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/integration
const document = readFileSync(join(root, 'src/ipc/PROTOCOL.md'), 'utf8');
const run = promisify(execFile);
const perl = spawnSync('perl', ['-e', 'exit 0']).status === 0;
const ifPerl = perl ? describe : describe.skip;

ifPerl(perl ? 'a client in Perl' : 'a client in Perl (skipped: there is no perl on this machine)', () => {
  const client = join(root, 'tests/integration/client.pl');
  let harness: Awaited<ReturnType<typeof startHarness>> | null = null;
  afterEach(() => harness?.stop());
  const ask = async (prompt: string): Promise<string> => {
    harness = await startHarness({ onSocket: true });
    return (await run('perl', [client, harness.path, prompt])).stdout;
  };

  test('is short and uses nothing of ours', () => {
    const source = readFileSync(client, 'utf8');
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    expect(source.match(/^use .*$/gm)?.join()).toBe(
      'use strict; use warnings; use IO::Socket::UNIX; use Encode qw(encode decode);',
    );
  });

  test('streams an answer', async () => {
    expect(await ask('Grüße')).toBe('Grüße\n[stop, 1 tokens]\n');
    await harness?.stop();
    expect(await ask('count 2000')).toMatch(/^0 1 2 .* 1999 \n\[stop, 1 tokens\]\n$/s);
  });

  test('answers tool calls', async () => {
    expect(await ask('call ls {}')).toContain('the tool said 42');
  });

  test('is told errors', async () => {
    await expect(ask('refuse')).rejects.toMatchObject({
      stderr: expect.stringContaining('queue_full: The queue is full'),
    });
    await harness?.stop();
    await expect(ask('fail')).rejects.toMatchObject({ stderr: expect.stringContaining('engine_exited') });
  });
});

describe('PROTOCOL.md', () => {
  const blocks = [...document.matchAll(/`(\{"type".*?\})`[^`]*?```hex (client|daemon)\n(.*?)```/gs)];

  test('shows bytes as the codec writes and reads them', () => {
    expect(blocks).toHaveLength(3);
    for (const [, json = '', side, dump = ''] of blocks) {
      const message: unknown = JSON.parse(json);
      const bytes = dump
        .split('\n')
        .map((line) => line.trim().match(/^((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:\s{2}|$)/)?.[1] ?? '')
        .join(' ');
      const written =
        side === 'client'
          ? clientCodec.encode(message as ClientMessage)
          : daemonCodec.encode(message as DaemonMessage);
      expect(bytes.trim().split(/\s+/)).toEqual(joinFrames([written]).toString('hex').match(/../g));
    }
  });

  test('names every message, every error code and every key of respond and status', () => {
    const types = [...ClientMessage.options, ...DaemonMessage.options].map(({ shape }) => shape.type.value);
    const keys = [...Object.keys(respondMessage('', '')), ...Object.keys(Status.shape)];
    for (const name of [...types, ...Object.keys(ERROR_KINDS), ...keys])
      expect(document).toContain(`\`${name}\``);
  });
});
