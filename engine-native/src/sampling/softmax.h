#pragma once
// Exponentials over a whole vocabulary. The exponential is our own: plain arithmetic that compilers vectorise (libm's
// costs 4 times as much over 200,000 logits) and that gives the same weights everywhere.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codexpc/status.h"

namespace codexpc::sampling {

/// The largest of `logits`. kInvalidState if one is NaN or +inf, or if all are -inf.
Status LargestLogit(std::span<const float> logits, float* largest);

/// weights[i] = exp((logits[i] - largest) * inverse_temperature), 0 for -inf; returns their sum.
/// `weights` may be null when only the sum is wanted.
double ExpWeights(float* weights, std::span<const float> logits, float largest, float inverse_temperature);

}  // namespace codexpc::sampling
