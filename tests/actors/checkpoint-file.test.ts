import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findCheckpoint, modelNameOf } from '../../src/actors/checkpoint-file.js';
import { checkpointKey } from '../../src/actors/engine-control.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codexpc-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
};

describe('a checkpoint on disk', () => {
  it('is as large as all its files together', async () => {
    write('split-00001-of-00003.gguf', '12345');
    write('split-00002-of-00003.gguf', '123');
    write('split-00003-of-00003.gguf', '1');
    write('dir/config.json', '{}');
    write('dir/model-2.safetensors', '1234');
    write('dir/model-1.safetensors', '12');
    write('dir/README.md', 'not weights');
    expect((await findCheckpoint(write('model.bin', '1234567'))).sizeBytes).toBe(7);
    expect((await findCheckpoint(join(folder, 'split-00001-of-00003.gguf'))).sizeBytes).toBe(9);
    expect((await findCheckpoint(join(folder, 'dir'))).sizeBytes).toBe(2 + 4 + 2);
  });

  it('has a path that a system can open', async () => {
    const refusal = async (path: string): Promise<unknown> =>
      findCheckpoint(path).catch((error: unknown) => error);
    const long = (await refusal('x'.repeat(100_000))) as Error;
    expect(long).toMatchObject({ code: 'model_not_found' });
    expect(long.message.length).toBeLessThan(300);
    expect(await refusal('a\0b')).toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining(String.raw`"a\u0000b"`) as unknown as string,
    });
  });

  it('is another one when any of its files is replaced', async () => {
    write('dir/config.json', '{}');
    write('dir/a.safetensors', '12');
    const path = join(folder, 'dir');
    const before = checkpointKey(await findCheckpoint(path));
    expect(checkpointKey(await findCheckpoint(path))).toBe(before);
    rmSync(join(path, 'a.safetensors'));
    write('dir/a.safetensors', '34');
    expect(checkpointKey(await findCheckpoint(path))).not.toBe(before);
  });

  it('is refused with what to name instead', async () => {
    write('gpt-oss-20b/metal/model.bin', 'x');
    const refused = async (path: string) => findCheckpoint(path).catch((error: unknown) => error);
    expect(await refused(join(folder, 'gpt-oss-20b'))).toMatchObject({
      code: 'model_corrupt',
      message: expect.stringContaining(join(folder, 'gpt-oss-20b', 'metal', 'model.bin')),
    });
    expect(await refused(folder)).toMatchObject({ code: 'model_corrupt' });
    expect(await refused(join(folder, 'nothing'))).toMatchObject({ code: 'model_not_found' });
  });

  it.each([
    ['/m/gpt-oss-20b/metal/model.bin', 'gpt-oss-20b'],
    ['/m/gpt-oss-20b/original', 'gpt-oss-20b'],
    ['/m/gpt-oss-20b', 'gpt-oss-20b'],
    ['/m/gpt-oss-20b-mxfp4.gguf', 'gpt-oss-20b-mxfp4'],
    ['/m/gpt-oss-120b-mxfp4-00001-of-00003.gguf', 'gpt-oss-120b-mxfp4'],
    ['/m/pocket/model.bin', 'pocket'],
    ['/m/other.bin', 'other'],
  ])('%s is called %s', (path, name) => expect(modelNameOf(path)).toBe(name));
});
