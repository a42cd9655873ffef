// The conversation of a request in Harmony's terms.

import { buildConversation } from '../harmony/build-conversation.js';
import { type Conversation, type JsonObject, type Message, textContent } from '../harmony/conversation.js';
import { dropSettledReasoning } from '../harmony/settled-reasoning.js';
import type { ConversationItem, Respond } from '../ipc/protocol.js';
import { offeredTools, toolDescriptionOf } from './offered-tools.js';
import type { OfferedTool } from './tools/tool.js';

export interface ConversationOptions {
  readonly request: Respond;
  /** Tools that the model was trained with. They are recipients of their own, on the channel `analysis`. */
  readonly builtins: readonly OfferedTool[];
  /** YYYY-MM-DD, for a request that pins no date of its own. */
  readonly today: string;
}

export const conversationOf = ({ request, builtins, today }: ConversationOptions): Conversation => {
  const { items, instructions, outputSchema, reasoningEffort, currentDate } = request;
  const firstOther = items.findIndex((item) => !isInstruction(item));
  const numLeading = firstOther === -1 ? items.length : firstOther;
  const leading = items.slice(0, numLeading).map((item) => (item.kind === 'message' ? item.text : ''));
  const texts = [instructions ?? '', ...leading].filter((text) => text !== '');
  if (outputSchema !== null)
    texts.push([texts.pop() ?? '', responseFormat(outputSchema)].join('\n\n').trim());
  // The tools are with what comes first and changes least: clients begin with a base prompt that is always the same,
  // and go on with what differs from one conversation to the next.
  const [base = '', ...others] = texts;
  const places = callPlaces(items, new Set(builtins.map(({ name }) => name)));
  return buildConversation({
    date: currentDate ?? today,
    reasoningEffort,
    instructions: base,
    tools: offeredTools(request).map(toolDescriptionOf),
    builtinTools: Object.fromEntries(
      builtins.map(({ name, description }) => [name, { name, description, tools: [] }]),
    ),
    messages: dropSettledReasoning([
      ...others.map(developerMessage),
      ...items.slice(numLeading).map((item) => messageOf(item, places)),
    ]),
  });
};

/** Where a call went: its answer comes from there, on the same channel. */
export interface CallPlace {
  readonly recipient: string;
  readonly channel: string;
}

export const toolOutputMessage = ({ recipient, channel }: CallPlace, output: string): Message => ({
  role: 'tool',
  name: recipient,
  recipient: 'assistant',
  channel,
  content: [textContent(output)],
});

const developerMessage = (instructions: string): Message => ({
  role: 'developer',
  content: [{ type: 'developer_content', instructions }],
});

/** The section that Harmony has for it; it goes with the instructions. */
const responseFormat = (schema: JsonObject): string =>
  `# Response Formats\n\n## final_answer\n\n${JSON.stringify(schema)}`;

const isInstruction = (item: ConversationItem): boolean =>
  item.kind === 'message' && (item.role === 'system' || item.role === 'developer');

type CallPlaces = ReadonlyMap<string, CallPlace>;

const callPlaces = (items: readonly ConversationItem[], builtins: ReadonlySet<string>): CallPlaces =>
  new Map(
    items.flatMap((item) => {
      if (item.kind !== 'tool_call') return [];
      const { callId, name } = item;
      const place = builtins.has(name)
        ? { recipient: name, channel: 'analysis' }
        : { recipient: `functions.${name}`, channel: 'commentary' };
      return [[callId, place] as const];
    }),
  );

const UNKNOWN_PLACE: CallPlace = { recipient: 'functions.unknown', channel: 'commentary' };

const messageOf = (item: ConversationItem, places: CallPlaces): Message => {
  switch (item.kind) {
    case 'message':
      switch (item.role) {
        case 'system':
        case 'developer':
          return developerMessage(item.text);
        case 'user':
          return { role: 'user', content: [textContent(item.text)] };
        case 'assistant':
          return { role: 'assistant', channel: item.channel ?? 'final', content: [textContent(item.text)] };
      }
    case 'tool_call':
      return {
        role: 'assistant',
        ...(places.get(item.callId) ?? UNKNOWN_PLACE),
        contentType: item.freeform ? 'code' : '<|constrain|>json',
        content: [textContent(item.arguments)],
      };
    case 'tool_output':
      return toolOutputMessage(places.get(item.callId) ?? UNKNOWN_PLACE, item.output);
  }
};
