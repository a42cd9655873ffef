// What Codex wants to know of a model, for its `model_catalog_json`: without an entry it takes 272,000 tokens for the
// context, offers no apply_patch and sends no effort.

import type { ModelInfo } from '../../ipc/protocol.js';
import { listModels } from '../../ipc/http/model-names.js';
import { BASE_INSTRUCTIONS } from './base-instructions.js';

const EFFORTS = [
  { effort: 'low', description: 'short reasoning, quick answers' },
  { effort: 'medium', description: 'a balance of both' },
  { effort: 'high', description: 'long reasoning, for hard tasks' },
] as const;

/** Of the context, a command's output may take an eighth. */
const OUTPUT_SHARE = 8;
const MAX_OUTPUT_TOKENS = 10_000;

export const modelCatalogue = (models: readonly ModelInfo[]) => ({
  models: listModels(models, 0).data.map(({ id, alias_of, context_length }, index) => ({
    slug: id,
    display_name: id,
    description:
      alias_of === undefined ? 'served by codexpc on this computer' : `another name of ${alias_of}`,
    supported_reasoning_levels: EFFORTS,
    default_reasoning_level: 'medium',
    shell_type: 'unified_exec',
    visibility: alias_of === undefined ? 'list' : 'hide',
    supported_in_api: true,
    priority: index + 1,
    support_verbosity: false,
    truncation_policy: {
      mode: 'tokens',
      limit: Math.min(MAX_OUTPUT_TOKENS, Math.floor(context_length / OUTPUT_SHARE)),
    },
    experimental_supported_tools: [],
    base_instructions: BASE_INSTRUCTIONS,
    context_window: context_length,
    max_context_window: context_length,
    input_modalities: ['text'],
    apply_patch_tool_type: 'freeform',
  })),
});
