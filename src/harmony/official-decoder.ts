// The official parser's behaviour, token by token: the reference that tolerant decoding is measured
// against. `strict` throws wherever it does; otherwise a header that a stop token ends is content.

import { CodexpcError } from '../errors.js';
import type { Role } from './conversation.js';
import type { DecoderCore } from './decoder-core.js';
import type { MessageAssembler } from './message-assembler.js';
import { isToolName, kindOf, type DecodedHeader, type Ending } from './message-kinds.js';
import { readOfficialHeader } from './official-header.js';
import type { TokenTexts } from './token-texts.js';
import type { ToolNames } from './tool-names.js';
import type { HarmonyTokens } from './vocabulary.js';

export interface OfficialDecoderOptions {
  readonly texts: TokenTexts;
  readonly markers: HarmonyTokens;
  readonly assembler: MessageAssembler;
  /** Role whose header the prompt opened; undefined: the first token must be <|start|>. */
  readonly role: Role | undefined;
  readonly isStrict: boolean;
  readonly toolNames: ToolNames;
}

/** `push` and `finish` throw `invalid_request` with the official sentence; completed messages stay. */
export const createOfficialDecoder = (options: OfficialDecoderOptions): DecoderCore => {
  const { texts, markers, assembler, isStrict, toolNames } = options;
  let state: DecoderCore['state'] = options.role === undefined ? 'between' : 'header';
  let nextRole = options.role;
  let headerTokens: number[] = [];
  let restIsLost = false;
  let hasEnded = false;

  const endingOf = (token: number): Ending | undefined => {
    if (token === markers.end) return 'end';
    if (token === markers.return) return 'return';
    return token === markers.call ? 'call' : undefined;
  };

  const decodeHeader = (): string => {
    const bytes = headerTokens.flatMap((token) => [...bytesOf(texts, token)]);
    try {
      return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(Uint8Array.from(bytes));
    } catch (cause) {
      throw malformed('could not decode header', cause);
    }
  };

  const read = (readsRecipient: boolean): ReturnType<typeof readOfficialHeader> => {
    const text = decodeHeader();
    try {
      return readOfficialHeader(text, nextRole, readsRecipient);
    } catch (cause) {
      throw malformed((cause as Error).message, cause);
    }
  };

  const begin = (header: DecodedHeader): void => {
    const isCall = isToolName(header.recipient);
    assembler.begin(header, {
      kind: kindOf(header),
      isDeclared: isCall && toolNames.isDeclared(header.recipient!),
      isFreeform: isCall && toolNames.isFreeform(header.recipient!),
      isGuessed: false,
    });
    restIsLost = false;
  };

  const endHeaderByStop = (ending: Ending): void => {
    if (nextRole !== undefined && headerTokens.length > 0) {
      const { header, rest } = read(false);
      begin(header);
      assembler.appendText(rest ?? '', 0);
      assembler.end(ending);
    }
    hasEnded ||= ending !== 'end';
    nextRole = undefined;
    state = 'between';
  };

  const pushHeader = (token: number): void => {
    assembler.usage.markup++;
    const ending = endingOf(token);
    if (token === markers.message) {
      state = 'between'; // where an error in the header leaves it
      const { header, rest } = read(true);
      if (rest !== undefined)
        throw malformed(`unexpected tokens remaining in message header: Some(${JSON.stringify(rest)})`);
      nextRole = undefined;
      begin(header);
      state = 'body';
    } else if (ending !== undefined && !isStrict) {
      endHeaderByStop(ending);
    } else {
      headerTokens.push(token);
    }
  };

  const pushBody = (token: number): void => {
    const ending = endingOf(token);
    if (ending !== undefined) {
      assembler.usage.markup++;
      assembler.end(ending);
      hasEnded ||= ending !== 'end';
      state = 'between';
    } else if (restIsLost) {
      assembler.usage.other++;
    } else if (token >= 0 && token < texts.size) {
      assembler.append(token);
    } else {
      assembler.appendReplacement();
      restIsLost = true;
    }
  };

  return {
    push(token) {
      assembler.usage.total++;
      switch (state) {
        case 'between':
          assembler.usage.markup++;
          if (token !== markers.start) {
            throw malformed(`Unexpected token ${token} while expecting start token ${markers.start}`);
          }
          state = 'header';
          headerTokens = [];
          break;
        case 'header':
          pushHeader(token);
          break;
        case 'body':
          pushBody(token);
          break;
      }
    },
    finish() {
      if (state === 'header') throw malformed('Unexpected EOS while waiting for message header to complete');
      if (state === 'body') assembler.end('input');
      state = 'between';
    },
    get state() {
      return state;
    },
    get role() {
      return assembler.header?.role ?? nextRole;
    },
    get headerText() {
      return state === 'header' ? headerTokens.map((token) => texts.whole(token) ?? '\ufffd').join('') : '';
    },
    get hasEnded() {
      return hasEnded;
    },
  };
};

const bytesOf = (texts: TokenTexts, token: number): Uint8Array => {
  if (token < texts.numTextTokens)
    return texts.bytes.subarray(texts.offsets[token], texts.offsets[token + 1]);
  const name = texts.whole(token);
  if (name === undefined) throw malformed('could not decode header');
  return new TextEncoder().encode(name);
};

const malformed = (message: string, cause?: unknown): CodexpcError =>
  new CodexpcError({ code: 'invalid_request', message, cause });
