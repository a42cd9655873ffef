// What the library's decode kernels are written for; it asserts this, and is built without assertions.

#include <string>

#include "backends/metal/metal-engine.h"

namespace codexpc::metal {
namespace {

Status Unless(bool holds, const char* field, std::uint32_t value, const char* expected) {
  if (holds) return {};
  return {StatusCode::kUnsupportedArgument, std::string("the Metal kernels do not run this model: ") + field + " is " +
                                                std::to_string(value) + ", expected " + expected};
}

}  // namespace

Status CheckLibrarySupports(const Config& config) {
  constexpr std::uint32_t kBlock = 32;  // values of MXFP4; a row must have as many blocks
  Status status = Unless(config.num_attention_heads == 64, "num_attention_heads", config.num_attention_heads, "64");
  if (status.ok()) status = Unless(config.num_key_value_heads == 8, "num_key_value_heads", config.num_key_value_heads, "8");
  if (status.ok()) status = Unless(config.head_dim == 64, "head_dim", config.head_dim, "64");
  if (status.ok()) status = Unless(config.num_experts == 32 || config.num_experts == 128, "num_experts", config.num_experts, "32 or 128");
  if (status.ok()) status = Unless(config.experts_per_token == 4, "experts_per_token", config.experts_per_token, "4");
  if (status.ok()) status = Unless(config.hidden_size >= kBlock * kBlock, "hidden_size", config.hidden_size, "at least 1024");
  if (status.ok()) status = Unless(config.intermediate_size >= kBlock * kBlock, "intermediate_size", config.intermediate_size, "at least 1024");
  return status;
}

}  // namespace codexpc::metal
