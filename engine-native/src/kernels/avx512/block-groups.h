#pragma once
// Four blocks of a weight or of a token at once over AVX-512 VNNI, for q8-few-tokens.h. They lie in two registers, one for
// the first 16 values of each, one for the others, quarter i from block i. Both products add up in one register of whole
// numbers, which is then scaled once: the scales are those of its quarters. Included inside namespace avx512vnni and its
// target region, after weight-rows.h and simd-q8.h.

constexpr std::size_t kFewTokens = 8;  // more gain by a panel
constexpr std::size_t kGroupBlocks = 4;
constexpr std::size_t kTokensAtOnce = 4;  // 16 sums in registers

using Bytes = __m512i;

/// Of four blocks of a row: bytes with 128 added, and the scales.
struct WeightGroup {
  Bytes low;
  Bytes high;
  Vec scales;
};

CODEXPC_INLINE BlockSum ZeroSum() { return _mm512_setzero_si512(); }
CODEXPC_INLINE BlockSum AddSums(BlockSum a, BlockSum b) { return _mm512_add_epi32(a, b); }
CODEXPC_INLINE BlockSum Negated(BlockSum a) { return _mm512_sub_epi32(_mm512_setzero_si512(), a); }
/// What a sum over the first of two terms is worth in units of the second.
CODEXPC_INLINE BlockSum TimesTerm(BlockSum a) { return _mm512_slli_epi32(a, 8); }

/// Four numbers, each over a quarter.
CODEXPC_INLINE Vec OverQuarters(__m128 four) {
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), _mm512_castps128_ps512(four));
}

/// The scales of `count` blocks, then zeros.
CODEXPC_INLINE Vec LoadScales(const float* scales, std::size_t count) {
  return OverQuarters(_mm_maskz_loadu_ps(static_cast<__mmask8>(0xf >> (4 - count)), scales));
}

/// 32 bytes of each of four blocks, two blocks in a register, to the first 16 of each and the last 16 of each.
CODEXPC_INLINE void SplitBlocks(__m512i blocks01, __m512i blocks23, Bytes* low, Bytes* high) {
  *low = _mm512_shuffle_i64x2(blocks01, blocks23, 0x88);
  *high = _mm512_shuffle_i64x2(blocks01, blocks23, 0xdd);
}

/// `count` blocks of a token, then zeros.
CODEXPC_INLINE void LoadGroup(const std::int8_t* values, std::size_t count, Bytes* low, Bytes* high) {
  const std::uint32_t quarters = 0xffffu >> (4 * (4 - count));  // a bit for 8 bytes
  SplitBlocks(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(quarters), values),
              _mm512_maskz_loadu_epi64(static_cast<__mmask8>(quarters >> 8), values + 64), low, high);
}

/// x * factor to the nearest whole number, as 256 * coarse + fine; the one that would take fine = -128 becomes the next.
CODEXPC_INLINE void StoreRoundedTerms(std::int8_t* coarse, std::int8_t* fine, const Vec x[2], Vec factor) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i) {
    const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(x[i], factor));
    const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(whole, _mm512_set1_epi32(128)), 8);
    const __m512i low = _mm512_max_epi32(_mm512_sub_epi32(whole, _mm512_slli_epi32(high, 8)), _mm512_set1_epi32(-127));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(coarse + 16 * i), _mm512_cvtepi32_epi8(high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(fine + 16 * i), _mm512_cvtepi32_epi8(low));
  }
}

/// Weights with 128 added.
struct OffsetWeight {
  CODEXPC_INLINE static WeightGroup Offsets() { return {_mm512_set1_epi8(-128), _mm512_set1_epi8(-128), Zero()}; }
  CODEXPC_INLINE static BlockSum Dot(BlockSum start, const WeightGroup& w, Bytes low, Bytes high) {
    return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(start, w.low, low), w.high, high);
  }
};

template <std::size_t kStride>
struct Mf4Groups : OffsetWeight {
  static constexpr std::size_t kBlockBytes = kStride;
  const std::uint8_t* blocks;
  const std::uint8_t* scales;

