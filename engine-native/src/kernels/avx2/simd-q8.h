#pragma once
// Products of bytes over AVX2, whose instruction takes one operand without sign and adds neighbours in 16 bits: MXFP4
// weights are stored twice their value with 12 added, 0 to 24, so that four such sums still fit. Included inside namespace
// avx2 and its target region.

using BlockSum = __m256i;
constexpr std::size_t kQ8PanelVectors = 1;
constexpr std::size_t kQ8TileTokens = 4;  // 4 sums, 4 totals and operands in 16 registers
constexpr std::int32_t kQ8Offset = 12;

CODEXPC_INLINE Vec ToFloats(BlockSum sum) { return _mm256_cvtepi32_ps(sum); }

/// 32 whole numbers, as bytes.
CODEXPC_INLINE void StorePacked(std::int8_t* out, const __m256i whole[4]) {
  // Packing works within halves: 0-3, 8-11, 16-19, 24-27, then 4-7, ...
  const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(bytes, order));
}

/// x * factor to the nearest whole number, as bytes.
CODEXPC_INLINE void StoreRoundedBytes(std::int8_t* out, const Vec x[4], Vec factor) {
  __m256i whole[4];
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) whole[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], factor));
  StorePacked(out, whole);
}

/// One MXFP4 block of 8 rows as eight vectors `step` bytes apart, four bytes of each row in its lane: low nibbles, then
/// high ones.
CODEXPC_INLINE void StoreMf4Block(std::uint8_t* out, std::size_t step, const std::uint8_t* const rows[8], std::size_t offset) {
  const __m256i twice = _mm256_broadcastsi128_si256(_mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  __m256i half[4];  // rows r, r + 4
  CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
    const auto load = [&](std::size_t row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[row] + offset)); };
    half[r] = _mm256_inserti128_si256(_mm256_castsi128_si256(load(r)), load(r + 4), 1);
  }
  const __m256i low01 = _mm256_unpacklo_epi32(half[0], half[1]);
  const __m256i high01 = _mm256_unpackhi_epi32(half[0], half[1]);
  const __m256i low23 = _mm256_unpacklo_epi32(half[2], half[3]);
  const __m256i high23 = _mm256_unpackhi_epi32(half[2], half[3]);
  const __m256i columns[4] = {_mm256_unpacklo_epi64(low01, low23), _mm256_unpackhi_epi64(low01, low23),
                              _mm256_unpacklo_epi64(high01, high23), _mm256_unpackhi_epi64(high01, high23)};
  const auto store = [&](std::size_t i, __m256i nibbles) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + i * step), _mm256_shuffle_epi8(twice, _mm256_and_si256(nibbles, nibble)));
  };
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    store(i, columns[i]);
    store(i + 4, _mm256_srli_epi16(columns[i], 4));
  }
}

/// The sums of products of one block of a panel with `kTokens` tokens, `x_stride` bytes and `start_stride` starts apart.
template <std::size_t kTokens>
CODEXPC_INLINE void DotBlock(BlockSum sums[kTokens][1], const std::uint8_t* panel, const std::int8_t* x, std::size_t x_stride,
                             const std::int32_t* starts, std::size_t start_stride) {
  const __m256i ones = _mm256_set1_epi16(1);
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][0] = _mm256_set1_epi32(starts[t * start_stride]);
  CODEXPC_UNROLL for (std::size_t part = 0; part < 8; part += 4) {
    __m256i pairs[kTokens];  // at most 4 * 2 * 24 * 127 = 24384
    CODEXPC_UNROLL for (std::size_t i = part; i < part + 4; ++i) {
      const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel + i * 32));
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
        std::int32_t four;
        std::memcpy(&four, x + t * x_stride + 4 * i, sizeof four);
        const __m256i products = _mm256_maddubs_epi16(weights, _mm256_set1_epi32(four));
        pairs[t] = i == part ? products : _mm256_add_epi16(pairs[t], products);
      }
    }
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][0] = _mm256_add_epi32(sums[t][0], _mm256_madd_epi16(pairs[t], ones));
  }
}
