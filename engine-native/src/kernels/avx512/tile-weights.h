#pragma once
// Weights of any number type brought into tiles of 16 rows x 32 columns: each type's FillRow does so with up to kColsAtOnce
// columns of one row of a panel. Included inside namespace avx512amx and its target region, after tiles.h and weight-rows.h.

constexpr std::size_t kTilePanelRows = 2 * kTileRows;
constexpr std::size_t kTilePanelSteps = 8;  // of 32 columns: whole blocks of every quantised type
constexpr std::size_t kTilePanelCols = kTilePanelSteps * kTileCols;

/// 32 numbers to the nearest bfloat16, and what that leaves over.
#if defined(CODEXPC_EMULATE_AMX)  // of numbers: NaN may become infinite
CODEXPC_INLINE __m512i RoundToBf16(Vec low, Vec high) {
  alignas(64) bf16 rounded[32];
  alignas(64) std::uint32_t bits[32];
  _mm512_store_ps(bits, low);
  _mm512_store_ps(bits + 16, high);
  for (std::size_t i = 0; i < 32; ++i) rounded[i] = static_cast<bf16>((bits[i] + 0x7fff + (bits[i] >> 16 & 1)) >> 16);
  return _mm512_load_si512(rounded);
}
#else
CODEXPC_INLINE __m512i RoundToBf16(Vec low, Vec high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }
#endif
CODEXPC_INLINE Vec Bf16ToFloats(__m256i values) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(values), 16)); }
CODEXPC_INLINE __m512i Remainder(Vec low, Vec high, __m512i rounded) {
  return RoundToBf16(Sub(low, Bf16ToFloats(_mm512_castsi512_si256(rounded))), Sub(high, Bf16ToFloats(_mm512_extracti64x4_epi64(rounded, 1))));
}

CODEXPC_INLINE void PrefetchLines(const std::uint8_t* begin, std::size_t num_bytes) {
  for (std::size_t at = 0; at < num_bytes; at += 64) _mm_prefetch(begin + at, _MM_HINT_T1);
}

/// The rows of a panel; past the slice's end its last row again, not stored.
struct PanelRows {
  std::size_t first;
  std::size_t end;
  CODEXPC_INLINE std::size_t At(std::size_t r) const { return first + r < end ? first + r : end - 1; }
};

/// Where one row of a panel goes: step after step, and there term after term.
template <std::size_t kNumTerms>
struct TileRow {
  bf16* first;
  CODEXPC_INLINE bf16* At(std::size_t step, std::size_t term) const { return first + (step * kNumTerms + term) * 2 * kTileValues; }
};

template <std::size_t kTerms>
struct TilePanel {
  alignas(64) bf16 values[kTilePanelSteps * kTerms * 2 * kTileValues];  // (steps, terms, kTilePanelRows, kTileCols)

  CODEXPC_INLINE TileRow<kTerms> Row(std::size_t row, std::size_t col) {
    return {values + row * kTileCols + col / kTileCols * kTerms * 2 * kTileValues};
  }
};

/// Weights in bfloat16, of which each row is brought into a panel by itself.
template <std::size_t kTerms>
struct WithPanel {
  using Panel = TilePanel<kTerms>;
  static constexpr std::size_t kNumTerms = kTerms;
  static constexpr std::size_t kRowsAtOnce = 1;
  CODEXPC_INLINE void Open(Panel*, PanelRows, std::size_t, std::size_t) const {}
};

/// The lines of blocks and scales; columns past the last are those of the next rows, here and below.
template <std::size_t kStride>
CODEXPC_INLINE void PrefetchMf4(const std::uint8_t* blocks, const std::uint8_t* scales, std::size_t block, std::size_t num_blocks) {
  PrefetchLines(blocks + block * kStride, num_blocks * kStride);
  if constexpr (kStride == 16) _mm_prefetch(scales + block, _MM_HINT_T1);
}

/// The 16 FP4 values times 2^exponent, for exponents from -256 to 255; twice, since the lookup takes five bits of a word.
/// Too large becomes infinity, and too small zero, as AMX takes subnormals for.
alignas(64) constexpr auto kScaledFp4 = [] {
  std::array<std::array<bf16, 32>, 512> scaled{};
  for (int exponent = kLowestExponent; exponent <= kHighestExponent; ++exponent) {
    for (std::size_t code = 0; code < 32; ++code) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(kFp4[code % 16]) >> 16;
      const int biased = static_cast<int>(bits >> 7 & 0xff) + exponent;
      std::uint32_t magnitude = 0;
      if ((bits & 0x7fff) != 0 && biased >= 255) magnitude = 0x7f80;
      else if ((bits & 0x7fff) != 0 && biased > 0) magnitude = static_cast<std::uint32_t>(biased) << 7 | (bits & 0x7f);
      scaled[static_cast<std::size_t>(exponent - kLowestExponent)][code] = static_cast<bf16>((bits & 0x8000) | magnitude);
    }
  }
  return scaled;
}();