  /// Twice the values.
  CODEXPC_INLINE static WeightGroup FromNibbles(__m512i packed, Vec group_scales) {
    const __m512i twice = _mm512_broadcast_i32x4(_mm_setr_epi8(-128, -127, -126, -125, -124, -122, -120, -116,  // 128 + 0, 1, 2, 3, 4, 6, 8, 12
                                                               -128, 127, 126, 125, 124, 122, 120, 116));
    const __m512i nibble = _mm512_set1_epi8(0x0f);
    return {_mm512_shuffle_epi8(twice, _mm512_and_si512(packed, nibble)),
            _mm512_shuffle_epi8(twice, _mm512_and_si512(_mm512_srli_epi16(packed, 4), nibble)), group_scales};
  }
  /// Byte i to the exponent of quarter i: 2^(byte - 127), but zero for byte 0.
  CODEXPC_INLINE static Vec ScalesFromBytes(std::uint32_t scale_bytes) {
    const __m512i turns = _mm512_setr_epi32(23, 23, 23, 23, 15, 15, 15, 15, 7, 7, 7, 7, 31, 31, 31, 31);
    const __m512i turned = _mm512_rolv_epi32(_mm512_set1_epi32(static_cast<int>(scale_bytes)), turns);
    return _mm512_castsi512_ps(_mm512_and_si512(turned, _mm512_set1_epi32(0x7f800000)));
  }
  /// The same of bytes 17 apart: of 64 bytes from the first one on, each quarter has its own, at bytes 0, 1, 2 and 3.
  CODEXPC_INLINE static Vec ScalesEvery17(const std::uint8_t* scale_bytes) {
    // Three zeros, then the byte at that place of the quarter.
    const __m512i places = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set_m128i(_mm_set1_epi32(0x01808080), _mm_set1_epi32(0x00808080))),
                                              _mm256_set_m128i(_mm_set1_epi32(0x03808080), _mm_set1_epi32(0x02808080)), 1);
    return _mm512_castsi512_ps(_mm512_srli_epi32(_mm512_shuffle_epi8(_mm512_loadu_si512(scale_bytes), places), 1));
  }
  CODEXPC_INLINE __m128i Block(std::size_t block) const { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + block * kStride)); }
  CODEXPC_INLINE std::uint32_t ScaleByte(std::size_t block) const { return scales[block * kScaleStride<kStride>]; }
  CODEXPC_INLINE WeightGroup Group(std::size_t block) const {
    if constexpr (kStride == 16) {
      return FromNibbles(_mm512_loadu_si512(blocks + block * 16), ScalesFromBytes(ReadAs<std::uint32_t>(scales + block)));
    } else {
      __m512i packed = _mm512_castsi128_si512(Block(block));
      packed = _mm512_inserti32x4(packed, Block(block + 1), 1);
      packed = _mm512_inserti32x4(packed, Block(block + 2), 2);
      packed = _mm512_inserti32x4(packed, Block(block + 3), 3);
      return FromNibbles(packed, ScalesEvery17(scales + block * 17));
    }
  }
  CODEXPC_INLINE WeightGroup Rest(std::size_t block, std::size_t count) const {
    __m512i packed = _mm512_zextsi128_si512(Block(block));
    std::uint32_t scale_bytes = ScaleByte(block);
    if (count > 1) {
      packed = _mm512_inserti32x4(packed, Block(block + 1), 1);
      scale_bytes |= ScaleByte(block + 1) << 8;
    }
    if (count > 2) {
      packed = _mm512_inserti32x4(packed, Block(block + 2), 2);
      scale_bytes |= ScaleByte(block + 2) << 16;
    }
    return FromNibbles(packed, ScalesFromBytes(scale_bytes));
  }
};

struct Q8Groups : OffsetWeight {
  static constexpr std::size_t kBlockBytes = kQ8BlockBytes;
  const std::uint8_t* blocks;

  CODEXPC_INLINE __m256i Bytes(std::size_t block) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks + block * kQ8BlockBytes + kQ8ScaleBytes));
  }
  CODEXPC_INLINE std::uint64_t ScaleBits(std::size_t block) const { return ReadAs<f16>(blocks + block * kQ8BlockBytes); }
  CODEXPC_INLINE static WeightGroup FromBytes(__m512i blocks01, __m512i blocks23, std::uint64_t scale_bits) {
    const __m512i offset = _mm512_set1_epi8(-128);
    WeightGroup group;
    SplitBlocks(blocks01, blocks23, &group.low, &group.high);
    group.low = _mm512_xor_si512(group.low, offset);
    group.high = _mm512_xor_si512(group.high, offset);
    group.scales = OverQuarters(_mm_cvtph_ps(_mm_cvtsi64_si128(static_cast<long long>(scale_bits))));
    return group;
  }
  CODEXPC_INLINE WeightGroup Group(std::size_t block) const {
    return FromBytes(_mm512_inserti64x4(_mm512_castsi256_si512(Bytes(block)), Bytes(block + 1), 1),
                     _mm512_inserti64x4(_mm512_castsi256_si512(Bytes(block + 2)), Bytes(block + 3), 1),
                     ScaleBits(block) | ScaleBits(block + 1) << 16 | ScaleBits(block + 2) << 32 | ScaleBits(block + 3) << 48);
  }
  CODEXPC_INLINE WeightGroup Rest(std::size_t block, std::size_t count) const {
    __m512i blocks01 = _mm512_zextsi256_si512(Bytes(block));
    __m512i blocks23 = _mm512_setzero_si512();
    std::uint64_t scale_bits = ScaleBits(block);
    if (count > 1) {
      blocks01 = _mm512_inserti64x4(blocks01, Bytes(block + 1), 1);
      scale_bits |= ScaleBits(block + 1) << 16;
    }
    if (count > 2) {
      blocks23 = _mm512_zextsi256_si512(Bytes(block + 2));
      scale_bits |= ScaleBits(block + 2) << 32;
    }
    return FromBytes(blocks01, blocks23, scale_bits);
  }
};
