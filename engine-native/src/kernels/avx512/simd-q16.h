#pragma once
// Weights and activations in 16 bits over AVX-512 VNNI, for the panels of q8-matmul.h. An instruction multiplies half as
// many numbers as one of bytes, which is what activations of two terms in bytes come to, but a block takes one sum and
// nothing is undone. Included inside namespace avx512vnni and its target region, after q8-matmul.h.

struct WordForm {
  using View = Q16View;
  static constexpr std::size_t kPanelCols = 256;  // at most 16 KiB, as for bytes
  static constexpr std::size_t kBlockSteps = 16;  // of two columns: 4i and 4i + 2, then 4i + 1 and 4i + 3

  CODEXPC_INLINE static Q16View From(const Q16View& x, std::size_t value, std::size_t block) { return {x.values + value, x.scales + block}; }

  CODEXPC_INLINE static void Store(std::uint8_t* out, std::size_t step, __m512i words) { _mm512_store_si512(out + step * kPanelStep, words); }

  /// One MXFP4 block of 16 rows, twice its values: low nibbles, then high ones.
  CODEXPC_INLINE static void StoreMf4(std::uint8_t* out, const std::uint8_t* const rows[16], std::size_t offset) {
    // By the lowest four bits of a word; the instruction looks at five.
    const __m512i twice = _mm512_broadcast_i64x4(_mm256_setr_epi16(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12));
    __m512i columns[4];
    LoadFourByFour(columns, rows, offset);
    CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
      Store(out, 2 * i, _mm512_permutexvar_epi16(columns[i], twice));
      Store(out, 2 * i + 1, _mm512_permutexvar_epi16(_mm512_srli_epi16(columns[i], 8), twice));
      Store(out, 2 * i + 8, _mm512_permutexvar_epi16(_mm512_srli_epi16(columns[i], 4), twice));
      Store(out, 2 * i + 9, _mm512_permutexvar_epi16(_mm512_srli_epi16(columns[i], 12), twice));
    }
  }

  /// 32 signed bytes of 16 rows.
  CODEXPC_INLINE static void StoreBytes(std::uint8_t* out, const std::uint8_t* const rows[16], std::size_t offset) {
    CODEXPC_UNROLL for (std::size_t half = 0; half < 2; ++half) {
      __m512i columns[4];
      LoadFourByFour(columns, rows, offset + 16 * half);
      CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
        Store(out, 8 * half + 2 * i, _mm512_srai_epi16(_mm512_slli_epi16(columns[i], 8), 8));
        Store(out, 8 * half + 2 * i + 1, _mm512_srai_epi16(columns[i], 8));
      }
    }
  }

  /// At most 32 * 128 * 32767 < 2^27.
  template <std::size_t kTokens>
  CODEXPC_INLINE static void Dot(BlockSum sums[kTokens][kQ8PanelVectors], const std::uint8_t* panel, const Q16View& x, std::size_t cols, std::size_t block) {
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = _mm512_setzero_si512();
    }
    CODEXPC_UNROLL for (std::size_t i = 0; i < kBlockSteps; ++i) {
      __m512i weights[kQ8PanelVectors];
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) weights[v] = _mm512_load_si512(panel + i * kPanelStep + v * kQ8PanelVectorBytes);
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
        std::int32_t two;
        std::memcpy(&two, x.values + t * cols + block * 32 + 2 * i, sizeof two);
        const __m512i token = _mm512_set1_epi32(two);
        CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) sums[t][v] = _mm512_dpwssd_epi32(sums[t][v], weights[v], token);
      }
    }
  }
};

/// In the order of WordForm: of each four values the second and the third change places.
void QuantizeRowInWords(const Q16View& out, const float* x, std::size_t n, bool evens_first) {
  for (std::size_t block = 0; block < n / 32; ++block) {
    Vec v[kBlockVectors];
    const float magnitude = LoadBlock(v, x + block * 32, evens_first);
    const Vec factor = Set1(magnitude > 0.0f ? 32767.0f / magnitude : 0.0f);
    CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i) {
      const __m256i words = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(v[i], factor)));
      const __m256i ordered = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(words, 0xd8), 0xd8);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.values + block * 32 + 16 * i), ordered);
    }
    out.scales[block] = magnitude * (1.0f / 32767.0f);
  }
}
