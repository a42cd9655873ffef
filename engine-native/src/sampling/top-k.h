#pragma once
// The most probable tokens, without sorting the vocabulary.

#include <cstddef>
#include <cstdint>
#include <span>

namespace codexpc::sampling {

/// Order of tokens: larger logit first, then lower id. Total as long as no logit is NaN.
struct Better {
  const float* logits;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  }
};

/// Fills tokens[0..k) with the `k` best of `logits`, in no particular order. `tokens` has room for every token;
/// k is between 1 and logits.size().
void SelectTopK(std::uint32_t* tokens, std::span<const float> logits, std::size_t k);

}  // namespace codexpc::sampling
