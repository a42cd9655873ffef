#pragma once
// Products of bytes by the dot product of ARMv8.2. Included inside namespace neondot and its target region.

template <std::size_t kTokens>
CODEXPC_INLINE void DotBlock(BlockSum sums[kTokens][kQ8PanelVectors], const std::uint8_t* panel, const std::int8_t* x, std::size_t x_stride,
                             const std::int32_t*, std::size_t) {
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = vdupq_n_s32(0);
  }
  CODEXPC_UNROLL for (std::size_t i = 0; i < 8; ++i) {
    int8x16_t weights[kQ8PanelVectors];
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) weights[v] = vreinterpretq_s8_u8(vld1q_u8(panel + (i * kQ8PanelVectors + v) * 16));
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      const int8x16_t token = LoadFourBytes(x + t * x_stride + 4 * i);
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = vdotq_s32(sums[t][v], weights[v], token);
    }
  }
}

/// The sums of products of a block of a row, its first 16 values and the others, with that of a token in kTerms terms.
template <std::size_t kTerms>
CODEXPC_INLINE BlockSum DotRow(int8x16_t low, int8x16_t high, const int8x16_t x_low[kTerms], const int8x16_t x_high[kTerms]) {
  BlockSum sum = vdotq_s32(vdotq_s32(vdupq_n_s32(0), low, x_low[0]), high, x_high[0]);
  // The first term is worth 256 of the second, which is added to it at once.
  if constexpr (kTerms == 2) sum = vdotq_s32(vdotq_s32(vshlq_n_s32(sum, 8), low, x_low[1]), high, x_high[1]);
  return sum;
}
