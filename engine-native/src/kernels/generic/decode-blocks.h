#pragma once
// ggml's block formats as floats, in plain loops that the compiler widens. Included inside an instruction set's namespace
// and target region. Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h, whose names are kept.

template <typename T>
CODEXPC_INLINE T ReadAs(const std::uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

CODEXPC_INLINE float ReadF16(const std::uint8_t* p) { return F16ToFloat(ReadAs<f16>(p)); }

/// d * (q - 8)
CODEXPC_INLINE void DecodeQ4_0(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  const std::uint8_t* qs = block + 2;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((qs[i] & 15) - 8);
    out[i + 16] = d * static_cast<float>((qs[i] >> 4) - 8);
  }
}

/// d * q + m
CODEXPC_INLINE void DecodeQ4_1(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  const float m = ReadF16(block + 2);
  const std::uint8_t* qs = block + 4;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(qs[i] & 15) + m;
    out[i + 16] = d * static_cast<float>(qs[i] >> 4) + m;
  }
}

/// Q5_0 and Q5_1: the fifth bits of all 32 values come first, as one word.
CODEXPC_INLINE void DecodeFiveBits(float* out, float d, float m, const std::uint8_t* fifth_bits_and_qs) {
  const std::uint32_t fifth_bits = ReadAs<std::uint32_t>(fifth_bits_and_qs);
  const std::uint8_t* qs = fifth_bits_and_qs + 4;
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::uint32_t low = (qs[i] & 15u) | (fifth_bits >> i & 1u) << 4;
    const std::uint32_t high = (qs[i] >> 4) | (fifth_bits >> (i + 16) & 1u) << 4;
    out[i] = d * static_cast<float>(low) + m;
    out[i + 16] = d * static_cast<float>(high) + m;
  }
}

/// d * (q - 16)
CODEXPC_INLINE void DecodeQ5_0(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  DecodeFiveBits(out, d, -16.0f * d, block + 2);
}

/// d * q + m
CODEXPC_INLINE void DecodeQ5_1(float* out, const std::uint8_t* block) {
  DecodeFiveBits(out, ReadF16(block), ReadF16(block + 2), block + 4);
}

/// d * q
CODEXPC_INLINE void DecodeQ8_0(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

/// d * table[q]
CODEXPC_INLINE void DecodeIq4Nl(float* out, const std::uint8_t* block) {
  constexpr float kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float d = ReadF16(block);
  const std::uint8_t* qs = block + 2;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * kValues[qs[i] & 15];
    out[i + 16] = d * kValues[qs[i] >> 4];
  }
}

/// The 6-bit scale and minimum of sub-block `i` of Q4_K and Q5_K: eight of each in 12 bytes.
CODEXPC_INLINE void UnpackScale(const std::uint8_t* packed, std::size_t i, float* scale, float* min) {
  if (i < 4) {
    *scale = static_cast<float>(packed[i] & 63);
    *min = static_cast<float>(packed[i + 4] & 63);
  } else {
    *scale = static_cast<float>((packed[i + 4] & 15) | (packed[i - 4] >> 6) << 4);
    *min = static_cast<float>((packed[i + 4] >> 4) | (packed[i] >> 6) << 4);
  }
}

/// Eight sub-blocks of 32: d * scale * q - dmin * min
CODEXPC_INLINE void DecodeQ4_K(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  const float dmin = ReadF16(block + 2);
  const std::uint8_t* scales = block + 4;
  const std::uint8_t* qs = block + 16;
  for (std::size_t pair = 0; pair < 4; ++pair, qs += 32, out += 64) {
    float low_scale, low_min, high_scale, high_min;
    UnpackScale(scales, 2 * pair, &low_scale, &low_min);
    UnpackScale(scales, 2 * pair + 1, &high_scale, &high_min);
    for (std::size_t i = 0; i < 32; ++i) {
      out[i] = d * low_scale * static_cast<float>(qs[i] & 15) - dmin * low_min;
      out[i + 32] = d * high_scale * static_cast<float>(qs[i] >> 4) - dmin * high_min;
    }
  }
}

