// The events of one response → the events of the Responses API, and the response as it stands. Items come one after the
// other, so at most one is open: what is delivered as deltas is opened by the first and closed by the item itself.

import type { ConversationItem, OutputItem, ResponseEvent, WireError } from '../protocol.js';
import { failedResponseError } from './api-error.js';
import { beginEvents, deltaEvent, endEvents } from './item-events.js';
import {
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
import type { ToolTable } from './tool-table.js';

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
  let open: OutputItemObject | null = null;
  let sequence = 0;
  let hasGuessedCall = false;

  const response = (): ResponseObject => responseObject({ ...state, output: [...output] }, echo);

  /** An item of this kind without its text. */
  const emptyItem = (kind: ItemKind): OutputItemObject => {
    const id = (type: keyof typeof PREFIXES): string => PREFIXES[type] + options.createId();
    const status = 'in_progress';
    switch (kind.type) {
      case 'reasoning':
        return { type: 'reasoning', id: id('reasoning'), summary: [], content: [], status };
      case 'message': {
        const phase = kind.channel === 'commentary' ? 'commentary' : 'final_answer';
        return { type: 'message', id: id('message'), role: 'assistant', status, phase, content: [] };
      }
      case 'call': {
        const { name, namespace, isFreeform } = tools.called(kind.name);
        const call = {
          call_id: kind.callId,
          name,
          ...(namespace === null ? {} : { namespace }),
          status,
        } as const;
        return isFreeform
          ? { type: 'custom_tool_call', id: id('custom_tool_call'), ...call, input: '' }
          : { type: 'function_call', id: id('function_call'), ...call, arguments: '' };
      }
    }
  };

  const fillItem = (item: OutputItemObject, text: string): OutputItemObject => {
    const status = 'completed';
    switch (item.type) {
      case 'reasoning': {
        const sealed = options.sealReasoning ? { encrypted_content: sealReasoning(text) } : {};
        return { ...item, content: [{ type: 'reasoning_text', text }], ...sealed, status };
      }
      case 'message':
        return { ...item, content: [textPart(text)], status };
      case 'function_call':
        return { ...item, arguments: text, status };
      case 'custom_tool_call':
        return { ...item, input: text, status };
    }
  };

  const begin = (kind: ItemKind): [OutputItemObject, readonly StreamEventBody[]] => {
    const isOpen = open !== null && (kind.type === 'call' ? isCall(open) : open.type === kind.type);
    if (isOpen) return [open!, []];
    open = emptyItem(kind);
    return [open, beginEvents(open, output.length)];
  };

  const delta = (kind: ItemKind, text: string): readonly StreamEventBody[] => {
    const [item, begun] = begin(kind);
    return [...begun, deltaEvent(item, output.length, text)];
  };

  const whole = (kind: ItemKind, text: string): readonly StreamEventBody[] => {
    const [item, begun] = begin(kind);
    const filled = fillItem(kind.type === 'message' ? { ...item, ...phaseOf(kind) } : item, text);
    open = null;
    output.push(filled);
    return [...begun, ...endEvents(filled, output.length - 1)];
  };

  const deliver = (item: OutputItem): readonly StreamEventBody[] => {
    switch (item.kind) {
      case 'message': {
        const { channel, text } = item;
        conversation.push({ kind: 'message', role: 'assistant', channel, text });
        return whole(channel === 'analysis' ? { type: 'reasoning' } : { type: 'message', channel }, text);
      }
      case 'tool_call': {
        const { callId, name, freeform, guessed } = item;
        if (guessed) {
          hasGuessedCall = true;
          return [];
        }
        conversation.push({ kind: 'tool_call', callId, name, arguments: item.arguments, freeform });
        return whole({ type: 'call', callId, name }, item.arguments);
      }
      case 'tool_output':
        conversation.push(item);
        return [];
    }
  };

  const finish = ({
    finishReason,
    usage,
  }: Extract<ResponseEvent, { type: 'completed' }>): StreamEventBody => {
    state = { ...state, usage };
    if (hasGuessedCall) return fail(MALFORMED_CALL);
    switch (finishReason) {
      case 'stop':
      case 'tool_calls':
        state = { ...state, status: 'completed', completedS: nowS() };
        return { type: 'response.completed', response: response() };
      case 'length':
        state = { ...state, status: 'incomplete', incompleteReason: 'max_output_tokens' };
        return { type: 'response.incomplete', response: response() };
      case 'cancelled':
      case 'deadline':
        if (options.isStopping()) return fail(STOPPING);
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
        return delta({ type: 'call', callId: event.callId, name: event.name }, event.text);
      case 'output_item.done':
        return deliver(event.item);
      case 'completed':
        return [finish(event)];
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

const isCall = ({ type }: OutputItemObject): boolean =>
  type === 'function_call' || type === 'custom_tool_call';

/** What a message is for can turn out at its end. */
const phaseOf = ({ channel }: Extract<ItemKind, { type: 'message' }>) =>
  ({ phase: channel === 'commentary' ? 'commentary' : 'final_answer' }) as const;

/**
 * The output was so malformed that a call had to be guessed: nobody may run it. Clients take an engine's failure for a
 * broken stream and ask again, which samples anew.
 */
export const MALFORMED_CALL: WireError = {
  code: 'engine_exited',
  message: 'The model wrote a tool call too malformed to be run. Send the request again for another try.',
  details: {},
};

export const STOPPING: WireError = {
  code: 'shutting_down',
  message:
    'The daemon is stopping and gave the answer up. Send the request again when it has been restarted.',
  details: {},
};
