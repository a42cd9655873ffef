// Entry of the matcher thread. Compiling a grammar takes a second or so over a large vocabulary and hostile ones much
// longer; here it holds up nobody's tokens but those that wait for a mask. What goes wrong ends the thread, because
// xgrammar's WebAssembly can't be trusted after an abort; the host starts another.

import { parentPort, workerData } from 'node:worker_threads';
import type { MatcherReply, MatcherRequest } from './matcher-frames.js';
import { createMatcherFactory, type Matcher, type MatcherVocabulary } from './matcher.js';

const port = parentPort!;
const factory = createMatcherFactory(workerData as MatcherVocabulary);
const matchers = new Map<number, Matcher>();

const answer = async (request: MatcherRequest): Promise<void> => {
  const { id } = request;
  switch (request.type) {
    case 'open': {
      const matcher = await (await factory).create(request.grammar, request.end);
      matchers.set(id, matcher);
      for (const token of request.tokens) acceptBy(matcher, token);
      await tellMask(id, matcher);
      break;
    }
    case 'accept': {
      const matcher = matchers.get(id)!;
      for (const token of request.tokens) acceptBy(matcher, token);
      await tellMask(id, matcher);
      break;
    }
    case 'close':
      matchers.get(id)?.close();
      matchers.delete(id);
      break;
  }
};

const acceptBy = (matcher: Matcher, token: number): void => {
  if (!matcher.accept(token)) throw new Error(`the grammar does not go on with token ${token}`);
};

const tellMask = async (id: number, matcher: Matcher): Promise<void> => {
  const mask = await matcher.mask();
  const reply: MatcherReply = { id, mask };
  port.postMessage(reply, [mask.buffer]);
};

// One after the other, in the order they came.
let work = Promise.resolve();
port.on('message', (request: MatcherRequest) => {
  work = work.then(() => answer(request));
});
