#pragma once
// Matrix products in whole numbers over the vector operations of one instruction set (its simd.h and simd-q8.h). Included
// inside that set's namespace and target region.
//
// kQ8PanelRows rows of the weight and up to kPanelCols of its columns are brought into a form once, 32 bits of each row
// side by side, and multiplied with tiles of tokens. A block of 32 columns is summed in whole numbers, then scaled.

constexpr std::size_t kQ8PanelVectorBytes = kLanes * sizeof(std::int32_t);
constexpr std::size_t kQ8PanelRows = kQ8PanelVectors * kLanes;
constexpr std::size_t kPanelStep = kQ8PanelVectors * kQ8PanelVectorBytes;

/// Weights and activations in bytes.
struct ByteForm {
  using View = Q8View;
  static constexpr std::size_t kPanelCols = 512;  // at most 16 KiB: leaves room in a first-level cache for two tiles of tokens
  static constexpr std::size_t kBlockSteps = 8;   // of four columns
  CODEXPC_INLINE static Q8View From(const Q8View& x, std::size_t value, std::size_t block) {
    return {x.values + value, x.scales + block, x.starts + block};
  }
  CODEXPC_INLINE static void StoreMf4(std::uint8_t* out, const std::uint8_t* const rows[kLanes], std::size_t offset) {
    StoreMf4Block(out, kPanelStep, rows, offset);
  }
  /// Of sets that have q8_matmul.
  template <typename Byte>
  CODEXPC_INLINE static void StoreBytes(std::uint8_t* out, const Byte* const rows[kLanes], std::size_t offset) {
    StoreByteBlock(out, kPanelStep, rows, offset);
  }
  template <std::size_t kTokens>
  CODEXPC_INLINE static void Dot(BlockSum sums[kTokens][kQ8PanelVectors], const std::uint8_t* panel, const Q8View& x, std::size_t cols, std::size_t block) {
    DotBlock<kTokens>(sums, panel, x.values + block * 32, cols, x.starts + block, cols / 32);
  }
};

template <typename Form>
struct WholePanel {
  static constexpr std::size_t kBlockBytes = Form::kBlockSteps * kPanelStep;
  alignas(64) std::uint8_t values[Form::kPanelCols / 32 * kBlockBytes];  // (blocks, kBlockSteps, kQ8PanelVectors, kLanes, 4 bytes)
  alignas(64) float scales[Form::kPanelCols / 32 * kQ8PanelRows];        // (blocks, kQ8PanelRows)
};

/// The rows of a panel; past the slice's end its last row again, not stored.
struct PanelRowRange {
  std::size_t first;
  std::size_t count;
  std::size_t At(std::size_t r) const { return first + (r < count ? r : count - 1); }
};

/// 32 values, those of even columns first if so asked. Returns the largest magnitude.
CODEXPC_INLINE float LoadBlock(Vec v[kBlockVectors], const float* x, bool evens_first) {
  if (evens_first) {
    CODEXPC_UNROLL for (std::size_t i = 0; i < kBlockVectors / 2; ++i) LoadPairs(x + 2 * i * kLanes, &v[i], &v[kBlockVectors / 2 + i]);
  } else {
    CODEXPC_UNROLL for (std::size_t i = 0; i < kBlockVectors; ++i) v[i] = Load(x + i * kLanes);
  }
  Vec largest = Max(v[0], Sub(Zero(), v[0]));
  CODEXPC_UNROLL for (std::size_t i = 1; i < kBlockVectors; ++i) largest = Max(largest, Max(v[i], Sub(Zero(), v[i])));
  return Largest(largest);
}

/// Largest magnitude to 127; a block of zeros has scale 0.
CODEXPC_INLINE float QuantizeBlock(std::int8_t* out, const float* x, bool evens_first) {
  Vec v[kBlockVectors];
  const float magnitude = LoadBlock(v, x, evens_first);
  StoreRoundedBytes(out, v, Set1(magnitude > 0.0f ? 127.0f / magnitude : 0.0f));
  return magnitude * (1.0f / 127.0f);
}

void QuantizeRow(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  for (std::size_t block = 0; block < n / 32; ++block) {
    std::int8_t* values = out.values + block * 32;
    out.scales[block] = QuantizeBlock(values, x + block * 32, evens_first);
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < 32; ++i) sum += values[i];
    out.starts[block] = -kQ8Offset * sum;
  }
}

