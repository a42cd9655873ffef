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
    const written = createWrittenMessages(MARKERS, 1000);
    written.learn([1, 20, 6, 21, 2, 30, 3, 1, 20, 6, 22, 2, 31, 4], [thought, answer]);
    expect(written.find(thought)).toEqual(Uint32Array.from([1, 20, 6, 21, 2, 30, 3]));
    expect(written.find(answer)).toEqual(Uint32Array.from([1, 20, 6, 22, 2, 31, 3]));
    expect(written.find({ ...answer, content: [textContent('no')] })).toBeNull();
    expect(written.find({ ...answer, channel: 'analysis' })).toBeNull();
  });

  test('a call is the same whatever channel it was made on', () => {
    const written = createWrittenMessages(MARKERS, 1000);
    written.learn([1, 20, 6, 21, 2, 32, 7], [call('analysis')]);
    expect(written.find(call('commentary'))).toEqual(Uint32Array.from([1, 20, 6, 21, 2, 32, 7]));
  });

  test('the first way of saying it stays', () => {
    const written = createWrittenMessages(MARKERS, 1000);
    written.learn([1, 20, 2, 31, 4], [answer]);
    written.learn([1, 20, 2, 99, 98, 4], [answer]);
    expect(written.find(answer)).toEqual(Uint32Array.from([1, 20, 2, 31, 3]));
  });

  test('nothing is learnt of a message that was cut off, or when messages and tokens do not agree', () => {
    const written = createWrittenMessages(MARKERS, 1000);
    written.learn([1, 20, 2, 31], [answer]);
    written.learn([1, 20, 2, 31, 4], [thought, answer]);
    expect(written.find(answer)).toBeNull();
  });

  test('the least recently used are forgotten when there are too many', () => {
    const said = (text: string): Message => ({ ...answer, content: [textContent(text)] });
    const written = createWrittenMessages(MARKERS, 1000);
    const learn = (text: string): void =>
      written.learn([1, 20, 2, ...Array<number>(96).fill(30), 4], [said(text)]);
    ['first', 'second', 'third'].forEach(learn);
    written.find(said('first'));
    Array.from({ length: 4 }, (_, index) => `later ${index}`).forEach(learn); // six of 100 tokens and their entries fit
    expect(written.find(said('second'))).toBeNull();
    expect(written.find(said('first'))).not.toBeNull();
    expect(written.find(said('third'))).not.toBeNull();
  });
});
