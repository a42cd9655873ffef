import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { machineCatalogue } from '../../src/inspect/machine-catalogue.js';
import type { WatchEvent } from '../../src/ipc/protocol.js';
import { decodeRecording, encodeRecorded, type RecordingHeader } from '../../src/ipc/recording.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/ipc

const header: RecordingHeader = {
  type: 'codexpc.recording',
  recordingVersion: 1,
  createdAt: 1_790_000_000_000,
  daemon: { version: '0.1.0', pid: 1 },
  content: false,
  machines: machineCatalogue(),
};
const event = (at: number): WatchEvent => ({ kind: 'actor.stopped', at, actor: `a#${at}` });
const fileOf = (...values: readonly (RecordingHeader | WatchEvent)[]): Buffer =>
  Buffer.concat(values.map(encodeRecorded));

describe('a recording', () => {
  test('holds its header, with the machines, and the events in order', () => {
    const { isCutOff, ...recording } = decodeRecording(fileOf(header, event(1), event(2)));
    expect(recording).toEqual({ header, events: [event(1), event(2)] });
    expect(isCutOff).toBe(false);
  });

  test('that was cut off anywhere holds every event before that', () => {
    const start = fileOf(header, event(1)).length;
    const whole = fileOf(header, event(1), event(2));
    for (let length = start + 1; length < whole.length; length++) {
      const { events, isCutOff } = decodeRecording(whole.subarray(0, length));
      expect({ events, isCutOff }).toEqual({ events: [event(1)], isCutOff: true });
    }
  });

  test('leaves out events that a later version may add', () => {
    const unknown = { ...event(1), kind: 'from.later' } as unknown as WatchEvent;
    expect(decodeRecording(fileOf(header, unknown, event(2))).events).toEqual([event(2)]);
  });

  test('of a version whose status had fewer keys is read, with nothing told for those', () => {
    const file = decodeRecording(readFileSync(join(root, 'tests/fixtures/recordings/crash.codexpc')));
    const snapshot = file.events.find((recorded) => recorded.kind === 'snapshot')!;
    const before = structuredClone(snapshot) as {
      status: { http?: unknown; requests: { draftedTokens?: number } };
    };
    delete before.status.http;
    delete before.status.requests.draftedTokens;
    expect(decodeRecording(fileOf(header, before as unknown as WatchEvent)).events).toMatchObject([
      { kind: 'snapshot', status: { ...before.status, http: null, requests: { draftedTokens: 0 } } },
    ]);
  });

  test('of another version, or what is none, is refused with what to do', () => {
    const later = { ...header, recordingVersion: 2 } as unknown as RecordingHeader;
    expect(() => decodeRecording(fileOf(later))).toThrow(/version 2.*the codexpc that wrote it/);
    for (const bytes of [Buffer.alloc(0), Buffer.from('a text file, surely'), fileOf(event(1))])
      expect(() => decodeRecording(bytes)).toThrow(/no recording.*--record/);
  });

  test('made by a daemon with a tool call, a crash and a restart can be read', () => {
    const { header, events } = decodeRecording(
      readFileSync(join(root, 'tests/fixtures/recordings/crash.codexpc')),
    );
    expect(header.machines.map(({ machine }) => machine)).toContain('supervisor');
    const kinds = new Set(events.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining(['snapshot', 'actor.transition', 'counters', 'log']));
    const states = events.flatMap((recorded) => (recorded.kind === 'actor.transition' ? recorded.to : []));
    expect(states).toEqual(
      expect.arrayContaining([
        'active.callingTools.runningTool',
        'running.recovering',
        'running.engineUp.ready',
      ]),
    );
  });
});
