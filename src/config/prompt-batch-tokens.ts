/** Tokens of a prompt step, which is larger than other steps; 0: there are none. */
export const promptBatchTokens = (
  config: Readonly<Record<'engine.max_batch_tokens' | 'engine.prompt_batch_tokens', number>>,
): number => {
  const numTokens = config['engine.prompt_batch_tokens'];
  return numTokens > config['engine.max_batch_tokens'] ? numTokens : 0;
};
