#pragma once
// Weights brought into tiles of 16 rows x 64 columns of signed bytes. The columns of a panel share a scale in each row, so that
// their products are one sum in whole numbers: a weight is one byte, or where that is not exact 256 * coarse + fine.
// Included inside namespace avx512amx and its target region, after tile-weights.h.

constexpr std::size_t kByteTileCols = 64;
constexpr float kCoarse = 256.0f;  // fine ones
constexpr std::size_t kBytePanelSteps = kTilePanelCols / kByteTileCols;
constexpr std::size_t kBytePanelBlocks = kTilePanelCols / 32;
static_assert(kTilePanelCols == kQ16GroupSize);

/// The low bytes of 64 words, and the high ones.
alignas(64) constexpr auto kBytesOfWords = [] {
  std::array<std::array<std::uint8_t, 64>, 2> places{};
  for (std::size_t i = 0; i < 64; ++i) places[0][i] = static_cast<std::uint8_t>(2 * i), places[1][i] = static_cast<std::uint8_t>(2 * i + 1);
  return places;
}();

struct BytePanel {
  alignas(64) std::int8_t values[2][kBytePanelSteps][2 * kTileBytes];  // coarse and fine, steps, rows of 64 columns
  alignas(64) float scales[kTilePanelRows];  // of a byte; of two terms that of the coarse one
  alignas(64) std::uint8_t codes[kTilePanelRows][kBytePanelBlocks];  // MXFP4: see Mf4ByteTiles::Open
  alignas(64) std::int16_t factors[kTilePanelRows][kBytePanelBlocks];  // Q8_0: of a block's bytes, in units of 2^-7
  std::size_t num_terms;

  CODEXPC_INLINE std::int8_t* At(std::size_t row, std::size_t step, std::size_t term) { return values[term][step] + row * kByteTileCols; }
};

/// 64 words from -32639 to 32639 as 256 * coarse + fine.
CODEXPC_INLINE void StoreTerms(std::int8_t* coarse, std::int8_t* fine, __m512i low, __m512i high) {
  const __m512i half = _mm512_set1_epi16(128);  // to the nearest: the fine byte has a sign
  const auto store = [](std::int8_t* to, __m512i a, const auto& bytes, __m512i b) {
    _mm512_store_si512(to, _mm512_permutex2var_epi8(a, _mm512_load_si512(bytes.data()), b));
  };
  store(coarse, _mm512_add_epi16(low, half), kBytesOfWords[1], _mm512_add_epi16(high, half));
  store(fine, low, kBytesOfWords[0], high);
}

/// Products with factor to the nearest, as words.
CODEXPC_INLINE __m512i RoundToWords(Vec low, Vec high, Vec factor) {
  const auto round = [&](Vec v) { return _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(v, factor))); };
  return _mm512_inserti64x4(_mm512_castsi256_si512(round(low)), round(high), 1);
}

constexpr __mmask64 FirstBytes(std::size_t count) { return count < 64 ? (__mmask64{1} << count) - 1 : ~__mmask64{0}; }

