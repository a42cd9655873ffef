// The conversation of a request in Harmony's terms.

import { buildConversation } from '../harmony/build-conversation.js';
import { type Conversation, type JsonObject, type Message, textContent } from '../harmony/conversation.js';
import type { ConversationItem, Respond } from '../ipc/protocol.js';
import { offeredTools, toolDescriptionOf } from './offered-tools.js';

/** `today`: YYYY-MM-DD, for a request that pins no date of its own. */
export const conversationOf = (request: Respond, today: string): Conversation => {
  const { items, instructions, outputSchema, reasoningEffort, currentDate } = request;
  // What comes before the conversation proper is one developer message, together with the tools.
  const firstOther = items.findIndex((item) => !isInstruction(item));
  const numLeading = firstOther === -1 ? items.length : firstOther;
  const leading = items.slice(0, numLeading).map((item) => (item.kind === 'message' ? item.text : ''));
  const format = outputSchema === null ? '' : responseFormat(outputSchema);
  const allInstructions = [instructions ?? '', ...leading, format].filter((text) => text !== '').join('\n\n');
  const names = callNames(items);
  return buildConversation({
    date: currentDate ?? today,
    reasoningEffort,
    instructions: allInstructions,
    tools: offeredTools(request).map(toolDescriptionOf),
    messages: items.slice(numLeading).map((item) => messageOf(item, names)),
  });
};

export const toolOutputMessage = (name: string, output: string): Message => ({
  role: 'tool',
  name: `functions.${name}`,
  recipient: 'assistant',
  channel: 'commentary',
  content: [textContent(output)],
});

/** The section that Harmony has for it; it goes with the instructions. */
const responseFormat = (schema: JsonObject): string =>
  `# Response Formats\n\n## final_answer\n\n${JSON.stringify(schema)}`;

const isInstruction = (item: ConversationItem): boolean =>
  item.kind === 'message' && (item.role === 'system' || item.role === 'developer');

const callNames = (items: readonly ConversationItem[]): ReadonlyMap<string, string> =>
  new Map(items.flatMap((item) => (item.kind === 'tool_call' ? [[item.callId, item.name] as const] : [])));

const messageOf = (item: ConversationItem, names: ReadonlyMap<string, string>): Message => {
  switch (item.kind) {
    case 'message':
      switch (item.role) {
        case 'system':
        case 'developer':
          return { role: 'developer', content: [{ type: 'developer_content', instructions: item.text }] };
        case 'user':
          return { role: 'user', content: [textContent(item.text)] };
        case 'assistant':
          return { role: 'assistant', channel: item.channel ?? 'final', content: [textContent(item.text)] };
      }
    case 'tool_call':
      return {
        role: 'assistant',
        recipient: `functions.${item.name}`,
        channel: 'commentary',
        contentType: item.freeform ? 'code' : '<|constrain|>json',
        content: [textContent(item.arguments)],
      };
    case 'tool_output':
      return toolOutputMessage(names.get(item.callId) ?? 'unknown', item.output);
  }
};
