#pragma once
// Products of bytes over AVX-512 VNNI, whose instruction takes one operand without sign: weights are stored with 128
// added, and a block's sum starts from -128 times the sum of the activations. Included inside namespace avx512vnni and its
// target region.

using BlockSum = __m512i;
constexpr std::size_t kQ8PanelVectors = 2;
constexpr std::size_t kQ8TileTokens = 6;  // 12 sums, 12 totals and operands in 32 registers
constexpr std::int32_t kQ8Offset = 128;

CODEXPC_INLINE Vec ToFloats(BlockSum sum) { return _mm512_cvtepi32_ps(sum); }

/// x * factor to the nearest whole number, as bytes.
CODEXPC_INLINE void StoreRoundedBytes(std::int8_t* out, const Vec x[2], Vec factor) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * i), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x[i], factor))));
}

/// One MXFP4 block of 16 rows, twice its values, as eight vectors `step` bytes apart: low nibbles, then high ones.
CODEXPC_INLINE void StoreMf4Block(std::uint8_t* out, std::size_t step, const std::uint8_t* const rows[16], std::size_t offset) {
  const __m512i twice = _mm512_broadcast_i32x4(_mm_setr_epi8(-128, -127, -126, -125, -124, -122, -120, -116,  // 128 + 0, 1, 2, 3, 4, 6, 8, 12
                                                             -128, 127, 126, 125, 124, 122, 120, 116));
  const __m512i nibble = _mm512_set1_epi8(0x0f);
  __m512i columns[4];
  LoadFourByFour(columns, rows, offset);
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    _mm512_store_si512(out + i * step, _mm512_shuffle_epi8(twice, _mm512_and_si512(columns[i], nibble)));
    _mm512_store_si512(out + (i + 4) * step, _mm512_shuffle_epi8(twice, _mm512_and_si512(_mm512_srli_epi16(columns[i], 4), nibble)));
  }
}

/// 32 signed bytes of 16 rows as eight vectors `step` bytes apart.
CODEXPC_INLINE void StoreByteBlock(std::uint8_t* out, std::size_t step, const std::uint8_t* const rows[16], std::size_t offset) {
  const __m512i offset_128 = _mm512_set1_epi8(-128);
  CODEXPC_UNROLL for (std::size_t half = 0; half < 2; ++half) {
    __m512i columns[4];
    LoadFourByFour(columns, rows, offset + 16 * half);
    CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i)
      _mm512_store_si512(out + (4 * half + i) * step, _mm512_xor_si512(columns[i], offset_128));
  }
}

/// The sums of products of one block of a panel with `kTokens` tokens, `x_stride` bytes and `start_stride` starts apart.
template <std::size_t kTokens>
CODEXPC_INLINE void DotBlock(BlockSum sums[kTokens][kQ8PanelVectors], const std::uint8_t* panel, const std::int8_t* x, std::size_t x_stride,
                             const std::int32_t* starts, std::size_t start_stride) {
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = _mm512_set1_epi32(starts[t * start_stride]);
  }
  CODEXPC_UNROLL for (std::size_t i = 0; i < 8; ++i) {
    __m512i weights[kQ8PanelVectors];
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) weights[v] = _mm512_load_si512(panel + (i * kQ8PanelVectors + v) * 64);
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      std::int32_t four;
      std::memcpy(&four, x + t * x_stride + 4 * i, sizeof four);
      const __m512i token = _mm512_set1_epi32(four);
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = _mm512_dpbusd_epi32(sums[t][v], weights[v], token);
    }
  }
}
