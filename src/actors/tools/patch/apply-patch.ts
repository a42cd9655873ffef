// The `apply_patch` tool. All of a patch or nothing: every new text is made and written beside its file before the first
// file is replaced, and what has been replaced is put back when a later one cannot be.

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { isRunning, syncFolder } from '../../../whole-file.js';
import { openFile, type OpenFolder, openParent, PathError, toPathError } from '../files/rooted-path.js';
import { readText } from '../files/text-file.js';
import { answer, type ToolAnswer } from '../tool-answer.js';
import { fitChunks } from './fit-chunks.js';
import { type FileChange, parsePatch, PatchError } from './parse-patch.js';

export interface ApplyPatchArguments {
  readonly input: string;
}

export const APPLY_PATCH_PARAMETERS = {
  type: 'object',
  properties: {
    input: { type: 'string', description: 'the patch, from *** Begin Patch to *** End Patch' },
  },
  required: ['input'],
  additionalProperties: false,
} as const;

const NEW_FILE_MODE = 0o644;

/** Throws PatchError and PathError with sentences for the model; then nothing has changed. */
export const runApplyPatch = ({ input }: ApplyPatchArguments, workFolder: string): ToolAnswer => {
  const changes = parsePatch(input);
  refuseTwice(changes, workFolder);
  const writes = changes.flatMap((change) => planWrites(change, workFolder));
  const staged: Staged[] = [];
  try {
    for (const write of writes) staged.push(stage(write, workFolder));
    commit(staged);
  } finally {
    for (const each of staged) each.discard();
  }
  return answer(['Done. Changed files:', ...changes.map(summary)].join('\n'));
};

/** One name of the work folder: what shall be there afterwards. */
interface Write {
  readonly path: string;
  /** null: nothing. */
  readonly content: { readonly text: string; readonly mode: number } | null;
  readonly mustExist: boolean;
}

const planWrites = (change: FileChange, workFolder: string): readonly Write[] => {
  const { kind, path } = change;
  if (kind === 'delete') return [{ path, content: null, mustExist: true }];
  if (kind === 'add') {
    const text = change.lines.map((line) => `${line}\n`).join('');
    return [{ path, content: { text, mode: NEW_FILE_MODE }, mustExist: false }];
  }
  refuseLink(path, workFolder);
  const { text, mode } = readText(openFile({ workFolder, readFolders: [] }, path), path);
  const content = { text: change.chunks.length === 0 ? text : fitChunks(text, change.chunks, path), mode };
  return change.movedTo === null
    ? [{ path, content, mustExist: true }]
    : [
        { path: change.movedTo, content, mustExist: false },
        { path, content: null, mustExist: true },
      ];
};

const refuseTwice = (changes: readonly FileChange[], workFolder: string): void => {
  const paths = changes
    .flatMap((change) =>
      change.kind === 'update' && change.movedTo !== null ? [change.path, change.movedTo] : [change.path],
    )
    .map((path) => resolve(workFolder, path));
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (twice !== undefined)
    throw new PatchError(`The patch changes ${twice} twice; put all chunks of a file under one header.`);
};

const refuseLink = (path: string, workFolder: string): void => {
  if (lstatSync(resolve(workFolder, path), { throwIfNoEntry: false })?.isSymbolicLink() === true)
    throw new PathError(`${JSON.stringify(path)} is a symbolic link; patch the file itself.`);
};

interface Staged {
  readonly path: string;
  replace(): void;
  /** Puts back what was there before `replace`. */
  restore(): void;
  /** Waits until the name is on disk. */
  settle(): void;
  /** Removes what is only of use in between, and closes the folder. */
  discard(): void;
}

const stage = ({ path, content, mustExist }: Write, workFolder: string): Staged => {
  const { folder, name } = openParent(workFolder, path, content !== null);
  try {
    return stageIn(folder, { path, content, mustExist, name });
  } catch (error) {
    folder.close();
    throw toPathError(path, error);
  }
};

const stageIn = (
  folder: OpenFolder,
  { path, content, mustExist, name }: Write & { readonly name: string },
): Staged => {
  const at = join(folder.path, name);
  const status = lstatSync(at, { throwIfNoEntry: false });
  if (mustExist && status === undefined) throw new PathError(`${JSON.stringify(path)} does not exist.`);
  if (!mustExist && status !== undefined)
    throw new PathError(`${JSON.stringify(path)} exists already; change it with '*** Update File: '.`);
  if (status !== undefined && !status.isFile())
    throw new PathError(`${JSON.stringify(path)} is no regular file.`);
  removeAbandoned(folder.path);
  const stamp = `.codexpc-${process.pid}-${randomUUID()}`;
  const fresh = join(folder.path, `${stamp}.new`);
  const kept = join(folder.path, `${stamp}.old`);
  if (content !== null) writeNew(fresh, content);
  if (status !== undefined) linkSync(at, kept);
  return {
    path,
    replace: () => (content === null ? unlinkSync(at) : renameSync(fresh, at)),
    restore: () => (status === undefined ? unlinkSync(at) : renameSync(kept, at)),
    settle: () => syncFolder(folder.path),
    discard: () => {
      for (const leftover of [fresh, kept]) removeIfThere(leftover);
      folder.close();
    },
  };
};

/** What a daemon that was killed within a patch has left. */
const removeAbandoned = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    const pid = /^\.codexpc-(\d+)-[0-9a-f-]{36}\.(?:new|old)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) removeIfThere(join(folder, name));
  }
};

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

const writeNew = (path: string, { text, mode }: { readonly text: string; readonly mode: number }): void => {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    writeFileSync(fd, text);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    removeIfThere(path);
    throw error;
  } finally {
    closeSync(fd);
  }
};

const commit = (staged: readonly Staged[]): void => {
  const replaced: Staged[] = [];
  try {
    for (const each of staged) {
      each.replace();
      replaced.unshift(each);
    }
  } catch (error) {
    for (const each of replaced) each.restore();
    throw toPathError(staged[replaced.length]!.path, error);
  }
  for (const each of staged) each.settle();
};

const removeIfThere = (path: string): void => {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
};

const summary = (change: FileChange): string => {
  switch (change.kind) {
    case 'add':
      return `A ${change.path}`;
    case 'delete':
      return `D ${change.path}`;
    case 'update':
      return change.movedTo === null ? `M ${change.path}` : `R ${change.path} -> ${change.movedTo}`;
  }
};
