#pragma once
// Matrix products of weights and activations in 16 bits over AVX-512 VNNI. Included inside namespace avx512vnni and its target
// region, after q8-matmul.h.
//
// 64 rows of the weight and up to 256 of its columns are brought into words once, two columns of each row side by side, and
// multiplied with tiles of six tokens. Next to a busy neighbour on the same core it is not the multiplications that take the
// time but the instructions beside them, which this shape has the fewest of: 34 for 24 products.

constexpr std::size_t kWordVectors = 4;
constexpr std::size_t kWordRows = kWordVectors * kLanes;
constexpr std::size_t kWordTileTokens = 6;  // 24 sums, four vectors of weights and a token's columns in 32 registers
constexpr std::size_t kWordBlocks = kQ16GroupSize / 32;
constexpr std::size_t kWordSteps = 16;  // of two columns, in a block: 4i and 4i + 2, then 4i + 1 and 4i + 3
constexpr std::size_t kWordStepBytes = kWordVectors * 64;
constexpr std::size_t kWordBlockBytes = kWordSteps * kWordStepBytes;

/// Rows of equal length, one after the other.
struct RowsApart {
  const std::uint8_t* first;
  std::size_t stride;  // bytes
  CODEXPC_INLINE const std::uint8_t* operator[](std::size_t r) const { return first + r * stride; }
};

struct WordPanel {
  alignas(64) std::uint8_t values[kWordBlocks * kWordBlockBytes];  // (blocks, kWordSteps, kWordVectors, kLanes, 2 words)
  alignas(64) float scales[kWordBlocks * kWordRows];               // (sums, kWordRows)
  std::size_t blocks_per_sum;                                      // which have a row's scale in common
};

// The sums of a tile stay in registers 0 to 23, four of each token. By hand, for GCC 12 takes some of the 24 through memory
// or from register to register, which costs a tenth to a half, by the shape of the loop around them.
#define CODEXPC_WORDS_OF_TOKEN(column, address, s0, s1, s2, s3) \
  "vpbroadcastd " column address ", %%zmm28\n\t"                \
  "vpdpwssd %%zmm24, %%zmm28, %%zmm" #s0 "\n\t"                 \
  "vpdpwssd %%zmm25, %%zmm28, %%zmm" #s1 "\n\t"                 \
  "vpdpwssd %%zmm26, %%zmm28, %%zmm" #s2 "\n\t"                 \
  "vpdpwssd %%zmm27, %%zmm28, %%zmm" #s3 "\n\t"
#define CODEXPC_WORDS_OF_1(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x])", 0, 1, 2, 3)
#define CODEXPC_WORDS_OF_2(column) CODEXPC_WORDS_OF_1(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x],%[x_stride])", 4, 5, 6, 7)
#define CODEXPC_WORDS_OF_3(column) CODEXPC_WORDS_OF_2(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x],%[x_stride],2)", 8, 9, 10, 11)
#define CODEXPC_WORDS_OF_4(column) CODEXPC_WORDS_OF_3(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x3])", 12, 13, 14, 15)
#define CODEXPC_WORDS_OF_5(column) CODEXPC_WORDS_OF_4(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x3],%[x_stride])", 16, 17, 18, 19)
#define CODEXPC_WORDS_OF_6(column) CODEXPC_WORDS_OF_5(column) CODEXPC_WORDS_OF_TOKEN(column, "(%[x3],%[x_stride],2)", 20, 21, 22, 23)
#define CODEXPC_WORDS_STEP(tokens, column, w0, w1, w2, w3) \
  "vmovdqa64 " w0 "(%[values]), %%zmm24\n\t"               \
  "vmovdqa64 " w1 "(%[values]), %%zmm25\n\t"               \
  "vmovdqa64 " w2 "(%[values]), %%zmm26\n\t"               \
  "vmovdqa64 " w3 "(%[values]), %%zmm27\n\t"               \
  CODEXPC_WORDS_OF_##tokens(column)
#define CODEXPC_WORDS_SCALED(sum, scales, address)      \
  "vmulps %%zmm" #scales ", %%zmm28, %%zmm29\n\t"       \
  "vcvtdq2ps %%zmm" #sum ", %%zmm" #sum "\n\t"          \
  "vfmadd213ps " address ", %%zmm29, %%zmm" #sum "\n\t" \
  "vmovups %%zmm" #sum ", " address "\n\t"
