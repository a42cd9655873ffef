#pragma once
// A few tokens in bytes, as decoding has them: four rows at once, a block of each, expanded where it is used and multiplied
// with several tokens while it is in registers. The products of a block end in four lanes; those of four rows are added
// pairwise into one register, a row in each lane, and scaled there. So a token needs one register for its sums, its bytes
// are read once for four rows, and it is used as it lies; the generic q8-few-tokens.h, for longer registers, keeps blocks
// in lanes and a register for each row. Included inside a namespace of NEON, after q8-matmul.h and the products.

constexpr std::size_t kFewTokens = 8;     // in two terms, 2880 columns, 46 KB: what a first-level cache of 64 KiB holds beside the weights
constexpr std::size_t kTokensAtOnce = 4;  // 4 sums, 4 products, 8 of weights and 4 of a token in 32 registers

/// A block of a row and its scale.
struct BlockInPlace {
  const std::uint8_t* values;
  const std::uint8_t* scale;
};

template <std::size_t kStride>
struct Mf4InPlace {
  static constexpr std::size_t kBlockBytes = kStride;
  static constexpr std::size_t kScaleStep = kScaleStride<kStride>;
  const std::uint8_t* blocks;
  const std::uint8_t* scales;

  CODEXPC_INLINE BlockInPlace At(std::size_t block) const { return {blocks + block * kBlockBytes, scales + block * kScaleStep}; }
  /// Twice the values.
  CODEXPC_INLINE static void Expand(const std::uint8_t* values, int8x16_t* low, int8x16_t* high) {
    const int8x16_t twice = vld1q_s8(kFp4Twice);
    const uint8x16_t packed = vld1q_u8(values);
    *low = vqtbl1q_s8(twice, vandq_u8(packed, vdupq_n_u8(15)));
    *high = vqtbl1q_s8(twice, vshrq_n_u8(packed, 4));
  }
  /// 2^(byte - 127), but zero for byte 0.
  CODEXPC_INLINE static Vec Scales(const BlockInPlace rows[4]) {
    uint8x16_t bytes = vld1q_lane_u8(rows[0].scale, vdupq_n_u8(0), 0);
    bytes = vld1q_lane_u8(rows[1].scale, bytes, 4);
    bytes = vld1q_lane_u8(rows[2].scale, bytes, 8);
    bytes = vld1q_lane_u8(rows[3].scale, bytes, 12);
    return LowBitsToExponent(vreinterpretq_f32_u8(bytes));
  }
};

struct Q8InPlace {
  static constexpr std::size_t kBlockBytes = kQ8BlockBytes;
  static constexpr std::size_t kScaleStep = kQ8BlockBytes;
  const std::uint8_t* blocks;

  CODEXPC_INLINE BlockInPlace At(std::size_t block) const {
    const std::uint8_t* scale = blocks + block * kQ8BlockBytes;
    return {scale + kQ8ScaleBytes, scale};
  }
  CODEXPC_INLINE static void Expand(const std::uint8_t* values, int8x16_t* low, int8x16_t* high) {
    *low = vreinterpretq_s8_u8(vld1q_u8(values));
    *high = vreinterpretq_s8_u8(vld1q_u8(values + 16));
  }
  CODEXPC_INLINE static Vec Scales(const BlockInPlace rows[4]) {
    const f16 scales[4] = {ReadAs<f16>(rows[0].scale), ReadAs<f16>(rows[1].scale), ReadAs<f16>(rows[2].scale), ReadAs<f16>(rows[3].scale)};
    return LoadF16(scales);
  }
};

