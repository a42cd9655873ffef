#pragma once
// The shape of a gpt-oss model. Names are those of the checkpoint's config.json.

#include <cstdint>

namespace codexpc {

struct Config {
  std::uint32_t context_length;       // positions
  std::uint32_t num_hidden_layers;    // blocks
  std::uint32_t num_experts;          // per block
  std::uint32_t experts_per_token;    // active experts
  std::uint32_t hidden_size;          // residual stream
  std::uint32_t intermediate_size;    // per expert
  std::uint32_t head_dim;
  std::uint32_t num_attention_heads;  // query heads
  std::uint32_t num_key_value_heads;
  std::uint32_t sliding_window;       // positions seen by even-numbered blocks, the current one included
  std::uint32_t vocab_size;           // num_text_tokens + num_special_tokens
  float swiglu_limit;
  float rope_theta;
  float rope_interpolation_scale;     // 1 / rope_scaling_factor
  float rope_yarn_offset;             // ramp for pair i: clamp(i * rope_yarn_scale + rope_yarn_offset, 0, 1)
  float rope_yarn_scale;
  float rope_yarn_multiplier;         // on cos and sin
  float rms_norm_eps;

  std::uint32_t q_size() const { return num_attention_heads * head_dim; }
  std::uint32_t kv_size() const { return num_key_value_heads * head_dim; }
  std::uint32_t qkv_size() const { return q_size() + 2 * kv_size(); }
  bool is_sliding(std::uint32_t layer) const { return layer % 2 == 0; }
};

}  // namespace codexpc
