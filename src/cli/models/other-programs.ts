// gpt-oss weights that other programs keep: Ollama, LM Studio, llama.cpp and the Hugging Face cache. Folders and names
// are looked at, and Ollama's manifests, each within bounds; what a file holds is for the engine's readers to say.

import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Place } from '../../config/place.js';

export interface FoundModel {
  readonly program: 'Ollama' | 'LM Studio' | 'llama.cpp' | 'Hugging Face';
  /** As its program calls it. */
  readonly name: string;
  readonly checkpoint: string;
}

const IS_GPT_OSS = /gpt-?oss/i;
const MAX_ENTRIES = 2000; // of one folder
const MAX_DEPTH = 5;
const MAX_FOUND = 50;
const MAX_MANIFEST_BYTES = 65_536;

/** Each file once, in the order of the programs. Folders that are not there or cannot be read hold nothing. */
export const findOtherModels = async (place: Place): Promise<readonly FoundModel[]> => {
  const found = (
    await Promise.all([
      ...ollamaFolders(place).map(inOllama),
      ...lmStudioFolders(place).map((folder) => ggufFiles('LM Studio', folder)),
      ...llamaCppFolders(place).map((folder) => ggufFiles('llama.cpp', folder)),
      ...hubFolders(place).map(inHub),
    ])
  ).flat();
  const byPath = new Map(found.reverse().map((model) => [model.checkpoint, model]));
  return [...byPath.values()].reverse().slice(0, MAX_FOUND);
};

const given = (folder: string | undefined): string[] =>
  folder === undefined || folder === '' ? [] : [folder];

const ollamaFolders = ({ home, env }: Place): string[] => [
  ...given(env['OLLAMA_MODELS']),
  join(home, '.ollama/models'),
  '/usr/share/ollama/.ollama/models', // as a service on Linux
];
const lmStudioFolders = ({ home }: Place): string[] => [
  join(home, '.lmstudio/models'),
  join(home, '.cache/lm-studio/models'),
];
const llamaCppFolders = ({ home, platform, env }: Place): string[] => [
  ...given(env['LLAMA_CACHE']),
  join(home, platform === 'darwin' ? 'Library/Caches/llama.cpp' : '.cache/llama.cpp'),
];
const hubFolders = ({ home, env }: Place): string[] => [
  ...given(env['HF_HUB_CACHE']),
  ...given(env['HF_HOME']).map((folder) => join(folder, 'hub')),
  join(home, '.cache/huggingface/hub'),
];

/** `manifests/REGISTRY/NAMESPACE/MODEL/TAG` names the blob of the weights. */
const inOllama = async (folder: string): Promise<FoundModel[]> => {
  const manifests = join(folder, 'manifests');
  const files = (await filesBelow(manifests, MAX_DEPTH)).filter((file) => IS_GPT_OSS.test(relative(manifests, file)));
  const found = files.slice(0, MAX_FOUND).map(async (file) => {
    const digest = weightsDigest(await readBounded(file));
    const [model, tag] = file.split(sep).slice(-2) as [string, string];
    return digest === null
      ? []
      : [{ program: 'Ollama' as const, name: `${model}:${tag}`, checkpoint: join(folder, 'blobs', digest) }];
  });
  return existing((await Promise.all(found)).flat());
};

/** A manifest is written by others: anything but a SHA-256 in it would be a path. */
const weightsDigest = (manifest: string | null): string | null => {
  let layers: unknown;
  try {
    layers = (JSON.parse(manifest ?? '') as { layers?: unknown } | null)?.layers;
  } catch {
    return null; // no JSON: not a manifest, and nothing to list
  }
  if (!Array.isArray(layers)) return null;
  for (const layer of layers as readonly ({ mediaType?: unknown; digest?: unknown } | null)[]) {
    if (layer?.mediaType !== 'application/vnd.ollama.image.model') continue;
    const match = typeof layer.digest === 'string' ? /^sha256:([0-9a-f]{64})$/.exec(layer.digest) : null;
    if (match !== null) return `sha256-${match[1]}`;
  }
  return null;
};

/** The first of several files stands for all of them. */
const isFirstGguf = (file: string): boolean =>
  file.endsWith('.gguf') && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/.test(file) && !/mmproj/i.test(file);

const ggufFiles = async (program: FoundModel['program'], folder: string): Promise<FoundModel[]> => {
  const files = (await filesBelow(folder, 3)).filter((file) => isFirstGguf(file) && IS_GPT_OSS.test(relative(folder, file)));
  return existing(files.map((file) => ({ program, name: relative(folder, file), checkpoint: file })));
};

/** `models--OWNER--NAME/snapshots/REVISION/…`: a directory of safetensors, OpenAI's own files in it, or GGUF. */
const inHub = async (folder: string): Promise<FoundModel[]> => {
  const repositories = (await entriesOf(folder)).map(({ name }) => name).filter((name) => name.startsWith('models--') && IS_GPT_OSS.test(name));
  const found = repositories.slice(0, MAX_FOUND).map(async (repository) => {
    const snapshots = join(folder, repository, 'snapshots');
    const files = await filesBelow(snapshots, 3);
    const directories = [...new Set(files.filter((file) => file.endsWith('.safetensors')).map((file) => join(file, '..')))];
    const checkpoints = [
      ...directories.filter((directory) => files.includes(join(directory, 'config.json'))),
      ...files.filter((file) => isFirstGguf(file) || file.endsWith(`${sep}model.bin`)),
    ];
    const name = repository.slice('models--'.length).replace('--', '/');
    return checkpoints.map((checkpoint) => {
      const inside = relative(snapshots, checkpoint).split(sep).slice(1).join('/');
      return { program: 'Hugging Face' as const, name: inside === '' ? name : `${name}/${inside}`, checkpoint };
    });
  });
  return existing((await Promise.all(found)).flat());
};

/** Files and links, not followed: in the hub's snapshots every file is a link. */
const filesBelow = async (folder: string, depth: number): Promise<string[]> => {
  const below = (await entriesOf(folder)).map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? filesBelow(path, depth - 1) : [];
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
  return (await Promise.all(below)).flat().slice(0, MAX_ENTRIES);
};

const entriesOf = async (folder: string): Promise<Dirent[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // not there, or not ours to read
  return entries.slice(0, MAX_ENTRIES).sort((left, right) => (left.name < right.name ? -1 : 1));
};

/** Without what is no longer there, or is neither a file nor a directory. */
const existing = async (models: readonly FoundModel[]): Promise<FoundModel[]> => {
  const stats = await Promise.all(models.map(({ checkpoint }) => stat(checkpoint).catch(() => null)));
  return models.filter((_, i) => stats[i]?.isFile() === true || stats[i]?.isDirectory() === true);
};

/** Null: no regular file, too large, or unreadable. */
const readBounded = async (file: string): Promise<string | null> => {
  const stats = await stat(file).catch(() => null);
  if (stats?.isFile() !== true || stats.size > MAX_MANIFEST_BYTES) return null;
  const handle = await open(file).catch(() => null);
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_MANIFEST_BYTES), 0, MAX_MANIFEST_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return null; // it went away while it was read
  } finally {
    await handle.close();
  }
};
