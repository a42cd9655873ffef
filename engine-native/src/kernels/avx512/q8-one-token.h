#pragma once
// One token in bytes over AVX-512 VNNI: four rows at once, two blocks of each in a register, expanded where they are used.
// Included inside namespace avx512vnni and its target region, after weight-rows.h and simd-q8.h.

/// Of one token, for two blocks at a time: what meets a register of weights lane by lane.
struct OneTokenPairs {
  static constexpr std::size_t kMaxPairs = 64;  // 4096 columns at a time
  __m512i values[kMaxPairs];
  __m512i starts[kMaxPairs];
  __m512 scales[kMaxPairs];
};

/// The lanes of block 1 of two; with MXFP4 both blocks' low nibbles stand before their high ones.
constexpr __mmask16 kSecondOfBytes = 0xff00;
constexpr __mmask16 kSecondOfMf4 = 0xf0f0;

/// `num_blocks` blocks from `x` on; an odd one is paired with zeros.
CODEXPC_INLINE void PairBlocks(OneTokenPairs* pairs, const Q8View& x, std::size_t num_blocks, bool mf4) {
  const __m512i quarters = mf4 ? _mm512_setr_epi64(0, 1, 4, 5, 2, 3, 6, 7) : _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  const __mmask16 second = mf4 ? kSecondOfMf4 : kSecondOfBytes;
  for (std::size_t block = 0; block < num_blocks; block += 2) {
    const bool is_pair = block + 1 < num_blocks;
    const __m512i values = _mm512_maskz_loadu_epi64(is_pair ? 0xff : 0x0f, x.values + block * 32);
    pairs->values[block / 2] = _mm512_permutexvar_epi64(quarters, values);
    // Each lane undoes its own 128s: left to the sum over lanes, they would cost digits.
    const __m512i offsets = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(-128), pairs->values[block / 2]);
    pairs->starts[block / 2] = _mm512_sub_epi32(_mm512_setzero_si512(), offsets);
    pairs->scales[block / 2] = _mm512_mask_mov_ps(Set1(x.scales[block]), second, Set1(is_pair ? x.scales[block + 1] : 0.0f));
  }
}

/// `Weight::Expand(block)` gives two blocks as bytes with 128 added, `Weight::Scales(block)` their scales, each over its lanes.
template <typename Weight>
CODEXPC_INLINE void MatmulOneToken(const Q8MatmulArgs& args, const Weight& weight) {
  constexpr std::size_t kRows = 4;
  constexpr std::size_t kMaxBlocks = 2 * OneTokenPairs::kMaxPairs;
  const std::size_t row_blocks = args.cols / 32;
  // A row is too short for the hardware to see where its stream goes on: the same place of the next rows. From memory this
  // gave MXFP4 1.8 times the speed and Q8_0 1.2 times on an Ice Lake Xeon.
  const std::size_t ahead = kRows * row_blocks;
  OneTokenPairs pairs;
  for (std::size_t first = 0; first < row_blocks; first += kMaxBlocks) {
    const std::size_t num_blocks = row_blocks - first < kMaxBlocks ? row_blocks - first : kMaxBlocks;
    PairBlocks(&pairs, {args.x.values + first * 32, args.x.scales + first, args.x.starts + first}, num_blocks, Weight::kIsMf4);
    for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
      const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
      std::size_t at[kRows];
      Vec sums[kRows];
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
        at[r] = (row + (r < num_rows ? r : num_rows - 1)) * row_blocks + first;  // past the slice's end its last row, not stored
        sums[r] = Zero();
      }
      const auto add = [&](std::size_t pair, std::size_t r, __m512i bytes, Vec scales) {
        const __m512i sum = _mm512_dpbusd_epi32(pairs.starts[pair], bytes, pairs.values[pair]);
        sums[r] = MulAdd(Mul(_mm512_cvtepi32_ps(sum), pairs.scales[pair]), scales, sums[r]);
      };
      for (std::size_t pair = 0; pair < num_blocks / 2; ++pair) {
        CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
          weight.Prefetch(at[r] + 2 * pair + ahead);
          add(pair, r, weight.Expand(at[r] + 2 * pair), weight.Scales(at[r] + 2 * pair));
        }
      }
      if (num_blocks % 2 != 0) {
        const std::size_t last = num_blocks - 1;
        CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) add(last / 2, r, weight.ExpandOne(at[r] + last), weight.ScaleOne(at[r] + last));
      }
      alignas(16) float dots[kRows];
      StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
      for (std::size_t r = 0; r < num_rows; ++r) {
        float dot = dots[r];
        if (args.bias.data != nullptr && first == 0) dot += At(args.bias, row + r);
        args.out[row + r] = args.accumulate || first > 0 ? args.out[row + r] + dot : dot;
      }
    }
  }
}

