// Fills what a daemon keeps up to a bound, so that its memory can be compared from one moment to another.

import type { DaemonProcess } from '../fixtures/daemon-process.js';
import type { Random } from '../faults/random.js';
import { say } from './clients.js';
import { createCodexThread } from './codex-thread.js';
import { stream } from './http-stream.js';
import { createLedger, type Ledger } from './ledger.js';
import { SocketLine } from './socket-line.js';

/** The slots hold four of them, the cache three. */
const NUM_PROMPTS = 10;
/** More than the renderer keeps the tokens of (src/harmony/text-cache.ts). */
const NUM_TEXTS = 10_000;
/** Each of them is written in a few messages that no other has. */
const NUM_SUMS = 400;
const NUM_LINES = 4;
const MAX_NUMBER = 1_000_000;

export interface Filler {
  /** Once. The clients' own texts would take hours. */
  fillTexts(daemon: DaemonProcess): Promise<void>;
  /** More messages of the model's than the daemon remembers (src/actors/written-messages.ts), or as many as come in that time. */
  fillAnswers(daemon: DaemonProcess, forMs: number): Promise<void>;
  /**
   * What the cache of kept prompts holds depends on what was asked last, from nothing to its bound. So the same is asked
   * before each sample: more long conversations than fit into slots and cache, each a new one.
   */
  fillPrompts(daemon: DaemonProcess): Promise<void>;
}

export const createFiller = (ledger: Ledger, random: Random): Filler => {
  let numFilled = 0;
  const ask = async (daemon: DaemonProcess, body: Readonly<Record<string, unknown>>): Promise<void> => {
    // Not among the clients' times.
    const { end } = await stream({
      url: daemon.url as string,
      api: 'responses',
      body,
      ledger: createLedger(),
    });
    ledger.ended('fills a cache', end);
  };
  return {
    fillTexts: (daemon) => {
      const input = Array.from({ length: NUM_TEXTS }, (_, index) => ({
        type: 'message',
        role: 'user',
        content: `The text number ${index} of many.`,
      }));
      return ask(daemon, { model: 'pocket', input, store: false }); // refused: too long, once all tokens are known
    },
    fillAnswers: async (daemon, forMs) => {
      const deadline = performance.now() + forMs;
      let numAsked = 0;
      const work = async (): Promise<void> => {
        const line = await SocketLine.open(daemon.socket, ledger);
        while (numAsked++ < NUM_SUMS && performance.now() < deadline) {
          const sum = `${random.below(MAX_NUMBER)} + ${random.below(MAX_NUMBER)}`;
          const items = say(`Use the calculator: what is ${sum}?`);
          const { end } = await line.ask({ items, maxTokens: 300, sampling: { temperature: 0 } }).reply;
          ledger.ended('fills a memory', end);
        }
        line.close();
      };
      await Promise.all(Array.from({ length: NUM_LINES }, work));
    },
    fillPrompts: async (daemon) => {
      for (let thread = 0; thread < NUM_PROMPTS; thread++) {
        const first = `This is question ${(numFilled += 1)}.`;
        await ask(daemon, { ...createCodexThread(random, first).body(), max_output_tokens: 8 });
      }
    },
  };
};
