#pragma once
// The 16-bit floats and the power-of-two scales of MXFP4, for the reference kernels and for the tails of the wide ones.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/table.h"

namespace codexpc::kernels {

inline float Bf16ToFloat(bf16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }

inline float F16ToFloat(f16 value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value & 0x8000u) << 16;
  const std::uint32_t exponent = (value >> 10) & 0x1fu;
  const std::uint32_t mantissa = value & 0x3ffu;
  if (exponent == 0) {  // zero and subnormals: mantissa * 2^-24, exact in float
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t widened = exponent == 0x1f ? 0xffu : exponent + 112;
  return std::bit_cast<float>(sign | (widened << 23) | (mantissa << 13));
}

/// Rounds to nearest even; too large becomes infinity.
inline f16 FloatToF16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t rounded;
  if (magnitude > 0x7f800000u) {
    rounded = 0x7e00u | ((magnitude >> 13) & 0x3ffu);  // NaN stays quiet, payload cut
  } else if (magnitude >= 0x477ff000u) {               // 65520 and up round to infinity
    rounded = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 leaves the f16 subnormal in the low bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    rounded = std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u;
  } else {
    rounded = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<f16>(sign | rounded);
}

inline float At(const VectorView& vector, std::size_t i) {
  switch (vector.type) {
    case NumberType::kF32: return static_cast<const float*>(vector.data)[i];
    case NumberType::kF16: return F16ToFloat(static_cast<const f16*>(vector.data)[i]);
    default: return Bf16ToFloat(static_cast<const bf16*>(vector.data)[i]);
  }
}

/// FP4 (E2M1); bit 3 is the sign.
inline constexpr float kFp4[16] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f, -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

inline constexpr int kLowestExponent = -256;
inline constexpr int kHighestExponent = 255;

/// 2^exponent for every exponent a scale byte and a bias of 0 to 256 can make: below 2^-149 zero, above 2^127 infinity.
inline constexpr auto kPowersOfTwo = [] {
  std::array<float, kHighestExponent - kLowestExponent + 1> powers{};
  for (int exponent = kLowestExponent; exponent <= kHighestExponent; ++exponent) {
    std::uint32_t bits = 0;
    if (exponent > 127) bits = 0x7f800000u;
    else if (exponent >= -126) bits = static_cast<std::uint32_t>(exponent + 127) << 23;
    else if (exponent >= -149) bits = 1u << (exponent + 149);
    powers[static_cast<std::size_t>(exponent - kLowestExponent)] = std::bit_cast<float>(bits);
  }
  return powers;
}();

/// MXFP4 scales for one bias (0 to 256): `scale_of[byte]` is 2^(byte - scale_bias).
inline const float* ScalesForBias(int scale_bias) { return kPowersOfTwo.data() + (-kLowestExponent - scale_bias); }

}  // namespace codexpc::kernels
