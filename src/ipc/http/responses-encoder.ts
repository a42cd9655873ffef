// The events of one response → the events of the Responses API, and the response as it stands. Items come one after the
// other, so at most one grows: what is delivered as deltas is opened by the first and closed by the item itself. Calls
// that the daemon answers stay open until their output is there.

import type { ConversationItem, FinishReason, OutputItem, ResponseEvent, WireError } from '../protocol.js';
import { failedResponseError } from './api-error.js';
import { beginEvents, deltaEvent, endEvents, type GrowingItem } from './item-events.js';
import {
  type McpCallItem,
  type OutputItemObject,
  type RequestEcho,
  type ResponseObject,
  responseObject,
  type ResponseState,
  type StreamEvent,
  type StreamEventBody,
  textPart,
} from './responses-objects.js';
import { sealReasoning } from './sealed-reasoning.js';
import { argumentsText, type ToolTable } from './tool-table.js';

export interface ResponsesEncoderOptions {
  readonly id: string;
  readonly echo: RequestEcho;
  readonly tools: ToolTable;
  readonly sealReasoning: boolean;
  /** Random, for the ids of items. */
  readonly createId: () => string;
  readonly nowS: () => number; // seconds since 1970
  /** The daemon ends: what it cancels may be asked for again. */
  readonly isStopping: () => boolean;
}

export interface ResponsesEncoder {
  encode(event: ResponseEvent): readonly StreamEvent[];
  /** Says that the response is still under way. Codex counts events only, comments not. */
  heartbeat(): StreamEvent;
  response(): ResponseObject;
  /** What the response adds to its conversation. */
  conversation(): readonly ConversationItem[];
}

/** As OpenAI's: Codex gives ids back only with these. */
const PREFIXES = {
  message: 'msg_',
  reasoning: 'rs_',
  function_call: 'fc_',
  custom_tool_call: 'ctc_',
  mcp_call: 'mcp_',
} as const;

/** What makes an item: its kind and, of a call, which. Its text is still to come. */
type ItemKind =
  | { readonly type: 'reasoning' }
  | { readonly type: 'message'; readonly channel: 'commentary' | 'final' }
  | { readonly type: 'call'; readonly callId: string; readonly name: string };

