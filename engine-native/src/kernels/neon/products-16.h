#pragma once
// Products of bytes without the dot product, which the oldest CPUs lack: summed in 16 bits over a block, which MXFP4 allows:
// 8 * 12 * 127 = 12192. Included inside namespace neon.

template <std::size_t kTokens>
CODEXPC_INLINE void DotBlock(BlockSum sums[kTokens][kQ8PanelVectors], const std::uint8_t* panel, const std::int8_t* x, std::size_t x_stride,
                             const std::int32_t*, std::size_t) {
  int16x8_t low[kTokens][kQ8PanelVectors];  // two rows, four columns
  int16x8_t high[kTokens][kQ8PanelVectors];
  CODEXPC_UNROLL for (std::size_t i = 0; i < 8; ++i) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) {
      const int8x16_t weights = vreinterpretq_s8_u8(vld1q_u8(panel + (i * kQ8PanelVectors + v) * 16));
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
        const int8x16_t token = LoadFourBytes(x + t * x_stride + 4 * i);
        low[t][v] = i == 0 ? vmull_s8(vget_low_s8(weights), vget_low_s8(token)) : vmlal_s8(low[t][v], vget_low_s8(weights), vget_low_s8(token));
        high[t][v] = i == 0 ? vmull_high_s8(weights, token) : vmlal_high_s8(high[t][v], weights, token);
      }
    }
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = vpaddq_s32(vpaddlq_s16(low[t][v]), vpaddlq_s16(high[t][v]));
  }
}

/// As in products-dot.h, of MXFP4 only: at most 4 * 12 * 127 = 6096 in 16 bits.
CODEXPC_INLINE int16x8_t AddFours(int8x16_t low, int8x16_t high, int8x16_t x_low, int8x16_t x_high) {
  const int16x8_t sum = vmlal_high_s8(vmull_s8(vget_low_s8(low), vget_low_s8(x_low)), low, x_low);
  return vmlal_high_s8(vmlal_s8(sum, vget_low_s8(high), vget_low_s8(x_high)), high, x_high);
}

template <std::size_t kTerms>
CODEXPC_INLINE BlockSum DotRow(int8x16_t low, int8x16_t high, const int8x16_t x_low[kTerms], const int8x16_t x_high[kTerms]) {
  BlockSum sum = vpaddlq_s16(AddFours(low, high, x_low[0], x_high[0]));
  if constexpr (kTerms == 2) sum = vpadalq_s16(vshlq_n_s32(sum, 8), AddFours(low, high, x_low[1], x_high[1]));
  return sum;
}