struct Q8Target {
  float* out;  // the first row of token 0
  std::size_t out_stride;
  std::size_t num_rows;
  const float* bias;  // (kQ8PanelRows); zeros for none, and after the first columns
  bool accumulate;
};

/// Adds the products of a panel's blocks with `kTokens` tokens to their sums. `x` starts at the panel's first column.
template <typename Form, std::size_t kTokens>
CODEXPC_INLINE void MultiplyTile(const Q8Target& target, const WholePanel<Form>& panel, const typename Form::View& x, std::size_t cols, std::size_t num_blocks) {
  const std::size_t row_blocks = cols / 32;
  Vec totals[kTokens][kQ8PanelVectors];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) totals[t][v] = Load(target.bias + v * kLanes);
  }
  for (std::size_t block = 0; block < num_blocks; ++block) {
    // The next tile's activations: short runs far apart, which the processor does not foresee.
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) __builtin_prefetch(x.values + (kTokens + t) * cols + block * 32);
    BlockSum sums[kTokens][kQ8PanelVectors];
    Form::template Dot<kTokens>(sums, panel.values + block * WholePanel<Form>::kBlockBytes, x, cols, block);
    const float* scales = panel.scales + block * kQ8PanelRows;
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) {
      const Vec row_scales = Load(scales + v * kLanes);
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t)
        totals[t][v] = MulAdd(ToFloats(sums[t][v]), Mul(row_scales, Set1(x.scales[t * row_blocks + block])), totals[t][v]);
    }
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    float* out = target.out + t * target.out_stride;
    if (target.num_rows == kQ8PanelRows) {
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v)
        Store(out + v * kLanes, target.accumulate ? Add(Load(out + v * kLanes), totals[t][v]) : totals[t][v]);
    } else {
      alignas(64) float rows[kQ8PanelRows];
      CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) Store(rows + v * kLanes, totals[t][v]);
      for (std::size_t r = 0; r < target.num_rows; ++r) out[r] = (target.accumulate ? out[r] : 0.0f) + rows[r];
    }
  }
}

/// A tile of at most kTokens tokens.
template <typename Form, std::size_t kTokens>
CODEXPC_INLINE void MultiplyTileUpTo(std::size_t num_tokens, const Q8Target& target, const WholePanel<Form>& panel, const typename Form::View& x,
                                     std::size_t cols, std::size_t num_blocks) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyTile<Form, kTokens>(target, panel, x, cols, num_blocks);
    MultiplyTileUpTo<Form, kTokens - 1>(num_tokens, target, panel, x, cols, num_blocks);
  }
}

template <typename Form>
CODEXPC_INLINE typename Form::View FromToken(const typename Form::View& x, std::size_t token, std::size_t col, std::size_t cols) {
  return Form::From(x, token * cols + col, (token * cols + col) / 32);
}

/// The products of a panel with all tokens, in tiles of equal numbers of them: the sums of one with few would wait for each
/// other. A function of its own: inlined into each weight's loops, GCC 12 keeps parts of the tile in memory.
template <typename Form>
[[gnu::noinline]] void MultiplyTokens(Q8Target target, const WholePanel<Form>& panel, const typename Form::View& x, std::size_t num_tokens,
                                      std::size_t cols, std::size_t num_blocks, const RowsAhead& ahead) {
  const std::size_t num_tiles = (num_tokens + kQ8TileTokens - 1) / kQ8TileTokens;
  for (std::size_t tile = 0, token = 0; tile < num_tiles; ++tile) {
    ahead.PrefetchShare(tile, num_tiles);
    const std::size_t count = num_tokens * (tile + 1) / num_tiles - token;
    MultiplyTileUpTo<Form, kQ8TileTokens>(count, target, panel, FromToken<Form>(x, token, 0, cols), cols, num_blocks);
    token += count;
    target.out += count * target.out_stride;
  }
}

