// One line on a terminal's stderr that shows how far loading or a long prefill is, and vanishes when text comes.

import type { ResponseEvent } from '../../ipc/protocol.js';
import type { OutputStream } from '../context.js';
import { formatBytes } from '../format.js';

type Progress = Extract<ResponseEvent, { type: 'progress' }>;

/** Shorter prefills are over before anyone could read the bar. */
const LONG_PREFILL_TOKENS = 512;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[K';

export interface ProgressLine {
  show(progress: Progress): void;
  clear(): void;
}

export const createProgressLine = (stream: OutputStream): ProgressLine => {
  if (stream.isTTY !== true) return { show: () => {}, clear: () => {} };
  let shown = '';
  const draw = (text: string): void => {
    if (text === shown) return;
    stream.write(CLEAR_LINE + text);
    shown = text;
  };
  return {
    show: (progress) => draw(describeProgress(progress, stream.columns ?? 80)),
    clear: () => {
      if (shown !== '') draw('');
    },
  };
};

export const describeProgress = ({ phase, done, total }: Progress, columns: number): string => {
  if (phase === 'queued')
    return done > 0 || total > 0 ? `waiting: ${total - done} ahead`.slice(0, columns - 1) : '';
  if (total <= 0 || (phase === 'prefill' && total < LONG_PREFILL_TOKENS)) return '';
  const share = Math.min(1, done / total);
  const figures =
    phase === 'loading' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} tokens`;
  const label = phase === 'loading' ? 'loading the model' : 'reading the prompt';
  const filled = Math.round(share * BAR_CELLS);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`;
  return `${label} ${bar} ${Math.round(share * 100)}%  ${figures}`.slice(0, columns - 1);
};
