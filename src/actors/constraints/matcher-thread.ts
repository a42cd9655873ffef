// Entry of the matcher thread. Compiling a grammar takes a second or so over a large vocabulary and hostile ones much
// longer; here it holds up nobody's tokens but those that wait for a mask. What goes wrong ends the thread, because
// xgrammar's WebAssembly can't be trusted after an abort; the host starts another.

import { parentPort, workerData } from 'node:worker_threads';
import { createTokenTree, type TokenTree } from '../../grammar/token-tree.js';
import type { MatcherReply, MatcherRequest } from './matcher-frames.js';
import { createMatcherFactory, type Matcher, type MatcherVocabulary } from './matcher.js';
import { mayBreakUtf8 } from './utf8-tokens.js';

const port = parentPort!;
const vocabulary = workerData as MatcherVocabulary;

const tree = createTokenTree(vocabulary, mayBreakUtf8);
port.postMessage(
  { type: 'tree', tree } satisfies MatcherReply,
  Object.values(tree).map(({ buffer }: TokenTree[keyof TokenTree]) => buffer),
);

const factory = createMatcherFactory(vocabulary);
const matchers = new Map<number, Matcher>();

const answer = async (request: MatcherRequest): Promise<void> => {
  switch (request.type) {
    case 'open': {
      const { id } = request;
      const matcher = await (await factory).create(request.grammar, request.end);
      matchers.set(id, matcher);
      for (const token of request.tokens) acceptBy(matcher, token);
      await tellMask(id, matcher);
      break;
    }
    case 'accept': {
      const { id } = request;
      const matcher = matchers.get(id)!;
      for (const token of request.tokens) acceptBy(matcher, token);
      await tellMask(id, matcher);
      break;
    }
    case 'prepare':
      await (await factory).prepare(request.grammar);
      port.postMessage({ type: 'prepared' } satisfies MatcherReply);
      break;
    case 'close':
      matchers.get(request.id)?.close();
      matchers.delete(request.id);
      break;
  }
};

const acceptBy = (matcher: Matcher, token: number): void => {
  if (!matcher.accept(token)) throw new Error(`the grammar does not go on with token ${token}`);
};

const tellMask = async (id: number, matcher: Matcher): Promise<void> => {
  const mask = await matcher.mask();
  const reply: MatcherReply = { type: 'mask', id, mask };
  port.postMessage(reply, [mask.buffer]);
};

// One after the other, in the order they came.
let work = Promise.resolve();
port.on('message', (request: MatcherRequest) => {
  work = work.then(() => answer(request));
});
