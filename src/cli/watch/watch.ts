// `codexpc watch`: what the daemon does, as it does it: on a screen, as lines, or into a file.

import type { Client } from '../../client/index.js';
import type { MachineDefinition } from '../../ipc/protocol.js';
import type { RecordingHeader } from '../../ipc/recording.js';
import { loadCliConfig, type ConfigFlags } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { openDaemon } from '../open-session.js';
import { PipeClosed } from '../output.js';
import { type Face, openLines } from './lines.js';
import { Recorder } from './recorder.js';
import { View } from './view.js';
import { wantsScreen } from './wants-screen.js';

export interface WatchOptions extends ConfigFlags {
  readonly record: string | null;
  readonly showContent: boolean;
  readonly json: boolean;
  /** False: lines, also on a terminal. */
  readonly ui: boolean;
}

export const watch = async (context: CliContext, options: WatchOptions): Promise<number> => {
  const interruption = new Interruption(context);
  const client = await openDaemon(loadCliConfig(context, options));
  const quit = new AbortController();
  const signal = AbortSignal.any([interruption.signal, quit.signal]);
  const machines = await client.machines();
  using recorder =
    options.record === null ? null : new Recorder(options.record, await headerOf(client, machines, options));
  using face = wantsScreen(context, options)
    ? openScreen({ context, client, machines, onQuit: () => quit.abort() })
    : openLines(context, options.json);
  try {
    for await (const event of client.watch({ signal, content: options.showContent, history: true })) {
      const wasFull = recorder?.isFull ?? false;
      recorder?.take(event);
      if (!wasFull && recorder?.isFull === true)
        face.say('The recording is full: what comes now is not in it.');
      await face.take(event);
    }
    return EXIT.ok;
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    if (signal.aborted) return EXIT.ok; // leaving is what Ctrl-C is for here
    throw error;
  } finally {
    client.close();
    interruption.dispose();
  }
};

export interface ScreenOptions {
  readonly context: CliContext;
  readonly client: Client;
  readonly machines: readonly MachineDefinition[];
  readonly onQuit: () => void;
}

export const openScreen = ({ context, client, machines, onQuit }: ScreenOptions): Face => {
  const tellFailure = (error: unknown): void =>
    view.say(error instanceof Error ? error.message : String(error));
  const view = new View({
    context,
    machines,
    onQuit,
    now: Date.now,
    commands: {
      cancel: (requestId) => void client.cancel(requestId).catch(tellFailure),
      injectFault: (fault) =>
        void client.injectFault(fault).then(() => view.say(`Fault ${fault} is set.`), tellFailure),
    },
  });
  return {
    take: async (event) => view.push(event),
    say: (note, forMs) => view.say(note, forMs),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
};

const headerOf = async (
  client: Client,
  machines: readonly MachineDefinition[],
  { showContent }: WatchOptions,
): Promise<RecordingHeader> => {
  const { version, pid } = await client.health();
  return {
    type: 'codexpc.recording',
    recordingVersion: 1,
    createdAt: Date.now(),
    daemon: { version, pid },
    content: showContent,
    machines,
  };
};
