#pragma once
// Two blocks of an MXFP4 weight or of a token at once over AVX2, for q8-few-tokens.h. They lie in two registers, one for the
// first 16 values of each, one for the others, half i from block i. Included inside namespace avx2 and its target region,
// after weight-rows.h and simd-q8.h.

constexpr std::size_t kFewTokens = 4;  // more gain by a panel
constexpr std::size_t kGroupBlocks = 2;
constexpr std::size_t kTokensAtOnce = 2;  // 8 sums in 16 registers

using Bytes = __m256i;

/// Of two blocks of a row: twice the values with 12 added, and the scales.
struct WeightGroup {
  Bytes low;
  Bytes high;
  Vec scales;
};

CODEXPC_INLINE BlockSum ZeroSum() { return _mm256_setzero_si256(); }
CODEXPC_INLINE BlockSum AddSums(BlockSum a, BlockSum b) { return _mm256_add_epi32(a, b); }
CODEXPC_INLINE BlockSum Negated(BlockSum a) { return _mm256_sub_epi32(_mm256_setzero_si256(), a); }
/// What a sum over the first of two terms is worth in units of the second.
CODEXPC_INLINE BlockSum TimesTerm(BlockSum a) { return _mm256_slli_epi32(a, 8); }

/// The scales of `count` blocks, each over a half, then zeros.
CODEXPC_INLINE Vec LoadScales(const float* scales, std::size_t count) {
  return _mm256_blend_ps(Set1(scales[0]), count > 1 ? Set1(scales[1]) : Zero(), 0xf0);
}

/// `count` blocks of a token, then zeros.
CODEXPC_INLINE void LoadGroup(const std::int8_t* values, std::size_t count, Bytes* low, Bytes* high) {
  const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  const __m256i second = count > 1 ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + 32)) : _mm256_setzero_si256();
  *low = _mm256_permute2x128_si256(first, second, 0x20);
  *high = _mm256_permute2x128_si256(first, second, 0x31);
}

/// x * factor to the nearest whole number, as 256 * coarse + fine; the one that would take fine = -128 becomes the next.
CODEXPC_INLINE void StoreRoundedTerms(std::int8_t* coarse, std::int8_t* fine, const Vec x[4], Vec factor) {
  __m256i high[4];
  __m256i low[4];
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    const __m256i whole = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], factor));
    high[i] = _mm256_srai_epi32(_mm256_add_epi32(whole, _mm256_set1_epi32(128)), 8);
    low[i] = _mm256_max_epi32(_mm256_sub_epi32(whole, _mm256_slli_epi32(high[i], 8)), _mm256_set1_epi32(-127));
  }
  StorePacked(coarse, high);
  StorePacked(fine, low);
}

template <std::size_t kStride>
struct Mf4Groups {
  static constexpr std::size_t kBlockBytes = kStride;
  const std::uint8_t* blocks;
  const std::uint8_t* scales;

  CODEXPC_INLINE static WeightGroup Offsets() { return {_mm256_set1_epi8(12), _mm256_set1_epi8(12), Zero()}; }
  /// Sums of pairs of products within 16 bits: at most 4 * 24 * 128 = 12288.
  CODEXPC_INLINE static BlockSum Dot(BlockSum start, const WeightGroup& w, Bytes low, Bytes high) {
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(w.low, low), _mm256_maddubs_epi16(w.high, high));
    return _mm256_add_epi32(start, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  CODEXPC_INLINE __m128i Block(std::size_t block) const { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + block * kStride)); }
  /// 2^(byte - 127), but zero for byte 0.
  CODEXPC_INLINE __m128 Scale(std::size_t block) const {
    return _mm_castsi128_ps(_mm_set1_epi32(scales[block * kScaleStride<kStride>] << 23));
  }
  CODEXPC_INLINE static WeightGroup FromNibbles(__m256i packed, Vec both_scales) {
    const __m256i twice = _mm256_broadcastsi128_si256(_mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    return {_mm256_shuffle_epi8(twice, _mm256_and_si256(packed, nibble)),
            _mm256_shuffle_epi8(twice, _mm256_and_si256(_mm256_srli_epi16(packed, 4), nibble)), both_scales};
  }
  CODEXPC_INLINE WeightGroup Group(std::size_t block) const {
    const Vec both_scales = _mm256_insertf128_ps(_mm256_castps128_ps256(Scale(block)), Scale(block + 1), 1);
    if constexpr (kStride == 16) {
      return FromNibbles(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks + block * 16)), both_scales);
    } else {
      return FromNibbles(_mm256_inserti128_si256(_mm256_castsi128_si256(Block(block)), Block(block + 1), 1), both_scales);
    }
  }
  CODEXPC_INLINE WeightGroup Rest(std::size_t block, std::size_t count) const {
    if (count > 1) return Group(block);
    return FromNibbles(_mm256_zextsi128_si256(Block(block)), _mm256_zextps128_ps256(Scale(block)));
  }
};