#define CODEXPC_WORDS_OUT_OF_TOKEN(token_scale, address, s0, s1, s2, s3) \
  "vbroadcastss " token_scale "(%[token_scales]), %%zmm28\n\t"           \
  CODEXPC_WORDS_SCALED(s0, 24, address)                                  \
  CODEXPC_WORDS_SCALED(s1, 25, "64" address)                             \
  CODEXPC_WORDS_SCALED(s2, 26, "128" address)                            \
  CODEXPC_WORDS_SCALED(s3, 27, "192" address)
#define CODEXPC_WORDS_OUT_1 CODEXPC_WORDS_OUT_OF_TOKEN("0", "(%[out])", 0, 1, 2, 3)
#define CODEXPC_WORDS_OUT_2 CODEXPC_WORDS_OUT_1 CODEXPC_WORDS_OUT_OF_TOKEN("4", "(%[out],%[out_stride])", 4, 5, 6, 7)
#define CODEXPC_WORDS_OUT_3 CODEXPC_WORDS_OUT_2 CODEXPC_WORDS_OUT_OF_TOKEN("8", "(%[out],%[out_stride],2)", 8, 9, 10, 11)
#define CODEXPC_WORDS_OUT_4 CODEXPC_WORDS_OUT_3 CODEXPC_WORDS_OUT_OF_TOKEN("12", "(%[out3])", 12, 13, 14, 15)
#define CODEXPC_WORDS_OUT_5 CODEXPC_WORDS_OUT_4 CODEXPC_WORDS_OUT_OF_TOKEN("16", "(%[out3],%[out_stride])", 16, 17, 18, 19)
#define CODEXPC_WORDS_OUT_6 CODEXPC_WORDS_OUT_5 CODEXPC_WORDS_OUT_OF_TOKEN("20", "(%[out3],%[out_stride],2)", 20, 21, 22, 23)
#define CODEXPC_WORDS_ZERO(s) "vpxord %%zmm" #s ", %%zmm" #s ", %%zmm" #s "\n\t"
#define CODEXPC_WORDS_ZERO_6(a, b, c, d, e, f) \
  CODEXPC_WORDS_ZERO(a) CODEXPC_WORDS_ZERO(b) CODEXPC_WORDS_ZERO(c) CODEXPC_WORDS_ZERO(d) CODEXPC_WORDS_ZERO(e) CODEXPC_WORDS_ZERO(f)
