// What both APIs say about how an answer is to be written, in the daemon's terms.

import type { JsonObject } from '../messages/define.js';
import type { ReasoningEffort } from '../protocol.js';
import { unsupported } from './api-error.js';

/** Codex sends the user's word as it is, `none` and `xhigh` too; the model knows three. */
export const effortOf = (effort: string | null | undefined): ReasoningEffort => {
  switch (effort) {
    case 'none':
    case 'minimal':
    case 'low':
      return 'low';
    case 'high':
    case 'xhigh':
    case 'max':
      return 'high';
    default:
      return 'medium';
  }
};

interface OutputFormat {
  readonly type: string;
  readonly schema?: JsonObject | null | undefined;
}

/** The schema that the final message is held to. Errors: unsupported_option. */
export const outputSchemaOf = (format: OutputFormat | null | undefined, param: string): JsonObject | null => {
  switch (format?.type) {
    case undefined:
    case 'text':
      return null;
    case 'json_object':
      return { type: 'object' };
    case 'json_schema':
      return format?.schema ?? { type: 'object' };
    default:
      throw unsupported(
        param,
        `The output format ${JSON.stringify(format?.type.slice(0, 40))} is not supported. Use text, json_object or json_schema.`,
      );
  }
};

export const samplingOf = ({
  temperature,
  top_p: topP,
}: {
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
}) => ({
  ...(typeof temperature === 'number' ? { temperature } : {}),
  ...(typeof topP === 'number' ? { topP } : {}),
});
