// `codexpc replay FILE`: a recording on the same screen, without a daemon.

import { readFileSync } from 'node:fs';
import { CodexpcError } from '../../errors.js';
import { decodeRecording, type Recording } from '../../ipc/recording.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { PipeClosed } from '../output.js';
import { openLines } from './lines.js';
import { View } from './view.js';
import { wantsScreen } from './wants-screen.js';

export interface ReplayOptions {
  readonly file: string;
  readonly json: boolean;
  readonly ui: boolean;
}

export const replay = async (context: CliContext, options: ReplayOptions): Promise<number> => {
  const recording = read(options.file);
  if (!wantsScreen(context, options)) return print(context, recording, options.json);
  const interruption = new Interruption(context);
  const quit = new AbortController();
  const signal = AbortSignal.any([interruption.signal, quit.signal]);
  using view = new View({
    context,
    machines: recording.header.machines,
    commands: null,
    onQuit: () => quit.abort(),
    now: Date.now,
  });
  view.play(recording.events);
  if (recording.isCutOff) view.say(CUT_OFF);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  interruption.dispose();
  return EXIT.ok;
};

const print = async (
  context: CliContext,
  { events, isCutOff }: Recording,
  json: boolean,
): Promise<number> => {
  const lines = openLines(context, json);
  try {
    for (const event of events) await lines.take(event);
    if (isCutOff) lines.say(CUT_OFF);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    throw error;
  }
};

const CUT_OFF = 'The recording was cut off: it ends earlier than what was recorded.';

const read = (file: string): Recording => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodexpcError({
      code: 'io_error',
      message: `The recording ${file} cannot be read: ${reason}. Check the path.`,
      cause,
    });
  }
  return decodeRecording(bytes);
};