/// The products of four rows with `kTokens` tokens; past the slice's end its last row, not stored.
template <std::size_t kTokens, std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyFourRows(const Q8MatmulArgs& args, const Weight& weight, float factor, std::size_t first_token, std::size_t row) {
  constexpr std::size_t kRows = 4;
  const std::size_t row_blocks = args.cols / 32;
  const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
  // The next rows are asked for, and every line of them, as in the generic q8-few-tokens.h: measured on x86 only.
  constexpr std::size_t kLineBytes = 64;
  constexpr std::size_t kStepBlocks = 4;
  constexpr std::size_t kStepBytes = kStepBlocks * Weight::kBlockBytes / kLineBytes * kLineBytes;
  const std::uint8_t* ahead[kRows];
  BlockInPlace rows[kRows];
  CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
    const std::size_t first = (row + (r < num_rows ? r : num_rows - 1)) * row_blocks;
    rows[r] = weight.At(first);
    ahead[r] = rows[r].values + kRows * row_blocks * Weight::kBlockBytes;
  }
  const std::int8_t* x[kTokens][kTerms];
  Vec sums[kTokens];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t term = 0; term < kTerms; ++term) x[t][term] = args.x.values + ((first_token + t) * kTerms + term) * args.cols;
    sums[t] = Zero();
  }
  const float* x_scales = args.x.scales + first_token * row_blocks;
  // Not to be unrolled: of several blocks GCC 12 loads everything first, and then has to keep much of it in memory.
  for (std::size_t block = 0; block < row_blocks; ++block) {
    if (block % kStepBlocks == 0) {
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
        CODEXPC_UNROLL for (std::size_t byte = 0; byte < kStepBytes; byte += kLineBytes) __builtin_prefetch(ahead[r] + byte);
        ahead[r] += kStepBytes;
      }
    }
    int8x16_t low[kRows];
    int8x16_t high[kRows];
    const Vec scales = Weight::Scales(rows);
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      Weight::Expand(rows[r].values, &low[r], &high[r]);
      rows[r] = {rows[r].values + Weight::kBlockBytes, rows[r].scale + Weight::kScaleStep};
    }
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      int8x16_t x_low[kTerms];
      int8x16_t x_high[kTerms];
      CODEXPC_UNROLL for (std::size_t term = 0; term < kTerms; ++term) {
        x_low[term] = vld1q_s8(x[t][term]);
        x_high[term] = vld1q_s8(x[t][term] + 16);
        x[t][term] += 32;
      }
      BlockSum dots[kRows];
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) dots[r] = DotRow<kTerms>(low[r], high[r], x_low, x_high);
      const BlockSum dot = vpaddq_s32(vpaddq_s32(dots[0], dots[1]), vpaddq_s32(dots[2], dots[3]));
      sums[t] = MulAdd(Mul(ToFloats(dot), Set1(x_scales[t * row_blocks + block])), scales, sums[t]);
    }
  }
  CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
    const std::uint8_t* end = rows[r].values + kRows * row_blocks * Weight::kBlockBytes;
    for (; ahead[r] < end; ahead[r] += kLineBytes) __builtin_prefetch(ahead[r]);
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    alignas(16) float dots[kRows];
    Store(dots, Mul(sums[t], Set1(factor)));
    float* out = args.out + (first_token + t) * args.out_stride + row;
    for (std::size_t r = 0; r < num_rows; ++r) {
      float dot = dots[r];
      if (args.bias.data != nullptr) dot += At(args.bias, row + r);
      out[r] = args.accumulate ? out[r] + dot : dot;
    }
  }
}

/// At most kTokens tokens.
template <std::size_t kTokens, std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyFourRowsUpTo(std::size_t num_tokens, const Q8MatmulArgs& args, const Weight& weight, float factor,
                                         std::size_t first_token, std::size_t row) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyFourRows<kTokens, kTerms>(args, weight, factor, first_token, row);
    MultiplyFourRowsUpTo<kTokens - 1, kTerms>(num_tokens, args, weight, factor, first_token, row);
  }
}

template <std::size_t kTerms, typename Weight>
CODEXPC_INLINE void MultiplyFewTokens(const Q8MatmulArgs& args, const Weight& weight, float factor) {
  for (std::size_t row = args.row_begin; row < args.row_end; row += 4) {
    for (std::size_t token = 0; token < args.num_tokens; token += kTokensAtOnce) {
      const std::size_t left = args.num_tokens - token;
      MultiplyFourRowsUpTo<kTokensAtOnce, kTerms>(left < kTokensAtOnce ? left : kTokensAtOnce, args, weight, factor, token, row);
    }
  }
}

/// `factor` is for all scales of the weight.
template <typename Weight>
void MatmulFewTokens(const Q8MatmulArgs& args, const Weight& weight, float factor) {
  if (args.x.num_terms == 2) return MultiplyFewTokens<2>(args, weight, factor);
  MultiplyFewTokens<1>(args, weight, factor);
}

/// x * factor to the nearest whole number, as 256 * coarse + fine; the one that would take fine = -128 becomes the next.
CODEXPC_INLINE void StoreRoundedTerms(std::int8_t* coarse, std::int8_t* fine, const Vec x[8], Vec factor) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    const int16x8_t whole = vcombine_s16(vmovn_s32(vcvtnq_s32_f32(vmulq_f32(x[2 * i], factor))),
                                         vmovn_s32(vcvtnq_s32_f32(vmulq_f32(x[2 * i + 1], factor))));
    vst1_s8(coarse + 8 * i, vrshrn_n_s16(whole, 8));
    vst1_s8(fine + 8 * i, vmax_s8(vmovn_s16(whole), vdup_n_s8(-127)));  // its lower byte is what the rounding left
  }
}
