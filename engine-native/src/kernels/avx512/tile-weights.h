#pragma once
// Weights of any number type brought into tiles: 64 rows side by side in four, and in each 16 pairs of columns. Included
// inside namespace avx512amx and its target region, after tiles.h and weight-rows.h.

constexpr std::size_t kTilePanelRows = kSumTiles * kTileRows;
constexpr std::size_t kTilePanelSteps = 8;  // of 32 columns: the largest block of a quantised type
constexpr std::size_t kTilePanelCols = kTilePanelSteps * kTileCols;

/// Two terms of 32 numbers; what the first leaves over is rounded to the second.
CODEXPC_INLINE __m512i RoundToBf16(Vec low, Vec high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }
CODEXPC_INLINE Vec Bf16ToFloats(__m256i values) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(values), 16)); }
CODEXPC_INLINE __m512i Remainder(Vec low, Vec high, __m512i rounded) {
  return RoundToBf16(Sub(low, Bf16ToFloats(_mm512_castsi512_si256(rounded))), Sub(high, Bf16ToFloats(_mm512_extracti64x4_epi64(rounded, 1))));
}

/// A panel's rows; past the slice's end its last row again, not stored.
struct TilePanelRows {
  std::size_t first;
  std::size_t count;
  std::size_t At(std::size_t r) const { return first + (r < count ? r : count - 1); }
};

/// 16 rows of 32 numbers each, as a tile.
CODEXPC_INLINE void StoreTransposed(bf16* tile, Vec rows[16]) {
  Transpose(rows);
  CODEXPC_UNROLL for (std::size_t i = 0; i < kTileRows; ++i) Store(reinterpret_cast<float*>(tile + i * kTileCols), rows[i]);
}

CODEXPC_INLINE void PrefetchLines(const std::uint8_t* begin, std::size_t num_bytes) {
  for (std::size_t at = 0; at < num_bytes; at += 64) _mm_prefetch(begin + at, _MM_HINT_T1);
}

/// MXFP4, a step of a panel at a time, so that decoding hides behind the products. In a tile the pairs of byte 4 j + b and
/// byte 4 j + b + 2 lie together, as shifts of whole words leave them: rows 4 j + 2 b and, of the high nibbles, 4 j + 2 b + 1.
template <std::size_t kStride>
struct Mf4Tiles {
  static constexpr std::size_t kNumTerms = 1;
  static constexpr bool kFillsBySteps = true;
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  int scale_bias;
  std::size_t cols;

  struct Cursor {
    const std::uint8_t* blocks[kTilePanelRows];
    const std::uint8_t* scales[kTilePanelRows];
  };
  CODEXPC_INLINE void Seek(Cursor* cursor, TilePanelRows rows, std::size_t col) const {
    for (std::size_t r = 0; r < kTilePanelRows; ++r) {
      const std::size_t block = rows.At(r) * (cols / 32) + col / 32;
      cursor->blocks[r] = blocks + block * kStride;
      cursor->scales[r] = scales + block * kScaleStride<kStride>;
    }
  }
  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    const std::size_t block = row * (cols / 32) + col / 32;
    PrefetchLines(blocks + block * kStride, num_cols / 32 * kStride);
    if constexpr (kStride == 16) _mm_prefetch(scales + block, _MM_HINT_T1);
  }

  CODEXPC_INLINE void FillStep(bf16* tiles, const Cursor& cursor, std::size_t step, std::size_t) const {
    for (int tile = 0; tile < kSumTiles; ++tile, tiles += kTileValues) {
      const std::uint8_t* const* rows = cursor.blocks + static_cast<std::size_t>(tile) * kTileRows;
      alignas(16) std::uint8_t row_scales[kTileRows];
      for (std::size_t r = 0; r < kTileRows; ++r)
        row_scales[r] = cursor.scales[static_cast<std::size_t>(tile) * kTileRows + r][step * kScaleStride<kStride>];

      const __m512i exponents = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(row_scales)));
      const __m512i below = _mm512_sub_epi32(_mm512_set1_epi32(kHighestScale + scale_bias), exponents);
      if (_mm512_cmpgt_epu32_mask(below, _mm512_set1_epi32(kHighestScale - kLowestScale)) != 0) {
        FillExtremes(tiles, rows, step, row_scales);
        continue;
      }
      const __m512i lowered = _mm512_slli_epi32(_mm512_or_si512(below, _mm512_slli_epi32(below, 16)), 7);
      const __m512i raised_fp4 = _mm512_load_si512(kRaisedFp4.data());
      __m512i columns[4];
      LoadFourByFour(columns, rows, step * kStride);
      CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) {
        CODEXPC_UNROLL for (std::size_t shift = 0; shift < 4; ++shift) {
          const __m512i codes = _mm512_srli_epi16(columns[j], static_cast<unsigned>(4 * shift));
          const __m512i values = _mm512_subs_epu16(_mm512_permutexvar_epi16(codes, raised_fp4), lowered);
          _mm512_store_si512(tiles + (4 * j + shift) * kTileCols, values);
        }
      }
    }
  }

 private:
  // Scales for which every value is a normal finite bfloat16.
  static constexpr int kHighestScale = 125;
  static constexpr int kLowestScale = -125;

  /// The 16 values times 2^kHighestScale, twice: the lookup takes five bits of a word. A smaller scale is subtracted from
  /// the exponent, where zeros stay zeros because the subtraction stops at 0; so the negative zero has no sign here.
  alignas(64) static constexpr std::array<bf16, 32> kRaisedFp4 = [] {
    std::array<bf16, 32> raised{};
    for (std::size_t i = 0; i < 32; ++i) {
      const float value = kFp4[i % 16];
      if (value != 0.0f) raised[i] = static_cast<bf16>((std::bit_cast<std::uint32_t>(value) >> 16) + (kHighestScale << 7));
    }
    return raised;
  }();

  /// Scales at the ends of float32, which no model has: infinities as the other kernels; AMX takes subnormals for zeros.
  [[gnu::noinline]] void FillExtremes(bf16* tile, const std::uint8_t* const rows[kTileRows], std::size_t step, const std::uint8_t* row_scales) const {
    const float* scale_of = ScalesForBias(scale_bias);
    for (std::size_t r = 0; r < kTileRows; ++r) {
      for (std::size_t byte = 0; byte < 16; ++byte) {
        const unsigned packed = rows[r][step * kStride + byte];
        bf16* pairs = tile + (byte / 4 * 4 + byte % 2 * 2) * kTileCols + 2 * r + byte % 4 / 2;
        const auto store = [&](bf16* to, unsigned code) {
          *to = static_cast<bf16>(std::bit_cast<std::uint32_t>(kFp4[code] * scale_of[row_scales[r]]) >> 16);
        };
        store(pairs, packed & 15);
        store(pairs + kTileCols, packed >> 4);
      }
    }
  }
};