/// `Weight::Fill(panel, rows, col, num_cols)` brings a part of the weight into the form.
template <typename Form, typename Weight>
CODEXPC_INLINE void MultiplyPanel(const MatmulArgsOf<typename Form::View>& args, const Weight& weight, std::size_t row, std::size_t col,
                                  const RowsAhead& ahead, WholePanel<Form>* panel) {
  const std::size_t num_cols = args.cols - col < Form::kPanelCols ? args.cols - col : Form::kPanelCols;
  const std::size_t num_rows = args.row_end - row < kQ8PanelRows ? args.row_end - row : kQ8PanelRows;
  weight.Fill(panel, PanelRowRange{row, num_rows}, col, num_cols);

  alignas(64) float bias[kQ8PanelRows] = {};
  if (args.bias.data != nullptr && col == 0) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  }
  const Q8Target target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
                        .accumulate = args.accumulate || col > 0};
  MultiplyTokens<Form>(target, *panel, FromToken<Form>(args.x, 0, col, args.cols), args.num_tokens, args.cols, num_cols / 32, ahead);
}

template <typename Form, typename Weight>
CODEXPC_INLINE void MatmulPart(const MatmulArgsOf<typename Form::View>& args, const Weight& weight) {
  WholePanel<Form> panel;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kQ8PanelRows) {
    for (std::size_t col = 0; col < args.cols; col += Form::kPanelCols) {
      const bool is_last = col + Form::kPanelCols >= args.cols;
      const RowsAhead ahead = PartAhead(weight, is_last ? row + kQ8PanelRows : row, args.row_end, kQ8PanelRows,
                                        is_last ? 0 : col + Form::kPanelCols, args.cols, Form::kPanelCols);
      MultiplyPanel<Form>(args, weight, row, col, ahead, &panel);
    }
  }
}

/// In parts of equal numbers of tokens, whose activations stay in a second-level cache from one panel to the next.
template <typename Form, typename Weight>
CODEXPC_INLINE void MatmulPanels(const MatmulArgsOf<typename Form::View>& args, const Weight& weight) {
  constexpr std::size_t kCachedBytes = 512 << 10;  // about half of it
  const std::size_t num_bytes = args.num_tokens * args.cols * sizeof(*args.x.values);
  const std::size_t num_parts = (num_bytes + kCachedBytes - 1) / kCachedBytes;
  MatmulArgsOf<typename Form::View> part = args;
  for (std::size_t i = 0; i < num_parts; ++i) {
    const std::size_t first = args.num_tokens * i / num_parts;
    part.num_tokens = args.num_tokens * (i + 1) / num_parts - first;
    part.out = args.out + first * args.out_stride;
    part.x = FromToken<Form>(args.x, first, 0, args.cols);
    MatmulPart<Form>(part, weight);
  }
}

template <std::size_t kStride>
struct Mf4Weight {
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  const float* scale_of;       // by scale byte, halved: the panel holds twice the values
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(blocks, cols / 32, kStride, row, num_rows, col / 32, num_cols / 32);
  }
  template <typename Form>
  CODEXPC_INLINE void Fill(WholePanel<Form>* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
    for (std::size_t v = 0; v < kQ8PanelVectors; ++v) {
      const std::uint8_t* row_blocks[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t r = v * kLanes + lane;
        const std::size_t block = rows.At(r) * (cols / 32) + col / 32;
        row_blocks[lane] = blocks + block * kStride;
        const std::uint8_t* row_scales = scales + block * kScaleStride<kStride>;
        for (std::size_t b = 0; b < num_cols / 32; ++b) panel->scales[b * kQ8PanelRows + r] = scale_of[row_scales[b * kScaleStride<kStride>]];
      }
      for (std::size_t b = 0; b < num_cols / 32; ++b)
        Form::StoreMf4(panel->values + b * WholePanel<Form>::kBlockBytes + v * kQ8PanelVectorBytes, row_blocks, b * kStride);
    }
  }
};

template <typename Form>
void MultiplyMf4(const MatmulArgsOf<typename Form::View>& args, const Mf4View& weight) {
  const float* scale_of = ScalesForBias(weight.scale_bias + 1);
  if (weight.block_stride == 16) return MatmulPanels<Form>(args, Mf4Weight<16>{weight.blocks, weight.scales, scale_of, args.cols});
  MatmulPanels<Form>(args, Mf4Weight<17>{weight.blocks, weight.scales, scale_of, args.cols});
}
