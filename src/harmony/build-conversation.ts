// The conversation the daemon starts from: system, then developer if there is anything to say, then
// the messages of the request. Nothing here reads a clock; the caller states the date.

import type {
  ChannelConfig,
  Conversation,
  DeveloperContent,
  Message,
  ReasoningEffort,
  SystemContent,
  ToolDescription,
  ToolNamespaces,
} from './conversation.js';

export const DEFAULT_MODEL_IDENTITY = 'You are ChatGPT, a large language model trained by OpenAI.';
export const DEFAULT_KNOWLEDGE_CUTOFF = '2024-06';

export interface ConversationRequest {
  /** Printed as the current date, `2026-11-22`; absent: the model is told none. */
  readonly date?: string;
  /** Default: medium. */
  readonly reasoningEffort?: ReasoningEffort;
  readonly modelIdentity?: string;
  readonly instructions?: string;
  /** Functions the model may call, as `functions.NAME`. */
  readonly tools?: readonly ToolDescription[];
  /** Tools in namespaces of their own, beside `functions`. */
  readonly namespaces?: ToolNamespaces;
  /** Tools the model was trained with (`browser`, `python`), described in the system message. */
  readonly builtinTools?: ToolNamespaces;
  readonly messages: readonly Message[];
}

/**
 * `commentary` is offered only when there is a tool to call: without one, a model that writes there
 * writes to nobody. The developer message exists only if there are instructions or tools.
 */
export const buildConversation = (request: ConversationRequest): Conversation => {
  const {
    date,
    reasoningEffort = 'medium',
    modelIdentity = DEFAULT_MODEL_IDENTITY,
    instructions,
    messages,
  } = request;
  const functions: ToolNamespaces =
    request.tools !== undefined && request.tools.length > 0
      ? { functions: { name: 'functions', tools: request.tools } }
      : {};
  const tools: ToolNamespaces = { ...request.namespaces, ...functions };
  const hasTools = Object.keys(tools).length > 0;
  const hasBuiltinTools = Object.keys(request.builtinTools ?? {}).length > 0;
  const system: SystemContent = {
    type: 'system_content',
    modelIdentity,
    reasoningEffort,
    knowledgeCutoff: DEFAULT_KNOWLEDGE_CUTOFF,
    channelConfig: channelConfig(hasTools || hasBuiltinTools),
    ...(date === undefined ? {} : { conversationStartDate: date }),
    ...(hasBuiltinTools ? { tools: request.builtinTools! } : {}),
  };
  const developer: DeveloperContent = {
    type: 'developer_content',
    ...(instructions === undefined || instructions === '' ? {} : { instructions }),
    ...(hasTools ? { tools } : {}),
  };
  const hasDeveloperMessage = developer.instructions !== undefined || hasTools;
  return {
    messages: [
      { role: 'system', content: [system] },
      ...(hasDeveloperMessage ? [{ role: 'developer', content: [developer] } satisfies Message] : []),
      ...messages,
    ],
  };
};

/** Full names (`functions.shell`) of every tool in a conversation: what a decoder takes as declared. */
export const declaredTools = ({ messages }: Conversation): string[] =>
  messages.flatMap(({ content }) =>
    content.flatMap((part) =>
      part.type === 'text' ? [] : Object.values(part.tools ?? {}).flatMap(fullNames),
    ),
  );

/** A namespace without functions (`python`) is itself the recipient. */
const fullNames = ({ name, tools }: ToolNamespaces[string]): string[] =>
  tools.length > 0 ? tools.map((tool) => `${name}.${tool.name}`) : [name];

const channelConfig = (hasTools: boolean): ChannelConfig => ({
  validChannels: hasTools ? ['analysis', 'commentary', 'final'] : ['analysis', 'final'],
  channelRequired: true,
});
