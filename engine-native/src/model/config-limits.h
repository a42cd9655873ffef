#pragma once
// Bounds on a model's shape, the same for every container: they keep all later arithmetic far from overflow.

#include <cstdint>

#include "codexpc/config.h"
#include "codexpc/status.h"

namespace codexpc {

inline constexpr std::uint32_t kMaxContextLength = 1u << 24;
inline constexpr std::uint32_t kMaxLayers = 1024;
inline constexpr std::uint32_t kMaxExperts = 1024;
inline constexpr std::uint32_t kMaxHidden = 65536;
inline constexpr std::uint32_t kMaxHeads = 1024;
inline constexpr std::uint32_t kMaxHeadDim = 1024;
inline constexpr std::uint32_t kMaxTextTokens = 1u << 22;
inline constexpr std::uint32_t kMaxSpecialTokens = 1u << 16;

/// What a container calls the sizes, for messages.
struct ConfigNames {
  const char* context_length;
  const char* num_hidden_layers;
  const char* num_experts;
  const char* experts_per_token;
  const char* hidden_size;
  const char* intermediate_size;
  const char* head_dim;
  const char* num_attention_heads;
  const char* num_key_value_heads;
  const char* sliding_window;
};

/// All sizes within their bounds and compatible with each other. Errors: kInvalidArgument, naming the field.
Status CheckSizes(const Config& config, const ConfigNames& names);

}  // namespace codexpc
