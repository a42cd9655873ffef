// Tools that the daemon runs itself, within an answer; the engine and the tools follow a script.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import { parseForcing } from '../../src/actors/forced-call.js';
import type { OutputItem, ResponseEvent, WatchEvent } from '../../src/ipc/protocol.js';
import { startTools } from './tools/tool-harness.js';
import { SPECIAL_TOKENS } from './fakes/scripted-addon.js';
import { createScriptedTools } from './fakes/scripted-tools.js';
import {
  ask,
  type CollectingSink,
  startTestDaemon,
  stopTestDaemon,
  type TestDaemonOptions,
} from './test-daemon.js';

jest.setTimeout(60_000); // on a busy machine

const completed = (event: ResponseEvent) => {
  if (event.type !== 'completed') throw new Error(`ended with ${JSON.stringify(event)}`);
  return event;
};

const itemsOf = ({ events }: CollectingSink): OutputItem[] =>
  events.flatMap((event) => (event.type === 'output_item.done' ? [event.item] : []));

const callsAndOutputs = (sink: CollectingSink) =>
  itemsOf(sink).flatMap((item) => {
    if (item.kind === 'tool_call') return [`${item.owner} ${item.name}`];
    return item.kind === 'tool_output' ? [`→ ${item.output}`] : [];
  });

const isCall = (event: ResponseEvent): boolean =>
  event.type === 'output_item.done' && event.item.kind === 'tool_call';

/** A function of the client's. */
const ask_user = {
  kind: 'function',
  name: 'ask_user',
  description: '',
  parameters: null,
  strict: false,
} as const;

