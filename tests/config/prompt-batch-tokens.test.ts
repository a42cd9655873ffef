import { expect, test } from '@jest/globals';
import { promptBatchTokens } from '../../src/config/prompt-batch-tokens.js';

test.each([
  [128, 512, 512],
  [128, 128, 0],
  [1024, 512, 0],
])('with steps of %i tokens and a prompt’s of %i, prompts get steps of %i', (most, ofPrompt, expected) => {
  expect(promptBatchTokens({ 'engine.max_batch_tokens': most, 'engine.prompt_batch_tokens': ofPrompt })).toBe(
    expected,
  );
});
