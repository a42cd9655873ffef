// Conversations in the JSON of the official crate, as the vectors have them, to ours.

import type {
  Content,
  Conversation,
  Message,
  ReasoningEffort,
  ToolNamespaces,
  ChannelConfig,
  Role,
  JsonValue,
} from '../../src/harmony/conversation.js';

export interface CrateConversation {
  readonly messages: readonly CrateMessage[];
}

export interface CrateMessage {
  readonly role: Role;
  readonly name?: string | null;
  readonly recipient?: string | null;
  readonly channel?: string | null;
  readonly content_type?: string | null;
  readonly content: string | readonly CrateContent[];
}

interface CrateContent {
  readonly type: 'text' | 'system_content' | 'developer_content';
  readonly text?: string;
  readonly model_identity?: string | null;
  readonly reasoning_effort?: string | null;
  readonly tools?: Readonly<Record<string, CrateNamespace>> | null;
  readonly conversation_start_date?: string | null;
  readonly knowledge_cutoff?: string | null;
  readonly channel_config?: {
    readonly valid_channels: readonly string[];
    readonly channel_required: boolean;
  } | null;
  readonly instructions?: string | null;
}

interface CrateNamespace {
  readonly name: string;
  readonly description?: string | null;
  readonly tools: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters?: JsonValue;
  }[];
}

export const fromCrate = ({ messages }: CrateConversation): Conversation => ({
  messages: messages.map(messageFromCrate),
});

const messageFromCrate = (message: CrateMessage): Message => ({
  role: message.role,
  ...present('name', message.name),
  ...present('recipient', message.recipient),
  ...present('channel', message.channel),
  ...present('contentType', message.content_type),
  content:
    typeof message.content === 'string'
      ? [{ type: 'text', text: message.content }]
      : message.content.map(contentFromCrate),
});

const contentFromCrate = (content: CrateContent): Content => {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text ?? '' };
    case 'developer_content':
      return {
        type: 'developer_content',
        ...present('instructions', content.instructions),
        ...present('tools', namespaces(content)),
      };
    case 'system_content':
      return {
        type: 'system_content',
        ...present('modelIdentity', content.model_identity),
        ...present('reasoningEffort', content.reasoning_effort?.toLowerCase() as ReasoningEffort | undefined),
        ...present('tools', namespaces(content)),
        ...present('conversationStartDate', content.conversation_start_date),
        ...present('knowledgeCutoff', content.knowledge_cutoff),
        ...present('channelConfig', channels(content)),
      };
  }
};

const namespaces = ({ tools }: CrateContent): ToolNamespaces | undefined =>
  tools === undefined || tools === null
    ? undefined
    : Object.fromEntries(
        Object.entries(tools).map(([key, { name, description, tools: functions }]) => [
          key,
          { name, ...present('description', description), tools: functions },
        ]),
      );

const channels = ({ channel_config: config }: CrateContent): ChannelConfig | undefined =>
  config === undefined || config === null
    ? undefined
    : { validChannels: config.valid_channels, channelRequired: config.channel_required };

const present = <K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } =>
  (value === null || value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
