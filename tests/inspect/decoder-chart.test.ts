import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDecoder } from '../../src/harmony/decoder.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { decoderChart } from '../../src/inspect/decoder-chart.js';
import { machineGraph } from '../../src/inspect/machine-graph.js';
import { loadO200k } from '../harmony/o200k.js';

const tokenizer = createTokenizer(loadO200k());

describe('the decoder', () => {
  test('moves only along its chart, whatever tokens come', () => {
    const { transitions } = machineGraph(decoderChart);
    const edges = new Set(transitions.map(({ from, to }) => `${from} ${to.join()}`));
    const words = [
      'analysis',
      'final',
      'commentary',
      ' to=functions.f',
      'Hello there',
      '{"a":1}',
      'assistant',
    ];
    const fragment = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...Object.values(tokenizer.harmony)).map((id) => [id]) },
      { weight: 2, arbitrary: fc.constantFrom(...words).map((text) => tokenizer.encode(text)) },
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 24 }), (fragments) => {
        const decoder = createDecoder({ tokenizer, tools: ['functions.f'] });
        let state = 'header';
        for (const token of fragments.flat()) {
          decoder.push(token);
          if (decoder.state !== state) expect(edges).toContain(`${state} ${decoder.state}`);
          state = decoder.state;
        }
      }),
      { numRuns: 500 },
    );
  });
});