#define CODEXPC_ADD_WORDS(tokens)                                                                                                                  \
  template <>                                                                                                                                      \
  CODEXPC_INLINE void AddWords<tokens>(float* out, std::size_t out_stride, const std::uint8_t* values, const float* scales, const std::int16_t* x, \
                                       std::size_t cols, const float* token_scales, std::size_t num_blocks) {                                      \
    std::size_t num_rounds = num_blocks * (kWordSteps / 4);                                                                                        \
    const std::int16_t* x3 = x + 3 * cols;                                                                                                         \
    asm volatile(CODEXPC_WORDS_ZERO_6(0, 1, 2, 3, 4, 5) CODEXPC_WORDS_ZERO_6(6, 7, 8, 9, 10, 11)                                                   \
                 CODEXPC_WORDS_ZERO_6(12, 13, 14, 15, 16, 17) CODEXPC_WORDS_ZERO_6(18, 19, 20, 21, 22, 23)                                         \
                 "1:\n\t"                                                                                                                          \
                 CODEXPC_WORDS_STEP(tokens, "0", "0", "64", "128", "192")                                                                          \
                 CODEXPC_WORDS_STEP(tokens, "4", "256", "320", "384", "448")                                                                       \
                 CODEXPC_WORDS_STEP(tokens, "8", "512", "576", "640", "704")                                                                       \
                 CODEXPC_WORDS_STEP(tokens, "12", "768", "832", "896", "960")                                                                      \
                 "addq $1024, %[values]\n\t"                                                                                                       \
                 "addq $16, %[x]\n\t"                                                                                                              \
                 "addq $16, %[x3]\n\t"                                                                                                             \
                 "subq $1, %[rounds]\n\t"                                                                                                          \
                 "jnz 1b\n\t"                                                                                                                      \
                 "vmovaps (%[scales]), %%zmm24\n\t"                                                                                                \
                 "vmovaps 64(%[scales]), %%zmm25\n\t"                                                                                              \
                 "vmovaps 128(%[scales]), %%zmm26\n\t"                                                                                             \
                 "vmovaps 192(%[scales]), %%zmm27\n\t"                                                                                             \
                 CODEXPC_WORDS_OUT_##tokens                                                                                                        \
                 : [values] "+r"(values), [x] "+r"(x), [x3] "+r"(x3), [rounds] "+r"(num_rounds)                                                    \
                 : [x_stride] "r"(cols * sizeof *x), [scales] "r"(scales), [token_scales] "r"(token_scales), [out] "r"(out),                       \
                   [out3] "r"(out + 3 * out_stride), [out_stride] "r"(out_stride * sizeof *out)                                                    \
                 : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",               \
                   "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",            \
                   "xmm25", "xmm26", "xmm27", "xmm28", "xmm29");                                                                                   \
  }

/// Adds the products of `num_blocks` blocks that are one sum to the panel's rows of kTokens tokens.
template <std::size_t kTokens>
CODEXPC_INLINE void AddWords(float* out, std::size_t out_stride, const std::uint8_t* values, const float* scales, const std::int16_t* x,
                             std::size_t cols, const float* token_scales, std::size_t num_blocks);
CODEXPC_ADD_WORDS(1)
CODEXPC_ADD_WORDS(2)
CODEXPC_ADD_WORDS(3)
CODEXPC_ADD_WORDS(4)
CODEXPC_ADD_WORDS(5)
CODEXPC_ADD_WORDS(6)

/// `x` starts at the panel's first column, `out` at its first row of the first token.
template <std::size_t kTokens>
void AddWordTile(float* out, std::size_t out_stride, const WordPanel& panel, const Q16View& x, std::size_t cols, std::size_t num_blocks) {
  float token_scales[kTokens];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) token_scales[t] = x.scales[t * (cols / 32)];
  const float* scales = panel.scales;
  for (std::size_t block = 0; block < num_blocks; block += panel.blocks_per_sum, scales += kWordRows) {
    const std::size_t sum_blocks = num_blocks - block < panel.blocks_per_sum ? num_blocks - block : panel.blocks_per_sum;
    AddWords<kTokens>(out, out_stride, panel.values + block * kWordBlockBytes, scales, x.values + block * 32, cols, token_scales, sum_blocks);
  }
}

/// The panel's first `num_rows` rows alone, with the same sums.
template <std::size_t kTokens>
void AddPartOfWordTile(float* out, std::size_t out_stride, std::size_t num_rows, const WordPanel& panel, const Q16View& x, std::size_t cols,
                       std::size_t num_blocks) {
  alignas(64) float rows[kTokens * kWordRows] = {};
  for (std::size_t t = 0; t < kTokens; ++t) std::memcpy(rows + t * kWordRows, out + t * out_stride, num_rows * sizeof *out);
  AddWordTile<kTokens>(rows, kWordRows, panel, x, cols, num_blocks);
  for (std::size_t t = 0; t < kTokens; ++t) std::memcpy(out + t * out_stride, rows + t * kWordRows, num_rows * sizeof *out);
}

/// A tile of at most kTokens tokens.
template <std::size_t kTokens>
CODEXPC_INLINE void AddWordTileUpTo(std::size_t num_tokens, float* out, std::size_t out_stride, std::size_t num_rows, const WordPanel& panel,
                                    const Q16View& x, std::size_t cols, std::size_t num_blocks) {
  if constexpr (kTokens > 0) {
    if (num_tokens < kTokens) return AddWordTileUpTo<kTokens - 1>(num_tokens, out, out_stride, num_rows, panel, x, cols, num_blocks);
    if (num_rows == kWordRows) return AddWordTile<kTokens>(out, out_stride, panel, x, cols, num_blocks);
    AddPartOfWordTile<kTokens>(out, out_stride, num_rows, panel, x, cols, num_blocks);
  }
}

CODEXPC_INLINE Q16View WordsFrom(const Q16View& x, std::size_t token, std::size_t col, std::size_t cols) {
  return {x.values + token * cols + col, x.scales + token * (cols / 32) + col / kQ16GroupSize};
}

/// What a panel's rows start from: nothing, or what they are, and the bias.
CODEXPC_INLINE void StartRows(const Q16MatmulArgs& args, std::size_t row, std::size_t num_rows) {
  float bias[kWordRows] = {};
  if (args.bias.data != nullptr) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  } else if (args.accumulate) {
    return;
  }
  for (std::size_t t = 0; t < args.num_tokens; ++t) {
    float* out = args.out + t * args.out_stride + row;
    if (args.accumulate) {
      for (std::size_t r = 0; r < num_rows; ++r) out[r] += bias[r];
    } else {
      std::memcpy(out, bias, num_rows * sizeof *out);
    }
  }
}

