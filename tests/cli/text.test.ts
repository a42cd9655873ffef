import { describe, expect, it } from '@jest/globals';
import { CodexpcError } from '../../src/errors.js';
import { formatBytes, formatDuration, formatRate } from '../../src/cli/format.js';
import { exitCodeOf, UsageError } from '../../src/cli/exit-codes.js';
import { describeError } from '../../src/cli/report-error.js';
import { createFrontEndCounters } from '../../src/ipc/counters.js';
import { formatStatus } from '../../src/cli/status/format-status.js';
import { describeProgress } from '../../src/cli/run/progress-line.js';
import { harmless, paintFor } from '../../src/cli/terminal-text.js';
import { parseChatCommand } from '../../src/cli/chat/chat-command.js';
import { ScriptedService } from '../fixtures/scripted-service.js';

describe('figures', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(1536), '1.5 KiB'],
    [formatBytes(13 * 2 ** 30), '13.0 GiB'],
    [formatDuration(212), '0.21 s'],
    [formatDuration(59_600), '1 min 0 s'],
    [formatDuration(200_000), '3 min 20 s'],
    [formatDuration(90_061_000), '1 d 1 h'],
    [formatRate(41.25), '41.3 tok/s'],
    [formatRate(340.4), '340 tok/s'],
  ])('reads %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('the status screen', () => {
  const status = new ScriptedService(createFrontEndCounters()).status();
  const screen = (repairs: Readonly<Record<string, number>>): string =>
    formatStatus({ ...status, requests: { ...status.requests, repairs } }, paintFor({ isTTY: false }, {}));

  it('tells what was mended, the most frequent first', () => {
    expect(screen({ missing_end: 1, extra_stop: 3 })).toContain(
      '\nrepairs     extra stop 3, missing end 1\n',
    );
  });

  it('has no line for it when there was nothing to mend', () => {
    expect(screen({})).not.toContain('repairs');
  });
});

describe('an error', () => {
  it('is one sentence with its code, and what to do', () => {
    const error = new CodexpcError({
      code: 'queue_full',
      message: '64 requests wait.',
      details: { retryAfterMs: 2000 },
    });
    expect(describeError(error, false)).toBe(
      'codexpc: 64 requests wait. [queue_full]\n  Try again in 2.00 s.\n',
    );
  });

  it('shows its stack only when asked', () => {
    const error = new Error('boom');
    expect(describeError(error, false)).not.toContain('text.test');
    expect(describeError(error, true)).toContain('text.test');
  });

  it('cannot drive the terminal', () => {
    const error = new CodexpcError({ code: 'io_error', message: 'a\u001b[2Jb' });
    expect(describeError(error, false)).toBe('codexpc: a\\x1b[2Jb [io_error]\n');
  });

  it.each([
    [new UsageError('x'), 2],
    [new CodexpcError({ code: 'invalid_request', message: '' }), 100],
    [new CodexpcError({ code: 'queue_full', message: '' }), 75],
    [new CodexpcError({ code: 'engine_exited', message: '' }), 111],
    [new CodexpcError({ code: 'model_corrupt', message: '' }), 111],
    [new TypeError('x'), 111],
  ])('has an exit code: %#', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('terminal text', () => {
  it('has colours on a terminal that wants them', () => {
    expect(paintFor({ isTTY: true }, {}).dim('x')).toBe('\u001b[2mx\u001b[22m');
    expect(paintFor({ isTTY: true }, { NO_COLOR: '1' }).dim('x')).toBe('x');
    expect(paintFor({ isTTY: true }, { TERM: 'dumb' }).dim('x')).toBe('x');
    expect(paintFor({}, {}).dim('x')).toBe('x');
    expect(paintFor({}, { FORCE_COLOR: '1' }).dim('x')).toBe('\u001b[2mx\u001b[22m');
  });

  it('shows control characters instead of obeying them', () => {
    expect(harmless('a\tb\r\nc\u001b]0;title\u0007é')).toBe('a\tb\nc\\x1b]0;title\\x07é');
  });
});

describe('the progress line', () => {
  const progress = { type: 'progress', requestId: '1', sequence: 1 } as const;

  it('shows a bar for loading and for a long prefill', () => {
    expect(describeProgress({ ...progress, phase: 'loading', done: 2 ** 30, total: 2 ** 32 }, 100)).toBe(
      'loading the model ██████░░░░░░░░░░░░░░░░░░ 25%  1.0 GiB of 4.0 GiB',
    );
    expect(describeProgress({ ...progress, phase: 'prefill', done: 1000, total: 2000 }, 100)).toContain(
      '50%  1000 of 2000 tokens',
    );
  });

  it('spares one a bar that would be gone at once', () => {
    expect(describeProgress({ ...progress, phase: 'prefill', done: 10, total: 100 }, 100)).toBe('');
  });

  it('fits into the line', () => {
    expect(describeProgress({ ...progress, phase: 'prefill', done: 1000, total: 2000 }, 20)).toHaveLength(19);
  });
});

describe('a chat command', () => {
  it.each([
    ['hello', null],
    ['//etc is a path', null],
    ['/exit', { kind: 'exit' }],
    ['/reasoning high', { kind: 'reasoning', effort: 'high' }],
    ['/reasoning much', { kind: 'unknown', text: 'say /reasoning low, medium or high' }],
    ['/what', { kind: 'unknown', text: 'there is no /what; /help lists what there is' }],
  ])('%j is understood', (line, command) => {
    expect(parseChatCommand(line)).toEqual(command);
  });
});
