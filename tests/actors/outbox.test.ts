import { describe, expect, test } from '@jest/globals';
import { createOutbox, type ResponseEventBody } from '../../src/actors/outbox.js';
import { createCollectingSink } from './test-daemon.js';

const text = (letter: string): ResponseEventBody => ({
  type: 'output_text.delta',
  text: letter,
  channel: 'final',
});

const start = () => {
  const sink = createCollectingSink();
  const told: string[] = [];
  const outbox = createOutbox({
    requestId: 'r',
    sink,
    onStalled: () => void told.push('stalled'),
    onDrained: () => void told.push('drained'),
  });
  return { sink, told, outbox };
};

describe('outbox', () => {
  test('numbers what it sends and names the request', () => {
    const { sink, outbox } = start();
    outbox.send(text('a'));
    outbox.send(text('b'));
    expect(sink.events).toMatchObject([
      { requestId: 'r', sequence: 0, text: 'a' },
      { requestId: 'r', sequence: 1, text: 'b' },
    ]);
  });

  test('holds everything back from a full sink, and sends it in order when it has drained', () => {
    const { sink, outbox, told } = start();
    sink.setFull(true);
    for (const letter of 'abcd') outbox.send(text(letter));
    expect(sink.events).toHaveLength(1); // the one that filled it
    expect(outbox.numHeld()).toBe(3);
    expect(told).toEqual(['stalled', 'stalled', 'stalled']);
    sink.setFull(false);
    expect(sink.text()).toBe('abcd');
    expect(sink.events.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
    expect(told.at(-1)).toBe('drained');
  });

  test('drops progress rather than hold it', () => {
    const { sink, outbox } = start();
    sink.setFull(true);
    outbox.send(text('a'));
    outbox.send({ type: 'progress', phase: 'prefill', done: 1, total: 2 });
    outbox.send(text('b'));
    sink.setFull(false);
    expect(sink.events.map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
      'output_text.delta 0',
      'output_text.delta 1',
    ]);
  });
});
