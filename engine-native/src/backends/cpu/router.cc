#include "backends/cpu/router.h"

#include <cmath>

namespace codexpc::cpu {
namespace {

bool IsBetter(float a, float b) { return a > b || (std::isnan(b) && !std::isnan(a)); }

}  // namespace

void ChooseExperts(std::uint32_t* experts, float* weights, std::size_t num_active, const float* logits,
                   std::size_t num_experts) {
  std::size_t num_chosen = 0;
  for (std::size_t expert = 0; expert < num_experts; ++expert) {
    std::size_t rank = num_chosen;
    while (rank > 0 && IsBetter(logits[expert], weights[rank - 1])) --rank;
    if (rank == num_active) continue;
    if (num_chosen < num_active) ++num_chosen;
    for (std::size_t i = num_chosen - 1; i > rank; --i) {
      experts[i] = experts[i - 1];
      weights[i] = weights[i - 1];
    }
    experts[rank] = static_cast<std::uint32_t>(expert);
    weights[rank] = logits[expert];
  }
  const float largest = weights[0];
  float sum = 0.0f;
  for (std::size_t i = 0; i < num_active; ++i) sum += weights[i] = std::exp(weights[i] - largest);
  for (std::size_t i = 0; i < num_active; ++i) weights[i] /= sum;
}

}  // namespace codexpc::cpu