template <typename Weight>
void MultiplyWordPanels(const Q16MatmulArgs& args, const Weight& weight) {
  WordPanel panel;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kWordRows) {
    const std::size_t num_rows = args.row_end - row < kWordRows ? args.row_end - row : kWordRows;
    StartRows(args, row, num_rows);
    for (std::size_t col = 0; col < args.cols; col += kQ16GroupSize) {
      const std::size_t num_cols = args.cols - col < kQ16GroupSize ? args.cols - col : kQ16GroupSize;
      const bool is_last = col + kQ16GroupSize >= args.cols;
      const RowsAhead ahead = PartAhead(weight, is_last ? row + kWordRows : row, args.row_end, kWordRows, is_last ? 0 : col + kQ16GroupSize, args.cols,
                                        kQ16GroupSize);
      weight.Fill(&panel, PanelRowRange{row, num_rows}, col, num_cols);
      // In tiles of equal numbers of tokens: the sums of one with few would wait for each other.
      const std::size_t num_tiles = (args.num_tokens + kWordTileTokens - 1) / kWordTileTokens;
      for (std::size_t tile = 0, token = 0; tile < num_tiles; ++tile) {
        ahead.PrefetchShare(tile, num_tiles);
        const std::size_t count = args.num_tokens * (tile + 1) / num_tiles - token;
        AddWordTileUpTo<kWordTileTokens>(count, args.out + token * args.out_stride + row, args.out_stride, num_rows, panel,
                                         WordsFrom(args.x, token, col, args.cols), args.cols, num_cols / 32);
        token += count;
      }
    }
  }
}

template <typename Weight>
void MatmulWords(const Q16MatmulArgs& args, const Weight& weight) {
  ForPartsInCache(args, [&](Q16MatmulArgs part, std::size_t first) {
    part.x = WordsFrom(args.x, first, 0, args.cols);
    MultiplyWordPanels(part, weight);
  });
}

CODEXPC_INLINE void StoreWords(std::uint8_t* out, std::size_t step, __m512i words) { _mm512_store_si512(out + step * kWordStepBytes, words); }

/// Q8_0: a scale for each block, so each is a sum.
struct Q8Words {
  const std::uint8_t* weight;  // (rows, cols / 32) blocks
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(weight, cols / 32, kQ8BlockBytes, row, num_rows, col / 32, num_cols / 32);
  }
  CODEXPC_INLINE void Fill(WordPanel* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
    panel->blocks_per_sum = 1;
    alignas(64) f16 scales[kWordBlocks * kWordRows];
    for (std::size_t v = 0; v < kWordVectors; ++v) {
      const std::uint8_t* row_blocks[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t r = v * kLanes + lane;
        const std::uint8_t* first = weight + (rows.At(r) * (cols / 32) + col / 32) * kQ8BlockBytes;
        row_blocks[lane] = first + kQ8ScaleBytes;
        for (std::size_t b = 0; b < num_cols / 32; ++b) scales[b * kWordRows + r] = ReadAs<f16>(first + b * kQ8BlockBytes);
      }
      for (std::size_t b = 0; b < num_cols / 32; ++b) StoreBlock(panel->values + b * kWordBlockBytes + v * 64, row_blocks, b * kQ8BlockBytes);
    }
    for (std::size_t i = 0; i < num_cols / 32 * kWordRows; i += kLanes) Store(panel->scales + i, LoadF16(scales + i));
  }

 private:
  CODEXPC_INLINE static void StoreBlock(std::uint8_t* out, const std::uint8_t* const rows[16], std::size_t offset) {
    CODEXPC_UNROLL for (std::size_t half = 0; half < 2; ++half) {
      __m512i columns[4];
      LoadFourByFour(columns, rows, offset + 16 * half);
      CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
        StoreWords(out, 8 * half + 2 * i, _mm512_srai_epi16(_mm512_slli_epi16(columns[i], 8), 8));
        StoreWords(out, 8 * half + 2 * i + 1, _mm512_srai_epi16(columns[i], 8));
      }
    }
  }
};

