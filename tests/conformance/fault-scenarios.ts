// What goes wrong between Codex and a daemon: the recorded faults and some more, each made by its cause.

import { argsFor, expectEqual, readRecording, rerun } from './recorded.js';
import type { Scenario } from './scenario.js';
import { TestHome } from './test-home.js';

const HELLO = '<|channel|>final<|message|>Hello.<|return|>';
const ENDLESS = `<|channel|>final<|message|>${'on and on '.repeat(3000)}<|return|>`;
const QUIET = readRecording('mincat').processes[0]!.args.slice(0, -1);

const codexSays = async (home: TestHome, prompt: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { stdout, stderr, code } = await home.codex(argsFor(home, [...QUIET, prompt]), env).done;
  const said = [...stdout.matchAll(/"type":"agent_message","text":("(?:[^"\\]|\\.)*")/g)];
  if (code !== 0 || said.length === 0) throw new Error(`codex ended with ${code}\n${stdout}${stderr}`);
  return JSON.parse(said.at(-1)![1]!) as string;
};

/** A request of another client. */
const post = (home: TestHome, input: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${home.baseUrl}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-oss-20b', input, stream: true }),
    ...(signal === undefined ? {} : { signal }),
  });

const numRunning = async (home: TestHome): Promise<number> => {
  const { stdout } = await home.codexpc('status', '--json');
  const { slots } = JSON.parse(stdout) as { slots: { used: number } };
  return slots.used;
};

export const faultScenarios: readonly Scenario[] = [
  {
    name: 'a prompt longer than the context is final, with its own message (err_context)',
    run: () =>
      TestHome.with({ script: [], settings: ['engine.context_length = 512'] }, (home) =>
        rerun(home, readRecording('err_context')),
      ),
  },
  {
    name: 'an answer that the context cuts is incomplete, and final (incomplete)',
    run: () =>
      TestHome.with(
        { script: [{ play: ENDLESS, times: 9 }], settings: ['engine.context_length = 4096'] },
        async (home) => {
          const { code, stdout } = await home.codex(argsFor(home, [...QUIET, 'Say hi'])).done;
          expectEqual(code, 1, stdout);
          expectEqual(
            stdout.includes('Incomplete response returned, reason: max_output_tokens'),
            true,
            stdout,
          );
          expectEqual(home.prompts().length, 1);
        },
      ),
  },
  {
    name: 'the engine crashes in mid-answer: Codex tries again (err_failed)',
    run: () =>
      TestHome.with({ script: [{ play: ENDLESS, crashAtToken: 20 }, { play: HELLO }] }, async (home) =>
        expectEqual(await codexSays(home, 'Say hi'), 'Hello.'),
      ),
  },
  {
    name: 'the daemon is killed after a call: Codex tries again, and the command ran once (err_drop)',
    run: () =>
      TestHome.with(
        {
          script: [
            {
              play: '<|channel|>commentary to=functions.exec_command <|constrain|>json<|message|>{"cmd":"echo once >> ran; sleep 1"}<|call|>',
            },
            { knows: 'functions.exec_command to=assistant', play: ENDLESS, stepMs: 20 },
          ],
        },
        async (home) => {
          const codex = home.codex(argsFor(home, [...QUIET, 'Go']));
          await home.until('the second answer is under way', () => home.prompts().length === 2);
          await home.killDaemon();
          home.play({ knows: 'functions.exec_command to=assistant', play: HELLO });
          await home.startDaemon();
          const { code, stdout, stderr } = await codex.done;
          expectEqual(code, 0, stdout + stderr);
          expectEqual(stdout.includes('"text":"Hello."'), true, stdout);
          expectEqual((await home.spawn('cat', ['ran']).done).stdout, 'once\n');
        },
      ),
  },
  {
    name: 'a full queue is told before any header, and Codex waits and comes in (err_503_retry)',
    run: () =>
      TestHome.with(
        {
          script: [
            { when: 'long', play: ENDLESS, stepMs: 50, times: 9 },
            { when: 'Say hi', play: HELLO },
          ],
          settings: ['[engine]', 'slots = 1', 'context_length = 32768', '[queue]', 'bound = 1'],
        },
        async (home) => {
          const leave = new AbortController();
          const others = [1, 2].map((n) => post(home, `a long story ${n}`, leave.signal));
          others.forEach((other) => void other.catch(() => {}));
          await home.until('slot and queue are full', async () => {
            const refused = await post(home, 'one more', AbortSignal.timeout(200)).catch(() => null);
            if (refused === null) return false;
            expectEqual([refused.status, refused.headers.get('retry-after') !== null], [503, true]);
            return true;
          });
          const answer = codexSays(home, 'Say hi');
          setTimeout(() => leave.abort(), 1500);
          expectEqual(await answer, 'Hello.');
        },
      ),
  },
  {
    name: 'an interrupt stops the generation',
    run: () =>
      TestHome.with({ script: [{ play: ENDLESS, stepMs: 20 }] }, async (home) => {
        const codex = home.codex(argsFor(home, [...QUIET, 'Go']));
        await home.until('the answer is under way', async () => (await numRunning(home)) === 1);
        codex.child.kill('SIGINT');
        await codex.done;
        await home.until('the slot is free', async () => (await numRunning(home)) === 0);
      }),
  },
  {
    name: 'calls written one after the other in one turn are all made',
    run: () => {
      const call = (text: string): string =>
        `<|channel|>commentary to=functions.exec_command <|constrain|>json<|message|>{"cmd":"echo ${text}"}`;
      return TestHome.with(
        {
          script: [
            { play: `${call('one')}<|end|><|start|>assistant${call('two')}<|call|>` },
            { knows: 'functions.exec_command to=assistant', play: HELLO },
          ],
        },
        async (home) => {
          expectEqual(await codexSays(home, 'Go'), 'Hello.');
          const [, second = ''] = home.prompts();
          const outputs = second.split('<|start|>functions.exec_command to=assistant').length - 1;
          expectEqual(outputs, 2, second.slice(-1500));
        },
      );
    },
  },
  {
    name: 'two threads and a title request at once; each thread goes on from what it has read',
    run: () =>
      TestHome.with({ script: [{ play: HELLO, times: 9 }] }, async (home) => {
        await Promise.all(['Say hi', 'Say hello', 'Say good day'].map((prompt) => codexSays(home, prompt)));
        const { stdout } = await home.codex(argsFor(home, [...QUIET, 'resume', '--last', 'Again'])).done;
        const used = /"input_tokens":(\d+),"cached_input_tokens":(\d+)/.exec(stdout);
        const [input, cached] = [Number(used?.[1]), Number(used?.[2])];
        expectEqual(cached > 0.9 * (input / 2), true, stdout);
      }),
  },
];
