// The last line of a run, on stderr: what it took.

import type { Completed } from '../../ipc/protocol.js';
import { formatDuration, formatRate, plural } from '../format.js';

export const summarize = ({ finishReason, usage, timings }: Completed): string => {
  const cached = usage.cachedInputTokens > 0 ? ` (${usage.cachedInputTokens} cached)` : '';
  const reasoning = usage.reasoningTokens > 0 ? ` (${usage.reasoningTokens} reasoning)` : '';
  return [
    `${plural(usage.outputTokens, 'token')}${reasoning}`,
    `prompt ${usage.inputTokens}${cached}`,
    `first token ${formatDuration(timings.timeToFirstTokenMs)}`,
    `prefill ${formatRate(timings.prefillTokensPerSecond)}`,
    `decode ${formatRate(timings.decodeTokensPerSecond)}`,
    ...ENDINGS[finishReason],
  ].join(' · ');
};

/** How it ended, where that is not what one expects. */
const ENDINGS: { readonly [Reason in Completed['finishReason']]: readonly string[] } = {
  stop: [],
  tool_calls: [],
  tool_limit: ['stopped: it went on calling tools beyond tools.max_rounds'],
  length: ['cut off at the token limit'],
  cancelled: ['stopped'],
  deadline: ['stopped at the deadline'],
};
