#include <algorithm>
#include <cmath>
#include <memory>
#include <new>

#include "codexpc/engine.h"
#include "sampling/softmax.h"
#include "sampling/top-k.h"

namespace codexpc {

Status TopLogprobs(std::span<const float> logits, std::size_t n, std::vector<TokenLogprob>* top) {
  top->clear();
  const std::size_t count = std::min(n, logits.size());
  if (count == 0) return {};
  float largest = 0.0f;
  if (Status status = sampling::LargestLogit(logits, &largest); !status.ok()) return status;
  const std::unique_ptr<std::uint32_t[]> tokens(new (std::nothrow) std::uint32_t[logits.size()]);
  if (tokens == nullptr) return {StatusCode::kInsufficientMemory, "no memory to rank the logits"};
  sampling::SelectTopK(tokens.get(), logits, count);
  std::sort(tokens.get(), tokens.get() + count, sampling::Better{logits.data()});
  const double log_sum = largest + std::log(sampling::ExpWeights(nullptr, logits, largest, 1.0f));
  top->reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    top->push_back({tokens[i], static_cast<float>(logits[tokens[i]] - log_sum)});
  }
  return {};
}

}  // namespace codexpc
