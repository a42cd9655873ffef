// The tools of a request as the model is told of them.
//
// A freeform tool is a function of one string whose call holds the text itself. The model is told so in the function's
// comment, with the grammar, and sees its own earlier calls with the content type `code`, which it was trained to give
// to raw text (Python).

import { CodexpcError } from '../errors.js';
import type { ToolDescription } from '../harmony/conversation.js';
import type { FreeformTool, Respond, Tool } from '../ipc/protocol.js';

export const offeredTools = ({
  tools,
  toolChoice,
}: Pick<Respond, 'tools' | 'toolChoice'>): readonly Tool[] => (toolChoice === 'none' ? [] : tools);

export const toolDescriptionOf = (tool: Tool): ToolDescription => {
  const { name, description } = tool;
  return tool.kind === 'function'
    ? { name, description, parameters: tool.parameters }
    : { name, description: freeformDescription(tool), parameters: { type: 'string' } };
};

/** Throws for tools that contradict each other or the choice among them. */
export const checkTools = ({ tools, toolChoice }: Pick<Respond, 'tools' | 'toolChoice'>): void => {
  const names = new Set(tools.map(({ name }) => name));
  if (names.size < tools.length) {
    const twice = tools.find(({ name }, index) => tools.findIndex((tool) => tool.name === name) !== index);
    throw badTools(`two tools are named ${JSON.stringify(twice?.name)}. Give each a name of its own`);
  }
  if (toolChoice === 'required' && tools.length === 0)
    throw badTools("toolChoice is 'required' but there are no tools. Offer one, or choose 'auto'");
  if (typeof toolChoice === 'object' && !names.has(toolChoice.name))
    throw badTools(`toolChoice names ${JSON.stringify(toolChoice.name)}, which is none of the tools`);
};

const freeformDescription = ({ description, grammar }: FreeformTool): string => {
  const lines = description === '' ? [] : [description];
  const form = 'Call it with the text itself, not with JSON';
  if (grammar === null) return [...lines, `${form}.`].join('\n');
  const name = grammar.syntax === 'lark' ? 'Lark grammar' : 'regular expression';
  return [...lines, `${form}. The text has to match this ${name}:`, grammar.definition.trim()].join('\n');
};

const badTools = (problem: string): CodexpcError =>
  new CodexpcError({ code: 'invalid_request', message: `The request's tools do not work: ${problem}.` });
