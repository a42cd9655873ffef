import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  createMatcherHost,
  type MatcherHost,
  type MatcherHostOptions,
  type RemoteMatcher,
} from '../../../src/actors/constraints/matcher-host.js';
import { CodexpcError } from '../../../src/errors.js';
import { schemaToEbnf } from '../../../src/grammar/json-schema.js';

jest.setTimeout(60_000);

const END = 256;
const GRAMMAR = schemaToEbnf({
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
  additionalProperties: false,
});

/** A vocabulary of single bytes. */
const vocabulary = {
  bytes: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  offsets: Uint32Array.from({ length: 257 }, (_, id) => id),
  vocabSize: 257,
  ends: [END],
};

interface Followed {
  readonly matcher: RemoteMatcher;
  /** What may come next, as text; an error if nothing does. */
  next(): Promise<string>;
  /** The last mask came within the call that asked for it. */
  readonly isTold: boolean;
}

const hosts: MatcherHost[] = [];
afterEach(() => hosts.splice(0).forEach((host) => host.close()));

const createHost = (options: Partial<MatcherHostOptions> = {}): MatcherHost => {
  const host = createMatcherHost({ vocabulary, answerLimitMs: 30_000, ...options });
  hosts.push(host);
  return host;
};

const follow = (host: MatcherHost, grammar = GRAMMAR): Followed => {
  let told: Uint32Array | CodexpcError | null = null;
  let wake = (): void => {};
  const tell = (what: Uint32Array | CodexpcError): void => {
    told = what;
    wake();
  };
  const matcher = host.open(grammar, END, { mask: tell, failed: tell });
  return {
    matcher: {
      accept: (token) => {
        told = null;
        matcher.accept(token);
      },
      close: () => matcher.close(),
    },
    next: async () => {
      if (told === null) await new Promise<void>((resolve) => (wake = resolve));
      if (told instanceof CodexpcError) throw told as CodexpcError;
      const mask = told as unknown as Uint32Array;
      return Array.from({ length: 257 }, (_, id) => id)
        .filter((id) => (mask[id >> 5]! >>> (id & 31)) & 1)
        .map((id) => (id === END ? '$' : String.fromCharCode(id)))
        .join('');
    },
    get isTold() {
      return told !== null;
    },
  };
};

const accept = async ({ matcher, next }: Followed, text: string): Promise<void> => {
  for (const byte of Buffer.from(text)) {
    await next();
    matcher.accept(byte);
  }
};

describe('matchers in a thread', () => {
  test('say what may come next, token by token', async () => {
    const followed = follow(createHost());
    expect(await followed.next()).toBe('{');
    await accept(followed, '{"na');
    expect(await followed.next()).toBe('m');
    await accept(followed, 'me":"x"}');
    expect(await followed.next()).toBe('$');
  });

  test('are asked once for what recurs', async () => {
    const host = createHost();
    const first = follow(host);
    await accept(first, '{"name":"ab');
    const inString = await first.next();
    first.matcher.accept('c'.charCodeAt(0));
    expect(first.isTold).toBe(true);
    expect(await first.next()).toBe(inString);

    const second = follow(host);
    for (const byte of Buffer.from('{"name":"Ada Lovelace')) {
      expect(second.isTold).toBe(true);
      second.matcher.accept(byte);
    }
    expect(await second.next()).toBe(inString);
    // Behind what is known the thread hears of the whole text.
    second.matcher.accept('\\'.charCodeAt(0));
    expect(second.isTold).toBe(false);
    expect(await second.next()).toBe('"/\\bfnrtu');
  });

  test('fail the request that takes too long, with a code', async () => {
    const followed = follow(createHost({ answerLimitMs: 1 }));
    await expect(followed.next()).rejects.toMatchObject({
      code: 'unsupported_option',
      message: expect.stringContaining('longer than 1 ms') as unknown,
    });
  });

  test('fail the request that their thread dies of, and no other', async () => {
    const host = createHost();
    const other = follow(host);
    await accept(other, '{"name":"');
    await other.next();
    const guilty = follow(host, 'root ::= "x" nothing_that_is\n');
    await expect(guilty.next()).rejects.toMatchObject({ code: 'unsupported_option' });
    guilty.matcher.close();

    await accept(other, 'ab\\');
    expect(await other.next()).toBe('"/\\bfnrtu');
    const next = follow(host);
    expect(await next.next()).toBe('{');
  });
});
