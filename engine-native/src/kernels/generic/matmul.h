#pragma once
// Matrix products over the vector operations of one instruction set (its simd.h). Included inside that set's namespace
// and target region.
//
// One token: several rows at once, decoded on the fly; each row is one read stream, which is what memory likes.
// More tokens: a panel of rows is decoded once into the first-level cache and multiplied with tiles of tokens, so the
// decoding is shared and the tile lives in registers.

/// Both weight formats offer: the dot products of `kRowsAtOnce` rows with one token, and a part of a row as floats.
struct Bf16Rows {
  static constexpr std::size_t kRowsAtOnce = 8;
  const bf16* weight;  // (rows, cols)
  std::size_t cols;

  CODEXPC_INLINE void Dots(float* dots, const float* x, const std::size_t* rows) const {
    Vec sums[kRowsAtOnce];
    const bf16* w[kRowsAtOnce];
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) {
      sums[r] = Zero();
      w[r] = weight + rows[r] * cols;
    }
    std::size_t col = 0;
    for (; col + kLanes <= cols; col += kLanes) {
      const Vec v = Load(x + col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) sums[r] = MulAdd(LoadBf16(w[r] + col), v, sums[r]);
    }
    if (col < cols) {
      const Vec v = LoadPartial(x + col, cols - col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) sums[r] = MulAdd(LoadBf16Partial(w[r] + col, cols - col), v, sums[r]);
    }
    StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
    StoreSums(dots + 4, sums[4], sums[5], sums[6], sums[7]);
  }

  /// Columns col..col + n of a row; zeros up to the next whole vector.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const bf16* w = weight + row * cols + col;
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) Store(out + i, LoadBf16(w + i));
    if (i < n) Store(out + i, LoadBf16Partial(w + i, n - i));
  }
};

struct Mf4Rows {
  static constexpr std::size_t kRowsAtOnce = 4;
  static constexpr std::size_t kBlockVectors = 32 / kLanes;
  const std::uint8_t* blocks;  // (rows, cols / 32, 16)
  const std::uint8_t* scales;  // (rows, cols / 32)
  const float* scale_of;       // by scale byte; undoes the doublings of LoadMf4
  std::size_t cols;

  CODEXPC_INLINE void Dots(float* dots, const float* x, const std::size_t* rows) const {
    const std::size_t num_blocks = cols / 32;
    Vec sums[kRowsAtOnce];
    const std::uint8_t* w[kRowsAtOnce];
    const std::uint8_t* s[kRowsAtOnce];
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) {
      sums[r] = Zero();
      w[r] = blocks + rows[r] * num_blocks * 16;
      s[r] = scales + rows[r] * num_blocks;
    }
    for (std::size_t block = 0; block < num_blocks; ++block, x += 32) {
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) {
        Vec values[kBlockVectors];
        LoadMf4(w[r] + block * 16, values);
        Vec block_sum = Mul(values[0], Load(x));
        CODEXPC_UNROLL for (std::size_t j = 1; j < kBlockVectors; ++j) block_sum = MulAdd(values[j], Load(x + j * kLanes), block_sum);
        sums[r] = MulAdd(block_sum, Set1(scale_of[s[r][block]]), sums[r]);
      }
    }
    StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
  }

  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const std::size_t first_block = row * (cols / 32) + col / 32;
    for (std::size_t block = 0; block < n / 32; ++block, out += 32) {
      Vec values[kBlockVectors];
      LoadMf4(blocks + (first_block + block) * 16, values);
      const Vec scale = Set1(scale_of[scales[first_block + block]]);
      CODEXPC_UNROLL for (std::size_t j = 0; j < kBlockVectors; ++j) Store(out + j * kLanes, Mul(values[j], scale));
    }
  }
};

template <typename Rows>
CODEXPC_INLINE void MatmulOneToken(const MatmulArgs& args, const Rows& weight) {
  for (std::size_t row = args.row_begin; row < args.row_end; row += Rows::kRowsAtOnce) {
    const std::size_t num_rows = args.row_end - row < Rows::kRowsAtOnce ? args.row_end - row : Rows::kRowsAtOnce;
    std::size_t rows[Rows::kRowsAtOnce];  // past the slice's end its last row again, not stored
    for (std::size_t r = 0; r < Rows::kRowsAtOnce; ++r) rows[r] = row + (r < num_rows ? r : num_rows - 1);
    alignas(64) float dots[Rows::kRowsAtOnce];
    weight.Dots(dots, args.x, rows);
    for (std::size_t r = 0; r < num_rows; ++r) {
      float dot = dots[r];
      if (args.bias != nullptr) dot += Bf16ToFloat(args.bias[row + r]);
      args.out[row + r] = args.accumulate ? args.out[row + r] + dot : dot;
    }
  }
}

