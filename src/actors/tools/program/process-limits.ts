// Limits of a program's processes, set by a shell before it starts the program: Node cannot set them itself.

import type { ToolLimits } from '../tool.js';

const SHELL = '/bin/sh';

/**
 * Kills the process group when the other end of descriptor 3 closes: the daemon is gone, however it went. It is the
 * program's neighbour in the group.
 */
const LEASH = '(read -r line <&3; kill -KILL 0) >/dev/null 2>&1 </dev/null &';

/**
 * `leashed`: a leash is put on it. `init`: the shell stays, as the first process of its pid namespace, and collects what ends there. Then the number of
 * processes is bounded as well: elsewhere the system counts all that the user has, and would stop what has done nothing.
 */
export const withLimits = (
  argv: readonly string[],
  { cpuMs, memoryBytes, openFiles, fileBytes, processes }: ToolLimits,
  role: 'init' | 'leashed' | 'program',
): readonly [string, ...string[]] => {
  const cpuSeconds = Math.max(1, Math.ceil(cpuMs / 1_000));
  // A limit that the machine does not let us set is already lower, or is not known there.
  const set = (option: string): string => `ulimit ${option} 2>/dev/null`;
  const script = [
    ...(role === 'leashed' ? [LEASH] : []), // before the limits: they are the program's
    set('-c 0'),
    ...(cpuSeconds === Infinity ? [] : [set(`-S -t ${cpuSeconds}`), set(`-H -t ${cpuSeconds + 1}`)]), // SIGKILL for what has ignored SIGXCPU
    set(`-v ${Math.ceil(memoryBytes / 1_024)}`),
    set(`-n ${openFiles}`),
    set(`-f ${Math.ceil(fileBytes / 512)}`),
    // -u in bash, -p in dash
    ...(role === 'init' ? [`${set(`-u ${processes}`)} || ${set(`-p ${processes}`)}`] : []),
    // What the shell itself has to say ("Killed") is not the program's output.
    ...(role === 'init' ? ['exec 9>&2 2>/dev/null', '("$@" 2>&9 9>&-)', 'exit $?'] : []),
    ...(role === 'leashed' ? ['exec "$@" 3<&-'] : []),
    ...(role === 'program' ? ['exec "$@"'] : []),
  ].join('\n');
  return [SHELL, '-c', script, 'sh', ...argv];
};

/** For what sets no limits itself, as the program that makes the sandbox. */
export const withLeash = (argv: readonly string[]): readonly [string, ...string[]] => [
  SHELL,
  '-c',
  `${LEASH}\nexec "$@" 3<&-`,
  'sh',
  ...argv,
];
