#pragma once
// Choice of the experts of one token.

#include <cstddef>
#include <cstdint>

namespace codexpc::cpu {

/// The `num_active` largest of `logits` (num_experts), largest first, ties to the lower index, and the softmax over
/// them alone. Any input gives valid indices; a NaN ranks last.
void ChooseExperts(std::uint32_t* experts, float* weights, std::size_t num_active, const float* logits,
                   std::size_t num_experts);

}  // namespace codexpc::cpu
