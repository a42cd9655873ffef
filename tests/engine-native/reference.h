#pragma once
// The gpt-oss forward pass in double precision, in the order of its definition, sharing no code with the engine:
// weights are decoded here, whole sequences at once, attention by masks. What every backend is compared with.

#include <cstdint>
#include <span>
#include <vector>

#include "codexpc/model.h"

namespace codexpc {

struct ReferenceResult {
  std::vector<std::vector<double>> logits;  // (num_tokens, vocab_size)
  double smallest_router_gap;  // between the last chosen expert and the first one left out, over all tokens and blocks
};

ReferenceResult ReferenceLogits(const Model& model, std::span<const std::uint32_t> tokens);

/// max |actual - expected| over max |expected|.
double RelativeError(std::span<const float> actual, std::span<const double> expected);
double RelativeError(std::span<const float> actual, std::span<const float> expected);

}  // namespace codexpc
