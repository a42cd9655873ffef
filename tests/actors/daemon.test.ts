// The whole daemon in one process, with an engine that follows a script.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import type { ResponseEvent } from '../../src/ipc/protocol.js';
import { ask, startTestDaemon, stopTestDaemon, type TestDaemonOptions } from './test-daemon.js';

const completed = (event: ResponseEvent) => {
  if (event.type !== 'completed') throw new Error(`ended with ${JSON.stringify(event)}`);
  return event;
};
const isText = ({ type }: ResponseEvent): boolean => type === 'output_text.delta';

describe('daemon', () => {
  let daemon: Daemon | null = null;
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    daemon = null;
  });
  const start = (options?: TestDaemonOptions): Daemon => (daemon = startTestDaemon(options));

  describe('an answer', () => {
    test('goes through supervisor, worker, scheduler, decoder and sink', async () => {
      const answer = ask(start(), 'say Hello, you!');
      const end = completed(await answer.ended);
      expect(answer.text()).toBe('Hello, you!');
      expect(end.finishReason).toBe('stop');
      expect(answer.events[0]).toMatchObject({ type: 'created', queuedAhead: 0 });
      expect(answer.events.map(({ sequence }) => sequence)).toEqual(answer.events.map((_, index) => index));
    });

    test('tells reasoning from text, and shows it only when asked', async () => {
      const running = start();
      const plain = ask(running, 'think two and two | four');
      const { usage } = completed(await plain.ended);
      expect(plain.text()).toBe('four');
      expect(usage.reasoningTokens).toBe('two and two'.length);
      expect(JSON.stringify(plain.events)).not.toContain('two and two');
      const shown = ask(running, 'think two and two | four', { include: ['reasoning'] });
      await shown.ended;
      const reasoning = shown.events
        .map((event) => (event.type === 'reasoning.delta' ? event.text : ''))
        .join('');
      expect(reasoning).toBe('two and two');
    });

    test('stops at the token limit', async () => {
      const answer = ask(start(), 'count 100', { maxTokens: 30 });
      const end = completed(await answer.ended);
      expect(end.finishReason).toBe('length');
      expect(end.usage.outputTokens).toBe(30);
    });

    test('that would leave the context ends with "length", and no prompt is ever cut', async () => {
      const running = start({ engine: { contextLength: 512 } });
      const answer = ask(running, 'count 1000');
      const end = completed(await answer.ended);
      expect(end.finishReason).toBe('length');
      expect(end.usage.inputTokens + end.usage.outputTokens).toBe(513); // the last token is never fed
      const long = ask(running, 'x'.repeat(600));
      expect(await long.ended).toMatchObject({ type: 'failed', error: { code: 'context_overflow' } });
    });

    test('to megabytes that cannot fit is refused before their tokens are looked for', async () => {
      const running = start({ engine: { contextLength: 512 } });
      const answer = ask(running, 'x'.repeat(10_000_000));
      expect(await answer.ended).toMatchObject({
        type: 'failed',
        error: { code: 'context_overflow', message: expect.stringMatching(/at least 10\d{6} tokens/) },
      });
    });

    test('carries log-probabilities when asked', async () => {
      const answer = ask(start(), 'say hi', { include: ['logprobs'], topLogprobs: 1 });
      await answer.ended;
      const tokens = answer.events.flatMap((event) => (event.type === 'tokens.delta' ? event.tokens : []));
      expect(tokens.length).toBeGreaterThan(2);
      expect(tokens[0]).toMatchObject({ logprob: -0.5, top: [{ logprob: -0.5 }] });
    });

    test('reuses what a slot holds for the next turn', async () => {
      const running = start();
      const first = ask(running, 'say one');
      const { usage } = completed(await first.ended);
      const items = [
        ...first.request.items,
        { kind: 'message', role: 'assistant', text: 'one', channel: 'final' },
        { kind: 'message', role: 'user', text: 'say two', channel: null },
      ] as const;
      const second = ask(running, '', { items: [...items] });
      const next = completed(await second.ended);
      expect(second.text()).toBe('two');
      expect(next.usage.cachedInputTokens).toBeGreaterThanOrEqual(usage.inputTokens);
    });
  });

  describe('several requests', () => {
    test('run side by side and do not mix', async () => {
      const running = start();
      const answers = Array.from({ length: 40 }, (_, index) => ask(running, `say answer number ${index}`));
      await Promise.all(answers.map(({ ended }) => ended));
      expect(answers.map((answer) => answer.text())).toEqual(
        answers.map((_, index) => `answer number ${index}`),
      );
      expect(running.status().requests).toMatchObject({ completed: 40, failed: 0, running: 0 });
      expect(running.status().slots).toEqual({ used: 0, total: 4 });
    });

    test('are told how many are ahead of them', async () => {
      const running = start({ engine: { numSlots: 1 } });
      const answers = ['one', 'two', 'three', 'four'].map((word) => ask(running, `say ${word}`));
      await Promise.all(answers.map(({ ended }) => ended));
      expect(answers.map(({ events }) => events[0])).toMatchObject(
        [0, 0, 1, 2].map((queuedAhead) => ({ queuedAhead })),
      );
      const last = answers[3]!.events.filter(
        (event) => event.type === 'progress' && event.phase === 'queued',
      );
      expect(last).toMatchObject([
        { done: 1, total: 2 },
        { done: 2, total: 2 },
      ]);
    });

    test('beyond the bound of the queue are refused with a hint', async () => {
      const running = start({ queueBound: 3 });
      const answers = [1, 2, 3].map(() => ask(running, 'say hi'));
      expect(() => ask(running, 'say hi')).toThrow(
        expect.objectContaining({
          code: 'queue_full',
          details: expect.objectContaining({ retryAfterMs: 1000 }),
        }),
      );
      await Promise.all(answers.map(({ ended }) => ended));
      expect(completed(await ask(running, 'say hi').ended).finishReason).toBe('stop');
    });

    test('of the same id are refused', async () => {
      const running = start();
      const first = ask(running, 'say hi');
      expect(() => running.respond(first.request, first)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
      await first.ended;
    });
  });

  describe('cancelling', () => {
    test.each(['client_gone', 'cancelled'] as const)(
      'by %s ends the answer and frees the slot',
      async (reason) => {
        const running = start({ fake: 'slow' });
        const answer = ask(running, 'count 1000');
        await answer.until(isText);
        running.cancel(answer.request.requestId, reason);
        expect(completed(await answer.ended).finishReason).toBe('cancelled');
        const numEvents = answer.events.length;
        expect(completed(await ask(running, 'say next').ended).finishReason).toBe('stop');
        expect(answer.events).toHaveLength(numEvents);
        expect(running.status().slots.used).toBe(0);
      },
    );

    test('while it waits for the model ends it at once', async () => {
      const running = start();
      const answer = ask(running, 'say hi');
      running.cancel(answer.request.requestId, 'cancelled');
      expect(completed(await answer.ended).usage.inputTokens).toBe(0);
      expect(running.status().requests.cancelled).toBe(1);
    });

    test('an unknown or finished request is ignored', async () => {
      const running = start();
      const answer = ask(running, 'say hi');
      await answer.ended;
      running.cancel(answer.request.requestId, 'cancelled');
      running.cancel('nobody', 'cancelled');
    });

    test('by its deadline', async () => {
      const answer = ask(start({ fake: 'slow' }), 'count 3000', { deadlineMs: 400 });
      const end = completed(await answer.ended);
      expect(end.finishReason).toBe('deadline');
      expect(end.timings.totalMs).toBeGreaterThanOrEqual(390);
    });
  });

  describe('a receiver that does not read', () => {
    test('pauses its own stream only, within a bound, and loses nothing', async () => {
      const running = start({ session: { tokenCredit: 16 } });
      const slow = ask(running, 'count 500');
      await slow.until(isText);
      slow.setFull(true);
      const other = ask(running, 'count 500');
      expect(completed(await other.ended).usage.outputTokens).toBeGreaterThan(500);
      const numEvents = slow.events.length;
      // Not more than its credit was decoded for it meanwhile.
      expect(numEvents).toBeLessThan(100);
      expect(running.status().slots.used).toBe(1);
      slow.setFull(false);
      expect(completed(await slow.ended).finishReason).toBe('stop');
      expect(slow.text()).toBe('x'.repeat(500));
      expect(slow.events.map(({ sequence }) => sequence)).toEqual(slow.events.map((_, index) => index));
    });

    test('can be cancelled while it is full', async () => {
      const running = start({ session: { tokenCredit: 16 } });
      const answer = ask(running, 'count 500');
      await answer.until(isText);
      answer.setFull(true);
      running.cancel(answer.request.requestId, 'client_gone');
      answer.setFull(false);
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
    });
  });

  describe('tools', () => {
    const look = {
      kind: 'function',
      name: 'look',
      description: 'Looks.',
      parameters: null,
      strict: false,
    } as const;
    const tools = [look];

    test('with "return" a call ends the response', async () => {
      const answer = ask(start(), 'call look {"at":"it"}', { tools });
      const end = completed(await answer.ended);
      expect(end.finishReason).toBe('tool_calls');
      expect(answer.events.find(({ type }) => type === 'output_item.done')).toMatchObject({
        item: { kind: 'tool_call', name: 'look', arguments: '{"at":"it"}', declared: true, guessed: false },
      });
    });

    test('a freeform tool is called with the text itself', async () => {
      const edit = { kind: 'freeform', name: 'edit', description: 'Edits.', grammar: null } as const;
      const answer = ask(start(), 'call edit {"input":"*** Begin"}', { tools: [edit] });
      const end = completed(await answer.ended);
      expect(answer.events.find(({ type }) => type === 'output_item.done')).toMatchObject({
        item: { kind: 'tool_call', name: 'edit', arguments: '*** Begin', freeform: true, guessed: false },
      });
      expect(end.repairs).toEqual({ freeform_wrapped: 1 });
    });

    test('status sums up what was mended in all answers', async () => {
      const edit = { kind: 'freeform', name: 'edit', description: 'Edits.', grammar: null } as const;
      const daemon = start();
      expect(daemon.status().requests.repairs).toEqual({});
      for (let i = 0; i < 2; i++) await ask(daemon, 'call edit {"input":"x"}', { tools: [edit] }).ended;
      expect(daemon.status().requests.repairs).toEqual({ freeform_wrapped: 2 });
    });

    test('tools that contradict each other are refused', () => {
      expect(() => ask(start(), 'say hi', { tools: [look, look] })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
    });

    test('with "await" the response goes on from what its slot holds', async () => {
      const running = start();
      const answer = ask(running, 'call look {}', { tools, toolCalls: 'await' });
      const call = await answer.until(
        (event) => event.type === 'output_item.done' && event.item.kind === 'tool_call',
      );
      if (call.type !== 'output_item.done' || call.item.kind !== 'tool_call') throw new Error('no call');
      await until(() => running.status().requests.awaitingTool === 1);
      const { requestId } = answer.request;
      expect(() =>
        running.toolOutput({ type: 'tool_output', requestId, callId: 'other', output: '' }),
      ).toThrow(expect.objectContaining({ code: 'invalid_request' }));
      running.toolOutput({ type: 'tool_output', requestId, callId: call.item.callId, output: 'a door' });
      const end = completed(await answer.ended);
      expect(answer.text()).toBe('got a door');
      expect(end.finishReason).toBe('stop');
      // All of the first round but its last token, the call's end, which no slot holds.
      const firstRound = end.usage.cachedInputTokens;
      expect(end.usage.inputTokens - firstRound).toBeLessThan(firstRound + 120);
      expect(firstRound).toBeGreaterThan(200);
    });

    test('a call that is waited for can be cancelled', async () => {
      const running = start();
      const answer = ask(running, 'call look {}', { tools, toolCalls: 'await' });
      await until(() => running.status().requests.awaitingTool === 1);
      running.cancel(answer.request.requestId, 'cancelled');
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
    });
  });

  describe('an engine that fails', () => {
    test.each(['exits-while-streaming', 'hangs-mid-decode'])(
      '%s: the request fails, and the engine comes back',
      async (fake) => {
        const running = start({ fake, enginePolicy: { heartbeatLimitMs: 300 } });
        const answer = ask(running, 'say abcdef');
        const code = fake === 'hangs-mid-decode' ? 'engine_unresponsive' : 'engine_exited';
        expect(await answer.ended).toMatchObject({ type: 'failed', error: { code } });
        await until(() => running.health().state === 'ready');
        expect(running.status().engine).toMatchObject({ restarts: 1, lastError: { code } });
      },
    );

    test('that does not come back: whatever it was asked besides is told so, too', async () => {
      const running = start({
        fault: { kind: 'hang', atToken: 1, lives: 1 },
        enginePolicy: { heartbeatLimitMs: 300 },
      });
      const answer = ask(running, 'say abcdef');
      await until(() => running.status().slots.used === 1); // told right before the step that hangs
      const another = fileURLToPath(import.meta.url);
      const code = 'engine_unresponsive';
      await expect(running.inspectModel(another)).rejects.toMatchObject({ code });
      expect(await answer.ended).toMatchObject({ error: { code } });
      await until(() => running.status().engine.restarts === 1 && running.health().state === 'ready');
      expect(await running.inspectModel(another)).toMatchObject({ checkpoint: another });
    });

    test.each(['throw', 'exit', 'nan', 'garbage'] as const)(
      'by the fault "%s": later requests work',
      async (kind) => {
        const running = start({ fault: { kind, atToken: 25, lives: 1 } });
        const answer = ask(running, 'say a longer answer than that');
        expect(await answer.ended).toMatchObject({
          type: 'failed',
          error: { code: expect.stringContaining('engine_') },
        });
        const next = ask(running, 'say fine');
        await next.ended;
        expect(next.text()).toBe('fine');
        expect(running.status().engine.restarts).toBe(1);
      },
    );

    test('leaves requests in the queue that it had not begun', async () => {
      const running = start({ engine: { numSlots: 1 }, fault: { kind: 'exit', atToken: 25, lives: 1 } });
      const first = ask(running, 'say a longer answer than that');
      const queued = ask(running, 'say I waited');
      expect(await first.ended).toMatchObject({ type: 'failed' });
      await queued.ended;
      expect(queued.text()).toBe('I waited');
    });

    test('at every start is given up, and health says what to do', async () => {
      const running = start({ fake: 'crashes-on-start' });
      const answer = ask(running, 'say hi');
      expect(await answer.ended).toMatchObject({ type: 'failed', error: { code: 'engine_start_failed' } });
      expect(running.health()).toMatchObject({ ok: false, state: 'degraded', engine: 'failed' });
      expect(running.health().reason).toMatch(/codexpc models load/);
      expect(running.status().engine.restarts).toBe(3);
      expect(() => ask(running, 'say hi')).toThrow(expect.objectContaining({ code: 'engine_start_failed' }));
      await expect(running.loadModel(null)).rejects.toMatchObject({ code: 'engine_start_failed' });
    });

    test('that was built before this version says so, and how to build it again', async () => {
      const running = start({ fake: 'outdated', supervisor: { restartLimit: 0 } });
      expect(await ask(running, 'say hi').ended).toMatchObject({
        type: 'failed',
        error: {
          code: 'engine_start_failed',
          message: expect.stringMatching(
            /codexpc\.node was built before .* has no setMask\. .*npm run build/,
          ),
        },
      });
    });

    test('that is never ready runs into its deadline', async () => {
      const running = start({ fake: 'never-ready', supervisor: { startDeadlineMs: 300, restartLimit: 0 } });
      expect(await ask(running, 'say hi').ended).toMatchObject({
        type: 'failed',
        error: { code: 'engine_start_failed', message: expect.stringContaining('300 ms') },
      });
    });

    test('twice with the same request: it is quarantined, others are served', async () => {
      const running = start({ fault: { kind: 'exit', atToken: 25, lives: 2 } });
      const poison = 'say a longer answer than that';
      expect(await ask(running, poison).ended).toMatchObject({ error: { code: 'engine_exited' } });
      expect(await ask(running, poison).ended).toMatchObject({ error: { code: 'engine_exited' } });
      expect(await ask(running, poison).ended).toMatchObject({ error: { code: 'request_quarantined' } });
      expect(completed(await ask(running, 'say hello').ended).finishReason).toBe('stop');
    });
  });

  describe('models', () => {
    const folder = mkdtempSync(join(tmpdir(), 'codexpc-test-'));
    const [a, b] = ['a', 'b'].map((name) => join(folder, `${name}.bin`)) as [string, string];

    test('are loaded once, and the log tells every hit and miss', async () => {
      writeFileSync(a, 'weights');
      const log: string[] = [];
      const running = start({ checkpoint: a, log });
      expect((await running.loadModel(null)).cached).toBe(false);
      expect((await running.loadModel(a)).cached).toBe(true);
      await ask(running, 'say hi').ended;
      const messages = log.map((line) => (JSON.parse(line) as { msg: string }).msg);
      expect(messages.filter((message) => message.startsWith('engine cache'))).toEqual([
        'engine cache miss: loading',
        'engine cache hit',
        'engine cache hit',
      ]);
      expect(running.status().engine).toMatchObject({ cacheHits: 2, cacheMisses: 1 });
    });

    test('a file that was replaced is another model', async () => {
      writeFileSync(a, 'weights');
      const running = start({ checkpoint: a });
      await running.loadModel(a);
      writeFileSync(a, 'other weights');
      expect((await running.loadModel(a)).cached).toBe(false);
    });

    test('give way to each other when nobody uses them', async () => {
      writeFileSync(a, 'weights');
      writeFileSync(b, 'weights of b');
      const running = start({ fake: 'slow' });
      const answers = [a, b, a, b].map((checkpoint, index) => ask(running, `say ${index}`, { checkpoint }));
      await Promise.all(answers.map(({ ended }) => ended));
      expect(answers.map((answer) => answer.text())).toEqual(['0', '1', '2', '3']);
    });

    test('are unloaded by hand and when idle', async () => {
      writeFileSync(a, 'weights');
      const running = start({ checkpoint: a, enginePolicy: { keepAliveMs: 50 } });
      await running.loadModel(a);
      await until(() => running.status().model === null);
      await running.loadModel(a);
      await running.unloadModel();
      expect(running.status().model).toBeNull();
      expect(running.health().engine).toBe('idle');
    });

    test('tell how far loading has come, and end it when they are unloaded', async () => {
      const running = start({ fake: 'slow-disk', preload: true });
      const answer = ask(running, 'say hi');
      const isLoading = (done: number) => (event: ResponseEvent) =>
        event.type === 'progress' && event.phase === 'loading' && event.done === done;
      await answer.until(isLoading(1));
      await answer.until(isLoading(7));
      expect(running.health()).toMatchObject({ ok: true, engine: 'loading' });
      running.cancel(answer.request.requestId, 'cancelled');
      await answer.ended;
      await running.unloadModel();
      expect(running.health().engine).toBe('idle');
      expect(running.status().model).toBeNull();
    });

    test('that do not exist, or are no file, are refused', async () => {
      const running = start();
      await expect(running.loadModel('/nonexistent/model.bin')).rejects.toMatchObject({
        code: 'model_not_found',
      });
      await expect(running.loadModel(folder)).rejects.toMatchObject({ code: 'model_corrupt' });
      await expect(running.inspectModel('/dev/zero')).rejects.toMatchObject({ code: 'model_corrupt' });
      expect(await ask(running, 'say hi', { checkpoint: '/nonexistent' }).ended).toMatchObject({
        type: 'failed',
        error: { code: 'model_not_found' },
      });
    });

    test('have to be named when none is configured', () => {
      expect(() => ask(start({ checkpoint: null }), 'say hi')).toThrow(
        expect.objectContaining({ code: 'model_not_found' }),
      );
    });

    test('beyond the memory budget are refused with figures', async () => {
      writeFileSync(a, 'weights');
      const running = start({ checkpoint: a, engine: { memoryBudgetBytes: 100_000 } });
      const refusal = await running.loadModel(a).catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        code: 'insufficient_memory',
        details: { budgetBytes: 100_000, weights: 1024, 'KV cache': expect.any(Number), scratch: 4096 },
      });
      expect(running.health().ok).toBe(true);
    });

    test('are listed and inspected', async () => {
      writeFileSync(a, 'weights');
      writeFileSync(b, 'weights of b');
      const running = start({ checkpoint: a });
      await running.loadModel(b);
      expect(await running.listModels()).toMatchObject([
        { checkpoint: a, name: 'a', loaded: false, isDefault: true, fileBytes: 7 },
        { checkpoint: b, name: 'b', loaded: true, isDefault: false },
      ]);
      rmSync(folder, { recursive: true });
    });
  });

  describe('the end', () => {
    test('drains: what runs goes on, nothing new is taken', async () => {
      const running = start({ fake: 'slow' });
      const answer = ask(running, 'count 30');
      await answer.until(isText);
      running.shutdown('drain');
      expect(running.health()).toMatchObject({ ok: false, state: 'draining' });
      expect(() => ask(running, 'say hi')).toThrow(expect.objectContaining({ code: 'shutting_down' }));
      expect(completed(await answer.ended).finishReason).toBe('stop');
      expect(await running.stopped).toEqual({ error: null });
      expect(running.health().state).toBe('stopped');
    });

    test('cancels what is still running at the deadline', async () => {
      const running = start({ fake: 'slow', supervisor: { drainDeadlineMs: 100 } });
      const answer = ask(running, 'count 3000');
      await answer.until(isText);
      running.shutdown('drain');
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
      await running.stopped;
    });

    test('comes at once with the second signal', async () => {
      const running = start({ fake: 'slow' });
      const answer = ask(running, 'count 3000');
      await answer.until(isText);
      running.terminate();
      expect(running.health().state).toBe('draining');
      running.terminate();
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
      await running.stopped;
    });

    test('comes even when the engine hangs', async () => {
      const running = start({ fake: 'hangs-mid-decode', supervisor: { engineStopDeadlineMs: 100 } });
      const answer = ask(running, 'say abcdef');
      await answer.until(({ type }) => type === 'progress');
      running.shutdown('now');
      expect(completed(await answer.ended).finishReason).toBe('cancelled');
      await running.stopped;
    });
  });

  test('answers, and knows how long it has been up, when somebody sets the clock back', async () => {
    const running = start();
    await ask(running, 'say a').ended;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 86_400_000);
    const answer = ask(running, 'say b');
    expect(completed(await answer.ended).timings.totalMs).toBeGreaterThanOrEqual(0);
    expect(running.health().uptimeMs).toBeGreaterThanOrEqual(0);
    expect(running.status().uptimeMs).toBeLessThan(60_000_000);
    clock.mockRestore();
  });

  test('watchers see transitions, log lines and actors, until they leave', async () => {
    const running = start();
    const kinds = new Map<string, number>();
    const machines = new Set<string>();
    const watching = running.watch(
      (event) => {
        kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
        if (event.kind === 'actor.started') machines.add(event.machine);
      },
      { content: false, history: false },
    );
    await ask(running, 'say hi').ended;
    expect([...machines].sort()).toEqual(['decoder', 'engine', 'heartbeat', 'session']);
    for (const kind of ['snapshot', 'actor.started', 'actor.transition', 'log'])
      expect(kinds.get(kind)).toBeGreaterThan(0);
    watching.stop();
    const before = new Map(kinds);
    await ask(running, 'say hi').ended;
    expect(kinds).toEqual(before);
  });
});

/** Waits for something that has no event; fails with the test's own time limit. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
