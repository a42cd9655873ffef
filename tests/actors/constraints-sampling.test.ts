// What cannot occur: arguments and answers that do not fit their schema, drawn at a temperature at which a model writes
// nonsense. CODEXPC_SAMPLED_ANSWERS sets how many of each are drawn from the pocket model.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Daemon } from '../../src/daemon.js';
import type { OutputItem, RespondOptions } from '../../src/ipc/protocol.js';
import { ask, startTestDaemon, stopTestDaemon } from './test-daemon.js';

const NUM_ANSWERS = Number(process.env['CODEXPC_SAMPLED_ANSWERS'] ?? 4);
const MAX_TOKENS = 400;
jest.setTimeout(120_000 + 5_000 * NUM_ANSWERS);

const addonModule = new URL('../../src/actors/load-addon.js', import.meta.url).href;
const definition = readFileSync(join(process.cwd(), 'tests/fixtures/apply-patch.lark'), 'utf8');

const COMMAND = {
  type: 'object',
  properties: {
    command: { type: 'array', items: { type: 'string', maxLength: 12 }, minItems: 1, maxItems: 3 },
    timeout_ms: { type: 'integer', minimum: 1, maximum: 60_000 },
    mode: { enum: ['fast', 'exact'] },
  },
  required: ['command', 'mode'],
  additionalProperties: false,
} as const;
const ANSWER = {
  type: 'object',
  properties: { title: { type: 'string', maxLength: 20 }, score: { type: 'number', minimum: 0, maximum: 1 } },
  required: ['title', 'score'],
  additionalProperties: false,
} as const;

const strict = {
  kind: 'function',
  name: 'exec',
  description: 'Runs.',
  parameters: COMMAND,
  strict: true,
} as const;
const patch = {
  kind: 'freeform',
  name: 'apply_patch',
  description: 'Edits.',
  grammar: { syntax: 'lark', definition },
} as const;

describe('what a daemon draws at temperature 1.5', () => {
  let daemon: Daemon;
  beforeAll(() => {
    const checkpoint = join(process.cwd(), 'models/pocket/model.bin');
    daemon = startTestDaemon({ addonModule, checkpoint, engine: { contextLength: 4096 } });
  });
  afterAll(() => stopTestDaemon(daemon));

  const draw = async (
    seed: number,
    options: Partial<RespondOptions>,
  ): Promise<{ readonly items: readonly OutputItem[]; readonly finishReason: string }> => {
    const answer = ask(daemon, `Question ${seed}`, {
      maxTokens: MAX_TOKENS,
      include: ['commentary'],
      sampling: { temperature: 1.5, seed },
      ...options,
    });
    const end = await answer.ended;
    if (end.type !== 'completed') throw new Error(JSON.stringify(end));
    // Only what the token limit cuts off is not whole.
    if (end.finishReason !== 'length') expect(end.repairs).toEqual({});
    const items = answer.events.flatMap((event) => (event.type === 'output_item.done' ? [event.item] : []));
    return { items, finishReason: end.finishReason };
  };

  /** Draws until enough have ended otherwise than at the token limit. */
  const drawAll = async (
    options: Partial<RespondOptions>,
    check: (items: readonly OutputItem[]) => void,
  ): Promise<void> => {
    let numWhole = 0;
    for (let seed = 0; numWhole < NUM_ANSWERS && seed < 20 * NUM_ANSWERS; seed++) {
      const { items, finishReason } = await draw(seed, options);
      if (finishReason === 'length') continue;
      numWhole++;
      check(items);
    }
    expect(numWhole).toBe(NUM_ANSWERS);
  };

  const callOf = (items: readonly OutputItem[]): Extract<OutputItem, { kind: 'tool_call' }> => {
    const call = items.find((item) => item.kind === 'tool_call');
    if (call?.kind !== 'tool_call') throw new Error('no call was drawn');
    return call;
  };

  test('calls of a strict tool have arguments that fit its schema', async () => {
    const validate = new Ajv2020({ strict: false }).compile(COMMAND);
    await drawAll({ tools: [strict], toolChoice: 'required' }, (items) => {
      const call = callOf(items);
      expect(call).toMatchObject({ name: 'exec', declared: true, guessed: false, freeform: false });
      expect([call.arguments, validate(JSON.parse(call.arguments))]).toEqual([call.arguments, true]);
    });
  });

  test('answers to a schema fit it', async () => {
    const validate = new Ajv2020({ strict: false }).compile(ANSWER);
    await drawAll({ outputSchema: ANSWER }, (items) => {
      const answer = items.find((item) => item.kind === 'message' && item.channel === 'final');
      const text = answer?.kind === 'message' ? answer.text : '';
      expect([text, validate(JSON.parse(text))]).toEqual([text, true]);
    });
  });

  test('patches fit their grammar, and the tool that is named is called', async () => {
    const drawn = await draw(1, {
      tools: [strict, patch],
      toolChoice: { name: 'apply_patch' },
      maxTokens: 60,
      include: ['arguments_delta'],
    });
    if (drawn.finishReason === 'length') return;
    const call = callOf(drawn.items);
    expect(call).toMatchObject({ name: 'apply_patch', freeform: true, guessed: false });
    expect(call.arguments).toMatch(/^\*\*\* Begin Patch\n[^]*\n\*\*\* End Patch\n?$/);
  });
});
