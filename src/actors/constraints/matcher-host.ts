// The matchers of one engine worker, each a request's; they live in a thread of their own that is started when the first
// grammar comes, and is asked only for masks that are not known. A request that the thread does not survive, or answer in
// time, fails alone: the others are set up again in the next thread from the tokens they have seen.

import { Worker } from 'node:worker_threads';
import { CodexpcError, messageOf } from '../../errors.js';
import { asCodedError } from '../engine-errors.js';
import type { MatcherVocabulary } from './matcher.js';
import { createKnownMasks, type FollowedText } from './known-masks.js';
import type { MatcherReply, MatcherRequest } from './matcher-frames.js';

export interface MatcherHostOptions {
  readonly vocabulary: MatcherVocabulary;
  /** For one answer: compiling is the longest. */
  readonly answerLimitMs: number;
}

export interface MatcherListener {
  /** What may come next. Is told at once where that is known. */
  mask(words: Uint32Array): void;
  /** Nothing comes any more. */
  failed(error: CodexpcError): void;
}

export interface RemoteMatcher {
  accept(token: number): void;
  close(): void;
}

export interface MatcherHost {
  /** The thread is there, and what it holds in memory. */
  readonly isStarted: boolean;
  /** Has it compiled when the thread has nothing else to do: somebody may come to it. */
  prepare(grammar: string): void;
  open(grammar: string, end: number, listener: MatcherListener): RemoteMatcher;
  close(): void;
}

interface Entry {
  readonly grammar: string;
  readonly end: number;
  readonly listener: MatcherListener;
  readonly text: FollowedText;
  readonly tokens: number[];
  /** How many of them the thread knows; null: it does not know the grammar yet. */
  numTold: number | null;
}

/** Whose `prepare` is answered. */
const NOBODY = 0;
/** As many grammars are kept compiled. */
const MAX_EXPECTED = 32;

export const createMatcherHost = ({ vocabulary, answerLimitMs }: MatcherHostOptions): MatcherHost => {
  const entries = new Map<number, Entry>();
  const known = createKnownMasks(vocabulary);
  /** Still to be compiled. */
  const expected = new Set<string>();
  let lastId = 0;
  let thread: Worker | null = null;
  /** Ids of what has not been answered yet, in order. */
  let unanswered: number[] = [];
  let limit: NodeJS.Timeout | null = null;

  const watch = (): void => {
    if (limit !== null) clearTimeout(limit);
    const head = unanswered[0];
    limit =
      head === undefined
        ? null
        : setTimeout(() => lose(`it took longer than ${answerLimitMs} ms to follow`), answerLimitMs);
  };

  const hear = (reply: MatcherReply): void => {
    if (reply.type === 'tree') {
      known.lookIn(reply.tree);
      return;
    }
    unanswered.shift();
    watch();
    const entry = reply.type === 'mask' ? entries.get(reply.id) : undefined;
    if (entry !== undefined && reply.type === 'mask') {
      entry.text.learn(reply.mask);
      entry.listener.mask(reply.mask);
    }
    compileNext();
  };

  const start = (): Worker => {
    const started = new Worker(new URL('./matcher-thread.js', import.meta.url), {
      workerData: vocabulary,
      name: 'matcher',
      stdout: true, // what xgrammar prints is said by the error
      stderr: true,
    });
    started.on('message', (reply: MatcherReply) => {
      if (thread === started) hear(reply);
    });
    started.on('error', (error) => {
      if (thread === started) lose(`the matcher gave up (${messageOf(error)})`);
    });
    started.unref();
    return started;
  };

  const post = (request: MatcherRequest): void => {
    thread ??= start();
    thread.postMessage(request);
    if (request.type === 'close') return;
    unanswered.push(request.type === 'prepare' ? NOBODY : request.id);
    if (unanswered.length === 1) watch();
  };

  /** One at a time: whoever waits for a mask waits for one compilation at most. */
  const compileNext = (): void => {
    const [grammar] = expected;
    if (grammar === undefined || unanswered.length > 0) return;
    expected.delete(grammar);
    post({ type: 'prepare', grammar });
  };

  /** Has the entry's listener told what may come next. */
  const next = (id: number, entry: Entry): void => {
    const mask = entry.text.mask();
    if (mask !== undefined) entry.listener.mask(mask);
    else ask(id, entry);
  };

  const ask = (id: number, entry: Entry): void => {
    const { grammar, end, tokens, numTold } = entry;
    entry.numTold = tokens.length;
    if (numTold === null) post({ type: 'open', id, grammar, end, tokens });
    else post({ type: 'accept', id, tokens: tokens.slice(numTold) });
  };

  /** Whoever was being answered is to blame. */
  const lose = (problem: string): void => {
    const old = thread;
    thread = null;
    void old?.terminate();
    const [guilty, ...others] = unanswered;
    unanswered = [];
    watch();
    const failed = guilty === undefined ? undefined : entries.get(guilty);
    if (guilty !== undefined) entries.delete(guilty);
    for (const entry of entries.values()) entry.numTold = null;
    for (const id of new Set(others)) {
      const entry = entries.get(id);
      if (entry !== undefined) ask(id, entry);
    }
    failed?.listener.failed(notFollowed(problem));
    compileNext();
  };

  return {
    get isStarted() {
      return thread !== null;
    },
    prepare: (grammar) => {
      expected.add(grammar);
      if (expected.size > MAX_EXPECTED) expected.delete([...expected][0]!);
      compileNext();
    },
    open: (grammar, end, listener) => {
      const id = ++lastId;
      let text: FollowedText;
      try {
        text = known.follow(grammar, end);
      } catch (error) {
        listener.failed(asCodedError(error));
        return { accept: () => {}, close: () => {} };
      }
      const entry: Entry = { grammar, end, listener, text, tokens: [], numTold: null };
      entries.set(id, entry);
      next(id, entry);
      return {
        accept: (token) => {
          if (!entries.has(id)) return;
          entry.tokens.push(token);
          text.accept(token);
          next(id, entry);
        },
        close: () => {
          if (entries.delete(id) && entry.numTold !== null) post({ type: 'close', id });
        },
      };
    },
    close: () => {
      entries.clear();
      expected.clear();
      unanswered = [];
      watch();
      void thread?.terminate();
      thread = null;
    },
  };
};

const notFollowed = (problem: string): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_option',
    message: `A schema or grammar of the request cannot be enforced: ${problem}. Make it simpler, or send the request without it.`,
  });
