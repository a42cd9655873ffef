// Messages ↔ bytes. Outgoing messages are typed and trusted; incoming bytes are guarded, decoded and parsed by schema.

import { Decoder, Encoder, type Options as MsgpackrOptions } from 'msgpackr';
import type * as z from 'zod';
import { CodexpcError, malformedFrame, unknownMessage } from '../errors.js';
import { createMsgpackGuard } from './msgpack-guard.js';
import { ClientMessage, DaemonMessage } from './protocol.js';

/** Why bytes are no message. `requestId` is set when the sender can be told which request was wrong and go on. */
export class UndecodableMessage extends CodexpcError {
  readonly requestId: string | null;

  constructor(error: CodexpcError, requestId: string | null) {
    super({ code: error.code, message: error.message, details: error.details });
    this.requestId = requestId;
  }
}

export interface Codec<Message> {
  encode(message: Message): Uint8Array;
  /** Throws UndecodableMessage. */
  decode(bytes: Uint8Array): Message;
}

/** 64-bit integers become numbers where a number holds them exactly, else bigints. (msgpackr's types lack 'auto'.) */
const DECODER_OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'auto',
} as unknown as MsgpackrOptions;
const ENCODER_OPTIONS: MsgpackrOptions = {
  useRecords: false,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
};

interface Options {
  /** Message names the schema knows, to tell an unknown message from a wrong one. */
  readonly types: ReadonlySet<string>;
}

export const createCodec = <Schema extends z.ZodType>(
  schema: Schema,
  { types }: Options,
): Codec<z.infer<Schema>> => {
  const encoder = new Encoder(ENCODER_OPTIONS);
  const decoder = new Decoder(DECODER_OPTIONS);
  const findProblem = createMsgpackGuard();

  return {
    encode: (message) => encoder.encode(message),
    decode: (bytes) => {
      const problem = findProblem(bytes);
      if (problem !== null) throw new UndecodableMessage(malformedFrame(problem), null);
      const value: unknown = decoder.decode(bytes);
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      throw explain(value, result.error, types);
    },
  };
};

const explain = (value: unknown, error: z.ZodError, types: ReadonlySet<string>): UndecodableMessage => {
  const { type, requestId } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof type !== 'string')
    return new UndecodableMessage(malformedFrame('the message is no map with a "type"'), null);
  if (!types.has(type)) return new UndecodableMessage(unknownMessage(type), null);

  const [issue] = error.issues;
  const field = issue?.path.join('.').slice(0, 100) ?? '';
  const reason = issue?.message.slice(0, 300) ?? 'it has another shape';
  if (type === 'hello' || typeof requestId !== 'string' || requestId.length === 0 || requestId.length > 128) {
    return new UndecodableMessage(
      malformedFrame(`the field "${field}" of a ${type} message is wrong: ${reason}`),
      null,
    );
  }
  return new UndecodableMessage(
    new CodexpcError({
      code: 'invalid_request',
      message: `The field "${field}" of the ${type} request is wrong: ${reason}. Correct it and send the request again.`,
      details: { type, field },
    }),
    requestId,
  );
};

const typesOf = (union: typeof ClientMessage | typeof DaemonMessage): ReadonlySet<string> =>
  new Set(union.options.map((option) => option.shape.type.value));

/** What clients send. */
export const clientCodec: Codec<ClientMessage> = createCodec(ClientMessage, {
  types: typesOf(ClientMessage),
});
/** What the daemon sends. */
export const daemonCodec: Codec<DaemonMessage> = createCodec(DaemonMessage, {
  types: typesOf(DaemonMessage),
});
