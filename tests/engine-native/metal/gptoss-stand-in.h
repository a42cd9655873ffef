#pragma once
// What tests may ask of the stand-in of the GPT-OSS library, and make it do.

#include <cstddef>
#include <cstdint>

namespace stand_in {

struct Counters {
  std::size_t num_computed;      // tokens, over all calls
  std::size_t max_batch_tokens;  // of the last context
  int num_models;                // alive
  int num_contexts;
};
Counters counters();

/// The next sample's command buffer fails, without a word.
void FailNextSample();

}  // namespace stand_in
