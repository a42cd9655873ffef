// What ends the programs of a daemon that was killed: one shell, which is told of each process group as it begins and
// when it has ended, and kills those it knows when the other end of its input closes, however that went.

import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { findNativeStart, type NativeStart } from './start-native.js';

export interface Leash {
  /** Descriptor to tell it by; null: this system has no such leash, and each program needs its own. */
  fd(): number | null;
  close(): void;
}

const SHELL = '/bin/sh';
const SCRIPT = `trap '' HUP INT TERM
groups=' '
while read -r line; do
  group=\${line#[+-]}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

export const createLeash = (start: NativeStart | null = findNativeStart()): Leash => {
  let stop: (() => void) | null = null;
  let input: number | null = null;

  const begin = (begun: NativeStart): void => {
    const { descriptors, end } = begun({
      files: [SHELL],
      arguments: [SHELL, '-c', SCRIPT],
      environment: [],
      folder: '/',
      descriptors: ['read', 'null', 'null'],
      limits: {},
      leash: null,
    });
    const fd = descriptors[0]!;
    const isEnded = new Socket({ fd: end, readable: true, writable: false });
    const forget = (): void => {
      if (stop !== forget) return;
      stop = input = null;
      closeSync(fd);
    };
    // Somebody may have killed it: programs that begin from now on have another one.
    isEnded
      .unref()
      .on('error', () => {})
      .once('close', forget)
      .resume();
    stop = forget;
    input = fd;
  };

  return {
    fd: () => {
      if (input === null && start !== null) begin(start);
      return input;
    },
    close: () => stop?.(),
  };
};
