// The parts of a message's content as the one text that the model reads. It has no eyes and no ears: what is no text is
// named in its place, so that the model can say so, and the request goes on.

import type { JsonObject, JsonValue } from '../messages/define.js';

/** Errors are not possible: what is not understood is named. */
export const contentText = (content: JsonValue | undefined): string => {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return notShown('content of an unknown form');
  return (content as readonly JsonValue[]).map(partText).join('\n');
};

const partText = (part: JsonValue): string => {
  if (typeof part === 'string') return part;
  if (typeof part !== 'object' || part === null || Array.isArray(part))
    return notShown('content of an unknown form');
  const { type, text, refusal } = part as JsonObject;
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'reasoning_text':
    case 'summary_text':
      return typeof text === 'string' ? text : '';
    case 'refusal':
      return typeof refusal === 'string' ? refusal : '';
    case 'input_image':
    case 'image_url':
    case 'image':
      return notShown('an image');
    case 'input_file':
    case 'file':
      return notShown('a file');
    case 'input_audio':
      return notShown('a sound recording');
    default:
      return notShown(typeof type === 'string' ? `content of the type ${type.slice(0, 40)}` : 'content');
  }
};

const notShown = (what: string): string =>
  `[${what} was attached here; this model reads text only and cannot see it]`;