template <std::size_t kStride>
struct Mf4Pairs {
  static constexpr bool kIsMf4 = true;
  const std::uint8_t* blocks;
  const std::uint8_t* scales;
  const float* scale_of;  // halved: the bytes hold twice the values

  CODEXPC_INLINE static __m512i FromNibbles(__m256i packed) {
    const __m512i twice = _mm512_broadcast_i32x4(_mm_setr_epi8(-128, -127, -126, -125, -124, -122, -120, -116,  // 128 + 0, 1, 2, 3, 4, 6, 8, 12
                                                               -128, 127, 126, 125, 124, 122, 120, 116));
    const __m512i low_then_high = _mm512_srlv_epi64(_mm512_broadcast_i64x4(packed), _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4));
    return _mm512_shuffle_epi8(twice, _mm512_and_si512(low_then_high, _mm512_set1_epi8(0x0f)));
  }
  CODEXPC_INLINE __m512i Expand(std::size_t block) const { return FromNibbles(LoadTwoBlocks<kStride>(blocks + block * kStride)); }
  CODEXPC_INLINE __m512i ExpandOne(std::size_t block) const {
    return FromNibbles(_mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + block * kStride))));
  }
  CODEXPC_INLINE void Prefetch(std::size_t block) const { _mm_prefetch(blocks + block * kStride, _MM_HINT_T0); }
  CODEXPC_INLINE float ScaleOf(std::size_t block) const { return scale_of[scales[block * kScaleStride<kStride>]]; }
  CODEXPC_INLINE Vec Scales(std::size_t block) const { return _mm512_mask_mov_ps(Set1(ScaleOf(block)), kSecondOfMf4, Set1(ScaleOf(block + 1))); }
  CODEXPC_INLINE Vec ScaleOne(std::size_t block) const { return Set1(ScaleOf(block)); }
};

struct Q8Pairs {
  static constexpr bool kIsMf4 = false;
  const std::uint8_t* weight;

  CODEXPC_INLINE static __m512i WithOffset(__m512i bytes) { return _mm512_xor_si512(bytes, _mm512_set1_epi8(-128)); }
  CODEXPC_INLINE __m256i Bytes(std::size_t block) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight + block * kQ8BlockBytes + kQ8ScaleBytes));
  }
  CODEXPC_INLINE __m512i Expand(std::size_t block) const {
    return WithOffset(_mm512_inserti64x4(_mm512_castsi256_si512(Bytes(block)), Bytes(block + 1), 1));
  }
  CODEXPC_INLINE __m512i ExpandOne(std::size_t block) const { return WithOffset(_mm512_zextsi256_si512(Bytes(block))); }
  CODEXPC_INLINE void Prefetch(std::size_t block) const { _mm_prefetch(weight + block * kQ8BlockBytes, _MM_HINT_T0); }
  CODEXPC_INLINE std::uint32_t ScaleBits(std::size_t block) const {
    f16 bits;
    std::memcpy(&bits, weight + block * kQ8BlockBytes, sizeof bits);
    return bits;
  }
  CODEXPC_INLINE Vec Scales(std::size_t block) const {
    const __m128 both = _mm_cvtph_ps(_mm_cvtsi32_si128(static_cast<int>(ScaleBits(block) | ScaleBits(block + 1) << 16)));
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1), _mm512_castps128_ps512(both));
  }
  CODEXPC_INLINE Vec ScaleOne(std::size_t block) const { return Set1(LoadF16Number(weight + block * kQ8BlockBytes)); }
};
