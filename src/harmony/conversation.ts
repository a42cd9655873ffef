// A conversation as the model is meant to see it: values only. Field by field the format's own
// terms, in camelCase; an absent field is rendered as nothing, no default is filled in here.

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';
export type ReasoningEffort = 'low' | 'medium' | 'high';

export interface Conversation {
  readonly messages: readonly Message[];
}

export interface Message {
  readonly role: Role;
  /** Of the author: `alice` for a user, the tool's full name (`functions.f`) for a tool. */
  readonly name?: string;
  /** Whom the message is for: a tool's full name makes it a call. */
  readonly recipient?: string;
  readonly channel?: string;
  /** `<|constrain|>json`, `json`, `code`. */
  readonly contentType?: string;
  readonly content: readonly Content[];
  /** As the model wrote it, <|start|> and end marker included: rendered as it is. */
  readonly written?: Uint32Array;
}

export type Content = TextContent | SystemContent | DeveloperContent;

export interface TextContent {
  readonly type: 'text';
  readonly text: string;
}

/** Only in system messages. */
export interface SystemContent {
  readonly type: 'system_content';
  readonly modelIdentity?: string;
  readonly reasoningEffort?: ReasoningEffort;
  readonly tools?: ToolNamespaces;
  /** As it shall be printed, `2026-11-22`. */
  readonly conversationStartDate?: string;
  readonly knowledgeCutoff?: string;
  readonly channelConfig?: ChannelConfig;
}

/** Only in developer messages. */
export interface DeveloperContent {
  readonly type: 'developer_content';
  readonly instructions?: string;
  readonly tools?: ToolNamespaces;
}

export interface ChannelConfig {
  readonly validChannels: readonly string[];
  readonly channelRequired: boolean;
}

/** Printed in byte order of the keys; the name that is printed is the namespace's own. */
export type ToolNamespaces = Readonly<Record<string, ToolNamespace>>;

export interface ToolNamespace {
  readonly name: string;
  readonly description?: string;
  readonly tools: readonly ToolDescription[];
}

export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  /** JSON schema; absent or null: the function takes nothing. */
  readonly parameters?: JsonValue;
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export const textContent = (text: string): TextContent => ({ type: 'text', text });
