// A program in its bounds: starts it, signals all of it, and knows when nothing of it is left.
//
// In bubblewrap everything lives in one pid namespace, which dies with its first process; nothing can leave it.
// Without, a program's processes are those of its group and those that carry its mark in their environment: what
// leaves the group and also clears its environment escapes. (Node offers no child subreaper.)

import { closeSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as yieldTurn, setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../errors.js';
import type { ToolLimits } from '../tool.js';
import { bubblewrapArguments } from './bubblewrap.js';
import type { Confinement } from './confinement.js';
import { withLimits } from './process-limits.js';
import { countProcesses, descendantsOf, isAlive, processesMarked } from './process-tree.js';
import { usablePath } from './search-path.js';
import { seatbeltProfile } from './seatbelt.js';
import { type ProcessRequest, type StartedProcess, startProcess } from './start-process.js';

export interface ConfinedProcessOptions {
  readonly argv: readonly [string, ...string[]];
  readonly confinement: Confinement;
  /** Absolute, real. */
  readonly workFolder: string;
  /** Where it starts: the work folder or one below. */
  readonly startFolder: string;
  readonly readFolders: readonly string[];
  readonly network: boolean;
  readonly limits: ToolLimits;
  /** Tells this program's processes from all others. */
  readonly mark: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly hasChannel: boolean;
}

export interface ConfinedProcess {
  /** Of its process group; null: it was not started, `ended` says why. */
  readonly pid: number | null;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Descriptor CHANNEL_FD of the program, if it was asked for; what it writes there comes here. */
  readonly channel: Readable | null;
  /** At most `max` of its processes. */
  pids(max: number): readonly number[];
  /** To the program's processes, not to what keeps them in bounds. */
  terminate(): void;
  /** To its first process alone. */
  interrupt(): void;
  kill(): void;
  /** Resolves when the program has ended and nothing that it started is left. */
  readonly ended: Promise<ProcessEnd>;
}

export interface ProcessEnd {
  /** null: it was not begun. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Bubblewrap ended before the program was begun. */
  readonly isUnstarted: boolean;
}

export const CHANNEL_FD = 5;
const CONTROL_FD = 3;
const SECCOMP_FD = 4;
const MARK_VARIABLE = 'CODEXPC_CALL';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Bound of each folder in the sandbox that lives in memory. */
const MEMORY_FOLDER_BYTES = 256 * 2 ** 20;
/** Killed processes are gone in a moment; what is not is stuck in the kernel. */
const GONE_TIMEOUT_MS = 3_000;
/** The sandbox may have told whom it has started, and this thread not have heard of it yet. */
const INNER_PID_TIMEOUT_MS = 100;

/** Throws when the operating system refuses to start a process. */
export const startConfinedProcess = (options: ConfinedProcessOptions): ConfinedProcess => {
  const { confinement, mark } = options;
  const isBubblewrap = confinement.kind === 'bubblewrap';
  const before = isBubblewrap ? null : countProcesses();
  const seccompFd =
    isBubblewrap && confinement.seccompPath !== null ? openSync(confinement.seccompPath, 'r') : null;
  let child: StartedProcess;
  try {
    child = startProcess({
      ...commandOf(options, seccompFd === null ? null : SECCOMP_FD),
      folder: isBubblewrap ? '/' : options.startFolder,
      environment: {
        PATH: isBubblewrap ? SYSTEM_PATH : usablePath(process.env['PATH'] ?? SYSTEM_PATH),
        HOME: homedir(),
        TMPDIR: confinement.kind === 'seatbelt' ? confinement.temporaryFolder : '/tmp',
        LANG: 'C.UTF-8',
        TERM: 'dumb',
        SHLVL: '1', // bash reads ~/.bashrc when its input is a socket, as Node's pipes are, unless a shell started it
        ...options.environment,
        [MARK_VARIABLE]: mark,
      },
      descriptors: [
        'read',
        'write',
        'write',
        isBubblewrap ? 'write' : 'null',
        seccompFd ?? 'null',
        options.hasChannel ? 'write' : 'null',
      ],
    });
  } finally {
    if (seccompFd !== null) closeSync(seccompFd);
  }
  const [stdin, stdout, stderr] = child.streams;
  const control = child.streams[CONTROL_FD];
  stdin!.on('error', () => {}); // it may end without having read

  let innerPid: number | null = null;
  let innerExitCode: number | null = null;
  const controlClosed = new Promise<void>((resolve) => control?.once('close', resolve));
  let tellInner: () => void;
  const innerKnown = new Promise<void>((resolve) => (tellInner = resolve));
  if (isBubblewrap) {
    let status = '';
    control!.setEncoding('utf8').on('data', (chunk: string) => {
      status += chunk;
      innerPid = numberIn(status, /"child-pid": (\d+)/);
      innerExitCode = numberIn(status, /"exit-code": (\d+)/);
      if (innerPid !== null) tellInner();
    });
  }

  const marked = (): readonly number[] => processesMarked(`${MARK_VARIABLE}=${mark}`, before);
  let killed = false;
  const killAll = (): void => {
    sendToGroup(child.pid, 'SIGKILL'); // at once: no fork gets away
    if (innerPid !== null) send(innerPid, 'SIGKILL');
    if (!isBubblewrap) for (const pid of marked()) send(pid, 'SIGKILL');
  };

  const living = (): readonly number[] =>
    (isBubblewrap ? (innerPid === null ? [] : [innerPid]) : marked()).filter(isAlive);
  const nothingLeft = async (): Promise<void> => {
    const deadline = performance.now() + GONE_TIMEOUT_MS;
    for (let waitMs = 0; performance.now() < deadline; waitMs = Math.min(waitMs * 2 + 0.1, 50)) {
      const pids = living();
      if (pids.length === 0) return;
      for (const pid of pids) send(pid, 'SIGKILL');
      // What was killed is gone within tens of microseconds; a timer takes a millisecond at least.
      if (waitMs < 1) await yieldTurn();
      else await delay(waitMs);
    }
  };

  const ended = child.exited.then(async ({ exitCode: code, signal }): Promise<ProcessEnd> => {
    if (isBubblewrap) await Promise.race([controlClosed, delay(GONE_TIMEOUT_MS, null, { ref: false })]);
    await nothingLeft();
    if (!isBubblewrap) return { exitCode: code, signal, isUnstarted: false };
    if (innerExitCode === null)
      return { exitCode: null, signal: killed ? 'SIGKILL' : signal, isUnstarted: !killed && signal === null };
    return { exitCode: innerExitCode, signal: null, isUnstarted: false };
  });
  ended.catch(() => {}); // whoever waits for it hears of it

  /** A sandbox in which no program has begun yet is killed: it has nobody who could hear a SIGTERM. */
  const terminateInner = async (): Promise<void> => {
    await Promise.race([innerKnown, delay(INNER_PID_TIMEOUT_MS, null, { ref: false })]);
    const pids = innerPid === null ? [] : descendantsOf(innerPid);
    for (const pid of pids) send(pid, 'SIGTERM');
    if (pids.length > 0 || innerExitCode !== null) return;
    killed = true;
    killAll();
  };

  return {
    pid: child.pid,
    stdin: stdin!,
    stdout: stdout!,
    stderr: stderr!,
    channel: child.streams[CHANNEL_FD] ?? null,
    pids: (max) => {
      if (!isBubblewrap) return marked().slice(0, max);
      return innerPid === null ? [] : descendantsOf(innerPid, max);
    },
    terminate: () => {
      if (isBubblewrap) void terminateInner();
      else sendToGroup(child.pid, 'SIGTERM');
    },
    interrupt: () => {
      const pid = isBubblewrap
        ? innerPid === null
          ? undefined
          : descendantsOf(innerPid, 1)[0]
        : (child.pid ?? undefined);
      if (pid !== undefined) send(pid, 'SIGINT');
    },
    kill: () => {
      killed = true;
      killAll();
    },
    ended,
  };
};

const commandOf = (
  options: ConfinedProcessOptions,
  seccompFd: number | null,
): Pick<ProcessRequest, 'argv' | 'limits' | 'leash'> => {
  const { argv, confinement, limits, workFolder, startFolder, readFolders, network } = options;
  switch (confinement.kind) {
    case 'bubblewrap': {
      const args = bubblewrapArguments({
        ...confinement,
        workFolder,
        startFolder,
        readFolders,
        network,
        memoryFolderBytes: MEMORY_FOLDER_BYTES,
        statusFd: CONTROL_FD,
        seccompFd,
      });
      return {
        argv: [confinement.path, ...args, ...withLimits(argv, limits, 'init')],
        limits: null,
        leash: 'itself',
      };
    }
    case 'seatbelt': {
      const profile = seatbeltProfile({ ...confinement, workFolder, readFolders, network });
      const program = withLimits(argv, limits, 'program');
      return { argv: ['/usr/bin/sandbox-exec', '-p', profile, ...program], limits: null, leash: 'own' };
    }
    case 'none':
      return { argv, limits, leash: confinement.leashFd ?? 'own' };
  }
};

/** Kills what a program left behind whose worker is gone. */
export const killMarked = (pid: number, mark: string): void => {
  for (const each of processesMarked(`${MARK_VARIABLE}=${mark}`, null)) send(each, 'SIGKILL');
  sendToGroup(pid, 'SIGKILL');
};

const sendToGroup = (pid: number | null, signal: NodeJS.Signals): void => {
  if (pid !== null && pid > 1) send(-pid, signal);
};

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
      throw new Error(`signal to ${pid}: ${messageOf(error)}`);
  }
};

const numberIn = (text: string, pattern: RegExp): number | null => {
  const match = pattern.exec(text);
  return match === null ? null : Number(match[1]);
};
