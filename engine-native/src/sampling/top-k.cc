#include "sampling/top-k.h"

#include <algorithm>
#include <numeric>

namespace codexpc::sampling {
namespace {

// Up to here a heap wins: nearly every token fails one comparison with the worst of the best.
constexpr std::size_t kLargestHeap = 1024;

}  // namespace

void SelectTopK(std::uint32_t* tokens, std::span<const float> logits, std::size_t k) {
  const Better better{logits.data()};
  if (k > kLargestHeap) {
    std::iota(tokens, tokens + logits.size(), 0u);
    if (k < logits.size()) std::nth_element(tokens, tokens + k, tokens + logits.size(), better);
    return;
  }
  std::iota(tokens, tokens + k, 0u);
  std::make_heap(tokens, tokens + k, better);  // the worst on top
  float worst = logits[tokens[0]];
  for (std::size_t token = k; token < logits.size(); ++token) {
    if (!(logits[token] > worst)) continue;  // an equal one has the higher id
    std::pop_heap(tokens, tokens + k, better);
    tokens[k - 1] = static_cast<std::uint32_t>(token);
    std::push_heap(tokens, tokens + k, better);
    worst = logits[tokens[0]];
  }
}

}  // namespace codexpc::sampling