constexpr std::size_t kPanelRows = 8;
constexpr std::size_t kPanelCols = 512;  // 16 KiB of floats: half of a small first-level cache

/// Where one panel's products go.
struct PanelTarget {
  float* out;  // the panel's first row of token 0
  std::size_t out_stride;
  std::size_t num_rows;  // of kPanelRows
  const bf16* bias;      // of the panel's first row; null for none, or after the first columns
  bool accumulate;
};

/// Adds the products of a panel's columns with `kTokens` tokens to their sums.
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyPanel(const PanelTarget& target, const float* panel, const float* x, std::size_t x_stride, std::size_t num_cols) {
  for (std::size_t row = 0; row < target.num_rows; row += 4) {
    const float* w = panel + row * kPanelCols;
    Vec sums[kTokens][4];
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) sums[t][r] = Zero();
    }
    std::size_t col = 0;
    for (; col + kLanes <= num_cols; col += kLanes) {
      Vec v[kTokens];
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) v[t] = Load(x + t * x_stride + col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
        const Vec row_values = Load(w + r * kPanelCols + col);
        CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = MulAdd(row_values, v[t], sums[t][r]);
      }
    }
    if (col < num_cols) {
      Vec v[kTokens];
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) v[t] = LoadPartial(x + t * x_stride + col, num_cols - col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
        const Vec row_values = Load(w + r * kPanelCols + col);
        CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = MulAdd(row_values, v[t], sums[t][r]);
      }
    }
    const std::size_t num_stored = target.num_rows - row < 4 ? target.num_rows - row : 4;
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      alignas(16) float dots[4];
      StoreSums(dots, sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
      float* out = target.out + t * target.out_stride + row;
      for (std::size_t r = 0; r < num_stored; ++r) {
        float dot = dots[r];
        if (target.bias != nullptr) dot += Bf16ToFloat(target.bias[row + r]);
        out[r] = target.accumulate ? out[r] + dot : dot;
      }
    }
  }
}

/// The last tile, of at most kTokens tokens.
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyPanelUpTo(std::size_t num_tokens, const PanelTarget& target, const float* panel, const float* x,
                                      std::size_t x_stride, std::size_t num_cols) {
  if constexpr (kTokens > 0) {
    if (num_tokens == kTokens) return MultiplyPanel<kTokens>(target, panel, x, x_stride, num_cols);
    MultiplyPanelUpTo<kTokens - 1>(num_tokens, target, panel, x, x_stride, num_cols);
  }
}

template <typename Rows>
CODEXPC_INLINE void MatmulManyTokens(const MatmulArgs& args, const Rows& weight) {
  alignas(64) float panel[kPanelRows * kPanelCols];
  for (std::size_t col = 0; col < args.cols; col += kPanelCols) {  // outermost: these columns of x stay in the second-level cache
    const std::size_t num_cols = args.cols - col < kPanelCols ? args.cols - col : kPanelCols;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
      const std::size_t num_rows = args.row_end - row < kPanelRows ? args.row_end - row : kPanelRows;
      for (std::size_t r = 0; r < kPanelRows; ++r)  // past the slice's end its last row again, not stored
        weight.Decode(panel + r * kPanelCols, row + (r < num_rows ? r : num_rows - 1), col, num_cols);

      PanelTarget target{.out = args.out + row,
                         .out_stride = args.out_stride,
                         .num_rows = num_rows,
                         .bias = args.bias != nullptr && col == 0 ? args.bias + row : nullptr,
                         .accumulate = args.accumulate || col > 0};
      const float* x = args.x + col;
      std::size_t left = args.num_tokens;
      for (; left >= kTileTokens; left -= kTileTokens) {
        MultiplyPanel<kTileTokens>(target, panel, x, args.cols, num_cols);
        target.out += kTileTokens * args.out_stride;
        x += kTileTokens * args.cols;
      }
      MultiplyPanelUpTo<kTileTokens - 1>(left, target, panel, x, args.cols, num_cols);
    }
  }
}

void MatmulBf16(const MatmulArgs& args, const bf16* weight) {
  const Bf16Rows rows{weight, args.cols};
  args.num_tokens == 1 ? MatmulOneToken(args, rows) : MatmulManyTokens(args, rows);
}

void MatmulMf4(const MatmulArgs& args, const Mf4Weight& weight) {
  const Mf4Rows rows{weight.blocks, weight.scales, ScalesForBias(weight.scale_bias + kMf4Doublings), args.cols};
  args.num_tokens == 1 ? MatmulOneToken(args, rows) : MatmulManyTokens(args, rows);
}
