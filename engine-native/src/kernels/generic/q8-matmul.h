#pragma once
// Matrix products in whole numbers over the vector operations of one instruction set (its simd.h and simd-q8.h). Included
// inside that set's namespace and target region.
//
// kPanelRows rows of the weight and up to kQ8PanelCols of its columns are brought into bytes once, four columns of each
// row side by side, and multiplied with tiles of tokens. A block of 32 columns is summed in whole numbers, then scaled.

constexpr std::size_t kQ8PanelVectorBytes = kLanes * sizeof(std::int32_t);
constexpr std::size_t kQ8PanelRows = kQ8PanelVectors * kLanes;
constexpr std::size_t kQ8PanelCols = 512;  // at most 16 KiB of bytes: leaves room in a first-level cache for two tiles of tokens
constexpr std::size_t kQ8PanelBlocks = kQ8PanelCols / 32;

struct Q8Panel {
  alignas(64) std::uint8_t values[kQ8PanelRows * kQ8PanelCols];  // (blocks, 8, kQ8PanelVectors, kLanes, 4)
  alignas(64) float scales[kQ8PanelBlocks * kQ8PanelRows];       // (blocks, kQ8PanelRows)
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
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyQ8Tile(const Q8Target& target, const Q8Panel& panel, const Q8View& x, std::size_t cols, std::size_t num_blocks) {
  const std::size_t row_blocks = cols / 32;
  Vec totals[kTokens][kQ8PanelVectors];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kQ8PanelVectors; ++v) totals[t][v] = Load(target.bias + v * kLanes);
  }
  for (std::size_t block = 0; block < num_blocks; ++block) {
    // The next tile's activations: short runs far apart, which the processor does not foresee.
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) __builtin_prefetch(x.values + (kTokens + t) * cols + block * 32);
    BlockSum sums[kTokens][kQ8PanelVectors];
    DotBlock<kTokens>(sums, panel.values + block * 8 * kQ8PanelVectors * kQ8PanelVectorBytes, x.values + block * 32, cols,
                      x.starts + block, row_blocks);
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
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyQ8TileUpTo(std::size_t num_tokens, const Q8Target& target, const Q8Panel& panel, const Q8View& x,
                                       std::size_t cols, std::size_t num_blocks) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyQ8Tile<kTokens>(target, panel, x, cols, num_blocks);
    MultiplyQ8TileUpTo<kTokens - 1>(num_tokens, target, panel, x, cols, num_blocks);
  }
}

CODEXPC_INLINE Q8View FromToken(const Q8View& x, std::size_t token, std::size_t col, std::size_t cols) {
  const std::size_t block = token * (cols / 32) + col / 32;
  return {x.values + block * 32, x.scales + block, x.starts + block};
}

/// The products of a panel with all tokens, in tiles of equal numbers of them: the sums of one with few would wait for each
/// other. A function of its own: inlined into each weight's loops, GCC 12 keeps parts of the tile in memory.
[[gnu::noinline]] void MultiplyQ8Tokens(Q8Target target, const Q8Panel& panel, const Q8View& x, std::size_t num_tokens, std::size_t cols,
                                        std::size_t num_blocks, const RowsAhead& ahead) {
  const std::size_t num_tiles = (num_tokens + kQ8TileTokens - 1) / kQ8TileTokens;
  for (std::size_t tile = 0, token = 0; tile < num_tiles; ++tile) {
    ahead.PrefetchShare(tile, num_tiles);
    const std::size_t count = num_tokens * (tile + 1) / num_tiles - token;
    MultiplyQ8TileUpTo<kQ8TileTokens>(count, target, panel, FromToken(x, token, 0, cols), cols, num_blocks);
    token += count;
    target.out += count * target.out_stride;
  }
}

/// `Weight::Fill(panel, rows, col, num_cols)` brings a part of the weight into bytes.
template <typename Weight>
CODEXPC_INLINE void MultiplyQ8Panel(const Q8MatmulArgs& args, const Weight& weight, std::size_t row, std::size_t col, const RowsAhead& ahead,
                                    Q8Panel* panel) {
  const std::size_t num_cols = args.cols - col < kQ8PanelCols ? args.cols - col : kQ8PanelCols;
  const std::size_t num_rows = args.row_end - row < kQ8PanelRows ? args.row_end - row : kQ8PanelRows;
  weight.Fill(panel, PanelRowRange{row, num_rows}, col, num_cols);

  alignas(64) float bias[kQ8PanelRows] = {};
  if (args.bias.data != nullptr && col == 0) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  }
  const Q8Target target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
                        .accumulate = args.accumulate || col > 0};
  MultiplyQ8Tokens(target, *panel, FromToken(args.x, 0, col, args.cols), args.num_tokens, args.cols, num_cols / 32, ahead);
}

template <typename Weight>
CODEXPC_INLINE void MatmulQ8Part(const Q8MatmulArgs& args, const Weight& weight) {
  Q8Panel panel;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kQ8PanelRows) {
    for (std::size_t col = 0; col < args.cols; col += kQ8PanelCols) {
      const bool is_last = col + kQ8PanelCols >= args.cols;
      const RowsAhead ahead = PartAhead(weight, is_last ? row + kQ8PanelRows : row, args.row_end, kQ8PanelRows,
                                        is_last ? 0 : col + kQ8PanelCols, args.cols, kQ8PanelCols);
      MultiplyQ8Panel(args, weight, row, col, ahead, &panel);
    }
  }
}

/// Calls multiply(part, first) for parts of equal numbers of tokens from `first` on, whose activations, to be set, stay in a
/// second-level cache from one panel to the next.
template <typename Args, typename Multiply>
CODEXPC_INLINE void ForPartsInCache(const Args& args, const Multiply& multiply) {
  constexpr std::size_t kCachedBytes = 512 << 10;  // about half of it
  const std::size_t num_parts = (args.num_tokens * args.cols * sizeof(*args.x.values) + kCachedBytes - 1) / kCachedBytes;
  for (std::size_t i = 0; i < num_parts; ++i) {
    const std::size_t first = args.num_tokens * i / num_parts;
    Args part = args;
    part.num_tokens = args.num_tokens * (i + 1) / num_parts - first;
    part.out = args.out + first * args.out_stride;
    multiply(part, first);
  }
}

template <typename Weight>
CODEXPC_INLINE void MatmulQ8Panels(const Q8MatmulArgs& args, const Weight& weight) {
  ForPartsInCache(args, [&](Q8MatmulArgs part, std::size_t first) {
    part.x = FromToken(args.x, first, 0, args.cols);
    MatmulQ8Part(part, weight);
  });
}

template <std::size_t kStride>
struct Mf4Bytes {
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), kScaleStride apart
  const float* scale_of;       // by scale byte, halved: the bytes hold twice the values
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(blocks, cols / 32, kStride, row, num_rows, col / 32, num_cols / 32);
  }
  CODEXPC_INLINE void Fill(Q8Panel* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
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
        StoreMf4Block(panel->values + (b * 8 * kQ8PanelVectors + v) * kQ8PanelVectorBytes, kQ8PanelVectors * kQ8PanelVectorBytes, row_blocks, b * kStride);
    }
  }
};

void MultiplyMf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  const float* scale_of = ScalesForBias(weight.scale_bias + 1);
  if (weight.block_stride == 16) return MatmulQ8Panels(args, Mf4Bytes<16>{weight.blocks, weight.scales, scale_of, args.cols});
  MatmulQ8Panels(args, Mf4Bytes<17>{weight.blocks, weight.scales, scale_of, args.cols});
}
