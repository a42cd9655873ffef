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

/** Of single bytes, and of enough pairs that nobody looks through those that may stand in a string. */
const NUM_BYTES = 256;
const PAIRS = Array.from({ length: 4096 }, (_, pair) => [0x40 + (pair >> 6), 0x40 + (pair & 63)]);
const END = NUM_BYTES + PAIRS.length;
const GRAMMAR = schemaToEbnf({
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
  additionalProperties: false,
});

const vocabulary = {
  bytes: Uint8Array.from([...Array.from({ length: NUM_BYTES }, (_, byte) => byte), ...PAIRS.flat()]),
  offsets: Uint32Array.from({ length: END + 1 }, (_, id) => id + Math.max(0, id - NUM_BYTES)),
  vocabSize: END + 1,
  ends: [END],
};

/** xgrammar does not take the name. */
const BROKEN = 'root ::= [^\\U00000000]* 1a\n1a ::= "x"\n';

interface Followed {
  readonly matcher: RemoteMatcher;
  /** Single bytes that may come next, as text; an error if nothing does. */
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
      return [...Array.from({ length: NUM_BYTES }, (_, id) => id), END]
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
  });

  test('hear of the whole text where something new comes', async () => {
    const grammar = schemaToEbnf({
      type: 'object',
      properties: { name: { type: 'string' }, city: { type: 'string' } },
      required: ['name', 'city'],
      additionalProperties: false,
    });
    const host = createHost();
    const first = follow(host, grammar);
    await accept(first, '{"name":"a');
    const inString = await first.next();

    const second = follow(host, grammar);
    for (const byte of Buffer.from('{"name":"Ada","city":"')) {
      expect(second.isTold).toBe(true);
      second.matcher.accept(byte);
    }
    expect(second.isTold).toBe(false);
    expect(await second.next()).toBe(inString);
  });

  test('fail the request that takes too long, with a code', async () => {
    const followed = follow(createHost({ answerLimitMs: 1 }));
    await expect(followed.next()).rejects.toMatchObject({
      code: 'unsupported_option',
      message: expect.stringContaining('longer than 1 ms') as unknown,
    });
  });

  test('fail the request whose grammar cannot be read, with a code', async () => {
    const host = createHost();
    const other = follow(host);
    await expect(follow(host, 'root ::= ?\n').next()).rejects.toMatchObject({ code: 'invariant_violated' });
    expect(await other.next()).toBe('{');
  });

  test('go on when a grammar that was only announced cannot be compiled', async () => {
    const host = createHost();
    host.prepare(BROKEN);
    host.prepare(GRAMMAR);
    expect(await follow(host).next()).toBe('{');
  });

  test('fail the request that their thread dies of, and no other', async () => {
    const host = createHost();
    const other = follow(host);
    await accept(other, '{"name":"');
    await other.next();
    const guilty = follow(host, BROKEN);
    await expect(guilty.next()).rejects.toMatchObject({ code: 'unsupported_option' });
    guilty.matcher.close();

    await accept(other, 'ab\\');
    expect(await other.next()).toBe('"/\\bfnrtu');
    const next = follow(host);
    expect(await next.next()).toBe('{');
  });
});