/// MXFP4: twice the values. Scales are powers of two, so blocks of a row whose scales are close have the smallest one in
/// common, the others' values being shifted, and are one sum.
template <std::size_t kStride>
struct Mf4Words {
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  const float* scale_of;       // by scale byte, halved: the panel holds twice the values
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(blocks, cols / 32, kStride, row, num_rows, col / 32, num_cols / 32);
  }
  CODEXPC_INLINE void Fill(WordPanel* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
    const std::size_t first = rows.first * (cols / 32) + col / 32;
    if (rows.count == kWordRows && num_cols == kQ16GroupSize) return FillWhole(panel, first);
    const std::size_t num_blocks = num_cols / 32;
    alignas(64) std::uint8_t codes[kWordBlocks][kWordRows];
    const std::uint8_t* row_blocks[kWordRows];
    for (std::size_t r = 0; r < kWordRows; ++r) {
      const std::size_t block = rows.At(r) * (cols / 32) + col / 32;
      row_blocks[r] = blocks + block * kStride;
      for (std::size_t b = 0; b < num_blocks; ++b) codes[b][r] = scales[(block + b) * kScaleStride<kStride>];
    }
    Share(panel, codes, num_blocks);
    for (std::size_t v = 0; v < kWordVectors; ++v) {
      for (std::size_t b = 0; b < num_blocks; ++b)
        StoreBlock(panel->values + b * kWordBlockBytes + v * 64, row_blocks + v * kLanes, b * kStride, codes[b] + v * kLanes);
    }
  }

 private:
  CODEXPC_INLINE void FillWhole(WordPanel* panel, std::size_t first) const {
    alignas(64) std::uint8_t codes[kWordBlocks][kWordRows];
    for (std::size_t r = 0; r < kWordRows; ++r) {
      const std::uint8_t* row_scales = scales + (first + r * (cols / 32)) * kScaleStride<kStride>;
      CODEXPC_UNROLL for (std::size_t b = 0; b < kWordBlocks; ++b) codes[b][r] = row_scales[b * kScaleStride<kStride>];
    }
    Share(panel, codes, kWordBlocks);
    const std::size_t row_bytes = cols / 32 * kStride;
    for (std::size_t v = 0; v < kWordVectors; ++v) {
      const RowsApart rows{blocks + first * kStride + v * kLanes * row_bytes, row_bytes};
      for (std::size_t b = 0; b < kWordBlocks; ++b)
        StoreBlock(panel->values + b * kWordBlockBytes + v * 64, rows, b * kStride, codes[b] + v * kLanes);
    }
  }

  /// As many blocks to a sum as can be.
  CODEXPC_INLINE void Share(WordPanel* panel, std::uint8_t codes[kWordBlocks][kWordRows], std::size_t num_blocks) const {
    for (panel->blocks_per_sum = kWordBlocks; !TryShare(panel, codes, num_blocks);) panel->blocks_per_sum /= 2;
  }

  /// Scales of panel->blocks_per_sum blocks as their smallest one, and codes as the bits theirs lie above it. False, and nothing
  /// written, if a sum might not fit in 32 bits: it is at most 32 * 12 * 32767 times the powers of two of those.
  CODEXPC_INLINE bool TryShare(WordPanel* panel, std::uint8_t codes[kWordBlocks][kWordRows], std::size_t num_blocks) const {
    constexpr std::uint8_t kMostOfPowers = 170;
    const __m512i power_of = _mm512_broadcast_i32x4(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1));
    const std::size_t per_sum = panel->blocks_per_sum;
    __m512i above[kWordBlocks];
    __m512i smallest[kWordBlocks];
    for (std::size_t first = 0; first < num_blocks; first += per_sum) {
      const std::size_t end = first + per_sum < num_blocks ? first + per_sum : num_blocks;
      __m512i least = _mm512_load_si512(codes[first]);
      for (std::size_t b = first + 1; b < end; ++b) least = _mm512_min_epu8(least, _mm512_load_si512(codes[b]));
      __m512i sum = _mm512_setzero_si512();
      for (std::size_t b = first; b < end; ++b) {
        above[b] = _mm512_min_epu8(_mm512_sub_epi8(_mm512_load_si512(codes[b]), least), _mm512_set1_epi8(15));
        sum = _mm512_adds_epu8(sum, _mm512_shuffle_epi8(power_of, above[b]));
      }
      if (_mm512_cmpgt_epu8_mask(sum, _mm512_set1_epi8(static_cast<char>(kMostOfPowers))) != 0) return false;
      smallest[first / per_sum] = least;
    }
    for (std::size_t b = 0; b < num_blocks; ++b) _mm512_store_si512(codes[b], above[b]);
    alignas(64) std::uint8_t least[kWordRows];
    for (std::size_t s = 0; s * per_sum < num_blocks; ++s) {
      _mm512_store_si512(least, smallest[s]);
      for (std::size_t r = 0; r < kWordRows; ++r) panel->scales[s * kWordRows + r] = scale_of[least[r]];
    }
    return true;
  }

  /// One block of 16 rows: low nibbles, then high ones.
  template <typename Rows>
  CODEXPC_INLINE static void StoreBlock(std::uint8_t* out, const Rows& rows, std::size_t offset, const std::uint8_t* codes) {
    const __m512i one_of_two = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(codes)));
    const __m512i shifts = _mm512_or_si512(one_of_two, _mm512_slli_epi32(one_of_two, 16));
    // By the lowest four bits of a word; the instruction looks at five.
    const __m512i twice = _mm512_broadcast_i64x4(_mm256_setr_epi16(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12));
    const auto store = [&](std::size_t step, __m512i nibbles) {
      StoreWords(out, step, _mm512_sllv_epi16(_mm512_permutexvar_epi16(nibbles, twice), shifts));
    };
    __m512i columns[4];
    LoadFourByFour(columns, rows, offset);
    CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
      store(2 * i, columns[i]);
      store(2 * i + 1, _mm512_srli_epi16(columns[i], 8));
      store(2 * i + 8, _mm512_srli_epi16(columns[i], 4));
      store(2 * i + 9, _mm512_srli_epi16(columns[i], 12));
    }
  }
};

