#pragma once
// Bytes over AArch64's Advanced SIMD: all but the products themselves, which differ with the CPU (products-*.h). Both
// operands have a sign.

using BlockSum = int32x4_t;
constexpr std::size_t kQ8PanelVectors = 2;
constexpr std::size_t kQ8TileTokens = 4;
constexpr std::int32_t kQ8Offset = 0;

CODEXPC_INLINE Vec ToFloats(BlockSum sum) { return vcvtq_f32_s32(sum); }

/// x * factor to the nearest whole number, as bytes.
CODEXPC_INLINE void StoreRoundedBytes(std::int8_t* out, const Vec x[8], Vec factor) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i) {
    int16x4_t whole[4];
    CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) whole[j] = vmovn_s32(vcvtnq_s32_f32(vmulq_f32(x[4 * i + j], factor)));
    vst1q_s8(out + 16 * i, vcombine_s8(vmovn_s16(vcombine_s16(whole[0], whole[1])), vmovn_s16(vcombine_s16(whole[2], whole[3]))));
  }
}

/// Twice the values of FP4 codes.
alignas(16) constexpr std::int8_t kFp4Twice[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 16 bytes at `offset` of 4 rows, to four vectors: four bytes of each row in its lane.
CODEXPC_INLINE void LoadFourByFour(uint8x16_t columns[4], const std::uint8_t* const rows[4], std::size_t offset) {
  Vec four[4];
  CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) four[r] = vreinterpretq_f32_u8(vld1q_u8(rows[r] + offset));
  Transpose(four);
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) columns[i] = vreinterpretq_u8_f32(four[i]);
}

/// One MXFP4 block of 4 rows, twice its values, as eight vectors `step` bytes apart: low nibbles, then high ones.
CODEXPC_INLINE void StoreMf4Block(std::uint8_t* out, std::size_t step, const std::uint8_t* const rows[4], std::size_t offset) {
  const int8x16_t twice = vld1q_s8(kFp4Twice);
  uint8x16_t columns[4];
  LoadFourByFour(columns, rows, offset);
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    vst1q_u8(out + i * step, vreinterpretq_u8_s8(vqtbl1q_s8(twice, vandq_u8(columns[i], vdupq_n_u8(15)))));
    vst1q_u8(out + (i + 4) * step, vreinterpretq_u8_s8(vqtbl1q_s8(twice, vshrq_n_u8(columns[i], 4))));
  }
}

/// 32 signed bytes of 4 rows as eight vectors `step` bytes apart.
CODEXPC_INLINE void StoreByteBlock(std::uint8_t* out, std::size_t step, const std::uint8_t* const rows[4], std::size_t offset) {
  CODEXPC_UNROLL for (std::size_t half = 0; half < 2; ++half) {
    uint8x16_t columns[4];
    LoadFourByFour(columns, rows, offset + 16 * half);
    CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) vst1q_u8(out + (4 * half + i) * step, columns[i]);
  }
}

/// Four bytes of a token in every lane.
CODEXPC_INLINE int8x16_t LoadFourBytes(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
