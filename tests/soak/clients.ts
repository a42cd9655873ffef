// Those who use the daemon during a soak, each in its way, until they are told to stop.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConversationItem, RespondOptions } from '../../src/ipc/protocol.js';
import { CLI, type DaemonProcess } from '../fixtures/daemon-process.js';
import type { Random } from '../faults/random.js';
import { createCodexThread } from './codex-thread.js';
import { type Api, stream } from './http-stream.js';
import type { Ledger } from './ledger.js';
import { type Reply, SocketLine } from './socket-line.js';

export interface ClientScene {
  readonly daemon: DaemonProcess;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** One turn of a client; what it asks for and how it ends goes into the ledger. */
type Turn = (scene: ClientScene) => Promise<void>;

const QUESTIONS = [
  'What is codexpc?',
  'Hello',
  'What is 17 + 25?',
  'Who are you?',
  'How do I stop the daemon?',
];
const TOOL_QUESTIONS = ['What time is it?', 'Use the calculator: what is 1234 * 77?', 'List the files here.'];
const MAX_TOKENS = 120;
const THINK_MS = 1_500;

const pick = <Value>(values: readonly Value[], random: Random): Value =>
  values[random.below(values.length)] as Value;

export const say = (text: string): readonly ConversationItem[] => [
  { kind: 'message', role: 'user', text, channel: null },
];

const question = ({ random }: ClientScene): RespondOptions => ({
  items: say(pick(QUESTIONS, random)),
  maxTokens: MAX_TOKENS,
  sampling: { temperature: 0 },
});

/** At a high temperature the model does not come to an end by itself. */
const ramble = ({ random }: ClientScene, maxTokens: number): RespondOptions => ({
  items: say(pick(QUESTIONS, random)),
  maxTokens,
  sampling: { temperature: 2 },
});

const record = ({ ledger }: ClientScene, { firstTokenMs, gapsMs }: Reply): void => {
  if (firstTokenMs !== null) ledger.firstToken(firstTokenMs);
  gapsMs.forEach(ledger.gap);
};

/** Several answers on one connection, one after the other. */
const converses: Turn = async (scene) => {
  const line = await SocketLine.open(scene.daemon.socket, scene.ledger);
  for (let left = 1 + scene.random.below(4); left > 0; left--) {
    const reply = await line.ask(question(scene)).reply;
    record(scene, reply);
    scene.ledger.ended('socket', reply.end);
  }
  line.close();
};

const usesTools: Turn = async (scene) => {
  const line = await SocketLine.open(scene.daemon.socket, scene.ledger);
  const items = say(pick(TOOL_QUESTIONS, scene.random));
  const { end, events } = await line.ask({ items, maxTokens: 300, sampling: { temperature: 0 } }).reply;
  scene.ledger.ended('tools', end);
  for (const event of events) {
    if (event.type === 'output_item.done' && event.item.kind === 'tool_output' && event.item.result !== null)
      scene.ledger.ended('tool calls', event.item.result.status);
  }
  line.close();
};

const cancels: Turn = async (scene) => {
  const line = await SocketLine.open(scene.daemon.socket, scene.ledger);
  const asked = line.ask(ramble(scene, 2_000));
  await sleep(scene.random.below(600));
  asked.cancel();
  scene.ledger.ended('cancels', (await asked.reply).end);
  line.close();
};

/** More than the system's buffers hold: the daemon has to pause these answers, and no others. */
const readsSlowly: Turn = async (scene) => {
  const line = await SocketLine.open(scene.daemon.socket, scene.ledger);
  const asked = Array.from({ length: 2 }, () => line.ask(ramble(scene, 600)));
  for (let left = 4; left > 0 && !scene.signal.aborted; left--) {
    line.pause();
    await sleep(500 + scene.random.below(1_000));
    line.resume();
    await sleep(20);
  }
  for (const { reply } of asked) scene.ledger.ended('slow readers', (await reply).end);
  line.close();
};

const reconnects: Turn = async (scene) => {
  for (let left = 3; left > 0; left--) {
    const line = await SocketLine.open(scene.daemon.socket, scene.ledger);
    const { reply } = line.ask(ramble(scene, 500));
    await sleep(scene.random.below(300));
    line.close();
    scene.ledger.ended('reconnects', (await reply).end);
  }
};

const bodyOf = (api: Api, scene: ClientScene) => {
  const text = pick(QUESTIONS, scene.random);
  return api === 'chat'
    ? { model: 'pocket', messages: [{ role: 'user', content: text }], max_tokens: MAX_TOKENS }
    : { model: 'pocket', input: text, max_output_tokens: MAX_TOKENS, store: false };
};

const streams =
  (api: Api, readDelayMs: number): Turn =>
  async (scene) => {
    const { daemon, ledger } = scene;
    const url = daemon.url as string;
    // Of a slow reader the daemon's part of a gap can't be told.
    const quiet = { ...ledger, firstToken: () => {}, gap: () => {} };
    const body = bodyOf(api, scene);
    const { end } = await stream({ url, api, body, readDelayMs, ledger: readDelayMs > 0 ? quiet : ledger });
    ledger.ended(readDelayMs > 0 ? `http ${api}, slow` : `http ${api}`, end);
  };

const leavesHttp: Turn = async (scene) => {
  const { daemon, ledger, random } = scene;
  const api = pick<Api>(['responses', 'chat'], random);
  const leaving = AbortSignal.timeout(1 + random.below(400));
  const quiet = { ...ledger, firstToken: () => {}, gap: () => {} };
  const { end } = await stream({
    url: daemon.url as string,
    api,
    body: { ...bodyOf(api, scene), temperature: 2 },
    ledger: quiet,
    signal: leaving,
  });
  ledger.ended('http, leaves', end);
};

/** A thread of Codex's: its whole prompt, tools, and a conversation that grows with each turn. */
const worksLikeCodex: Turn = async (scene) => {
  const thread = createCodexThread(scene.random);
  for (let left = 2 + scene.random.below(6); left > 0 && !scene.signal.aborted; left--) {
    const { end, output } = await stream({
      url: scene.daemon.url as string,
      api: 'responses',
      body: thread.body(),
      ledger: scene.ledger,
    });
    scene.ledger.ended('codex', end);
    thread.goOn(output);
    await sleep(scene.random.below(THINK_MS));
  }
};

const runsCommand: Turn = async ({ daemon, ledger, random }) => {
  const args = ['run', '--json', '--socket', daemon.socket, '--max-tokens', '60', pick(QUESTIONS, random)];
  const child = spawn(process.execPath, [CLI, ...args], {
    env: daemon.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, problem] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const ends = output.match(/^\{"type":"(completed|failed)"/gm) ?? [];
  if (ends.length !== 1)
    ledger.violation(`codexpc run printed ${ends.length} terminal events: ${problem.trim()}`);
  ledger.ended('codexpc run', `exit code ${code}${code === 0 ? '' : `: ${problem.trim()}`}`);
};

const CLIENTS: readonly { readonly turn: Turn; readonly times: number }[] = [
  { turn: converses, times: 2 },
  { turn: usesTools, times: 1 },
  { turn: cancels, times: 2 },
  { turn: readsSlowly, times: 1 },
  { turn: reconnects, times: 1 },
  { turn: streams('responses', 0), times: 1 },
  { turn: streams('chat', 0), times: 1 },
  { turn: streams('responses', 50), times: 1 },
  { turn: leavesHttp, times: 1 },
  { turn: worksLikeCodex, times: 2 },
  { turn: runsCommand, times: 1 },
];

/** Resolves when all have ended what they had begun after the signal. */
export const runClients = async (scene: ClientScene): Promise<void> => {
  const work = async (turn: Turn): Promise<void> => {
    while (!scene.signal.aborted) {
      await turn(scene).catch((error: unknown) =>
        scene.ledger.violation(`a client failed: ${String(error)}`),
      );
      await sleep(scene.random.below(THINK_MS));
    }
  };
  await Promise.all(CLIENTS.flatMap(({ turn, times }) => Array.from({ length: times }, () => work(turn))));
};
