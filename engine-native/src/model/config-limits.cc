#include "model/config-limits.h"

#include <string>

namespace codexpc {
namespace {

Status Invalid(const char* name, std::uint32_t value, const std::string& expected) {
  return {StatusCode::kInvalidArgument, std::string(name) + " is " + std::to_string(value) + ", expected " + expected};
}

}  // namespace

Status CheckSizes(const Config& config, const ConfigNames& names) {
  const struct {
    const char* name;
    std::uint32_t value, min, max, multiple_of;
  } sizes[] = {
      {names.context_length, config.context_length, 1, kMaxContextLength, 1},
      {names.num_hidden_layers, config.num_hidden_layers, 1, kMaxLayers, 1},
      {names.num_experts, config.num_experts, 1, kMaxExperts, 1},
      {names.experts_per_token, config.experts_per_token, 1, kMaxExperts, 1},
      {names.hidden_size, config.hidden_size, 32, kMaxHidden, 32},
      {names.intermediate_size, config.intermediate_size, 32, kMaxHidden, 32},
      {names.head_dim, config.head_dim, 2, kMaxHeadDim, 2},
      {names.num_attention_heads, config.num_attention_heads, 1, kMaxHeads, 1},
      {names.num_key_value_heads, config.num_key_value_heads, 1, kMaxHeads, 1},
      {names.sliding_window, config.sliding_window, 1, kMaxContextLength, 1},
  };
  for (const auto& size : sizes) {
    if (size.value < size.min || size.value > size.max) {
      return Invalid(size.name, size.value, std::to_string(size.min) + " to " + std::to_string(size.max));
    }
    if (size.value % size.multiple_of != 0) {
      return Invalid(size.name, size.value, "a multiple of " + std::to_string(size.multiple_of));
    }
  }
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    return Invalid(names.num_attention_heads, config.num_attention_heads,
                   std::string("a multiple of ") + names.num_key_value_heads + ", " + std::to_string(config.num_key_value_heads));
  }
  if (config.experts_per_token > config.num_experts) {
    return Invalid(names.experts_per_token, config.experts_per_token,
                   std::string("at most ") + names.num_experts + ", " + std::to_string(config.num_experts));
  }
  return {};
}

}  // namespace codexpc
