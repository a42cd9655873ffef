#pragma once
// Keys and values in 8 bits: what every table rounds alike. An entry is a scale in f16 and the values after it.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/number-formats.h"
#include "kernels/table.h"

namespace codexpc::kernels {

/// Writes the scale for values up to `largest` in magnitude and gives its inverse, 0 for a scale of 0. The values are
/// divided by the scale as it was rounded, which is why a quotient may pass 127 by a little, or where the scale is
/// subnormal by more.
inline float StoreQ8KvScale(std::uint8_t* entry, float largest) {
  constexpr float kLargestF16 = 65504.0f;
  const f16 scale = FloatToF16(std::fmin(largest * (1.0f / 127.0f), kLargestF16));
  std::memcpy(entry, &scale, sizeof scale);
  const float value = F16ToFloat(scale);
  return value > 0.0f ? 1.0f / value : 0.0f;
}

inline std::uint8_t RoundToQ8Kv(float quotient) {
  return static_cast<std::uint8_t>(static_cast<std::int8_t>(std::nearbyint(std::fmax(std::fmin(quotient, 127.0f), -127.0f))));
}

}  // namespace codexpc::kernels
