import { describe, expect, test } from '@jest/globals';
import { createDecoder, type HarmonyDecoder } from '../../src/harmony/decoder.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k } from './o200k.js';
import { parseCases, streamCases, toVector, type StreamEvent } from './vectors.js';

const tokenizer = createTokenizer(loadO200k());

const decoderFor = ({
  role,
  strict,
}: {
  readonly role: 'assistant' | 'user' | null;
  readonly strict: boolean;
}): HarmonyDecoder => createDecoder({ tokenizer, role, mode: strict ? 'strict' : 'lenient' });

describe('strict and lenient decoding', () => {
  test.each(parseCases().map((vector) => [vector.id, vector] as const))(
    'read the official messages or error: %s',
    (_, vector) => {
      const decoder = decoderFor(vector);
      const decode = (): void => {
        for (const token of vector.tokens) decoder.push(token);
        decoder.finish();
      };
      if (vector.expect.error === undefined) {
        decode();
        expect(decoder.messages.map(toVector)).toEqual(vector.expect.messages);
      } else {
        expect(decode).toThrow(
          expect.objectContaining({ code: 'invalid_request', message: vector.expect.error }),
        );
      }
    },
  );

  test.each(streamCases().map((vector) => [vector.id, vector] as const))(
    'pass through the official states: %s',
    (_, vector) => {
      const decoder = decoderFor(vector);
      const events: StreamEvent[] = [];
      let error: { index: number | null; message: string } | null = null;
      const steps = [...vector.tokens, ...(vector.eos ? [null] : [])];
      for (const [index, token] of steps.entries()) {
        try {
          if (token === null) decoder.finish();
          else decoder.push(token);
          events.push(snapshot(token, decoder));
        } catch (thrown) {
          error = { index: token === null ? null : index, message: (thrown as Error).message };
          break;
        }
      }
      // Where the official deltas lag behind, only the text of the message counts.
      const comparable = (event: StreamEvent): unknown[] =>
        event.map((field, i) => (i === 6 && !vector.deltas_complete ? 'any' : field));
      expect(events.map(comparable)).toEqual(vector.events.map(comparable));
      expect(error).toEqual(vector.error);
      expect(decoder.messages.map(toVector)).toEqual(vector.messages);
    },
  );
});

const STATES = { between: 'S', header: 'H', body: 'C' } as const;

const snapshot = (token: number | null, decoder: HarmonyDecoder): StreamEvent => {
  const { state, role, channel, recipient, contentType, lastDelta, numMessages } = decoder.view();
  return [token, STATES[state], role, channel, recipient, contentType, lastDelta, numMessages];
};
