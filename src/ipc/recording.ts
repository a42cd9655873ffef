// A recording of the debug stream as one file: a header, then the stream's events as they came. The frames are those of
// the socket, so that a file that was cut off anywhere holds everything before that. Pure, and needs nothing of Node.js:
// the debug page reads and writes the same files.

import { Decoder, Encoder, type Options as MsgpackrOptions } from 'msgpackr';
import * as z from 'zod';
import { CodexpcError } from '../errors.js';
import { count, list } from './messages/define.js';
import { MachineDefinition } from './messages/machines.js';
import { WatchEvent } from './messages/watch.js';
import { completeStatus } from './recorded-status.js';

/** Raised when a recording changes so that an older reader would misread it. */
export const RECORDING_VERSION = 1;

export const RecordingHeader = z.object({
  type: z.literal('codexpc.recording'),
  recordingVersion: z.literal(RECORDING_VERSION),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  daemon: z.object({ version: z.string(), pid: count }),
  /** Texts of prompts and answers are in it. */
  content: z.boolean(),
  /** As they were: a reader of another version draws these. */
  machines: list(MachineDefinition),
});
export type RecordingHeader = z.infer<typeof RecordingHeader>;

export interface Recording {
  readonly header: RecordingHeader;
  readonly events: readonly WatchEvent[];
  /** The file ends within an event, which is lost. */
  readonly isCutOff: boolean;
}

/** Before each message, its length. */
export const LENGTH_BYTES = 4;
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const ENCODER_OPTIONS: MsgpackrOptions = { useRecords: false, variableMapSize: true };
/** 64-bit integers become numbers where a number holds them. (msgpackr's types lack 'auto'.) */
const DECODER_OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'auto',
} as unknown as MsgpackrOptions;

/** The bytes of the header or of one event, to be appended to the file. */
export const encodeRecorded = (value: RecordingHeader | WatchEvent): Uint8Array => {
  const message = new Encoder(ENCODER_OPTIONS).encode(value);
  const frame = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(frame.buffer).setUint32(0, message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
};

/** Events of kinds that this version does not know are left out; a status of before may lack keys. Errors: invalid_request: it is no recording. */
export const decodeRecording = (bytes: Uint8Array): Recording => {
  const { messages, isCutOff } = messagesOf(bytes);
  const header = RecordingHeader.safeParse(messages[0]);
  if (!header.success) throw notARecording(messages[0]);
  const events = messages.slice(1).flatMap((message) => {
    const event = WatchEvent.safeParse(withWholeStatus(message));
    return event.success ? [event.data] : [];
  });
  return { header: header.data, events, isCutOff };
};

const withWholeStatus = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'status' in message
    ? { ...message, status: completeStatus(message.status) }
    : message;

const messagesOf = (
  bytes: Uint8Array,
): { readonly messages: readonly unknown[]; readonly isCutOff: boolean } => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new Decoder(DECODER_OPTIONS);
  const messages: unknown[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.length) {
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > bytes.length || end - at - LENGTH_BYTES > MAX_FRAME_BYTES) break;
    try {
      messages.push(decoder.decode(bytes.subarray(at + LENGTH_BYTES, end)));
    } catch {
      break; // what follows a damaged frame cannot be trusted; it counts as cut off
    }
    at = end;
  }
  return { messages, isCutOff: at !== bytes.length };
};

const notARecording = (first: unknown): CodexpcError => {
  const { type, recordingVersion } = (typeof first === 'object' && first !== null ? first : {}) as Record<
    string,
    unknown
  >;
  const message =
    type === 'codexpc.recording' &&
    typeof recordingVersion === 'number' &&
    recordingVersion !== RECORDING_VERSION
      ? `The recording has version ${recordingVersion}, and this codexpc reads version ${RECORDING_VERSION}. Replay it with the codexpc that wrote it.`
      : "The file is no recording of codexpc, or its beginning is missing. Make one with 'codexpc watch --record FILE'.";
  return new CodexpcError({ code: 'invalid_request', message });
};