/// BF16 as it is.
struct Bf16Tiles {
  static constexpr std::size_t kNumTerms = 1;
  static constexpr bool kFillsBySteps = true;
  const bf16* weight;  // (rows, cols)
  std::size_t cols;

  struct Cursor {
    const bf16* rows[kTilePanelRows];
  };
  CODEXPC_INLINE void Seek(Cursor* cursor, TilePanelRows rows, std::size_t col) const {
    for (std::size_t r = 0; r < kTilePanelRows; ++r) cursor->rows[r] = weight + rows.At(r) * cols + col;
  }
  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(reinterpret_cast<const std::uint8_t*>(weight + row * cols + col), num_cols * sizeof(bf16));
  }
  CODEXPC_INLINE void FillStep(bf16* tiles, const Cursor& cursor, std::size_t step, std::size_t num_cols) const {
    const std::size_t left = num_cols - step * kTileCols;
    const __mmask32 columns = left < kTileCols ? (__mmask32{1} << left) - 1 : ~__mmask32{0};
    for (int tile = 0; tile < kSumTiles; ++tile, tiles += kTileValues) {
      const bf16* const* from = cursor.rows + static_cast<std::size_t>(tile) * kTileRows;
      Vec rows[kTileRows];
      CODEXPC_UNROLL for (std::size_t r = 0; r < kTileRows; ++r)
        rows[r] = _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(columns, from[r] + step * kTileCols));
      StoreTransposed(tiles, rows);
    }
  }
};

/// Any other type: decoded to floats, then rounded to one term or two, a panel at a time.
template <typename Rows, std::size_t kTerms>
struct RoundedTiles {
  static constexpr std::size_t kNumTerms = kTerms;
  static constexpr bool kFillsBySteps = false;
  Rows weight;
  const std::uint8_t* bytes;
  NumberType type;
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(bytes + BytesOf(type, row * cols + col), BytesOf(type, num_cols));
  }
  CODEXPC_INLINE void FillPanel(bf16* tiles, TilePanelRows rows, std::size_t col, std::size_t num_cols) const {
    alignas(64) float decoded[kTileRows][kTilePanelCols];
    for (std::size_t first = 0; first < kTilePanelRows; first += kTileRows, tiles += kTileValues) {
      for (std::size_t r = 0; r < kTileRows; ++r) {
        weight.Decode(decoded[r], rows.At(first + r), col, num_cols);
        for (std::size_t c = num_cols; c % kTileCols != 0; ++c) decoded[r][c] = 0.0f;
      }
      bf16* step_tiles = tiles;
      for (std::size_t c = 0; c < num_cols; c += kTileCols, step_tiles += kTerms * kSumTiles * kTileValues) {
        Vec high[kTileRows];
        Vec low[kTileRows];
        CODEXPC_UNROLL for (std::size_t r = 0; r < kTileRows; ++r) {
          const Vec first_half = Load(decoded[r] + c);
          const Vec second_half = Load(decoded[r] + c + kLanes);
          const __m512i rounded = RoundToBf16(first_half, second_half);
          high[r] = _mm512_castsi512_ps(rounded);
          if constexpr (kTerms == 2) low[r] = _mm512_castsi512_ps(Remainder(first_half, second_half, rounded));
        }
        StoreTransposed(step_tiles, high);
        if constexpr (kTerms == 2) StoreTransposed(step_tiles + kSumTiles * kTileValues, low);
      }
    }
  }
};
