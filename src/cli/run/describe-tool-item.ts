// A call and its output as lines for a person.

import type { OutputItem, ToolResult } from '../../ipc/protocol.js';
import { formatDuration, plural } from '../format.js';

export type ToolItem = Exclude<OutputItem, { kind: 'message' }>;

/** The model gets all of an output; a person wants to see what kind of thing it was. */
const MAX_LINES = 20;

/** The daemon answers it within the response; the client has nothing to do. */
export const isDaemons = (item: ToolItem): boolean =>
  item.kind === 'tool_call' ? item.owner === 'daemon' : item.result !== null;

export const describeToolItem = (item: ToolItem): string => {
  if (item.kind === 'tool_call') {
    const remarks = [...(item.declared ? [] : ['not offered']), ...(item.guessed ? ['malformed'] : [])];
    return `[tool_call] ${item.name} ${item.arguments}${remarks.map((remark) => ` (${remark})`).join('')}`;
  }
  const { output, result } = item;
  if (result === null) return `[tool_call.output] ${output}`;
  const lines = output.trimEnd().split('\n');
  const shown = lines.slice(0, MAX_LINES).join('\n');
  const rest = lines.length > MAX_LINES ? `\n… and ${plural(lines.length - MAX_LINES, 'more line')}` : '';
  return `[tool_call.output] ${describeResult(result)}${shown}${rest}`;
};

/** Nothing where all went well. */
export const describeResult = ({ status, exitCode, signal, durationMs }: CallOutcome): string => {
  if (status === 'ok') return '';
  const facts = [
    status.replaceAll('_', ' '),
    ...(exitCode === null ? [] : [`exit code ${exitCode}`]),
    ...(signal === null ? [] : [signal]),
    ...(durationMs === 0 ? [] : [`after ${formatDuration(durationMs)}`]),
  ];
  return `(${facts.join(', ')}) `;
};

type CallOutcome = Pick<ToolResult, 'status' | 'exitCode' | 'signal' | 'durationMs'>;