/// As Q4_K, with the fifth bits of sub-block `n` at bit n of 32 bytes.
CODEXPC_INLINE void DecodeQ5_K(float* out, const std::uint8_t* block) {
  const float d = ReadF16(block);
  const float dmin = ReadF16(block + 2);
  const std::uint8_t* scales = block + 4;
  const std::uint8_t* fifth_bits = block + 16;
  const std::uint8_t* qs = block + 48;
  for (std::size_t pair = 0; pair < 4; ++pair, qs += 32, out += 64) {
    float low_scale, low_min, high_scale, high_min;
    UnpackScale(scales, 2 * pair, &low_scale, &low_min);
    UnpackScale(scales, 2 * pair + 1, &high_scale, &high_min);
    for (std::size_t i = 0; i < 32; ++i) {
      const int low = (qs[i] & 15) | (fifth_bits[i] >> (2 * pair) & 1) << 4;
      const int high = (qs[i] >> 4) | (fifth_bits[i] >> (2 * pair + 1) & 1) << 4;
      out[i] = d * low_scale * static_cast<float>(low) - dmin * low_min;
      out[i + 32] = d * high_scale * static_cast<float>(high) - dmin * high_min;
    }
  }
}

/// Sixteen sub-blocks of 16: d * scale * (q - 32); low four bits, then the upper two, in halves of 128 values.
CODEXPC_INLINE void DecodeQ6_K(float* out, const std::uint8_t* block) {
  const std::uint8_t* low = block;
  const std::uint8_t* high = block + 128;
  const std::uint8_t* scales = block + 192;
  const float d = ReadF16(block + 208);
  for (std::size_t half = 0; half < 2; ++half, low += 64, high += 32, scales += 8, out += 128) {
    for (std::size_t i = 0; i < 32; ++i) {
      const int q[4] = {(low[i] & 15) | (high[i] & 3) << 4, (low[i + 32] & 15) | (high[i] >> 2 & 3) << 4,
                        (low[i] >> 4) | (high[i] >> 4 & 3) << 4, (low[i + 32] >> 4) | (high[i] >> 6) << 4};
      for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        const auto scale = static_cast<float>(static_cast<std::int8_t>(scales[i / 16 + 2 * quarter]));
        out[i + 32 * quarter] = d * scale * static_cast<float>(q[quarter] - 32);
      }
    }
  }
}

/// `n` values, whole blocks.
template <typename DecodeBlock>
CODEXPC_INLINE void DecodeEach(float* out, const std::uint8_t* blocks, NumberType type, std::size_t n, const DecodeBlock& decode) {
  const BlockSize block = BlockSizeOf(type);
  for (std::size_t at = 0; at < n; at += block.num_values, blocks += block.num_bytes) decode(out + at, blocks);
}

void DecodeBlocks(float* out, const std::uint8_t* blocks, NumberType type, std::size_t n) {
  switch (type) {
    case NumberType::kQ4_0: return DecodeEach(out, blocks, type, n, DecodeQ4_0);
    case NumberType::kQ4_1: return DecodeEach(out, blocks, type, n, DecodeQ4_1);
    case NumberType::kQ5_0: return DecodeEach(out, blocks, type, n, DecodeQ5_0);
    case NumberType::kQ5_1: return DecodeEach(out, blocks, type, n, DecodeQ5_1);
    case NumberType::kQ8_0: return DecodeEach(out, blocks, type, n, DecodeQ8_0);
    case NumberType::kIq4Nl: return DecodeEach(out, blocks, type, n, DecodeIq4Nl);
    case NumberType::kQ4_K: return DecodeEach(out, blocks, type, n, DecodeQ4_K);
    case NumberType::kQ5_K: return DecodeEach(out, blocks, type, n, DecodeQ5_K);
    case NumberType::kQ6_K: return DecodeEach(out, blocks, type, n, DecodeQ6_K);
    case NumberType::kF32:
    case NumberType::kF16:
    case NumberType::kBf16:
      for (std::size_t i = 0; i < n; ++i) out[i] = At({blocks, type}, i);
  }
}
