#pragma once
// RoPE settings as checkpoints state them → those of a Config.

#include "codexpc/config.h"

namespace codexpc {

struct YarnSettings {
  double theta = 150000.0;
  double factor = 32.0;                  // context_length / initial_context_length
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double initial_context_length = 4096.0;
};

/// Fills the rope_* members; head_dim must be set. As in openai/gpt-oss, gpt_oss/torch/model.py: the ramp's ends are not
/// rounded to whole pairs, and cos and sin are multiplied by 0.1 ln(factor) + 1.
void ApplyYarn(const YarnSettings& yarn, Config* config);

}  // namespace codexpc
