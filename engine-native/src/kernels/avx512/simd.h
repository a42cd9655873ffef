#pragma once
// Vectors of 16 floats over AVX-512 F, BW, DQ and VL: 32 registers. Included inside namespace avx512 and its target
// region.

using Vec = __m512;
constexpr std::size_t kLanes = 16;

// Tiles: 4 rows x 6 tokens leave 8 of 32 registers for operands; so do 3 vectors x 8 tokens, 4 queries x 4 vectors and
// more. Of a panel's tiles 3 x 8 ran at 97% of what multiply-add reaches from registers on an Ice Lake Xeon, 2 x 12 at 88%:
// fewer loads and instructions for as many products.
constexpr std::size_t kTileTokens = 6;
constexpr std::size_t kPanelVectors = 3;
constexpr std::size_t kPanelTokens = 8;
constexpr std::size_t kKeyVectors = 4;
constexpr std::size_t kValueVectors = 4;

CODEXPC_INLINE Vec Zero() { return _mm512_setzero_ps(); }
CODEXPC_INLINE Vec Set1(float value) { return _mm512_set1_ps(value); }
CODEXPC_INLINE Vec Load(const float* p) { return _mm512_loadu_ps(p); }
CODEXPC_INLINE void Store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
CODEXPC_INLINE Vec Add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
CODEXPC_INLINE Vec Sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
CODEXPC_INLINE Vec Mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
CODEXPC_INLINE Vec Div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
CODEXPC_INLINE Vec MulAdd(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }  // a b + c
CODEXPC_INLINE Vec Min(Vec a, Vec b) { return _mm512_min_ps(a, b); }                 // b where either is NaN
CODEXPC_INLINE Vec Max(Vec a, Vec b) { return _mm512_max_ps(a, b); }                 // b where either is NaN

/// The low 9 bits as sign and exponent.
CODEXPC_INLINE Vec LowBitsToExponent(Vec v) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(v), 23)); }

CODEXPC_INLINE Vec LoadBf16(const bf16* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
CODEXPC_INLINE Vec LoadF16(const f16* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
CODEXPC_INLINE void StoreF16(f16* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/// Signed bytes.
CODEXPC_INLINE Vec LoadI8Vec(const std::uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
/// 32 signed bytes.
CODEXPC_INLINE void LoadI8(const std::uint8_t* p, Vec values[2]) {
  values[0] = LoadI8Vec(p);
  values[1] = LoadI8Vec(p + 16);
}
CODEXPC_INLINE float LoadF16Number(const std::uint8_t* p) {
  f16 bits;
  std::memcpy(&bits, p, sizeof bits);
  return _cvtsh_ss(bits);
}

CODEXPC_INLINE float First(Vec v) { return _mm512_cvtss_f32(v); }
CODEXPC_INLINE __m256 LowHalf(Vec v) { return _mm512_castps512_ps256(v); }
CODEXPC_INLINE __m256 HighHalf(Vec v) { return _mm512_extractf32x8_ps(v, 1); }

CODEXPC_INLINE float Sum(Vec v) {
  const __m256 eight = _mm256_add_ps(LowHalf(v), HighHalf(v));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

CODEXPC_INLINE float Largest(Vec v) {
  const __m256 eight = _mm256_max_ps(LowHalf(v), HighHalf(v));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

CODEXPC_INLINE bool AnyGreater(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0; }

/// The sums across the lanes of four vectors.
CODEXPC_INLINE void StoreSums(float* sums, Vec a, Vec b, Vec c, Vec d) {
  const Vec ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));  // a0+a2 b0+b2 a1+a3 b1+b3, each quarter
  const Vec cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const Vec abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  const __m256 two = _mm256_add_ps(LowHalf(abcd), HighHalf(abcd));
  _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1)));
}

/// (e0 o0 e1 o1 ...) to (e0 e1 ...) and (o0 o1 ...). Indices from 16 on are the second vector's.
CODEXPC_INLINE void LoadPairs(const float* p, Vec* even, Vec* odd) {
  const __m512i evens = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odds = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  const Vec low = Load(p);
  const Vec high = Load(p + 16);
  *even = _mm512_permutex2var_ps(low, evens, high);
  *odd = _mm512_permutex2var_ps(low, odds, high);
}
CODEXPC_INLINE void StorePairs(float* p, Vec even, Vec odd) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  Store(p, _mm512_permutex2var_ps(even, low, odd));
  Store(p + 16, _mm512_permutex2var_ps(even, high, odd));
}

