import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findOtherModels } from '../../src/cli/models/other-programs.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import { writeGguf } from '../../tools/gguf-writer.js';
import { CliHome } from './cli-harness.js';

const DIGEST = 'a'.repeat(64);
const MANIFEST = '.ollama/models/manifests/registry.ollama.ai/library/gpt-oss/20b';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'codexpc-homes-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const put = (path: string, content: string | Buffer = 'weights'): string => {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
  return join(home, path);
};
const manifest = (layer: unknown): string => JSON.stringify({ schemaVersion: 2, layers: [layer] });
const WEIGHTS = { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${DIGEST}` };

const find = (env: Record<string, string> = {}, platform: NodeJS.Platform = 'linux') =>
  findOtherModels({ home, platform, env });

describe('weights of other programs', () => {
  it('are found by the manifests of Ollama', async () => {
    put(MANIFEST, manifest(WEIGHTS));
    put('.ollama/models/manifests/registry.ollama.ai/library/llama3/8b', manifest(WEIGHTS));
    const checkpoint = put(`.ollama/models/blobs/sha256-${DIGEST}`);
    expect(await find()).toEqual([{ program: 'Ollama', name: 'gpt-oss:20b', checkpoint }]);
  });

  it.each([
    ['no JSON', '{'],
    ['another shape', '[1, null]'],
    ['null', 'null'],
    ['layers that are none', '{"layers": "sha256"}'],
    ['layers of null', '{"layers": [null, 3]}'],
    ['a digest that is a path', manifest({ ...WEIGHTS, digest: 'sha256:../../../../etc/passwd' })],
    ['a digest of another length', manifest({ ...WEIGHTS, digest: `sha256:${'a'.repeat(63)}` })],
    ['a digest that is no text', manifest({ ...WEIGHTS, digest: { length: 71 } })],
    ['weights that are gone', manifest(WEIGHTS)],
    ['too many bytes', `${manifest(WEIGHTS)}${' '.repeat(100_000)}`],
  ])('are not found by a manifest with %s', async (what, text) => {
    put(MANIFEST, text);
    if (what !== 'weights that are gone') put(`.ollama/models/blobs/sha256-${DIGEST}`);
    expect(await find()).toEqual([]);
  });

  it('are found in the folders of LM Studio and llama.cpp, the first of several files', async () => {
    const whole = put('.lmstudio/models/openai/gpt-oss-20b-GGUF/gpt-oss-20b-MXFP4.gguf');
    const first = put('.cache/llama.cpp/ggml-org_gpt-oss-120b-GGUF_gpt-oss-120b-mxfp4-00001-of-00003.gguf');
    put('.cache/llama.cpp/ggml-org_gpt-oss-120b-GGUF_gpt-oss-120b-mxfp4-00002-of-00003.gguf');
    put('.cache/llama.cpp/qwen.gguf');
    const found = await find();
    expect(found.map(({ program, checkpoint }) => [program, checkpoint])).toEqual([
      ['LM Studio', whole],
      ['llama.cpp', first],
    ]);
  });

  it('are found where the environment and macOS have them', async () => {
    const mac = put('Library/Caches/llama.cpp/gpt-oss-20b.gguf');
    const named = put('elsewhere/gpt-oss-20b.gguf');
    const found = await find({ LLAMA_CACHE: join(home, 'elsewhere') }, 'darwin');
    expect(found.map(({ checkpoint }) => checkpoint)).toEqual([named, mac]);
  });

  it('are found in the Hugging Face cache, whose files are links', async () => {
    const hub = '.cache/huggingface/hub/models--openai--gpt-oss-20b';
    const snapshot = `${hub}/snapshots/abc`;
    const blob = put(`${hub}/blobs/1`);
    for (const file of [
      'config.json',
      'model-00001-of-00002.safetensors',
      'metal/model.bin',
      'original/x.safetensors',
    ]) {
      mkdirSync(dirname(join(home, snapshot, file)), { recursive: true });
      symlinkSync(blob, join(home, snapshot, file));
    }
    symlinkSync('/nowhere', join(home, snapshot, 'gone.gguf'));
    expect(await find()).toEqual([
      { program: 'Hugging Face', name: 'openai/gpt-oss-20b', checkpoint: join(home, snapshot) },
      {
        program: 'Hugging Face',
        name: 'openai/gpt-oss-20b/metal/model.bin',
        checkpoint: join(home, snapshot, 'metal/model.bin'),
      },
    ]);
  });

  it('are nothing in an empty home', async () => expect(await find()).toEqual([]));
});

describe('codexpc models', () => {
  const cli = new CliHome();
  afterAll(() => cli[Symbol.dispose]());

  it('says of each whether it can be used, and how', async () => {
    const folder = '.lmstudio/models/openai/gpt-oss';
    mkdirSync(cli.path(folder), { recursive: true });
    writeGguf(checkpointPieces(CHECKPOINT_SHAPES.tiny, 1), cli.path(folder, 'a.gguf'), 'Q8_0');
    writeFileSync(cli.path(folder, 'b.gguf'), 'GGUF, but no more');
    const env = {
      CODEXPC_TEST_ADDON: new URL('../../src/actors/load-addon.js', import.meta.url).href,
      CODEXPC_CHECKPOINT: cli.path(folder, 'a.gguf'),
    };
    const { code, stdout } = await cli.run(['models'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/LM Studio +openai\/gpt-oss\/a\.gguf: \d+.*gguf/);
    expect(stdout).toMatch(/LM Studio +openai\/gpt-oss\/b\.gguf: .*(GGUF|truncated)/);
    expect(stdout).toContain(`checkpoint = "${cli.path(folder, 'a.gguf')}"`);
    const { stdout: json } = await cli.run(['models', '--json'], { env });
    expect(JSON.parse(json)).toMatchObject([
      { isDefault: true },
      { program: 'LM Studio' },
      { problem: expect.any(String) },
    ]);
  }, 60_000);
});
