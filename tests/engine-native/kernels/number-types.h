#pragma once
// The value of each number in a block, by its index: ggml's formats from their description, written apart from the kernels.

#include <cstring>

#include "kernels/testing.h"

namespace codexpc::kernels::testing {

/// Random blocks of `count` numbers whose factors are small finite float16, so that sums stay comparable.
inline std::vector<std::uint8_t> RandomNumbers(Random& random, NumberType type, std::size_t count) {
  std::vector<std::uint8_t> bytes = random.Bytes(BytesOf(type, count), 0, 255);
  const BlockSize block = BlockSizeOf(type);
  const auto set_f16 = [&](std::size_t at) {
    const f16 value = FloatToF16(random.Uniform(0.001f, 0.02f));
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  for (std::size_t at = 0; at < bytes.size(); at += block.num_bytes) {
    switch (type) {
      case NumberType::kF32: {
        const float value = random.Uniform(-1.0f, 1.0f);
        std::memcpy(bytes.data() + at, &value, sizeof value);
        break;
      }
      case NumberType::kF16:
      case NumberType::kBf16: {
        const float value = random.Uniform(-1.0f, 1.0f);
        const std::uint16_t bits = type == NumberType::kF16 ? FloatToF16(value) : static_cast<bf16>(std::bit_cast<std::uint32_t>(value) >> 16);
        std::memcpy(bytes.data() + at, &bits, sizeof bits);
        break;
      }
      case NumberType::kQ6_K: set_f16(at + 208); break;
      case NumberType::kQ4_1:
      case NumberType::kQ5_1:
      case NumberType::kQ4_K:
      case NumberType::kQ5_K: set_f16(at + 2); [[fallthrough]];
      default: set_f16(at);
    }
  }
  return bytes;
}

/// Number `i` of a block.
inline double NumberOf(NumberType type, const std::uint8_t* block, std::size_t i) {
  const auto f16_at = [&](std::size_t at) {
    f16 bits;
    std::memcpy(&bits, block + at, sizeof bits);
    return static_cast<double>(F16ToFloat(bits));
  };
  const auto nibble = [&](std::size_t at, bool high) { return high ? block[at] >> 4 : block[at] & 15; };
  const auto bit = [&](std::size_t at, std::size_t n) { return block[at + n / 8] >> (n % 8) & 1; };
  const std::size_t half = i % 16;  // in formats of 32: byte i holds numbers i and i + 16
  switch (type) {
    case NumberType::kF32: return std::bit_cast<float>(block[0] | block[1] << 8 | block[2] << 16 | std::uint32_t{block[3]} << 24);
    case NumberType::kF16: return f16_at(0);
    case NumberType::kBf16: return Bf16ToFloat(static_cast<bf16>(block[0] | block[1] << 8));
    case NumberType::kQ4_0: return f16_at(0) * (nibble(2 + half, i >= 16) - 8);
    case NumberType::kQ4_1: return f16_at(0) * nibble(4 + half, i >= 16) + f16_at(2);
    case NumberType::kQ5_0: return f16_at(0) * (nibble(6 + half, i >= 16) + 16 * bit(2, i) - 16);
    case NumberType::kQ5_1: return f16_at(0) * (nibble(8 + half, i >= 16) + 16 * bit(4, i)) + f16_at(2);
    case NumberType::kQ8_0: return f16_at(0) * static_cast<std::int8_t>(block[2 + i]);
    case NumberType::kIq4Nl: {
      constexpr int kTable[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
      return f16_at(0) * kTable[nibble(2 + half, i >= 16)];
    }
    case NumberType::kQ4_K:
    case NumberType::kQ5_K: {
      const std::size_t sub = i / 32;
      const int scale = sub < 4 ? block[4 + sub] & 63 : (block[8 + sub] & 15) + 16 * (block[sub] >> 6);
      const int min = sub < 4 ? block[8 + sub] & 63 : (block[8 + sub] >> 4) + 16 * (block[4 + sub] >> 6);
      const std::size_t qs = type == NumberType::kQ4_K ? 16 : 48;
      int q = nibble(qs + sub / 2 * 32 + i % 32, sub % 2 == 1);
      if (type == NumberType::kQ5_K) q += 16 * (block[16 + i % 32] >> sub & 1);
      return f16_at(0) * scale * q - f16_at(2) * min;
    }
    case NumberType::kQ6_K: {
      const std::size_t in_half = i % 128;
      const std::size_t quarter = in_half / 32;
      const int low = nibble(i / 128 * 64 + in_half % 64, quarter >= 2);
      const int high = block[128 + i / 128 * 32 + in_half % 32] >> (2 * quarter) & 3;
      return f16_at(208) * static_cast<std::int8_t>(block[192 + i / 16]) * (low + 16 * high - 32);
    }
  }
  return 0.0;
}

inline std::vector<double> NumbersOf(NumberType type, const std::vector<std::uint8_t>& bytes, std::size_t count) {
  const BlockSize block = BlockSizeOf(type);
  std::vector<double> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    numbers[i] = NumberOf(type, bytes.data() + i / block.num_values * block.num_bytes, i % block.num_values);
  }
  return numbers;
}

struct NamedType {
  NumberType type;
  const char* name;
};
inline constexpr NamedType kNumberTypes[] = {
    {NumberType::kF32, "F32"},   {NumberType::kF16, "F16"},   {NumberType::kBf16, "BF16"}, {NumberType::kQ4_0, "Q4_0"},
    {NumberType::kQ4_1, "Q4_1"}, {NumberType::kQ5_0, "Q5_0"}, {NumberType::kQ5_1, "Q5_1"}, {NumberType::kQ8_0, "Q8_0"},
    {NumberType::kQ4_K, "Q4_K"}, {NumberType::kQ5_K, "Q5_K"}, {NumberType::kQ6_K, "Q6_K"}, {NumberType::kIq4Nl, "IQ4_NL"}};

}  // namespace codexpc::kernels::testing
