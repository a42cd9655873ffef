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