/// MXFP4, twice its values, low nibbles of a block before high ones. Shifted by up to three bits they fit in a byte.
template <std::size_t kStride>
struct Mf4ByteTiles {
  using Panel = BytePanel;
  static constexpr std::size_t kColsAtOnce = kTilePanelCols;
  static constexpr std::size_t kRowsAtOnce = 4;
  static constexpr std::size_t kMostInBytes = 3;   // 12 << 3
  static constexpr std::size_t kMostInWords = 11;  // 12 << 11
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  const float* scale_of;       // by scale byte, halved
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchMf4<kStride>(blocks, scales, row * (cols / 32) + col / 32, num_cols / 32);
  }

  /// Each row's smallest scale, and how many bits its blocks' lie above it: 16 times that as codes. Where that is too much in any
  /// row, two terms, and the bits as they are, negative below the scale.
  CODEXPC_INLINE void Open(BytePanel* panel, PanelRows rows, std::size_t col, std::size_t num_cols) const {
    constexpr std::size_t kRowsOfVector = 64 / kBytePanelBlocks;
    LoadScales(panel, rows, col, num_cols / 32);
    __m512i least[kTilePanelRows / kRowsOfVector];
    __m512i most[kTilePanelRows / kRowsOfVector];
    __mmask64 are_far = 0;
    CODEXPC_UNROLL for (std::size_t i = 0; i < kTilePanelRows / kRowsOfVector; ++i) {
      least[i] = most[i] = _mm512_load_si512(panel->codes[i * kRowsOfVector]);
      CODEXPC_UNROLL for (std::size_t bits = 32; bits >= 8; bits /= 2) {
        least[i] = _mm512_min_epu8(least[i], _mm512_rolv_epi64(least[i], _mm512_set1_epi64(static_cast<long long>(bits))));
        most[i] = _mm512_max_epu8(most[i], _mm512_rolv_epi64(most[i], _mm512_set1_epi64(static_cast<long long>(bits))));
      }
      are_far |= _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(most[i], least[i]), _mm512_set1_epi8(kMostInBytes));
    }
    panel->num_terms = are_far != 0 ? 2 : 1;
    CODEXPC_UNROLL for (std::size_t i = 0; i < kTilePanelRows / kRowsOfVector; ++i) {
      const __m512i codes = _mm512_load_si512(panel->codes[i * kRowsOfVector]);
      __m512i base = least[i];
      if (are_far == 0) {
        _mm512_store_si512(panel->codes[i * kRowsOfVector], _mm512_slli_epi16(_mm512_sub_epi8(codes, base), 4));
      } else {
        base = _mm512_max_epu8(base, _mm512_subs_epu8(most[i], _mm512_set1_epi8(kMostInWords)));
        const __m512i below = _mm512_min_epu8(_mm512_subs_epu8(base, codes), _mm512_set1_epi8(15));
        _mm512_store_si512(panel->codes[i * kRowsOfVector], _mm512_sub_epi8(_mm512_subs_epu8(codes, base), below));
      }
      alignas(64) std::uint64_t base_of[kRowsOfVector];
      _mm512_store_si512(base_of, base);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsOfVector; ++r)
        panel->scales[i * kRowsOfVector + r] = scale_of[base_of[r] & 0xff] * (are_far != 0 ? kCoarse : 1.0f);
    }
  }

  CODEXPC_INLINE void FillRows(BytePanel* panel, std::size_t first_row, PanelRows rows, std::size_t col, std::size_t num_cols) const {
    const std::size_t num_blocks = num_cols / 32;
    if (panel->num_terms == 1 && num_blocks == kBytePanelBlocks) return FillWhole(panel, first_row, rows, col);
    for (std::size_t r = first_row; r < first_row + kRowsAtOnce; ++r) {
      const std::uint8_t* first = blocks + (rows.At(r) * (cols / 32) + col / 32) * kStride;
      if (panel->num_terms == 2) FillInTwo(panel, r, first, num_blocks);
      else FillInOne(panel, r, first, num_blocks);
    }
  }

 private:
  /// By 16 times the shift plus the nibble.
  alignas(64) static constexpr auto kShiftedFp4 = [] {
    std::array<std::int8_t, 64> shifted{};
    for (std::size_t i = 0; i < 64; ++i) shifted[i] = static_cast<std::int8_t>(static_cast<int>(2 * kFp4[i % 16]) * (1 << i / 16));
    return shifted;
  }();
  /// Of 64 bytes from a block's first on: its own twice, then the next block's. A row's last two are read with those before
  /// them, for what follows the row may lie outside the file.
  static constexpr std::size_t kLastStep = 7 * kStride + 16 - 64;
  alignas(64) static constexpr auto kBytesOfTwo = [] {
    std::array<std::array<std::uint8_t, 64>, 2> places{};
    for (std::size_t i = 0; i < 64; ++i) {
      places[0][i] = static_cast<std::uint8_t>(i % 16 + i / 32 * kStride);
      places[1][i] = static_cast<std::uint8_t>(places[0][i] + 6 * kStride - kLastStep);
    }
    return places;
  }();
  /// Of eight codes twice: a step's two over its blocks.
  alignas(64) static constexpr auto kCodesOfStep = [] {
    std::array<std::array<std::uint8_t, 64>, kBytePanelSteps> places{};
    for (std::size_t step = 0; step < kBytePanelSteps; ++step) {
      for (std::size_t i = 0; i < 64; ++i) places[step][i] = static_cast<std::uint8_t>(2 * step + i / 32);
    }
    return places;
  }();

  /// As codes; absent blocks have the first one's.
  CODEXPC_INLINE void LoadScales(BytePanel* panel, PanelRows rows, std::size_t col, std::size_t num_blocks) const {
    constexpr std::size_t kApart = kScaleStride<kStride>;
    static_assert((kBytePanelBlocks - 1) * kApart < 128);
    alignas(64) std::uint8_t place_of[64] = {};
    for (std::size_t b = 0; b < num_blocks; ++b) place_of[b] = static_cast<std::uint8_t>(b * kApart);
    const __m512i places = _mm512_load_si512(place_of);
    const std::size_t num_bytes = (num_blocks - 1) * kApart + 1;
    const __mmask64 low = FirstBytes(num_bytes);
    const __mmask64 high = num_bytes > 64 ? FirstBytes(num_bytes - 64) : 0;
    const std::uint8_t* from = scales + (rows.first * (cols / 32) + col / 32) * kApart;
    const std::size_t last = rows.end - rows.first - 1;
    for (std::size_t r = 0; r < kTilePanelRows; ++r, from += r <= last ? cols / 32 * kApart : 0) {
      const __m512i codes = _mm512_permutex2var_epi8(_mm512_maskz_loadu_epi8(low, from), places, _mm512_maskz_loadu_epi8(high, from + 64));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(panel->codes[r]), _mm512_castsi512_si128(codes));
    }
  }

  /// Low nibbles and high ones in turn, from kBytesOfTwo; in the upper bits what was beside them.
  CODEXPC_INLINE static __m512i Nibbles(__m512i bytes) {
    return _mm512_srlv_epi16(bytes, _mm512_broadcast_i64x4(_mm256_setr_epi64x(0, 0, 0x0004'0004'0004'0004, 0x0004'0004'0004'0004)));
  }
  CODEXPC_INLINE static void StoreShifted(std::int8_t* to, __m512i nibbles, __m512i codes, std::size_t step) {
    const __m512i shifts = _mm512_shuffle_epi8(codes, _mm512_load_si512(kCodesOfStep[step].data()));
    const __m512i places = _mm512_ternarylogic_epi64(nibbles, _mm512_set1_epi8(0x0f), shifts, /*(a & b) | c=*/0xea);
    _mm512_store_si512(to, _mm512_permutexvar_epi8(places, _mm512_load_si512(kShiftedFp4.data())));
  }
  CODEXPC_INLINE static __m512i CodesOf(const BytePanel* panel, std::size_t row) {
    return _mm512_set1_epi64(static_cast<long long>(ReadAs<std::uint64_t>(panel->codes[row])));
  }

  /// All eight blocks of four rows.
  CODEXPC_INLINE void FillWhole(BytePanel* panel, std::size_t first_row, PanelRows rows, std::size_t col) const {
    const std::uint8_t* first = blocks + (rows.first * (cols / 32) + col / 32) * kStride;
    const std::size_t row_bytes = cols / 32 * kStride;
    const __m512i two = _mm512_load_si512(kBytesOfTwo[0].data());
    const __m512i last_two = _mm512_load_si512(kBytesOfTwo[1].data());
    CODEXPC_UNROLL for (std::size_t i = 0; i < kRowsAtOnce; ++i) {
      const std::uint8_t* row = first + (rows.At(first_row + i) - rows.first) * row_bytes;
      const __m512i codes = CodesOf(panel, first_row + i);
      CODEXPC_UNROLL for (std::size_t step = 0; step < kBytePanelSteps; ++step) {
        const bool is_last = step + 1 == kBytePanelSteps;
        const __m512i bytes = _mm512_permutexvar_epi8(is_last ? last_two : two, _mm512_loadu_si512(row + (is_last ? kLastStep : 2 * step * kStride)));
        StoreShifted(panel->At(first_row + i, step, 0), Nibbles(bytes), codes, step);
      }
    }
  }

  /// Of a step's two blocks, or one and zeros.
  CODEXPC_INLINE static __m512i LoadNibbles(const std::uint8_t* block, std::size_t num_left) {
    const __m512i bytes = _mm512_maskz_loadu_epi8(num_left > 1 ? FirstBytes(kStride + 16) : FirstBytes(16), block);
    return Nibbles(_mm512_permutexvar_epi8(_mm512_load_si512(kBytesOfTwo[0].data()), bytes));
  }
  [[gnu::noinline]] static void FillInOne(BytePanel* panel, std::size_t row, const std::uint8_t* first, std::size_t num_blocks) {
    for (std::size_t step = 0; 2 * step < num_blocks; ++step)
      StoreShifted(panel->At(row, step, 0), LoadNibbles(first + 2 * step * kStride, num_blocks - 2 * step), CodesOf(panel, row), step);
  }
  [[gnu::noinline]] static void FillInTwo(BytePanel* panel, std::size_t row, const std::uint8_t* first, std::size_t num_blocks) {
    for (std::size_t step = 0; 2 * step < num_blocks; ++step) {
      const __m512i nibbles = _mm512_and_si512(LoadNibbles(first + 2 * step * kStride, num_blocks - 2 * step), _mm512_set1_epi8(0x0f));
      const __m512i bytes = _mm512_permutexvar_epi8(nibbles, _mm512_load_si512(kShiftedFp4.data()));
      __m512i words[2];
      for (std::size_t i = 0; i < 2; ++i) {
        const auto shift = static_cast<std::int8_t>(panel->codes[row][2 * step + i]);
        const __m512i unshifted = _mm512_cvtepi8_epi16(i == 0 ? _mm512_castsi512_si256(bytes) : _mm512_extracti64x4_epi64(bytes, 1));
        const auto below = static_cast<unsigned>(shift < 0 ? -shift : 0);
        const __m512i half = _mm512_set1_epi16(static_cast<short>(below > 0 ? 1 << (below - 1) : 0));
        words[i] = shift >= 0 ? _mm512_slli_epi16(unshifted, static_cast<unsigned>(shift)) : _mm512_srai_epi16(_mm512_add_epi16(unshifted, half), below);
      }
      StoreTerms(panel->At(row, step, 0), panel->At(row, step, 1), words[0], words[1]);
    }
  }
};

