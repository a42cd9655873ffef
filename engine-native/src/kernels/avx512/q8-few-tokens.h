#pragma once
// A few tokens in bytes over AVX-512 VNNI, as decoding has them: four rows at once, four blocks of each, expanded where
// they are used and multiplied with up to four tokens while they are in registers. Memory is the limit then, as long as
// expanding stays well below it. Included inside namespace avx512vnni and its target region, after weight-rows.h and
// simd-q8.h.
//
// Four blocks lie in two registers, one for the first 16 values of each, one for the others, quarter i from block i. Both
// products add up in one register of whole numbers, which is then scaled once: the scales are those of its quarters.

constexpr std::size_t kFewTokens = 8;   // more gain by a panel
constexpr std::size_t kTokensAtOnce = 4;  // 16 sums in registers

/// Of one token, what meets the weights lane by lane.
struct TokenQuads {
  static constexpr std::size_t kMaxQuads = 32;  // 4096 columns at a time
  static constexpr std::size_t kMaxBlocks = 4 * kMaxQuads;
  __m512i low[kMaxQuads];
  __m512i high[kMaxQuads];
  __m512i starts[kMaxQuads];
  Vec scales[kMaxQuads];
};

/// Of four blocks of a row: bytes with 128 added, and the scales.
struct WeightQuad {
  __m512i low;
  __m512i high;
  Vec scales;
};

/// Four numbers, each over a quarter.
CODEXPC_INLINE Vec OverQuarters(__m128 four) {
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), _mm512_castps128_ps512(four));
}

/// 32 bytes of each of four blocks, two blocks in a register, to the first 16 of each and the last 16 of each.
CODEXPC_INLINE void SplitBlocks(__m512i blocks01, __m512i blocks23, __m512i* low, __m512i* high) {
  *low = _mm512_shuffle_i64x2(blocks01, blocks23, 0x88);
  *high = _mm512_shuffle_i64x2(blocks01, blocks23, 0xdd);
}

/// `num_blocks` blocks from `x` on, past the last ones zeros; `factor` goes into the scales.
CODEXPC_INLINE void ArrangeToken(TokenQuads* quads, const Q8View& x, std::size_t num_blocks, float factor) {
  const __m512i offset = _mm512_set1_epi8(-128);
  for (std::size_t block = 0; block < num_blocks; block += 4) {
    const std::size_t count = num_blocks - block < 4 ? num_blocks - block : 4;
    const std::uint32_t quarters = 0xffffu >> (4 * (4 - count));  // a bit for 8 bytes
    const std::size_t quad = block / 4;
    SplitBlocks(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(quarters), x.values + block * 32),
                _mm512_maskz_loadu_epi64(static_cast<__mmask8>(quarters >> 8), x.values + block * 32 + 64), &quads->low[quad], &quads->high[quad]);
    // Each lane undoes its own 128s: left to the sum over lanes, they would cost digits.
    const __m512i offsets = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), offset, quads->low[quad]), offset, quads->high[quad]);
    quads->starts[quad] = _mm512_sub_epi32(_mm512_setzero_si512(), offsets);
    const __m128 scales = _mm_maskz_loadu_ps(static_cast<__mmask8>(0xf >> (4 - count)), x.scales + block);
    quads->scales[quad] = OverQuarters(_mm_mul_ps(scales, _mm_set1_ps(factor)));
  }
}