/// MXFP4. In a step's 32 places stand first the lowest nibbles of a block's eight words, then the second, third and fourth.
template <std::size_t kStride>
struct Mf4Tiles : WithPanel<1> {
  static constexpr std::size_t kColsAtOnce = kTilePanelCols;
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  int scale_bias;
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchMf4<kStride>(blocks, scales, row * (cols / 32) + col / 32, num_cols / 32);
  }
  CODEXPC_INLINE void FillRow(TileRow<1> to, std::size_t row, std::size_t col, std::size_t num_cols) const {
    const std::array<bf16, 32>* scaled = kScaledFp4.data() - kLowestExponent - scale_bias;
    const __m512i shifts = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_setr_epi64x(0, 0, kNibble, kNibble)),
                                              _mm256_setr_epi64x(2 * kNibble, 2 * kNibble, 3 * kNibble, 3 * kNibble), 1);
    const std::size_t first = row * (cols / 32) + col / 32;
    // Pointers of its own: for all the compiler knows a store may change the members, which it would load anew for each block.
    const std::uint8_t* block = blocks + first * kStride;
    const std::uint8_t* scale = scales + first * kScaleStride<kStride>;
    for (std::size_t step = 0; step < num_cols / 32; ++step) {
      const auto* bytes = reinterpret_cast<const __m128i*>(block + step * kStride);
      const __m512i codes = _mm512_srlv_epi16(_mm512_broadcast_i32x4(_mm_loadu_si128(bytes)), shifts);
      const __m512i values = _mm512_load_si512(scaled[scale[step * kScaleStride<kStride>]].data());
      _mm512_store_si512(to.At(step, 0), _mm512_permutexvar_epi16(codes, values));
    }
  }

 private:
  static constexpr long long kNibble = 0x0004'0004'0004'0004;  // four words of 4
};

/// BF16 as it is.
struct Bf16Tiles : WithPanel<1> {
  static constexpr std::size_t kColsAtOnce = kTilePanelCols;
  const bf16* weight;  // (rows, cols)
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(reinterpret_cast<const std::uint8_t*>(weight + row * cols + col), num_cols * sizeof(bf16));
  }
  CODEXPC_INLINE void FillRow(TileRow<1> to, std::size_t row, std::size_t col, std::size_t num_cols) const {
    const bf16* from = weight + row * cols + col;
    for (std::size_t step = 0; step * kTileCols < num_cols; ++step) {
      const std::size_t left = num_cols - step * kTileCols;
      const __mmask32 columns = left < kTileCols ? (__mmask32{1} << left) - 1 : ~__mmask32{0};
      _mm512_store_si512(to.At(step, 0), _mm512_maskz_loadu_epi16(columns, from + step * kTileCols));
    }
  }
};

/// 32 numbers, rounded to one term or two.
template <std::size_t kTerms>
CODEXPC_INLINE void StoreRounded(TileRow<kTerms> to, std::size_t step, Vec low, Vec high) {
  const __m512i rounded = RoundToBf16(low, high);
  _mm512_store_si512(to.At(step, 0), rounded);
  if constexpr (kTerms == 2) _mm512_store_si512(to.At(step, 1), Remainder(low, high, rounded));
}

/// Q8_0, the type of most dense weights in GGUF files: as the others, but in registers.
template <std::size_t kTerms>
struct Q8Tiles : WithPanel<kTerms> {
  // Two terms take twice as long: a part of them is half a row.
  static constexpr std::size_t kColsAtOnce = kTilePanelCols / kTerms;
  const std::uint8_t* blocks;  // (rows, cols / 32)
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(blocks + (row * (cols / 32) + col / 32) * kQ8BlockBytes, num_cols / 32 * kQ8BlockBytes);
  }
  CODEXPC_INLINE void FillRow(TileRow<kTerms> to, std::size_t row, std::size_t col, std::size_t num_cols) const {
    const std::uint8_t* block = blocks + (row * (cols / 32) + col / 32) * kQ8BlockBytes;
    for (std::size_t step = 0; step < num_cols / 32; ++step, block += kQ8BlockBytes) {
      Vec values[2];
      LoadI8(block + kQ8ScaleBytes, values);
      const Vec scale = Set1(LoadF16Number(block));
      StoreRounded(to, step, Mul(values[0], scale), Mul(values[1], scale));
    }
  }
};

/// Any other type: decoded to floats first.
template <typename Rows, std::size_t kTerms>
struct RoundedTiles : WithPanel<kTerms> {
  static constexpr std::size_t kColsAtOnce = kTilePanelCols;
  Rows weight;
  const std::uint8_t* bytes;
  NumberType type;
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(bytes + BytesOf(type, row * cols + col), BytesOf(type, num_cols));
  }
  CODEXPC_INLINE void FillRow(TileRow<kTerms> to, std::size_t row, std::size_t col, std::size_t num_cols) const {
    alignas(64) float decoded[kTilePanelCols + kLanes];  // g++ 12 does not see that the last part of a vector ends before that
    weight.Decode(decoded, row, col, num_cols);
    for (std::size_t c = num_cols; c % kTileCols != 0; ++c) decoded[c] = 0.0f;
    for (std::size_t step = 0; step * kTileCols < num_cols; ++step)
      StoreRounded(to, step, Load(decoded + step * kTileCols), Load(decoded + step * kTileCols + kLanes));
  }
};
