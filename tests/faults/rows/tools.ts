// Tools that the daemon runs, and their programs: killed and stopped from outside, given up, printing without end, and
// called with anything. The calls are forced; `TOOL_SETTINGS` has the tools.

import { setTimeout as sleep } from 'node:timers/promises';
import { askSoundly, descendantsOf, openSocket, running } from '../observer.js';
import type { FaultRow, Scene } from '../scene.js';

const tool = (name: string, lines: readonly string[]): readonly string[] => [
  `[tools.${name}]`,
  'enabled = true',
  ...lines,
];
const program = (name: string, script: string, parameters = '{ type = "object" }'): readonly string[] =>
  tool(name, [
    `command = ["/bin/sh", "-c", ${JSON.stringify(script)}]`,
    `description = "For tests."`,
    `parameters = ${parameters}`,
    'sandbox = "none"',
    'timeout = "1s"',
    'max_output = "1 KiB"', // the model reads it
  ]);

export const TOOL_SETTINGS: readonly string[] = [
  ...tool('calculator', []),
  ...tool('read_file', []),
  ...tool('search_files', []),
  ...tool('apply_patch', []),
  ...program('sleeps', 'sleep 20 & sleep 20; wait'),
  ...program('prints', 'while :; do echo "more and more"; done'),
  ...program('forks', 'for i in 1 2 3 4 5 6 7 8; do sleep 20 & done; exit 3'),
  // Checking this pattern takes longer than anybody waits, and takes its thread with it.
  ...program(
    'spins',
    'true',
    '{ type = "object", properties = { text = { type = "string", pattern = "^(a+)+$" } } }',
  ),
];

const MAX_TOKENS = 120;

const calls =
  (name: string, args: (scene: Scene) => unknown = () => ({})) =>
  async (scene: Scene): Promise<void> =>
    askSoundly(scene.socket, `force ${JSON.stringify({ name, arguments: args(scene) })}`, MAX_TOKENS);

/** While its program runs, every process of that is signalled. */
const signalled = (signal: NodeJS.Signals) => async (scene: Scene) => {
  const asked = calls('sleeps')(scene);
  const deadline = performance.now() + 1_500;
  let hit = false;
  while (!hit && performance.now() < deadline) {
    await sleep(30);
    for (const { pid, command } of descendantsOf(scene.pid)) {
      if (!command.startsWith('sleep 20')) continue;
      hit = true;
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  await asked;
};

const ODD_ARGUMENTS: readonly ((scene: Scene) => unknown)[] = [
  () => '{"expression":',
  () => ({ expression: '9'.repeat(400) }),
  () => ({ expression: '2^'.repeat(200) + '2' }),
  () => ({ path: `${'../'.repeat(40)}etc/shadow` }),
  () => ({ path: '\u0000' }),
  () => ({ pattern: '(((((' }),
  () => '[['.repeat(100),
  () => '*** Begin Patch\n*** Update File: /etc/passwd\n@@\n-root\n+toor\n*** End Patch',
  ({ random }) =>
    Array.from({ length: random.below(60) }, () => String.fromCodePoint(random.below(0xd800))).join(''),
];
const NAMES = ['calculator', 'read_file', 'search_files', 'apply_patch', 'sleeps', 'nothing', 'python'];

const oddCall = async (scene: Scene): Promise<void> => {
  const { random } = scene;
  const name = NAMES[random.below(NAMES.length)] as string;
  await calls(name, ODD_ARGUMENTS[random.below(ODD_ARGUMENTS.length)])(scene);
};

export const TOOL_FAULTS: readonly FaultRow[] = [
  { name: 'a tool’s program killed', hitsEngine: false, inject: signalled('SIGKILL') },
  { name: 'a tool’s program stopped', hitsEngine: false, inject: signalled('SIGSTOP') },
  { name: 'a tool that does not end', hitsEngine: false, inject: calls('sleeps') },
  { name: 'a tool that prints without end', hitsEngine: false, inject: calls('prints') },
  { name: 'a tool that leaves children behind', hitsEngine: false, inject: calls('forks') },
  {
    name: 'a tool’s thread that does not come back',
    hitsEngine: false,
    isCostly: true,
    inject: calls('spins', () => ({ text: `${'a'.repeat(40)}!` })),
  },
  { name: 'a call with anything for arguments', hitsEngine: false, inject: oddCall },
  {
    name: 'a client that leaves while its tool runs',
    hitsEngine: false,
    inject: async (scene) => {
      const socket = await openSocket(scene.socket);
      socket.resume();
      socket.write(running('force {"name":"sleeps","arguments":{}}'));
      await sleep(100 + scene.random.below(500));
      socket.destroy();
    },
  },
];