void MultiplyMf4Words(const Q16MatmulArgs& args, const Mf4View& weight) {
  const float* scale_of = ScalesForBias(weight.scale_bias + 1);
  if (weight.block_stride == 16) return MatmulWords(args, Mf4Words<16>{weight.blocks, weight.scales, scale_of, args.cols});
  MatmulWords(args, Mf4Words<17>{weight.blocks, weight.scales, scale_of, args.cols});
}

/// In the order of a panel's steps: of each four values the second and the third change places.
void QuantizeRowInWords(const Q16View& out, const float* x, std::size_t n, bool evens_first) {
  for (std::size_t first = 0; first < n; first += kQ16GroupSize) {
    const std::size_t end = first + kQ16GroupSize < n ? first + kQ16GroupSize : n;
    float magnitude = 0.0f;
    Vec v[kBlockVectors];
    for (std::size_t i = first; i < end; i += 32) {
      const float largest = LoadBlock(v, x + i, evens_first);
      magnitude = largest > magnitude ? largest : magnitude;
    }
    const Vec factor = Set1(magnitude > 0.0f ? 32767.0f / magnitude : 0.0f);
    for (std::size_t i = first; i < end; i += 32) {
      LoadBlock(v, x + i, evens_first);
      CODEXPC_UNROLL for (std::size_t j = 0; j < kBlockVectors; ++j) {
        const __m256i words = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(v[j], factor)));
        const __m256i ordered = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(words, 0xd8), 0xd8);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.values + i + 16 * j), ordered);
      }
    }
    out.scales[first / kQ16GroupSize] = magnitude * (1.0f / 32767.0f);
  }
}
