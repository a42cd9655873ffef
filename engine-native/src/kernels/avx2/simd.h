#pragma once
// Vectors of 8 floats over AVX2, FMA and F16C: 16 registers. Included inside namespace avx2 and its target region.

using Vec = __m256;
constexpr std::size_t kLanes = 8;

// Tiles: 4 rows x 3 tokens and 2 vectors x 6 tokens leave 4 of 16 registers for operands; 4 queries x 2 vectors hide the
// latency of FMA.
constexpr std::size_t kTileTokens = 3;
constexpr std::size_t kPanelVectors = 2;
constexpr std::size_t kPanelTokens = 6;
constexpr std::size_t kKeyVectors = 2;
constexpr std::size_t kValueVectors = 2;

CODEXPC_INLINE Vec Zero() { return _mm256_setzero_ps(); }
CODEXPC_INLINE Vec Set1(float value) { return _mm256_set1_ps(value); }
CODEXPC_INLINE Vec Load(const float* p) { return _mm256_loadu_ps(p); }
CODEXPC_INLINE void Store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
CODEXPC_INLINE Vec Add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
CODEXPC_INLINE Vec Sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
CODEXPC_INLINE Vec Mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
CODEXPC_INLINE Vec Div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
CODEXPC_INLINE Vec MulAdd(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }  // a b + c
CODEXPC_INLINE Vec Min(Vec a, Vec b) { return _mm256_min_ps(a, b); }                 // b where either is NaN
CODEXPC_INLINE Vec Max(Vec a, Vec b) { return _mm256_max_ps(a, b); }                 // b where either is NaN

/// The low 9 bits as sign and exponent.
CODEXPC_INLINE Vec LowBitsToExponent(Vec v) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(v), 23)); }

CODEXPC_INLINE Vec LoadBf16(const bf16* p) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
CODEXPC_INLINE Vec LoadF16(const f16* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
CODEXPC_INLINE void StoreF16(f16* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

/// Signed bytes.
CODEXPC_INLINE Vec LoadI8Vec(const std::uint8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
/// 32 signed bytes.
CODEXPC_INLINE void LoadI8(const std::uint8_t* p, Vec values[4]) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) values[i] = LoadI8Vec(p + 8 * i);
}
CODEXPC_INLINE float LoadF16Number(const std::uint8_t* p) {
  f16 bits;
  std::memcpy(&bits, p, sizeof bits);
  return _cvtsh_ss(bits);
}

CODEXPC_INLINE float First(Vec v) { return _mm256_cvtss_f32(v); }

CODEXPC_INLINE float Sum(Vec v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

CODEXPC_INLINE float Largest(Vec v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

CODEXPC_INLINE bool AnyGreater(Vec a, Vec b) { return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0; }

/// The sums across the lanes of four vectors.
CODEXPC_INLINE void StoreSums(float* sums, Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));  // a0+a2 b0+b2 a1+a3 b1+b3, each half
  const Vec cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  const Vec abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
  _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
}

/// (e0 o0 e1 o1 ...) to (e0 e1 ...) and (o0 o1 ...).
CODEXPC_INLINE void LoadPairs(const float* p, Vec* even, Vec* odd) {
  const Vec low = Load(p);
  const Vec high = Load(p + 8);
  const Vec outer = _mm256_permute2f128_ps(low, high, 0x20);  // the low halves, so that the shuffles keep the order
  const Vec inner = _mm256_permute2f128_ps(low, high, 0x31);
  *even = _mm256_shuffle_ps(outer, inner, 0x88);
  *odd = _mm256_shuffle_ps(outer, inner, 0xdd);
}
CODEXPC_INLINE void StorePairs(float* p, Vec even, Vec odd) {
  const Vec outer = _mm256_unpacklo_ps(even, odd);  // e0 o0 e1 o1 | e4 o4 e5 o5
  const Vec inner = _mm256_unpackhi_ps(even, odd);  // e2 o2 e3 o3 | e6 o6 e7 o7
  Store(p, _mm256_permute2f128_ps(outer, inner, 0x20));
  Store(p + 8, _mm256_permute2f128_ps(outer, inner, 0x31));
}

/// The 32 values of one MXFP4 block, times 2^kMf4Doublings.
constexpr int kMf4Doublings = 1;
CODEXPC_INLINE void LoadMf4(const std::uint8_t* block, Vec values[4]) {
  const __m128i doubled = _mm_setr_epi8(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
  const __m256i words = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block)));
  const __m256i nibbles = _mm256_and_si256(_mm256_or_si256(words, _mm256_slli_epi16(words, 4)), _mm256_set1_epi16(0x0f0f));
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(doubled), nibbles);
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  values[0] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(low));
  values[1] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(low, 8)));
  values[2] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(high));
  values[3] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(high, 8)));
}

