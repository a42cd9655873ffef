// The events with which an item of a streamed response begins and ends.

import {
  type McpCallItem,
  type OutputItemObject,
  type ReasoningTextPart,
  type StreamEventBody,
  textPart,
} from './responses-objects.js';

export const beginEvents = (item: OutputItemObject, index: number): readonly StreamEventBody[] => {
  const added: StreamEventBody = { type: 'response.output_item.added', output_index: index, item };
  switch (item.type) {
    case 'message':
      return [added, { type: 'response.content_part.added', ...contentOf(item, index), part: textPart('') }];
    case 'reasoning': {
      const part: ReasoningTextPart = { type: 'reasoning_text', text: '' };
      return [added, { type: 'response.content_part.added', ...contentOf(item, index), part }];
    }
    case 'function_call':
    case 'custom_tool_call':
      return [added];
    case 'mcp_call':
      return [
        added,
        { type: 'response.mcp_call.in_progress', ...placeOf(item, index) },
        { type: 'response.mcp_call_arguments.done', ...placeOf(item, index), arguments: item.arguments },
      ];
  }
};

/** Calls of the daemon's own tools are not told while they are written. */
export type GrowingItem = Exclude<OutputItemObject, McpCallItem>;

export const deltaEvent = (item: GrowingItem, index: number, delta: string): StreamEventBody => {
  switch (item.type) {
    case 'message':
      return { type: 'response.output_text.delta', ...contentOf(item, index), logprobs: [], delta };
    case 'reasoning':
      return { type: 'response.reasoning_text.delta', ...contentOf(item, index), delta };
    case 'function_call':
      return { type: 'response.function_call_arguments.delta', ...placeOf(item, index), delta };
    case 'custom_tool_call':
      return { type: 'response.custom_tool_call_input.delta', ...placeOf(item, index), delta };
  }
};

/** Of the item as it has become. */
export const endEvents = (item: OutputItemObject, index: number): readonly StreamEventBody[] => {
  const done: StreamEventBody = { type: 'response.output_item.done', output_index: index, item };
  switch (item.type) {
    case 'message':
      return item.content.flatMap((part) => [
        { type: 'response.output_text.done', ...contentOf(item, index), logprobs: [], text: part.text },
        { type: 'response.content_part.done', ...contentOf(item, index), part },
        done,
      ]);
    case 'reasoning':
      return item.content.flatMap((part) => [
        { type: 'response.reasoning_text.done', ...contentOf(item, index), text: part.text },
        { type: 'response.content_part.done', ...contentOf(item, index), part },
        done,
      ]);
    case 'function_call': {
      const { name, arguments: args } = item;
      return [
        { type: 'response.function_call_arguments.done', ...placeOf(item, index), name, arguments: args },
        done,
      ];
    }
    case 'mcp_call': {
      const type = item.error === null ? 'response.mcp_call.completed' : 'response.mcp_call.failed';
      return [{ type, ...placeOf(item, index) }, done];
    }
    case 'custom_tool_call':
      return [
        { type: 'response.custom_tool_call_input.done', ...placeOf(item, index), input: item.input },
        done,
      ];
  }
};

const placeOf = ({ id }: OutputItemObject, index: number) => ({ item_id: id, output_index: index });
/** Every item has one part of content at most. */
const contentOf = (item: OutputItemObject, index: number) => ({ ...placeOf(item, index), content_index: 0 });
