// What the file system says about a checkpoint, without opening it: one file, the first of several GGUF files, or a
// directory of safetensors files.

import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodexpcError } from '../errors.js';
import type { CheckpointFile } from './engine-control.js';
import { modelNotFound } from './engine-errors.js';

/** No system opens a longer path. */
const MAX_PATH_UNITS = 4096;
const SHOWN_UNITS = 100;

/** Errors: model_not_found, io_error, model_corrupt (neither a file nor a checkpoint directory). */
export const findCheckpoint = async (path: string): Promise<CheckpointFile> => {
  if (path.length > MAX_PATH_UNITS) throw modelNotFound(`${path.slice(0, SHOWN_UNITS)}…`, null);
  if (path.includes('\0')) throw modelNotFound(JSON.stringify(path), null);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw modelNotFound(path, error);
    throw unreadable(path, error);
  });
  if (stats.isDirectory()) return findDirectory(path);
  if (!stats.isFile()) throw notACheckpoint(path, 'is no regular file');
  const parts = await Promise.all(otherParts(path).map((part) => stat(part).catch(() => null)));
  return summaryOf(path, [stats, ...parts.filter((part) => part !== null)]); // the engine names a part that is missing
};

const findDirectory = async (path: string): Promise<CheckpointFile> => {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  const weights = names.filter((name) => name.endsWith('.safetensors'));
  if (weights.length === 0 || !names.includes('config.json')) {
    const inside = ['model.bin', 'metal'].find((name) => names.includes(name));
    const hint =
      inside === undefined ? '' : ` Name ${join(path, inside === 'metal' ? 'metal/model.bin' : inside)}.`;
    throw notACheckpoint(path, `is a directory without config.json and safetensors files.${hint}`);
  }
  const files = await Promise.all(['config.json', ...weights.sort()].map((name) => stat(join(path, name))));
  return summaryOf(path, files);
};

/** `model-00001-of-00003.gguf` → the paths of the other two. */
const otherParts = (path: string): string[] => {
  const match = /^(.*)-00001-of-(\d{5})\.gguf$/.exec(path);
  if (match === null) return [];
  const [, stem, total] = match as unknown as [string, string, string];
  return Array.from(
    { length: Math.max(0, Math.min(Number(total), 1000) - 1) },
    (_, index) => `${stem}-${String(index + 2).padStart(5, '0')}-of-${total}.gguf`,
  );
};

/** A checkpoint in several files is another one as soon as one of them is. */
const summaryOf = (path: string, files: readonly Stats[]): CheckpointFile => ({
  path,
  sizeBytes: files.reduce((sum, { size }) => sum + size, 0),
  mtimeMs: Math.max(...files.map(({ mtimeMs }) => mtimeMs)),
  inode: files.reduce((mixed, { ino }) => (mixed * 31 + ino) % Number.MAX_SAFE_INTEGER, 0),
});

const unreadable = (path: string, error: NodeJS.ErrnoException): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The checkpoint ${path} cannot be read (${error.code ?? error.message}). Check its permissions.`,
    details: { checkpoint: path },
    cause: error,
  });

const notACheckpoint = (path: string, problem: string): CodexpcError =>
  new CodexpcError({
    code: 'model_corrupt',
    message: `${path} ${problem}${problem.endsWith('.') ? '' : '.'} A checkpoint is a model.bin, a GGUF file, or a directory of safetensors files.`,
    details: { checkpoint: path },
  });

/** `…/gpt-oss-20b/metal/model.bin` is gpt-oss-20b; a file or directory with a name of its own is that name. */
export const modelNameOf = (path: string): string => {
  const name = basename(path).replace(/(-00001-of-\d{5})?\.gguf$|\.bin$/, '');
  const isGeneric = name === 'model' || FORMAT_FOLDERS.includes(name);
  if (!isGeneric) return name;
  const folder = dirname(path);
  return FORMAT_FOLDERS.includes(basename(folder)) ? basename(dirname(folder)) : basename(folder) || name;
};

const FORMAT_FOLDERS = ['metal', 'original'];
