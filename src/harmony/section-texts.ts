// The texts of system and developer content: sections joined by a blank line, absent ones skipped.

import type { DeveloperContent, SystemContent, ToolNamespace, ToolNamespaces } from './conversation.js';
import { schemaToTypeScript } from './typescript-schema.js';

/** `hasFunctionTools`: some developer content of the conversation has tools under the key `functions`. */
export const systemText = (content: SystemContent, hasFunctionTools: boolean): string => {
  const sections: string[] = [];
  const facts: string[] = [];
  if (content.modelIdentity !== undefined) facts.push(content.modelIdentity);
  if (content.knowledgeCutoff !== undefined) facts.push(`Knowledge cutoff: ${content.knowledgeCutoff}`);
  if (content.conversationStartDate !== undefined)
    facts.push(`Current date: ${content.conversationStartDate}`);
  if (facts.length > 0) sections.push(facts.join('\n'));
  if (content.reasoningEffort !== undefined) sections.push(`Reasoning: ${content.reasoningEffort}`);
  if (content.tools !== undefined && Object.keys(content.tools).length > 0)
    sections.push(toolsText(content.tools));
  const channels = content.channelConfig;
  if (channels !== undefined && channels.validChannels.length > 0) {
    let text = `# Valid channels: ${channels.validChannels.join(', ')}.`;
    if (channels.channelRequired) text += ' Channel must be included for every message.';
    if (hasFunctionTools) text += "\nCalls to these tools must go to the commentary channel: 'functions'.";
    sections.push(text);
  }
  return sections.join('\n\n');
};

export const developerText = (content: DeveloperContent): string => {
  const sections: string[] = [];
  if (content.instructions !== undefined) sections.push('# Instructions', content.instructions);
  if (content.tools !== undefined && Object.keys(content.tools).length > 0)
    sections.push(toolsText(content.tools));
  return sections.join('\n\n');
};

/** Property order of the map does not matter: namespaces come in byte order of their keys. */
export const toolsText = (namespaces: ToolNamespaces): string =>
  [
    '# Tools',
    ...Object.keys(namespaces)
      .sort(byBytes)
      .map((key) => namespaceText(namespaces[key]!)),
  ].join('\n\n');

const namespaceText = ({ name, description, tools }: ToolNamespace): string => {
  const lines = [`## ${name}\n`];
  const prefix = tools.length > 0 ? '// ' : '';
  for (const line of linesOf(description ?? '')) lines.push(prefix + line);
  if (tools.length > 0) {
    lines.push(`namespace ${name} {\n`);
    for (const tool of tools) {
      for (const line of linesOf(tool.description)) lines.push(`// ${line}`);
      const hasParameters = tool.parameters !== undefined && tool.parameters !== null;
      const parameters = hasParameters ? `_: ${schemaToTypeScript(tool.parameters, '')}` : '';
      lines.push(`type ${tool.name} = (${parameters}) => any;\n`);
    }
    lines.push(`} // namespace ${name}`);
  }
  return lines.join('\n');
};

/** Split at \n, dropping one \r before it and a final newline; no text has no lines. */
const linesOf = (text: string): string[] => {
  const lines = text.split('\n');
  const last = lines.pop()!;
  return [
    ...lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)),
    ...(last === '' ? [] : [last]),
  ];
};

/** UTF-8 byte order is code point order, which differs from JavaScript's for surrogate pairs. */
const byBytes = (a: string, b: string): number => {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};