describe("the daemon's own tools", () => {
  let daemon: Daemon | null = null;
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    daemon = null;
  });
  const tools = createScriptedTools();
  const start = (options: TestDaemonOptions = {}): Daemon =>
    (daemon = startTestDaemon({ toolRunner: createScriptedTools(), ...options }));

  test('are run within the answer, which goes on from what its slot holds', async () => {
    const answer = ask(start({ toolRunner: tools }), 'call look {"at":"it"}');
    const end = completed(await answer.ended);
    expect(end.finishReason).toBe('stop');
    expect(answer.text()).toBe('got seen {"at":"it"}');
    expect(itemsOf(answer)).toMatchObject([
      { kind: 'tool_call', name: 'look', arguments: '{"at":"it"}', owner: 'daemon', declared: true },
      { kind: 'tool_output', output: 'seen {"at":"it"}', result: { status: 'ok', durationMs: 10 } },
      { kind: 'message', channel: 'final' },
    ]);
    const [first, second] = itemsOf(answer);
    expect(first).toMatchObject({ callId: (second as { callId: string }).callId });
    // The second round feeds the call's end, the output and a header; all before lay in the slot.
    const firstRound = end.usage.cachedInputTokens;
    expect(firstRound).toBeGreaterThan(200);
    expect(end.usage.inputTokens - 2 * firstRound).toBeLessThan(150);
    expect(tools.calls).toMatchObject([{ name: 'look', sessionId: answer.request.requestId }]);
    expect(tools.ended).toEqual([answer.request.requestId]);
  });

  test('can be called again and again', async () => {
    const running = start({ session: { maxToolRounds: 3 } });
    const answer = ask(running, 'again look {}');
    const end = completed(await answer.ended);
    expect(end.finishReason).toBe('tool_limit');
    const outputs = callsAndOutputs(answer).filter((line) => line.startsWith('→'));
    expect(outputs).toEqual([
      '→ seen {}',
      '→ seen {}',
      '→ seen {}',
      expect.stringMatching(/^→ look was not run\. No more tools .* Answer now/),
    ]);
  });

  test('python is called on the analysis channel, with source text, and answers there', async () => {
    const answer = ask(start(), 'python print(1)', { include: ['tokens'] });
    await answer.ended;
    expect(answer.text()).toBe('got PRINT(1)');
    expect(itemsOf(answer)[0]).toMatchObject({
      kind: 'tool_call',
      name: 'python',
      arguments: 'print(1)',
      freeform: true,
      owner: 'daemon',
      declared: true,
      guessed: false,
    });
  });

  test('are not offered when no tool may be chosen', async () => {
    const answer = ask(start(), 'call look {}', { toolChoice: 'none' });
    completed(await answer.ended);
    expect(callsAndOutputs(answer)).toEqual(['daemon look', expect.stringContaining('There are no tools')]);
  });

  test('are not offered to a request that declines them', async () => {
    const declined = ask(start(), 'call look {}', { daemonTools: false, tools: [ask_user] });
    completed(await declined.ended);
    expect(callsAndOutputs(declined)).toEqual([
      'daemon look',
      expect.stringMatching(/no tool functions\.look.* The tools are: ask_user\./),
    ]);
  });

  test('apply_patch takes the text of a patch, not JSON', async () => {
    const folder = startTools({ apply_patch: {} });
    try {
      const patch = '*** Begin Patch\n*** Add File: a.txt\n+"quoted"\n*** End Patch\n';
      const forcing = { name: 'apply_patch', arguments: patch };
      const answer = ask(start({ toolRunner: folder.runner, forcing }), 'say done');
      completed(await answer.ended);
      expect(itemsOf(answer)[0]).toMatchObject({
        kind: 'tool_call',
        name: 'apply_patch',
        arguments: patch,
        freeform: true,
        owner: 'daemon',
      });
      expect(readFileSync(join(folder.workFolder, 'a.txt'), 'utf8')).toBe('"quoted"\n');
    } finally {
      await folder.stop();
    }
  });

  describe('beside those of the client', () => {
    test('with "return", its calls end the answer', async () => {
      const answer = ask(start(), 'call ask_user {}', { tools: [ask_user] });
      expect(completed(await answer.ended).finishReason).toBe('tool_calls');
      expect(callsAndOutputs(answer)).toEqual(['client ask_user']);
    });

    test('with "return", a turn with calls of both ends after the daemon’s have been answered', async () => {
      const answer = ask(start(), 'both ask_user slow', { tools: [ask_user] });
      expect(completed(await answer.ended).finishReason).toBe('tool_calls');
      expect(callsAndOutputs(answer)).toEqual(['client ask_user', 'daemon slow', '→ seen {}']);
    });

    test.each([
      ['before the turn is over', 'ask_user'],
      ['while the daemon’s runs', 'slow'],
    ])('with "await", the client may answer %s', async (_, after) => {
      const running = start();
      const answer = ask(running, 'both ask_user slow', { tools: [ask_user], toolCalls: 'await' });
      await answer.until((event) => isCall(event) && JSON.stringify(event).includes(`"name":"${after}"`));
      const { requestId } = answer.request;
      const [call] = itemsOf(answer);
      if (call?.kind !== 'tool_call') throw new Error('no call');
      const { callId } = call;
      running.toolOutput({ type: 'tool_output', requestId, callId, output: 'yes' });
      expect(() => running.toolOutput({ type: 'tool_output', requestId, callId, output: 'no' })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
      expect(completed(await answer.ended).finishReason).toBe('stop');
      expect(callsAndOutputs(answer).sort()).toEqual([
        'client ask_user',
        'daemon slow',
        '→ seen {}',
        '→ yes',
      ]);
      expect(answer.text()).toBe('got seen {}'); // the model reads the answers in the order of its calls
    });

    test('a tool of the same name is the client’s, and the log says so once', async () => {
      const running = start();
      const warnings: WatchEvent[] = [];
      running.watch((event) => event.kind === 'log' && event.level === 'warn' && warnings.push(event), {
        content: false,
        history: false,
      });
      for (const call of ['call look {}', 'call look {"again":true}']) {
        const answer = ask(running, call, { tools: [{ ...ask_user, name: 'look' }] });
        expect(completed(await answer.ended).finishReason).toBe('tool_calls');
        expect(callsAndOutputs(answer)).toEqual(['client look']);
      }
      expect(warnings).toMatchObject([
        { fields: { tool: 'look' }, message: expect.stringContaining('look') },
      ]);
    });
  });

  describe('a call that is never run', () => {
    test('of a tool that was not offered: the model is told which there are', async () => {
      const answer = ask(start(), 'call list {}', { tools: [ask_user] });
      expect(completed(await answer.ended).finishReason).toBe('stop');
      expect(itemsOf(answer)).toMatchObject([
        { kind: 'tool_call', name: 'list', owner: 'daemon', declared: false },
        {
          kind: 'tool_output',
          output:
            'There is no tool functions.list, so nothing was run. The tools are: ask_user, look, hang, slow, python.',
          result: { status: 'refused' },
        },
        { kind: 'message' },
      ]);
    });

    test('guessed from malformed output: the model is told to write it again', async () => {
      const runner = createScriptedTools();
      const answer = ask(start({ toolRunner: runner }), 'bare look {}');
      await answer.ended;
      expect(itemsOf(answer)).toMatchObject([
        { kind: 'tool_call', name: 'look', owner: 'daemon', declared: true, guessed: true },
        { kind: 'tool_output', output: expect.stringContaining('malformed'), result: { status: 'refused' } },
        { kind: 'message' },
      ]);
      expect(runner.calls).toEqual([]);
    });
  });

  describe('a call that runs', () => {
    const startHanging = async (options: TestDaemonOptions = {}) => {
      const runner = createScriptedTools();
      const running = start({ toolRunner: runner, ...options });
      const answer = ask(running, 'call hang {}');
      await answer.until(isCall);
      return { runner, running, answer };
    };

    test.each(['client_gone', 'cancelled'] as const)('is aborted by %s', async (reason) => {
      const { runner, running, answer } = await startHanging();
      running.cancel(answer.request.requestId, reason);
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
      expect(runner.aborted).toHaveLength(runner.calls.length);
      expect(callsAndOutputs(answer)).toEqual(['daemon hang']);
    });

    test('is aborted by the deadline', async () => {
      const runner = createScriptedTools();
      const answer = ask(start({ toolRunner: runner }), 'call hang {}', { deadlineMs: 3_000 });
      expect(completed(await answer.ended).finishReason).toBe('deadline');
      expect(runner.aborted).toHaveLength(1);
    });

    test('is aborted when the daemon stops, which ends the tools', async () => {
      const { runner, running, answer } = await startHanging();
      running.shutdown('now');
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
      await running.stopped;
      expect(runner.aborted).toHaveLength(runner.calls.length);
      expect(runner.isClosed()).toBe(true);
    });

    test('is stopped when the time for tools is over; the answer goes on', async () => {
      const { runner, answer } = await startHanging({ session: { maxToolTimeMs: 50 } });
      expect(completed(await answer.ended).finishReason).toBe('stop');
      expect(runner.aborted).toHaveLength(1);
      expect(answer.text()).toMatch(/^got hang was stopped after 10 ms\. The time for tools .* is over/);
      expect(itemsOf(answer)[1]).toMatchObject({ result: { status: 'timed_out' } });
    });

    test('is counted in the status', async () => {
      const { running, answer } = await startHanging();
      while (running.status().requests.awaitingTool !== 1) await new Promise(setImmediate);
      running.cancel(answer.request.requestId, 'cancelled');
      await answer.ended;
      expect(running.status().requests.awaitingTool).toBe(0);
    });
  });

  describe('a forced call', () => {
    test('is the first turn of the answer, whatever the model would say', async () => {
      const running = start({ forcing: parseForcing('{"name":"look","arguments":{"at":"it"}}') });
      const answer = ask(running, 'say hello');
      const end = completed(await answer.ended);
      expect(answer.text()).toBe('got seen {"at":"it"}');
      expect(end.repairs).toEqual({});
      // Every token but the last of the forced turn lay in the slot.
      expect(end.usage.cachedInputTokens).toBeGreaterThan(200);
    });

    test.each([
      ['python', '"print(1)"', 'got PRINT(1)'],
      ['nothing', '{}', expect.stringContaining('There is no tool functions.nothing')],
    ])('of %s', async (name, args, text) => {
      const answer = ask(
        start({ forcing: parseForcing(`{"name":"${name}","arguments":${args}}`) }),
        'say hi',
      );
      const end = completed(await answer.ended);
      expect(answer.text()).toEqual(text);
      expect(end.repairs).toEqual({});
    });

    test('of a client’s tool is not forced on the turn that goes on from its output', async () => {
      const running = start({ forcing: parseForcing('{"name":"ask_user","arguments":{}}') });
      const first = ask(running, 'say hi', { tools: [ask_user] });
      expect(completed(await first.ended).finishReason).toBe('tool_calls');
      const second = ask(running, '', {
        tools: [ask_user],
        items: [
          ...first.request.items,
          { kind: 'tool_call', callId: 'c', name: 'ask_user', arguments: '{}', freeform: false },
          { kind: 'tool_output', callId: 'c', output: 'yes' },
        ],
      });
      expect(completed(await second.ended).finishReason).toBe('stop');
      expect(second.text()).toBe('got yes');
    });

    test('may be said by each request; any tokens may, and the answer ends as ever', async () => {
      const running = start({ forcing: parseForcing('asked') });
      const call = ask(running, 'force {"name":"look","arguments":{"at":"it"}}');
      const plain = ask(running, 'say hello');
      const noise = ask(running, `force {"tokens":[${Object.values(SPECIAL_TOKENS).join()}]}`);
      const wrong = (): unknown => ask(running, 'force {"tokens":[-1]}');
      expect(wrong).toThrow(expect.objectContaining({ code: 'invalid_request' }));
      completed(await call.ended);
      expect(call.text()).toBe('got seen {"at":"it"}');
      completed(await plain.ended);
      expect(plain.text()).toBe('hello');
      expect(completed(await noise.ended).usage.outputTokens).toBeGreaterThan(0);
    });

    test('in 100 answers at the same time', async () => {
      const runner = createScriptedTools();
      const running = start({
        toolRunner: runner,
        queueBound: 100,
        engine: { queueBound: 100 },
        forcing: parseForcing('{"name":"look","arguments":{}}'),
      });
      const answers = Array.from({ length: 100 }, (_, index) => ask(running, `say ${index}`));
      const ends = await Promise.all(answers.map(({ ended }) => ended));
      expect(new Set(ends.map((end) => completed(end).finishReason))).toEqual(new Set(['stop']));
      expect(new Set(answers.map((answer) => answer.text()))).toEqual(new Set(['got seen {}']));
      expect(new Set(runner.calls.map(({ callId }) => callId)).size).toBe(100);
      expect(running.status().requests).toMatchObject({ completed: 100, running: 0, awaitingTool: 0 });
      expect(running.status().slots.used).toBe(0);
    });

    test.each(['', 'clock', '{"name":"clock"}', '{"name":"","arguments":{}}', '[]'])('is not %j', (text) => {
      expect(() => parseForcing(text)).toThrow(/CODEXPC_TEST_FORCE_TOOL/);
    });
  });
});