/// The products of four rows with `kTokens` tokens; past the slice's end its last row, not stored. `first` is the column of
/// the tokens' first block, in blocks.
template <std::size_t kTokens, typename Weight>
CODEXPC_INLINE void MultiplyFourRows(const Q8MatmulArgs& args, const Weight& weight, const TokenQuads* tokens, std::size_t first_token,
                                     std::size_t row, std::size_t first, std::size_t num_blocks) {
  constexpr std::size_t kRows = 4;
  const std::size_t row_blocks = args.cols / 32;
  const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
  // A row is too short for the hardware to see where its stream goes on, so the next rows are asked for, and every line of
  // them: one in seventeen left out cost a quarter of the speed on an Ice Lake Xeon.
  constexpr std::size_t kLineBytes = 64;
  constexpr std::size_t kQuadLines = 4 * Weight::kBlockBytes / kLineBytes;
  const std::uint8_t* ahead[kRows];
  std::size_t at[kRows];
  Vec sums[kTokens][kRows];
  CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
    at[r] = (row + (r < num_rows ? r : num_rows - 1)) * row_blocks + first;
    ahead[r] = weight.blocks + (at[r] + kRows * row_blocks) * Weight::kBlockBytes;
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = Zero();
  }
  const auto add = [&](std::size_t quad, std::size_t r, const WeightQuad& w) {
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      const TokenQuads& token = tokens[t];
      const __m512i low = _mm512_dpbusd_epi32(token.starts[quad], w.low, token.low[quad]);
      const __m512i sum = _mm512_dpbusd_epi32(low, w.high, token.high[quad]);
      sums[t][r] = MulAdd(Mul(_mm512_cvtepi32_ps(sum), token.scales[quad]), w.scales, sums[t][r]);
    }
  };
  for (std::size_t quad = 0; quad < num_blocks / 4; ++quad) {
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      CODEXPC_UNROLL for (std::size_t line = 0; line < kQuadLines; ++line)
        _mm_prefetch(ahead[r] + (kQuadLines * quad + line) * kLineBytes, _MM_HINT_T0);
      add(quad, r, weight.Quad(at[r] + 4 * quad));
    }
  }
  if (num_blocks % 4 != 0) {
    const std::size_t quad = num_blocks / 4;
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) add(quad, r, weight.Rest(at[r] + 4 * quad, num_blocks % 4));
  }
  for (std::size_t at_byte = num_blocks / 4 * kQuadLines * kLineBytes; at_byte < num_blocks * Weight::kBlockBytes; at_byte += kLineBytes) {
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) _mm_prefetch(ahead[r] + at_byte, _MM_HINT_T0);
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    alignas(16) float dots[kRows];
    StoreSums(dots, sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
    float* out = args.out + (first_token + t) * args.out_stride + row;
    for (std::size_t r = 0; r < num_rows; ++r) {
      float dot = dots[r];
      if (args.bias.data != nullptr && first == 0) dot += At(args.bias, row + r);
      out[r] = args.accumulate || first > 0 ? out[r] + dot : dot;
    }
  }
}

/// At most kTokens tokens.
template <std::size_t kTokens, typename Weight>
CODEXPC_INLINE void MultiplyFourRowsUpTo(std::size_t num_tokens, const Q8MatmulArgs& args, const Weight& weight, const TokenQuads* tokens,
                                         std::size_t first_token, std::size_t row, std::size_t first, std::size_t num_blocks) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyFourRows<kTokens>(args, weight, tokens, first_token, row, first, num_blocks);
    MultiplyFourRowsUpTo<kTokens - 1>(num_tokens, args, weight, tokens, first_token, row, first, num_blocks);
  }
}

/// At most kFewTokens tokens. `Weight::Quad(block)` gives four blocks, `Weight::Rest(block, count)` up to three.
template <typename Weight>
CODEXPC_INLINE void MatmulFewTokens(const Q8MatmulArgs& args, const Weight& weight, float factor) {
  const std::size_t row_blocks = args.cols / 32;
  TokenQuads tokens[kFewTokens];
  for (std::size_t first = 0; first < row_blocks; first += TokenQuads::kMaxBlocks) {
    const std::size_t num_blocks = row_blocks - first < TokenQuads::kMaxBlocks ? row_blocks - first : TokenQuads::kMaxBlocks;
    for (std::size_t token = 0; token < args.num_tokens; ++token)
      ArrangeToken(&tokens[token], FromToken(args.x, token, first * 32, args.cols), num_blocks, factor);
    for (std::size_t row = args.row_begin; row < args.row_end; row += 4) {
      for (std::size_t token = 0; token < args.num_tokens; token += kTokensAtOnce) {
        const std::size_t left = args.num_tokens - token;
        MultiplyFourRowsUpTo<kTokensAtOnce>(left < kTokensAtOnce ? left : kTokensAtOnce, args, weight, tokens + token, token, row, first, num_blocks);
      }
    }
  }
}

template <std::size_t kStride>
struct Mf4Quads {
  static constexpr std::size_t kBlockBytes = kStride;
  const std::uint8_t* blocks;
  const std::uint8_t* scales;

