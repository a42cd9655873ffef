// Limits of a program's processes. They are set as it starts, or by a shell before it: in the sandbox, and where Node,
// which cannot set them, starts it.

import type { ResourceLimits } from '../../system-calls.js';
import type { ToolLimits } from '../tool.js';

const SHELL = '/bin/sh';

export const LEASH_FD = 3;

/**
 * Kills the process group when the other end of its descriptor closes: the daemon is gone, however it went. It is the
 * program's neighbour in the group.
 */
const LEASH = `(read -r line <&${LEASH_FD}; kill -KILL 0) >/dev/null 2>&1 </dev/null &`;

/**
 * `leashed`: a leash is put on it. `init`: the shell stays, as the first process of its pid namespace, and collects what
 * ends there. Then the number of processes is bounded as well: elsewhere the system counts all that the user has, and
 * would stop what has done nothing.
 */
export const withLimits = (
  argv: readonly string[],
  { cpuMs, memoryBytes, openFiles, fileBytes, processes }: ToolLimits,
  role: 'init' | 'leashed' | 'program',
): readonly [string, ...string[]] => {
  const cpuSeconds = cpuSecondsOf(cpuMs);
  // A limit that the machine does not let us set is already lower, or is not known there.
  const set = (option: string): string => `ulimit ${option} 2>/dev/null`;
  const script = [
    ...(role === 'leashed' ? [LEASH] : []), // before the limits: they are the program's
    set('-c 0'),
    ...(cpuSeconds === Infinity
      ? []
      : [set(`-S -t ${cpuSeconds}`), set(`-H -t ${cpuSeconds + IGNORED_SECONDS}`)]),
    set(`-v ${Math.ceil(memoryBytes / 1_024)}`),
    set(`-n ${openFiles}`),
    set(`-f ${Math.ceil(fileBytes / 512)}`),
    // -u in bash, -p in dash
    ...(role === 'init' ? [`${set(`-u ${processes}`)} || ${set(`-p ${processes}`)}`] : []),
    // What the shell itself has to say ("Killed") is not the program's output.
    ...(role === 'init' ? ['exec 9>&2 2>/dev/null', '("$@" 2>&9 9>&-)', 'exit $?'] : []),
    ...(role === 'leashed' ? [`exec "$@" ${LEASH_FD}<&-`] : []),
    ...(role === 'program' ? ['exec "$@"'] : []),
  ].join('\n');
  return [SHELL, '-c', script, 'sh', ...argv];
};

/** The number of processes is not among them: outside of a sandbox the system counts all that the user has. */
export const resourceLimits = ({ cpuMs, memoryBytes, openFiles, fileBytes }: ToolLimits): ResourceLimits => {
  const cpuSeconds = cpuSecondsOf(cpuMs);
  const both = (most: number) => ({ soft: BigInt(Math.ceil(most)), hard: BigInt(Math.ceil(most)) });
  return {
    coreBytes: both(NO_CORE_BYTES),
    ...(cpuSeconds === Infinity
      ? {}
      : { cpuSeconds: { soft: BigInt(cpuSeconds), hard: BigInt(cpuSeconds + IGNORED_SECONDS) } }),
    addressSpaceBytes: both(memoryBytes),
    openFiles: both(openFiles),
    fileBytes: both(fileBytes),
  };
};

/** Not 0: see forbidCoreDumps. */
const NO_CORE_BYTES = 1;
/** SIGXCPU may be ignored for so long. */
const IGNORED_SECONDS = 1;
const cpuSecondsOf = (cpuMs: number): number => Math.max(1, Math.ceil(cpuMs / 1_000));

/** For what sets no limits itself, as the program that makes the sandbox. */
export const withLeash = (argv: readonly string[]): readonly [string, ...string[]] => [
  SHELL,
  '-c',
  `${LEASH}\nexec "$@" ${LEASH_FD}<&-`,
  'sh',
  ...argv,
];
