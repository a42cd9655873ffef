#include "sampling/softmax.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

namespace codexpc::sampling {
namespace {

// Below this the weight is 0: smaller than any sum of float weights can notice.
constexpr float kSmallestExponent = -80.0f;

/// e^x for x <= 0, relative error below 2e-7.
inline float Exp(float x) {
  const float clamped = x < kSmallestExponent ? kSmallestExponent : x;
  // Adding 1.5 * 2^23 rounds to an integer in the low mantissa bits.
  const float shifted = clamped * 1.44269504f + 12582912.0f;
  const float power = shifted - 12582912.0f;
  const float rest = (clamped - power * 0.693145752f) - power * 1.42860677e-6f;
  float e = 1.0f / 720.0f;
  e = e * rest + 1.0f / 120.0f;
  e = e * rest + 1.0f / 24.0f;
  e = e * rest + 1.0f / 6.0f;
  e = e * rest + 0.5f;
  e = e * rest + 1.0f;
  e = e * rest + 1.0f;
  const std::uint32_t scaled = std::bit_cast<std::uint32_t>(e) + (std::bit_cast<std::uint32_t>(shifted) << 23);
  return x < kSmallestExponent ? 0.0f : std::bit_cast<float>(scaled);
}

}  // namespace

Status LargestLogit(std::span<const float> logits, float* largest) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr std::size_t kLanes = 16;  // independent maxima
  float bests[kLanes];
  std::fill_n(bests, kLanes, -kInfinity);
  std::uint32_t not_below_infinity = 0;  // NaN too
  const std::size_t whole = logits.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float logit = logits[i + lane];
      bests[lane] = logit > bests[lane] ? logit : bests[lane];
      not_below_infinity |= !(logit < kInfinity);
    }
  }
  for (const float logit : logits.subspan(whole)) {
    bests[0] = logit > bests[0] ? logit : bests[0];
    not_below_infinity |= !(logit < kInfinity);
  }
  const float best = *std::max_element(bests, bests + kLanes);
  if (not_below_infinity != 0) {
    const auto bad = std::find_if(logits.begin(), logits.end(), [](float logit) { return !(logit < kInfinity); });
    return {StatusCode::kInvalidState, "the logit of token " + std::to_string(bad - logits.begin()) + " is " +
                                           (*bad == kInfinity ? "infinite" : "not a number") +
                                           "; the checkpoint's weights are damaged or out of range"};
  }
  if (best == -kInfinity) return {StatusCode::kInvalidState, "no token is allowed: every logit is -infinity"};
  *largest = best;
  return {};
}

double ExpWeights(float* weights, std::span<const float> logits, float largest, float inverse_temperature) {
  // Partial sums in float lanes over a short block keep both speed and precision.
  constexpr std::size_t kBlock = 512;
  constexpr std::size_t kLanes = 8;
  double sum = 0.0;
  for (std::size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, logits.size() - begin);
    const float* in = logits.data() + begin;
    float block[kBlock];
    for (std::size_t i = 0; i < count; ++i) block[i] = Exp((in[i] - largest) * inverse_temperature);
    std::fill(block + count, block + kBlock, 0.0f);
    float lanes[kLanes] = {};
    for (std::size_t i = 0; i < kBlock; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += block[i + lane];
    }
    for (const float lane : lanes) sum += lane;
    if (weights != nullptr) std::copy_n(block, count, weights + begin);
  }
  return sum;
}

}  // namespace codexpc::sampling