template <std::size_t kStride>
CODEXPC_INLINE __m256i LoadTwoBlocks(const std::uint8_t* blocks) {
  if constexpr (kStride == 16) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks));
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + kStride));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/// Two blocks, kStride bytes apart, in an order of its own: block 0 in the lower half of each vector and block 1 in the upper, the elements
/// j + 0, 4, 8, 12 of j = 0, 2, 16, 18, then the odd ones of j = 1, 3, 17, 19. Upper and lower byte of the value as
/// bfloat16 are looked up apart and interleaved.
constexpr std::size_t kMf4Blocks = 2;
template <std::size_t kStride>
CODEXPC_INLINE void LoadMf4Shuffled(const std::uint8_t* blocks, Vec values[8]) {
  const __m256i upper = _mm256_broadcastsi128_si256(_mm_setr_epi8(0x00, 0x3f, 0x3f, 0x3f, 0x40, 0x40, 0x40, 0x40,  //
                                                                  -0x80, -0x41, -0x41, -0x41, -0x40, -0x40, -0x40, -0x40));
  const __m256i lower = _mm256_broadcastsi128_si256(_mm_setr_epi8(0x00, 0x00, -0x80, -0x40, 0x00, 0x40, -0x80, -0x40,  //
                                                                  0x00, 0x00, -0x80, -0x40, 0x00, 0x40, -0x80, -0x40));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i upper_half = _mm256_set1_epi32(-0x10000);
  const __m256i bytes = LoadTwoBlocks<kStride>(blocks);
  const __m256i nibbles[2] = {_mm256_and_si256(bytes, nibble), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)};
  CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i) {
    const __m256i lower_bytes = _mm256_shuffle_epi8(lower, nibbles[i]);
    const __m256i upper_bytes = _mm256_shuffle_epi8(upper, nibbles[i]);
    const __m256i first = _mm256_unpacklo_epi8(lower_bytes, upper_bytes);
    const __m256i second = _mm256_unpackhi_epi8(lower_bytes, upper_bytes);
    values[4 * i] = _mm256_castsi256_ps(_mm256_slli_epi32(first, 16));
    values[4 * i + 1] = _mm256_castsi256_ps(_mm256_and_si256(first, upper_half));
    values[4 * i + 2] = _mm256_castsi256_ps(_mm256_slli_epi32(second, 16));
    values[4 * i + 3] = _mm256_castsi256_ps(_mm256_and_si256(second, upper_half));
  }
}
/// The scales of two blocks, kStride bytes apart, each over its half.
template <std::size_t kStride>
CODEXPC_INLINE Vec LoadMf4Scales(const float* scale_of, const std::uint8_t* scales) {
  return _mm256_blend_ps(Set1(scale_of[scales[0]]), Set1(scale_of[scales[kStride]]), 0xf0);
}
/// 64 elements of an activation in the order of LoadMf4Shuffled.
CODEXPC_INLINE void ShuffleLikeMf4(float* out, const float* x) {
  constexpr std::size_t kFirst[8] = {0, 2, 16, 18, 1, 3, 17, 19};
  for (std::size_t j = 0; j < 8; ++j) {
    for (std::size_t i = 0; i < 8; ++i) out[8 * j + i] = x[i / 4 * 32 + kFirst[j] + i % 4 * 4];
  }
}

CODEXPC_INLINE void Transpose(Vec rows[8]) {
  Vec pairs[8];  // columns of two rows, then of four
  CODEXPC_UNROLL for (std::size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  Vec fours[8];
  CODEXPC_UNROLL for (std::size_t i = 0; i < 8; i += 4) {
    fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

// Columns of blocks come by Transpose.
constexpr bool kHasBlockColumns = false;