/// The 32 values of one MXFP4 block, times 2^kMf4Doublings.
constexpr int kMf4Doublings = 0;
CODEXPC_INLINE void LoadMf4(const std::uint8_t* block, Vec values[2]) {
  const __m512 fp4 = _mm512_loadu_ps(kFp4);
  const __m256i words = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block)));
  const __m256i nibbles = _mm256_and_si256(_mm256_or_si256(words, _mm256_slli_epi16(words, 4)), _mm256_set1_epi16(0x0f0f));
  values[0] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm256_castsi256_si128(nibbles)), fp4);
  values[1] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm256_extracti128_si256(nibbles, 1)), fp4);
}

template <std::size_t kStride>
CODEXPC_INLINE __m256i LoadTwoBlocks(const std::uint8_t* blocks) {
  if constexpr (kStride == 16) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks));
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + kStride));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/// Two blocks, kStride bytes apart, in an order of its own: every fourth element from 0, from 2, from 1, from 3; block 0 in the lower half of
/// each vector and block 1 in the upper. Values are looked up as bfloat16; a nibble's table stands twice, so that the
/// lower one needs no mask.
constexpr std::size_t kMf4Blocks = 2;
alignas(64) constexpr bf16 kFp4AsBf16[32] = {0x0000, 0x3f00, 0x3f80, 0x3fc0, 0x4000, 0x4040, 0x4080, 0x40c0,   //
                                             0x8000, 0xbf00, 0xbf80, 0xbfc0, 0xc000, 0xc040, 0xc080, 0xc0c0,   //
                                             0x0000, 0x3f00, 0x3f80, 0x3fc0, 0x4000, 0x4040, 0x4080, 0x40c0,   //
                                             0x8000, 0xbf00, 0xbf80, 0xbfc0, 0xc000, 0xc040, 0xc080, 0xc0c0};
template <std::size_t kStride>
CODEXPC_INLINE void LoadMf4Shuffled(const std::uint8_t* blocks, Vec values[4]) {
  const __m512i fp4 = _mm512_loadu_si512(kFp4AsBf16);
  const __m512i upper_half = _mm512_set1_epi32(-0x10000);
  const __m512i words = _mm512_cvtepu8_epi16(LoadTwoBlocks<kStride>(blocks));
  const __m512i low = _mm512_permutexvar_epi16(words, fp4);
  const __m512i high = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 4), fp4);
  values[0] = _mm512_castsi512_ps(_mm512_slli_epi32(low, 16));
  values[1] = _mm512_castsi512_ps(_mm512_and_si512(low, upper_half));
  values[2] = _mm512_castsi512_ps(_mm512_slli_epi32(high, 16));
  values[3] = _mm512_castsi512_ps(_mm512_and_si512(high, upper_half));
}
/// The scales of two blocks, kStride bytes apart, each over its half.
template <std::size_t kStride>
CODEXPC_INLINE Vec LoadMf4Scales(const float* scale_of, const std::uint8_t* scales) {
  return _mm512_mask_mov_ps(Set1(scale_of[scales[0]]), 0xff00, Set1(scale_of[scales[kStride]]));
}
/// 64 elements of an activation in the order of LoadMf4Shuffled.
CODEXPC_INLINE void ShuffleLikeMf4(float* out, const float* x) {
  constexpr std::size_t kFirst[4] = {0, 2, 1, 3};
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t i = 0; i < 16; ++i) out[16 * j + i] = x[kFirst[j] + 4 * i];
  }
}

