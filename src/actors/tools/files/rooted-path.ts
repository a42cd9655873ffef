// Opens what lies below a folder and nothing else, whatever links there are and whoever moves them meanwhile.
//
// A path is resolved first, and must come out below a root; then it is opened part by part from the root, each part
// relative to the folder opened before it and none of them a link. On Linux `/proc/self/fd/N/name` is that relative
// open, which Node does not offer otherwise; elsewhere the parts are opened by their path.

import { closeSync, constants, fstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** What cannot be opened; the message is for the model. */
export class PathError extends Error {}

/** An open folder; `path` reaches into it as long as it is open. */
export interface OpenFolder {
  readonly fd: number;
  /** For `join(path, name)`: does not depend on what lies above the folder. */
  readonly path: string;
  close(): void;
}

export interface Roots {
  /** Absolute and real; what relative paths start from. */
  readonly workFolder: string;
  readonly readFolders: readonly string[];
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
const HAS_PROC = process.platform === 'linux';

/** A regular file for reading. The caller closes it. */
export const openFile = (roots: Roots, path: string): number =>
  opening(path, () => {
    const { root, parts } = locate(readable(roots), roots.workFolder, path);
    const name = parts.at(-1);
    if (name === undefined) throw new PathError(`${shown(path)} is a folder.`);
    const folder = walk(root, parts.slice(0, -1));
    try {
      return openFileIn(folder, name, path);
    } finally {
      folder.close();
    }
  });

/** Opened without waiting: reading from a pipe or a device would have no end. */
export const openFileIn = (folder: OpenFolder, name: string, path: string): number => {
  const fd = openSync(join(folder.path, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const status = fstatSync(fd);
  if (status.isFile()) return fd;
  closeSync(fd);
  throw new PathError(`${shown(path)} is ${status.isDirectory() ? 'a folder' : 'no regular file'}.`);
};

export const openFolder = (roots: Roots, path: string): OpenFolder =>
  opening(path, () => {
    const { root, parts } = locate(readable(roots), roots.workFolder, path);
    return walk(root, parts);
  });

export const openFolderIn = (folder: OpenFolder, name: string): OpenFolder => {
  const path = join(folder.path, name);
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return {
    fd,
    path: HAS_PROC ? `/proc/self/fd/${fd}` : path,
    close: () => closeSync(fd),
  };
};

/** The folder that a file of the work folder lies in, for writing there. With `create` it is made. */
export const openParent = (
  workFolder: string,
  path: string,
  create: boolean,
): { readonly folder: OpenFolder; readonly name: string } =>
  opening(path, () => {
    const absolute = resolve(workFolder, path);
    const missing: string[] = [];
    let existing = dirname(absolute);
    for (; realPath(existing) === null; existing = dirname(existing)) {
      if (!create) throw new PathError(`${shown(path)} does not exist.`);
      missing.unshift(basename(existing));
    }
    const { root, parts } = locate([workFolder], workFolder, existing, path);
    if (absolute === workFolder) throw new PathError(`${shown(path)} is the work folder itself.`);
    let folder = walk(root, parts);
    for (const name of missing) {
      const above = folder;
      try {
        mkdirSync(join(above.path, name));
        folder = openFolderIn(above, name);
      } finally {
        above.close();
      }
    }
    return { folder, name: basename(absolute) };
  });

const readable = ({ workFolder, readFolders }: Roots): readonly string[] => [workFolder, ...readFolders];

const locate = (
  roots: readonly string[],
  workFolder: string,
  path: string,
  asked: string = path,
): { readonly root: string; readonly parts: readonly string[] } => {
  if (path.includes('\0')) throw new PathError('The path holds a NUL character.');
  const real = realpathSync(resolve(workFolder, path));
  for (const root of roots) {
    const way = relative(root, real);
    if (way === '') return { root, parts: [] };
    if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
      return { root, parts: way.split(sep) };
  }
  throw new PathError(`${shown(asked)} lies outside of the folders that may be used: ${roots.join(', ')}.`);
};

const walk = (root: string, parts: readonly string[]): OpenFolder => {
  const fd = openSync(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  let folder: OpenFolder = {
    fd,
    path: HAS_PROC ? `/proc/self/fd/${fd}` : root,
    close: () => closeSync(fd),
  };
  for (const part of parts) {
    const above = folder;
    try {
      folder = openFolderIn(above, part);
    } finally {
      above.close();
    }
  }
  return folder;
};

const realPath = (path: string): string | null => {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is no folder, or leads through something that is none',
  ELOOP: 'is or became a symbolic link',
  EACCES: 'may not be read',
  EPERM: 'may not be changed',
  ENAMETOOLONG: 'is too long a name',
};

const opening = <Value>(path: string, work: () => Value): Value => {
  try {
    return work();
  } catch (error) {
    throw toPathError(path, error);
  }
};

/** What the system says about a path, in words; anything else as it is. */
export const toPathError = (path: string, error: unknown): unknown => {
  const problem = PROBLEMS[(error as NodeJS.ErrnoException).code ?? ''];
  return problem === undefined ? error : new PathError(`${shown(path)} ${problem}.`);
};

const shown = (path: string): string => JSON.stringify(path.slice(0, 300));