/// Q8_0: off by up to 2^-15 of the largest that a row's blocks could hold.
struct Q8ByteTiles {
  using Panel = BytePanel;
  static constexpr std::size_t kColsAtOnce = kTilePanelCols;
  static constexpr std::size_t kRowsAtOnce = 4;
  const std::uint8_t* blocks;  // (rows, cols / 32)
  std::size_t cols;

  CODEXPC_INLINE void Prefetch(std::size_t row, std::size_t col, std::size_t num_cols) const {
    PrefetchLines(blocks + (row * (cols / 32) + col / 32) * kQ8BlockBytes, num_cols / 32 * kQ8BlockBytes);
  }

  CODEXPC_INLINE void Open(BytePanel* panel, PanelRows rows, std::size_t col, std::size_t num_cols) const {
    // A block's factor is at most 2^15 - 1, and times 256 of its bytes' units, by 2^15: 127 becomes a little less than 127 * 256.
    constexpr float kLargestFactor = 32767.0f;
    constexpr float kSteps = kLargestFactor * 256.0f / 32768.0f;
    constexpr std::size_t kRowsOfVector = kLanes / kBytePanelBlocks;
    panel->num_terms = 2;
    alignas(64) f16 scales[kTilePanelRows][kBytePanelBlocks] = {};
    for (std::size_t r = 0; r < kTilePanelRows; ++r) {
      const std::uint8_t* block = blocks + (rows.At(r) * (cols / 32) + col / 32) * kQ8BlockBytes;
      for (std::size_t b = 0; b < num_cols / 32; ++b) scales[r][b] = ReadAs<f16>(block + b * kQ8BlockBytes);
    }
    for (std::size_t r = 0; r < kTilePanelRows; r += kRowsOfVector) {
      // As whole numbers the magnitudes are in the same order, and what is no number is the largest: it comes through in the scale.
      const __m256i bits = _mm256_load_si256(reinterpret_cast<const __m256i*>(scales[r]));
      __m256i most = _mm256_and_si256(bits, _mm256_set1_epi16(0x7fff));
      most = _mm256_max_epu16(most, _mm256_shuffle_epi32(most, 0x4e));
      most = _mm256_max_epu16(most, _mm256_rol_epi64(most, 32));
      most = _mm256_max_epu16(most, _mm256_rol_epi64(most, 16));
      const Vec largest = _mm512_cvtph_ps(most);
      const __m512i factors = _mm512_cvtps_epi32(Div(Mul(_mm512_cvtph_ps(bits), Set1(kLargestFactor)), largest));
      _mm256_store_si256(reinterpret_cast<__m256i*>(panel->factors[r]), _mm512_cvtepi32_epi16(factors));
      alignas(64) float scale_of[kLanes];
      Store(scale_of, Mul(largest, Set1(kCoarse / kSteps)));
      for (std::size_t i = 0; i < kRowsOfVector; ++i) panel->scales[r + i] = scale_of[i * kBytePanelBlocks];
    }
  }

  CODEXPC_INLINE void FillRows(BytePanel* panel, std::size_t first_row, PanelRows rows, std::size_t col, std::size_t num_cols) const {
    const std::size_t num_blocks = num_cols / 32;
    for (std::size_t r = first_row; r < first_row + kRowsAtOnce; ++r) {
      const std::uint8_t* block = blocks + (rows.At(r) * (cols / 32) + col / 32) * kQ8BlockBytes + kQ8ScaleBytes;
      const auto words = [&](std::size_t b) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + b * kQ8BlockBytes));
        return _mm512_mulhrs_epi16(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16(panel->factors[r][b]));
      };
      CODEXPC_UNROLL for (std::size_t step = 0; step < kBytePanelSteps; ++step) {
        const std::size_t b = 2 * step;
        if (b >= num_blocks) break;
        StoreTerms(panel->At(r, step, 0), panel->At(r, step, 1), words(b), b + 1 < num_blocks ? words(b + 1) : _mm512_setzero_si512());
      }
    }
  }
};
