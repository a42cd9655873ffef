// What the file system says about a checkpoint, without opening it.

import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { CodexpcError } from '../errors.js';
import type { CheckpointFile } from './engine-control.js';
import { modelNotFound } from './engine-errors.js';

/** Errors: model_not_found, io_error, model_corrupt (not a file). */
export const findCheckpoint = async (path: string): Promise<CheckpointFile> => {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw modelNotFound(path, error);
    throw new CodexpcError({
      code: 'io_error',
      message: `The checkpoint ${path} cannot be read (${error.code ?? error.message}). Check its permissions.`,
      details: { checkpoint: path },
      cause: error,
    });
  });
  if (!stats.isFile()) {
    throw new CodexpcError({
      code: 'model_corrupt',
      message: `${path} is ${stats.isDirectory() ? 'a directory' : 'no regular file'}, not a checkpoint. Name its model.bin.`,
      details: { checkpoint: path },
    });
  }
  return { path, sizeBytes: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino };
};

/** `…/gpt-oss-20b/metal/model.bin` is gpt-oss-20b; a file with a name of its own is that name. */
export const modelNameOf = (path: string): string => {
  const name = basename(path).replace(/\.bin$/, '');
  if (name !== 'model') return name;
  const folder = dirname(path);
  return ['metal', 'original'].includes(basename(folder))
    ? basename(dirname(folder))
    : basename(folder) || name;
};