export const createResponsesEncoder = (options: ResponsesEncoderOptions): ResponsesEncoder => {
  const { echo, tools, nowS } = options;
  const output: OutputItemObject[] = [];
  const conversation: ConversationItem[] = [];
  let state: Omit<ResponseState, 'output'> = {
    id: options.id,
    createdS: nowS(),
    completedS: null,
    status: 'in_progress',
    model: '',
    usage: null,
    error: null,
    incompleteReason: null,
  };
  const daemonCalls = new Map<string, { readonly item: McpCallItem; readonly index: number }>(); // by call id
  let open: { readonly item: GrowingItem; readonly index: number; text: string } | null = null;
  let numItems = 0;
  let sequence = 0;

  const response = (): ResponseObject => responseObject({ ...state, output: [...output] }, echo);

  const idOf = (type: keyof typeof PREFIXES): string => PREFIXES[type] + options.createId();

  /** An item of this kind without its text. */
  const emptyItem = (kind: ItemKind): GrowingItem => {
    const status = 'in_progress';
    switch (kind.type) {
      case 'reasoning':
        return { type: 'reasoning', id: idOf('reasoning'), summary: [], content: [], status };
      case 'message':
        return {
          type: 'message',
          id: idOf('message'),
          role: 'assistant',
          status,
          ...phaseOf(kind),
          content: [],
        };
      case 'call': {
        const { name, namespace, isFreeform } = tools.called(kind.name);
        const inNamespace = namespace === null ? {} : { namespace };
        const call = { call_id: kind.callId, name, ...inNamespace, status } as const;
        return isFreeform
          ? { type: 'custom_tool_call', id: idOf('custom_tool_call'), ...call, input: '' }
          : { type: 'function_call', id: idOf('function_call'), ...call, arguments: '' };
      }
    }
  };

  const fillItem = (
    item: GrowingItem,
    text: string,
    status: 'completed' | 'incomplete' = 'completed',
  ): GrowingItem => {
    switch (item.type) {
      case 'reasoning': {
        const sealed = options.sealReasoning ? { encrypted_content: sealReasoning(text) } : {};
        return { ...item, content: [{ type: 'reasoning_text', text }], ...sealed, status };
      }
      case 'message':
        return { ...item, content: [textPart(text)], status };
      case 'function_call':
        return { ...item, arguments: status === 'completed' ? argumentsText(text) : text, status };
      case 'custom_tool_call':
        return { ...item, input: text, status };
    }
  };

  const begin = (kind: ItemKind): readonly StreamEventBody[] => {
    if (open !== null && isOfKind(open.item, kind)) return [];
    open = { item: emptyItem(kind), index: numItems++, text: '' };
    return beginEvents(open.item, open.index);
  };

  const delta = (kind: ItemKind, text: string): readonly StreamEventBody[] => {
    const begun = begin(kind);
    const { item, index } = open!;
    open!.text += text;
    return [...begun, deltaEvent(item, index, text)];
  };

  /** What was cut off ends as far as it came. */
  const endOpen = (): readonly StreamEventBody[] => {
    if (open === null) return [];
    const { item, index, text } = open;
    open = null;
    // Clients run calls that are done. JSON that was cut is none, but of a text nobody can see it.
    const filled = fillItem(item, item.type === 'custom_tool_call' ? '' : text, 'incomplete');
    output.push(filled);
    return endEvents(filled, index);
  };

  const whole = (kind: ItemKind, text: string): readonly StreamEventBody[] => {
    const begun = begin(kind);
    const { item, index } = open!;
    const filled = fillItem(
      item.type === 'message' && kind.type === 'message' ? { ...item, ...phaseOf(kind) } : item,
      text,
    );
    open = null;
    output.push(filled);
    return [...begun, ...endEvents(filled, index)];
  };

  const beginDaemonCall = ({ callId, name, arguments: args }: ToolCall): readonly StreamEventBody[] => {
    const item: McpCallItem = {
      type: 'mcp_call',
      id: idOf('mcp_call'),
      server_label: 'codexpc',
      name,
      arguments: args,
      output: null,
      error: null,
      status: 'in_progress',
    };
    const index = numItems++;
    open = null; // what may have begun as a call of the client's is none
    daemonCalls.set(callId, { item, index });
    return beginEvents(item, index);
  };

  const endDaemonCall = ({ callId, output: text, result }: ToolOutput): readonly StreamEventBody[] => {
    const call = daemonCalls.get(callId);
    if (call === undefined) return [];
    const isGood = result === null || result.status === 'ok';
    const filled: McpCallItem = {
      ...call.item,
      output: isGood ? text : null,
      error: isGood ? null : text,
      status: isGood ? 'completed' : 'failed',
    };
    output.push(filled);
    return endEvents(filled, call.index);
  };

  const deliver = (item: OutputItem): readonly StreamEventBody[] => {
    switch (item.kind) {
      case 'message': {
        const { channel, text } = item;
        if (channel === 'analysis' && text === '') return []; // clients take reasoning without a text for broken
        conversation.push({ kind: 'message', role: 'assistant', channel, text });
        return whole(channel === 'analysis' ? { type: 'reasoning' } : { type: 'message', channel }, text);
      }
      case 'tool_call': {
        const { callId, name, freeform, owner } = item;
        conversation.push({ kind: 'tool_call', callId, name, arguments: item.arguments, freeform });
        return owner === 'daemon'
          ? beginDaemonCall(item)
          : whole({ type: 'call', callId, name }, item.arguments);
      }
      case 'tool_output': {
        const { callId, output: text } = item;
        conversation.push({ kind: 'tool_output', callId, output: text });
        return endDaemonCall(item);
      }
    }
  };

  const finish = ({
    finishReason,
    usage,
  }: Extract<ResponseEvent, { type: 'completed' }>): readonly StreamEventBody[] => {
    state = { ...state, usage };
    const isGivenUp = !['stop', 'tool_calls', 'length'].includes(finishReason) && options.isStopping();
    return isGivenUp ? [fail(STOPPING)] : [...endOpen(), endAfter(finishReason)];
  };

  const endAfter = (finishReason: FinishReason): StreamEventBody => {
    switch (finishReason) {
      case 'stop':
      case 'tool_calls':
        state = { ...state, status: 'completed', completedS: nowS() };
        return { type: 'response.completed', response: response() };
      case 'length':
        state = { ...state, status: 'incomplete', incompleteReason: 'max_output_tokens' };
        return { type: 'response.incomplete', response: response() };
      case 'tool_limit':
      case 'cancelled':
      case 'deadline':
        state = { ...state, status: 'incomplete' };
        return { type: 'response.incomplete', response: response() };
    }
  };

  const fail = (error: WireError): StreamEventBody => {
    state = { ...state, status: 'failed', error: failedResponseError(error) };
    return { type: 'response.failed', response: response() };
  };

  const bodiesOf = (event: ResponseEvent): readonly StreamEventBody[] => {
    switch (event.type) {
      case 'created':
        state = { ...state, model: event.model };
        return [
          { type: 'response.created', response: response() },
          { type: 'response.in_progress', response: response() },
        ];
      case 'output_text.delta':
        return delta({ type: 'message', channel: event.channel }, event.text);
      case 'reasoning.delta':
        return delta({ type: 'reasoning' }, event.text);
      case 'tool_call.arguments.delta':
        // The daemon's own, or nobody's: told when it is whole.
        if (!tools.isOffered(event.name)) return [];
        return delta({ type: 'call', callId: event.callId, name: event.name }, event.text);
      case 'output_item.done':
        return deliver(event.item);
      case 'completed':
        return finish(event);
      case 'failed':
        return [fail(event.error)];
      case 'progress':
      case 'tokens.delta':
        return [];
    }
  };

  const number = (body: StreamEventBody): StreamEvent => ({ ...body, sequence_number: sequence++ });

  return {
    encode: (event) => bodiesOf(event).map(number),
    heartbeat: () => number({ type: 'response.in_progress', response: response() }),
    response,
    conversation: () => conversation,
  };
};

type ToolCall = Extract<OutputItem, { kind: 'tool_call' }>;
type ToolOutput = Extract<OutputItem, { kind: 'tool_output' }>;

const isOfKind = ({ type }: GrowingItem, kind: ItemKind): boolean =>
  kind.type === 'call' ? type === 'function_call' || type === 'custom_tool_call' : type === kind.type;

/** What a message is for can turn out at its end. */
const phaseOf = ({ channel }: Extract<ItemKind, { type: 'message' }>) =>
  ({ phase: channel === 'commentary' ? 'commentary' : 'final_answer' }) as const;

export const STOPPING: WireError = {
  code: 'shutting_down',
  message:
    'The daemon is stopping and gave the answer up. Send the request again when it has been restarted.',
  details: {},
};
