import { describe, expect, test } from '@jest/globals';
import { createWrittenMessages } from '../../src/actors/written-messages.js';
import { type Message, textContent } from '../../src/harmony/conversation.js';

const MARKERS = { start: 1, message: 2, end: 3, return: 4, constrain: 5, channel: 6, call: 7 };
const thought: Message = { role: 'assistant', channel: 'analysis', content: [textContent('why')] };
const answer: Message = { role: 'assistant', channel: 'final', content: [textContent('yes')] };
const call = (channel: string): Message => ({
  role: 'assistant',
  channel,
  recipient: 'functions.look',
  content: [textContent('{}')],
});

describe('written messages', () => {
  test('are found by what they say, and end as a later prompt has them', () => {
    const written = createWrittenMessages(MARKERS);
    written.learn([1, 20, 6, 21, 2, 30, 3, 1, 20, 6, 22, 2, 31, 4], [thought, answer]);
    expect(written.find(thought)).toEqual([1, 20, 6, 21, 2, 30, 3]);
    expect(written.find(answer)).toEqual([1, 20, 6, 22, 2, 31, 3]);
    expect(written.find({ ...answer, content: [textContent('no')] })).toBeNull();
    expect(written.find({ ...answer, channel: 'analysis' })).toBeNull();
  });

  test('a call is the same whatever channel it was made on', () => {
    const written = createWrittenMessages(MARKERS);
    written.learn([1, 20, 6, 21, 2, 32, 7], [call('analysis')]);
    expect(written.find(call('commentary'))).toEqual([1, 20, 6, 21, 2, 32, 7]);
  });

  test('the first way of saying it stays', () => {
    const written = createWrittenMessages(MARKERS);
    written.learn([1, 20, 2, 31, 4], [answer]);
    written.learn([1, 20, 2, 99, 98, 4], [answer]);
    expect(written.find(answer)).toEqual([1, 20, 2, 31, 3]);
  });

  test('nothing is learnt of a message that was cut off, or when messages and tokens do not agree', () => {
    const written = createWrittenMessages(MARKERS);
    written.learn([1, 20, 2, 31], [answer]);
    written.learn([1, 20, 2, 31, 4], [thought, answer]);
    expect(written.find(answer)).toBeNull();
  });
});
