// What watchers of a whole daemon see.

import { afterEach, describe, expect, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import type { RecordedEvent, WatchEvent } from '../../src/ipc/protocol.js';
import { createEventRing } from '../../src/actors/event-ring.js';
import { ask, startTestDaemon, stopTestDaemon, type TestDaemonOptions } from './test-daemon.js';

type Kind = WatchEvent['kind'];

describe('the debug stream', () => {
  let daemon: Daemon | null = null;
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    daemon = null;
  });
  const start = (options?: TestDaemonOptions): Daemon => (daemon = startTestDaemon(options));
  const watch = (running: Daemon, options = { content: false, history: false }) => {
    const events: WatchEvent[] = [];
    running.watch((event) => void events.push(event), options);
    const of = <K extends Kind>(kind: K) =>
      events.filter((event): event is Extract<WatchEvent, { kind: K }> => event.kind === kind);
    return { events, of };
  };

  test('follows a response: its session, its decoder and their states', async () => {
    const running = start();
    const { of } = watch(running);
    const answer = ask(running, 'think two and two | four');
    await answer.ended;
    const { requestId } = answer.request;
    const started = of('actor.started').filter((event) => event.requestId === requestId);
    expect(started.map(({ machine }) => machine)).toEqual(['session', 'decoder']);
    expect(started[1]!.parent).toBe(started[0]!.actor);
    const statesOf = (actor: string) =>
      of('actor.transition')
        .filter((event) => event.actor === actor)
        .flatMap(({ to }) => to);
    expect(statesOf(started[0]!.actor)).toEqual([
      'active.generating.queued',
      'active.generating.prefilling',
      'active.generating.decoding.flowing',
      'completed',
    ]);
    expect(statesOf(started[1]!.actor)).toEqual(['body', 'between', 'header', 'body', 'between', 'ended']);
    expect(of('actor.stopped').map(({ actor }) => actor)).toEqual(
      expect.arrayContaining(started.map(({ actor }) => actor)),
    );
  });

  test('names transitions as the definitions do, and guards that refused before them', async () => {
    const running = start({ fake: 'exits-while-streaming' });
    const { of } = watch(running, { content: false, history: true });
    await ask(running, 'say abcdef').ended;
    await ask(running, 'say abcdef').ended;
    const machines = new Map(running.machines().map((machine) => [machine.machine, machine]));
    const past = of('history').flatMap(({ events }) => events);
    const events: readonly RecordedEvent[] = [...past, ...of('actor.started'), ...of('actor.transition')];
    const machineOf = new Map(
      events.flatMap((event) =>
        event.kind === 'actor.started' ? [[event.actor, event.machine] as const] : [],
      ),
    );
    const transitions = events.filter((event) => event.kind === 'actor.transition');
    for (const { actor, taken } of transitions) {
      const ids = machines.get(machineOf.get(actor)!)!.transitions.map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining([...taken]));
    }
    expect(transitions.find(({ event }) => event === 'engine.exited')).toMatchObject({
      actor: 'supervisor',
      to: ['running.recovering'],
      refused: ['restartBudgetSpent'],
    });
  });

  test('has messages by channel, with texts for those alone who ask for them', async () => {
    const running = start();
    const hidden = watch(running);
    const shown = watch(running, { content: true, history: false });
    const answer = ask(running, 'think a secret thought | a secret answer');
    const end = await answer.ended;
    if (end.type !== 'completed') throw new Error('it failed');
    const outputs = hidden.of('message').filter(({ source }) => source === 'output');
    const done = outputs.filter(({ phase }) => phase === 'done').map(({ channel }) => channel);
    expect(done).toEqual(['analysis', 'final']);
    const numTokens = outputs.reduce((sum, message) => sum + message.numTokens, 0);
    expect(numTokens).toBe(end.usage.outputTokens);
    expect(JSON.stringify(hidden.events)).not.toContain('secret');
    const textOf = (source: string) =>
      shown
        .of('message')
        .map((message) => (message.source === source ? message.text : ''))
        .join('');
    expect(textOf('prompt')).toContain('think a secret thought');
    expect(textOf('output')).toContain('a secret answer');
    const late = watch(running, { content: true, history: true });
    expect(JSON.stringify(late.events)).not.toContain('secret');
  });

  test('begins with the actors that live, each beneath one that lives', async () => {
    const running = start({ fake: 'hangs-mid-decode' });
    const answer = ask(running, 'say abcdef');
    await answer.until(({ type }) => type === 'output_text.delta' || type === 'progress');
    const [first] = watch(running).events;
    if (first?.kind !== 'snapshot') throw new Error('no snapshot');
    const names = first.actors.map(({ actor }) => actor);
    expect(first.actors.map(({ machine }) => machine)).toEqual(
      expect.arrayContaining(['supervisor', 'frontEnd', 'engine', 'heartbeat', 'session']),
    );
    for (const { parent, machine } of first.actors)
      if (machine !== 'supervisor') expect(names).toContain(parent);
    const session = first.actors.find(({ machine }) => machine === 'session')!;
    expect(session.context).toMatchObject({ requestId: answer.request.requestId });
    expect(JSON.stringify(first)).not.toContain('abcdef');
  });

  test('has what happened before for those who come late, and not for others', async () => {
    const running = start();
    await ask(running, 'say hi').ended;
    const late = watch(running, { content: false, history: true });
    const past = late.of('history').flatMap(({ events }) => events);
    expect(late.events.map(({ kind }) => kind).slice(0, 2)).toEqual(['snapshot', 'history']);
    expect(past).toContainEqual(expect.objectContaining({ kind: 'actor.transition', to: ['completed'] }));
    expect(watch(running).of('history')).toEqual([]);
  });

  test('counts what the engine does', async () => {
    const running = start();
    const { of } = watch(running);
    const answer = ask(running, 'count 2000', { maxTokens: 1500 });
    await answer.ended;
    while (of('counters').length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const [counters] = of('counters');
    expect(counters!.interval.decodeTokensPerSecond).toBeGreaterThan(0);
    expect(counters!.batch).toMatchObject({ sequences: 1 });
    expect(counters!.kv.used).toBeGreaterThan(100);
    expect(counters!.prefix.prompts).toBe(1);
  });
});

test('a ring keeps the newest, in order', () => {
  const ring = createEventRing<number>(3);
  expect(ring.entries()).toEqual([]);
  for (const entry of [1, 2, 3, 4, 5]) ring.push(entry);
  expect(ring.entries()).toEqual([3, 4, 5]);
});