CODEXPC_INLINE void Transpose(Vec rows[16]) {
  Vec pairs[16];  // columns of two rows, then of four, within each quarter
  CODEXPC_UNROLL for (std::size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  Vec fours[16];  // [4 g + c]: columns c, 4 + c, 8 + c, 12 + c of rows 4 g..4 g + 3
  CODEXPC_UNROLL for (std::size_t i = 0; i < 16; i += 4) {
    fours[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  CODEXPC_UNROLL for (std::size_t c = 0; c < 4; ++c) {  // a 4 x 4 transpose of quarters
    const Vec low01 = _mm512_shuffle_f32x4(fours[c], fours[c + 4], 0x44);  // quarters 0 1 of rows 0-3, then of rows 4-7
    const Vec low23 = _mm512_shuffle_f32x4(fours[c + 8], fours[c + 12], 0x44);
    const Vec high01 = _mm512_shuffle_f32x4(fours[c], fours[c + 4], 0xee);
    const Vec high23 = _mm512_shuffle_f32x4(fours[c + 8], fours[c + 12], 0xee);
    rows[c] = _mm512_shuffle_f32x4(low01, low23, 0x88);
    rows[c + 4] = _mm512_shuffle_f32x4(low01, low23, 0xdd);
    rows[c + 8] = _mm512_shuffle_f32x4(high01, high23, 0x88);
    rows[c + 12] = _mm512_shuffle_f32x4(high01, high23, 0xdd);
  }
}

/// 16 bytes at `offset` of 16 rows, to four vectors: four bytes of each row in its lane.
template <typename Rows>
CODEXPC_INLINE void LoadFourByFour(__m512i columns[4], const Rows& rows, std::size_t offset) {
  __m512i quarter[4];  // rows r, r + 4, r + 8, r + 12
  CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
    const auto load = [&](std::size_t row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[row] + offset)); };
    quarter[r] = _mm512_castsi128_si512(load(r));
    quarter[r] = _mm512_inserti32x4(quarter[r], load(r + 4), 1);
    quarter[r] = _mm512_inserti32x4(quarter[r], load(r + 8), 2);
    quarter[r] = _mm512_inserti32x4(quarter[r], load(r + 12), 3);
  }
  const __m512i low01 = _mm512_unpacklo_epi32(quarter[0], quarter[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(quarter[0], quarter[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(quarter[2], quarter[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(quarter[2], quarter[3]);
  columns[0] = _mm512_unpacklo_epi64(low01, low23);
  columns[1] = _mm512_unpackhi_epi64(low01, low23);
  columns[2] = _mm512_unpacklo_epi64(high01, high23);
  columns[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// One MXFP4 block of 16 rows, each row times its scale: 32 vectors, a column each, `step` floats apart.
constexpr bool kHasBlockColumns = true;
CODEXPC_INLINE void StoreMf4Columns(float* out, std::size_t step, const std::uint8_t* const rows[16], std::size_t offset, Vec scales) {
  const __m512 fp4 = _mm512_loadu_ps(kFp4);
  __m512i columns[4];
  LoadFourByFour(columns, rows, offset);
  CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) {
    CODEXPC_UNROLL for (std::size_t nibble = 0; nibble < 8; ++nibble) {  // the permutation looks at a lane's low four bits
      const __m512i codes = _mm512_srli_epi32(columns[j], static_cast<unsigned>(4 * nibble));
      Store(out + (8 * j + nibble) * step, Mul(_mm512_permutexvar_ps(codes, fp4), scales));
    }
  }
}

/// The same of 32 signed bytes of each row.
CODEXPC_INLINE void StoreI8Columns(float* out, std::size_t step, const std::uint8_t* const rows[16], std::size_t offset, Vec scales) {
  CODEXPC_UNROLL for (std::size_t half = 0; half < 2; ++half) {
    __m512i columns[4];
    LoadFourByFour(columns, rows, offset + 16 * half);
    CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) {
      CODEXPC_UNROLL for (std::size_t byte = 0; byte < 4; ++byte) {
        const __m512i value = _mm512_srai_epi32(_mm512_slli_epi32(columns[j], static_cast<unsigned>(24 - 8 * byte)), 24);
        Store(out + (16 * half + 4 * j + byte) * step, Mul(_mm512_cvtepi32_ps(value), scales));
      }
    }
  }
}

/// Eight columns of bfloat16 of 16 rows as 8 vectors, a column each, `step` floats apart.
CODEXPC_INLINE void StoreBf16Columns(float* out, std::size_t step, const std::uint8_t* const rows[16], std::size_t offset) {
  __m512i columns[4];
  LoadFourByFour(columns, rows, offset);
  CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) {
    Store(out + 2 * j * step, _mm512_castsi512_ps(_mm512_slli_epi32(columns[j], 16)));
    Store(out + (2 * j + 1) * step, _mm512_castsi512_ps(_mm512_and_si512(columns[j], _mm512_set1_epi32(-0x10000))));
  }
}
