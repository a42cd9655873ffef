// Loaded into every thread of a soaked daemon (`node --import`): at SIGUSR2 each thread collects its garbage and tells
// what is left, and the main thread writes that down: a line with the bytes that native code has allocated, then one of
// `THREAD BYTES CODE_BYTES COMMITTED_BYTES` for each thread: CODE_BYTES of
// the bytes are what V8 has compiled, which it does for hours; COMMITTED_BYTES is what it keeps for itself, used or not.
// What the C library keeps of freed memory goes back then. So memory is measured without the mood of either, which is
// worth a hundred megabytes.
//   SOAK_HEAPS: the folder for the files, one for each process

import { renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapCodeStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { loadAddon } from '../../src/actors/load-addon.js';

/** All are idle, and have answered by then. */
const ANSWER_MS = 1_000;
const COLLECT = 'collect';

const folder = process.env['SOAK_HEAPS'] ?? '';
setFlagsFromString('--expose-gc'); // contexts made from now on have `gc`
const collect = runInNewContext('gc') as () => void;

const collected = (): string => {
  collect();
  collect(); // what the first one's finalizers let go
  const { bytecode_and_metadata_size: bytecode, code_and_metadata_size: code } = getHeapCodeStatistics();
  const { used_heap_size: used, total_physical_size: committed } = getHeapStatistics();
  return `${basename(process.argv[1] ?? '')} ${used} ${bytecode + code} ${committed}`;
};

const channel = new BroadcastChannel('codexpc-soak');
const answers: string[] = [];
channel.onmessage = (event) => {
  const { data } = event as { readonly data: string };
  if (data !== COLLECT) answers.push(data);
  else if (!isMainThread) channel.postMessage(collected());
};
channel.unref();

const report = async (): Promise<void> => {
  answers.splice(0);
  channel.postMessage(COLLECT);
  await sleep(ANSWER_MS);
  const file = join(folder, String(process.pid));
  const ownHeap = collected();
  const allocated = loadAddon().returnFreeMemory();
  writeFileSync(`${file}.new`, [allocated, ownHeap, ...answers].join('\n'));
  renameSync(`${file}.new`, file);
};

if (isMainThread) process.on('SIGUSR2', () => void report());
