// Reasoning is for the turn that it led to; once that has its final answer, the model is no longer shown it.

import type { Message } from './conversation.js';

/**
 * Leaves out analysis before the last final answer. The official renderer leaves out what precedes the first one, and
 * takes it back while a later tool loop runs; a prompt would change from its first turn on with each tool output, and
 * old reasoning would pile up. vLLM does as here (`auto_drop_analysis_messages`).
 */
export const dropSettledReasoning = (messages: readonly Message[]): readonly Message[] => {
  const lastAnswer = messages.findLastIndex(
    ({ role, channel }) => role === 'assistant' && channel === 'final',
  );
  return messages.filter(({ channel }, index) => index > lastAnswer || channel !== 'analysis');
};
