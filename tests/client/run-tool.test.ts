import { describe, expect, it } from '@jest/globals';
import { runTool, type ToolCall } from '../../src/client/tools.js';

const call: ToolCall = {
  kind: 'tool_call',
  callId: '1',
  name: 'remove',
  arguments: '{"path":"notes.txt"}',
  freeform: false,
  owner: 'client',
  declared: true,
  guessed: false,
};

describe('runTool', () => {
  it('hands the parsed arguments to the handler', async () => {
    const seen: unknown[] = [];
    const tool = { name: 'remove', handler: (args: unknown) => void seen.push(args) };
    await runTool([tool], call, new AbortController().signal);
    expect(seen).toEqual([{ path: 'notes.txt' }]);
  });

  it('hands the text of a freeform call to the handler as it is', async () => {
    const seen: string[] = [];
    const tool = {
      kind: 'freeform',
      name: 'remove',
      handler: (text: string) => void seen.push(text),
    } as const;
    await runTool([tool], { ...call, freeform: true }, new AbortController().signal);
    expect(seen).toEqual(['{"path":"notes.txt"}']);
  });

  it('does not run a call that was guessed from malformed output', async () => {
    let ran = false;
    const tool = { name: 'remove', handler: () => void (ran = true) };
    const output = await runTool([tool], { ...call, guessed: true }, new AbortController().signal);
    expect({ ran, output }).toEqual({ ran: false, output: expect.stringContaining('malformed') });
  });
});
