// A tool runner without tools: what a call does is told by its tool's name.
//
//   look      says what it was called with       hang     runs until it is aborted
//   slow      says so after some turns           python   says its code in capital letters

import type { OfferedTool, ToolCall, ToolResult, ToolRunner } from '../../../src/actors/tools/tool.js';

export interface ScriptedTools extends ToolRunner {
  readonly calls: readonly ToolCall[];
  readonly aborted: readonly string[];
  readonly ended: readonly string[];
  readonly isClosed: () => boolean;
}

const NAMES = ['look', 'hang', 'slow', 'python'] as const;
type Name = (typeof NAMES)[number];

export const createScriptedTools = (names: readonly Name[] = NAMES): ScriptedTools => {
  const calls: ToolCall[] = [];
  const aborted: string[] = [];
  const ended: string[] = [];
  let isClosed = false;
  return {
    calls,
    aborted,
    ended,
    isClosed: () => isClosed,
    tools: () => names.map(offered),
    run: async (call, { signal }) => {
      calls.push(call);
      if (call.name === 'hang') {
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        aborted.push(call.callId);
        return result('cancelled', 'It was stopped.');
      }
      if (call.name === 'slow') for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      return result('ok', call.name === 'python' ? call.arguments.toUpperCase() : `seen ${call.arguments}`);
    },
    endSession: (sessionId) => Promise.resolve(void ended.push(sessionId)),
    close: () => Promise.resolve(void (isClosed = true)),
  };
};

const offered = (name: Name): OfferedTool => ({
  name,
  description: `Does ${name}.`,
  parameters: name === 'python' ? null : { type: 'object', properties: {} },
  grammar: null,
  harmony: name === 'python' ? 'builtin' : 'function',
});

const result = (status: ToolResult['status'], text: string): ToolResult => ({
  status,
  text,
  exitCode: null,
  signal: null,
  durationMs: 10,
  outputBytes: text.length,
  isTruncated: false,
});
