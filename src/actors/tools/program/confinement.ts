// How programs are kept in bounds on this machine, found out once. A `Confinement` is plain data: it travels to workers.

import { execFile } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../../errors.js';
import { SYSTEM_FOLDERS, type SystemEntry } from './bubblewrap.js';
import { createLeash } from './leash.js';
import { createSeccompFilter } from './seccomp.js';

export type Confinement =
  | {
      readonly kind: 'bubblewrap';
      readonly path: string;
      readonly system: readonly SystemEntry[];
      readonly home: string;
      /** Where the system call filter is read from; null: none for this processor. */
      readonly seccompPath: string | null;
    }
  | { readonly kind: 'seatbelt'; readonly home: string; readonly temporaryFolder: string }
  /** `leashFd`: see Leash. */
  | { readonly kind: 'none'; readonly leashFd: number | null };

export type Sandbox =
  | { readonly type: 'ready'; readonly confinement: Confinement }
  /** `hint` says what to install or allow. */
  | { readonly type: 'missing'; readonly hint: string };

export interface SandboxFinder {
  /** Looks once; the answer is kept. */
  find(): Promise<Sandbox>;
  /** For a tool that is to have none. */
  without(): Confinement;
  close(): void;
}

export interface SandboxFinderOptions {
  readonly platform: NodeJS.Platform;
  /** $PATH */
  readonly searchPath: string;
}

const PROBE_TIMEOUT_MS = 10_000;
const INSTALL_BUBBLEWRAP =
  "Install bubblewrap ('sudo apt install bubblewrap', 'sudo dnf install bubblewrap' or 'sudo pacman -S bubblewrap') and restart the daemon";
const WITHOUT = 'or set sandbox = "none" for this tool, which lets it do all that you may do';

export const createSandboxFinder = ({ platform, searchPath }: SandboxFinderOptions): SandboxFinder => {
  let found: Promise<Sandbox> | null = null;
  let filterFd: number | null = null;
  const leash = createLeash();

  const findBubblewrap = async (): Promise<Sandbox> => {
    const path = executable('bwrap', searchPath);
    if (path === null)
      return { type: 'missing', hint: `bubblewrap is not installed. ${INSTALL_BUBBLEWRAP}, ${WITHOUT}.` };
    const problem = await probe(path);
    if (problem !== null)
      return {
        type: 'missing',
        hint: `bubblewrap cannot make a sandbox here (${problem}). Unprivileged user namespaces may be switched off: see 'sysctl kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns user.max_user_namespaces'; allow them, ${WITHOUT}.`,
      };
    const filter = createSeccompFilter(process.arch);
    filterFd = filter === null ? null : openUnlinked(filter);
    return {
      type: 'ready',
      confinement: {
        kind: 'bubblewrap',
        path,
        system: SYSTEM_FOLDERS.flatMap(systemEntry),
        home: homedir(),
        // Opened anew for each program: a descriptor that is shared would be read once and be at its end.
        seccompPath: filterFd === null ? null : `/proc/self/fd/${filterFd}`,
      },
    };
  };

  const findSeatbelt = (): Sandbox => {
    if (executable('sandbox-exec', '/usr/bin') === null)
      return {
        type: 'missing',
        hint: `/usr/bin/sandbox-exec is not there. It is part of macOS; repair the system, ${WITHOUT}.`,
      };
    return {
      type: 'ready',
      confinement: { kind: 'seatbelt', home: homedir(), temporaryFolder: tmpdir() },
    };
  };

  return {
    find: () => {
      if (platform === 'linux') return (found ??= findBubblewrap());
      if (platform === 'darwin') return Promise.resolve(findSeatbelt());
      return Promise.resolve({
        type: 'missing',
        hint: `There is no sandbox for ${platform}; set sandbox = "none" for this tool.`,
      });
    },
    without: () => ({ kind: 'none', leashFd: leash.fd() }),
    close: () => {
      leash.close();
      if (filterFd !== null) closeSync(filterFd);
      filterFd = null;
    },
  };
};

/** null: it works. */
const probe = (path: string): Promise<string | null> =>
  new Promise((resolve) => {
    const args = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--', '/bin/sh', '-c', ':'];
    execFile(path, args, { timeout: PROBE_TIMEOUT_MS }, (error, _stdout, stderr) =>
      resolve(error === null ? null : stderr.trim().split('\n')[0] || messageOf(error)),
    );
  });

const executable = (name: string, searchPath: string): string | null => {
  for (const folder of searchPath.split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return null;
};

const systemEntry = (path: string): readonly SystemEntry[] => {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return [];
  return status.isSymbolicLink()
    ? [{ kind: 'link', path, target: readlinkSync(path) }]
    : [{ kind: 'folder', path }];
};

/** A file without a name: nobody tidies it away while the daemon runs. */
const openUnlinked = (content: Buffer): number => {
  const folder = mkdtempSync(join(tmpdir(), 'codexpc-'));
  try {
    const path = join(folder, 'filter');
    writeFileSync(path, content, { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
};