  /// Twice the values.
  CODEXPC_INLINE static WeightQuad FromNibbles(__m512i packed, std::uint32_t scale_bytes) {
    const __m512i twice = _mm512_broadcast_i32x4(_mm_setr_epi8(-128, -127, -126, -125, -124, -122, -120, -116,  // 128 + 0, 1, 2, 3, 4, 6, 8, 12
                                                               -128, 127, 126, 125, 124, 122, 120, 116));
    const __m512i nibble = _mm512_set1_epi8(0x0f);
    // Byte i to the exponent of quarter i: 2^(byte - 127), but zero for byte 0.
    const __m512i turns = _mm512_setr_epi32(23, 23, 23, 23, 15, 15, 15, 15, 7, 7, 7, 7, 31, 31, 31, 31);
    const __m512i exponents = _mm512_and_si512(_mm512_rolv_epi32(_mm512_set1_epi32(static_cast<int>(scale_bytes)), turns), _mm512_set1_epi32(0x7f800000));
    return {_mm512_shuffle_epi8(twice, _mm512_and_si512(packed, nibble)),
            _mm512_shuffle_epi8(twice, _mm512_and_si512(_mm512_srli_epi16(packed, 4), nibble)), _mm512_castsi512_ps(exponents)};
  }
  CODEXPC_INLINE __m128i Block(std::size_t block) const { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + block * kStride)); }
  CODEXPC_INLINE std::uint32_t ScaleByte(std::size_t block) const { return scales[block * kScaleStride<kStride>]; }
  CODEXPC_INLINE WeightQuad Quad(std::size_t block) const {
    if constexpr (kStride == 16) {
      return FromNibbles(_mm512_loadu_si512(blocks + block * 16), ReadAs<std::uint32_t>(scales + block));
    } else {
      __m512i packed = _mm512_castsi128_si512(Block(block));
      packed = _mm512_inserti32x4(packed, Block(block + 1), 1);
      packed = _mm512_inserti32x4(packed, Block(block + 2), 2);
      packed = _mm512_inserti32x4(packed, Block(block + 3), 3);
      return FromNibbles(packed, ScaleByte(block) | ScaleByte(block + 1) << 8 | ScaleByte(block + 2) << 16 | ScaleByte(block + 3) << 24);
    }
  }
  CODEXPC_INLINE WeightQuad Rest(std::size_t block, std::size_t count) const {
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
    return FromNibbles(packed, scale_bytes);
  }
};

struct Q8Quads {
  static constexpr std::size_t kBlockBytes = kQ8BlockBytes;
  const std::uint8_t* blocks;

  CODEXPC_INLINE __m256i Bytes(std::size_t block) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(blocks + block * kQ8BlockBytes + kQ8ScaleBytes));
  }
  CODEXPC_INLINE std::uint64_t ScaleBits(std::size_t block) const { return ReadAs<f16>(blocks + block * kQ8BlockBytes); }
  CODEXPC_INLINE static WeightQuad FromBytes(__m512i blocks01, __m512i blocks23, std::uint64_t scale_bits) {
    const __m512i offset = _mm512_set1_epi8(-128);
    WeightQuad quad;
    SplitBlocks(blocks01, blocks23, &quad.low, &quad.high);
    quad.low = _mm512_xor_si512(quad.low, offset);
    quad.high = _mm512_xor_si512(quad.high, offset);
    quad.scales = OverQuarters(_mm_cvtph_ps(_mm_cvtsi64_si128(static_cast<long long>(scale_bits))));
    return quad;
  }
  CODEXPC_INLINE WeightQuad Quad(std::size_t block) const {
    return FromBytes(_mm512_inserti64x4(_mm512_castsi256_si512(Bytes(block)), Bytes(block + 1), 1),
                     _mm512_inserti64x4(_mm512_castsi256_si512(Bytes(block + 2)), Bytes(block + 3), 1),
                     ScaleBits(block) | ScaleBits(block + 1) << 16 | ScaleBits(block + 2) << 32 | ScaleBits(block + 3) << 48);
  }
  CODEXPC_INLINE WeightQuad Rest(std::size_t block, std::size_t count) const {
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
