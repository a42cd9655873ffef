// The screen as text, from the recording of a daemon with a tool call, a crash and a restart.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { drawScreen, type ScreenSize } from '../../../src/cli/watch/draw-screen.js';
import { fitLine, plain, styled } from '../../../src/cli/watch/line.js';
import { Recorder } from '../../../src/cli/watch/recorder.js';
import { keysOf } from '../../../src/cli/watch/terminal.js';
import { paintFor } from '../../../src/cli/terminal-text.js';
import { createPlayer } from '../../../src/inspect/player.js';
import type { WatchEvent } from '../../../src/ipc/protocol.js';
import { decodeRecording } from '../../../src/ipc/recording.js';

const root = fileURLToPath(new URL('../../../../../', import.meta.url)); // from build/js/tests/cli/watch
const { header, events } = decodeRecording(
  readFileSync(join(root, 'tests/fixtures/recordings/crash.codexpc')),
);
const machines = new Map(header.machines.map((machine) => [machine.machine, machine]));
const paint = paintFor({ isTTY: false }, {});

/** As it was when an event of that description had been applied. */
const screenAfter = (
  isLast: (event: WatchEvent) => boolean,
  { columns, rows }: ScreenSize,
  change: { readonly filter?: string; readonly selected?: string } = {},
): readonly string[] => {
  const player = createPlayer({ maxEvents: 100_000 });
  for (const event of events) player.push(event);
  player.seek(0);
  while (player.next() !== null) {
    player.seek(player.position() + 1);
    if (isLast(player.current()!)) break;
  }
  const model = player.model();
  const state = { model, machines, now: model.at, filter: '', selected: null, ...change };
  const lines = drawScreen({ ...state, mode: plain('LIVE'), footer: [plain('keys')] }, { columns, rows });
  return lines.map((line) => fitLine(line, columns, paint));
};

const reached = (state: string) => (event: WatchEvent) =>
  event.kind === 'actor.transition' && event.to.includes(state);
const LARGE = { columns: 120, rows: 40 };

describe('the screen', () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 40, rows: 12 },
    { columns: 12, rows: 4 },
    { columns: 1, rows: 1 },
  ])('fills $columns × $rows and no more', (size) => {
    for (const moment of [reached('active.callingTools.runningTool'), () => false]) {
      const lines = screenAfter(moment, size);
      expect(lines).toHaveLength(size.rows);
      for (const line of lines) expect([...line]).toHaveLength(size.columns);
    }
  });

  test('shows a tool call beneath its session, with the active state among the others', () => {
    const text = screenAfter(reached('active.running'), LARGE).join('\n');
    expect(text).toMatch(/session c\d+\/1 +active › callingTools › \[runningTool\] awaitingTool/);
    expect(text).toMatch(/└ tool call +active › waiting validating \[running\] stopping/);
    expect(text).toMatch(/engine +alive › starting idle loading \[ready\] generating/);
  });

  test('shows a crash: what failed, what the supervisor does, and why', () => {
    const text = screenAfter(reached('running.recovering'), LARGE).join('\n');
    expect(text).toMatch(/supervisor +running › booting engineUp \[recovering\] degraded closing/);
    expect(text).toMatch(/session c\d+\/1 +active completed \[failed\] cancelled/);
    expect(text).toMatch(/supervisor engine.exited: ready → recovering +refused: restartBudgetSpent/);
  });

  test('shows the figures', () => {
    const text = screenAfter(() => false, LARGE).join('\n');
    expect(text).toMatch(/codexpc ready {2}pid \d+ .* restarts 1 +LIVE/);
    expect(text).toMatch(/decode [▁▂▃▄▅▆▇█]+ [\d.]+ tok\/s/);
    expect(text).toMatch(
      /KV [█░]+ \d+% {2}slots 0\/4 {2}prefix hits \d+\/\d+ {2}queue 0\/64 {2}tools 0 now, 1 ever/,
    );
    expect(text).toMatch(/memory 1\d\d MiB {2}weights 31/);
  });

  test('shows only what fits the filter, and what is above it', () => {
    const lines = screenAfter(reached('active.running'), LARGE, { filter: 'TOOL CALL' });
    const actors = lines.slice(
      5,
      lines.findIndex((line) => line.startsWith('── last')),
    );
    expect(actors.map((line) => line.slice(0, 26).trim())).toMatchObject([
      'supervisor',
      expect.stringMatching(/^└ session/),
      '└ tool call',
    ]);
  });
});

describe('a line', () => {
  test('is cut between characters, wide ones too, and steers no terminal', () => {
    expect(fitLine([plain('日本語')], 5, paint)).toBe('日本 ');
    expect(fitLine([plain('a\u001b[2Jb\nc')], 8, paint)).toBe('a [2Jb c');
    const colour = paintFor({ isTTY: true }, {});
    expect(fitLine([styled('red', 'stop'), plain('!')], 3, colour)).toBe('\u001b[31msto\u001b[39m');
  });
});

test('keys are told from each other, arrows and pasted text too', () => {
  expect(keysOf('q\u001b[A\u001bOD/é\r\u007f\u0003\u001b[5~\u001b')).toEqual([
    'q',
    'up',
    'left',
    '/',
    'é',
    'enter',
    'backspace',
    'interrupt',
    'escape',
  ]);
});

test('a recording is for its owner alone, also where a file was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'codexpc-recorder-'));
  const file = join(folder, 'a.codexpc');
  writeFileSync(file, 'an older one', { mode: 0o644 });
  new Recorder(file, header)[Symbol.dispose]();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(folder, { recursive: true });
});

test('a recorder stops at its bound, and what it has written can be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'codexpc-recorder-'));
  const file = join(folder, 'a.codexpc');
  const recorder = new Recorder(file, header, 120_000);
  const taken = [...events, ...events];
  taken.forEach((event) => recorder.take(event));
  expect(recorder.isFull).toBe(true);
  const written = readFileSync(file); // not closed: as after a crash
  expect(written.length).toBeLessThanOrEqual(120_000);
  const recording = decodeRecording(written);
  expect(recording.isCutOff).toBe(false);
  expect(recording.events).toEqual(taken.slice(0, recording.events.length));
  expect(recording.events.length).toBeGreaterThan(50);
  recorder[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
