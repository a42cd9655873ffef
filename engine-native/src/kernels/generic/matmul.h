#pragma once
// Matrix products over the vector operations of one instruction set (its simd.h). Included inside that set's namespace
// and target region.
//
// One token: several rows at once, decoded on the fly; each row is one read stream, which is what memory likes. So a few
// tokens of bfloat16, whose decoding is cheap.
// More tokens: a panel of rows is decoded once into the first-level cache and multiplied with tiles of tokens, so the
// decoding is shared and the tile lives in registers.

/// bias + dot, or what is there + bias + dot, for rows `row..row + num_rows` of one token.
CODEXPC_INLINE void StoreDots(const MatmulArgs& args, std::size_t row, std::size_t num_rows, const float* dots, bool with_bias, bool accumulate) {
  for (std::size_t r = 0; r < num_rows; ++r) {
    float dot = dots[r];
    if (with_bias) dot += Bf16ToFloat(args.bias[row + r]);
    args.out[row + r] = accumulate ? args.out[row + r] + dot : dot;
  }
}

struct Bf16Rows {
  const bf16* weight;  // (rows, cols)
  std::size_t cols;

  /// Columns col..col + n of a row; zeros up to the next whole vector.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const bf16* w = weight + row * cols + col;
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) Store(out + i, LoadBf16(w + i));
    if (i < n) Store(out + i, LoadBf16Partial(w + i, n - i));
  }
};

struct Mf4Rows {
  static constexpr std::size_t kBlockVectors = 32 / kLanes;
  const std::uint8_t* blocks;  // (rows, cols / 32, 16)
  const std::uint8_t* scales;  // (rows, cols / 32)
  const float* scale_of;       // by scale byte; undoes the doublings of LoadMf4
  std::size_t cols;

  /// Columns col..col + n of a row; both multiples of 32.
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

void MatmulBf16OneToken(const MatmulArgs& args, const bf16* weight) {
  constexpr std::size_t kRows = 8;
  const std::size_t cols = args.cols;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
    const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
    const bf16* w[kRows];
    Vec sums[kRows];
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      w[r] = weight + (row + (r < num_rows ? r : num_rows - 1)) * cols;  // past the slice's end its last row, not stored
      sums[r] = Zero();
    }
    std::size_t col = 0;
    for (; col + kLanes <= cols; col += kLanes) {
      const Vec x = Load(args.x + col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) sums[r] = MulAdd(LoadBf16(w[r] + col), x, sums[r]);
    }
    if (col < cols) {
      const Vec x = LoadPartial(args.x + col, cols - col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) sums[r] = MulAdd(LoadBf16Partial(w[r] + col, cols - col), x, sums[r]);
    }
    alignas(32) float dots[kRows];
    StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
    StoreSums(dots + 4, sums[4], sums[5], sums[6], sums[7]);
    StoreDots(args, row, num_rows, dots, args.bias != nullptr, args.accumulate);
  }
}

/// The one token is brought once into the order in which LoadMf4Shuffled decodes, which saves interleaving every block.
void MatmulMf4OneToken(const MatmulArgs& args, const Mf4Weight& weight) {
  constexpr std::size_t kRows = 4;
  constexpr std::size_t kGroup = 32 * kMf4Blocks;           // columns decoded at once
  constexpr std::size_t kGroupVectors = kGroup / kLanes;
  constexpr std::size_t kMaxCols = 4096;                    // 16 KiB of the token at a time
  const float* scale_of = ScalesForBias(weight.scale_bias);
  const std::size_t row_blocks = args.cols / 32;
  alignas(64) float shuffled[kMaxCols];

  for (std::size_t first_col = 0; first_col < args.cols; first_col += kMaxCols) {
    const std::size_t num_cols = args.cols - first_col < kMaxCols ? args.cols - first_col : kMaxCols;
    const std::size_t num_groups = num_cols / kGroup;
    const std::size_t left_cols = num_cols % kGroup;
    for (std::size_t group = 0; group < num_groups; ++group) ShuffleLikeMf4(shuffled + group * kGroup, args.x + first_col + group * kGroup);
    if (left_cols > 0) {
      float padded[kGroup] = {};
      std::memcpy(padded, args.x + first_col + num_groups * kGroup, left_cols * sizeof(float));
      ShuffleLikeMf4(shuffled + num_groups * kGroup, padded);
    }

    for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
      const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
      const std::uint8_t* w[kRows];
      const std::uint8_t* s[kRows];
      Vec sums[kRows];
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
        const std::size_t block = (row + (r < num_rows ? r : num_rows - 1)) * row_blocks + first_col / 32;
        w[r] = weight.blocks + block * 16;
        s[r] = weight.scales + block;
        sums[r] = Zero();
      }
      const float* x = shuffled;
      for (std::size_t group = 0; group < num_groups; ++group, x += kGroup) {
        CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
          Vec values[kGroupVectors];
          LoadMf4Shuffled(w[r] + group * kMf4Blocks * 16, values);
          Vec sum = Mul(values[0], Load(x));
          CODEXPC_UNROLL for (std::size_t j = 1; j < kGroupVectors; ++j) sum = MulAdd(values[j], Load(x + j * kLanes), sum);
          sums[r] = MulAdd(sum, LoadMf4Scales(scale_of, s[r] + group * kMf4Blocks), sums[r]);
        }
      }
      if (left_cols > 0) {
        for (std::size_t r = 0; r < kRows; ++r) {
          std::uint8_t blocks[kMf4Blocks * 16] = {};
          std::uint8_t scales[kMf4Blocks] = {};
          std::memcpy(blocks, w[r] + num_groups * kMf4Blocks * 16, left_cols / 2);
          std::memcpy(scales, s[r] + num_groups * kMf4Blocks, left_cols / 32);
          Vec values[kGroupVectors];
          LoadMf4Shuffled(blocks, values);
          Vec sum = Mul(values[0], Load(x));
          CODEXPC_UNROLL for (std::size_t j = 1; j < kGroupVectors; ++j) sum = MulAdd(values[j], Load(x + j * kLanes), sum);
          sums[r] = MulAdd(sum, LoadMf4Scales(scale_of, scales), sums[r]);
        }
      }
      alignas(16) float dots[kRows];
      StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
      StoreDots(args, row, num_rows, dots, args.bias != nullptr && first_col == 0, args.accumulate || first_col > 0);
    }
  }
}

constexpr std::size_t kPanelRows = 8;
constexpr std::size_t kPanelCols = 512;  // 16 KiB of floats: half of a small first-level cache

/// Where the products of up to kPanelRows rows go.
struct PanelTarget {
  float* out;  // the first row of token 0
  std::size_t out_stride;
  std::size_t num_rows;
  const float* bias;  // (kPanelRows); zeros for none, and after the first columns
  bool accumulate;
};

/// Four rows of a decoded panel, padded with zeros to whole vectors.
struct PanelRows {
  const float* rows;
  CODEXPC_INLINE Vec At(std::size_t row, std::size_t col) const { return Load(rows + row * kPanelCols + col); }
  CODEXPC_INLINE Vec PartAt(std::size_t row, std::size_t col, std::size_t) const { return At(row, col); }
};

/// Four rows of a weight, decoded where they are used.
struct Bf16RowsInPlace {
  const bf16* rows[4];
  CODEXPC_INLINE Vec At(std::size_t row, std::size_t col) const { return LoadBf16(rows[row] + col); }
  CODEXPC_INLINE Vec PartAt(std::size_t row, std::size_t col, std::size_t n) const { return LoadBf16Partial(rows[row] + col, n); }
};

/// The products of four rows, from `row` of the target on, with `kTokens` tokens.
template <std::size_t kTokens, typename FourRows>
CODEXPC_INLINE void MultiplyTile(const PanelTarget& target, std::size_t row, const FourRows& weight, const float* x, std::size_t x_stride,
                                 std::size_t num_cols) {
  Vec sums[kTokens][4];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) sums[t][r] = Zero();
  }
  std::size_t col = 0;
  for (; col + kLanes <= num_cols; col += kLanes) {
    Vec v[kTokens];
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) v[t] = Load(x + t * x_stride + col);
    CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
      const Vec row_values = weight.At(r, col);
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = MulAdd(row_values, v[t], sums[t][r]);
    }
  }
  if (col < num_cols) {
    const std::size_t n = num_cols - col;
    Vec v[kTokens];
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) v[t] = LoadPartial(x + t * x_stride + col, n);
    CODEXPC_UNROLL for (std::size_t r = 0; r < 4; ++r) {
      const Vec row_values = weight.PartAt(r, col, n);
      CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) sums[t][r] = MulAdd(row_values, v[t], sums[t][r]);
    }
  }
  const float* bias = target.bias + row;
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    alignas(16) float dots[4];
    StoreSums(dots, sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
    float* out = target.out + t * target.out_stride + row;
    if (target.num_rows - row >= 4) {
      if (target.accumulate) {
        for (std::size_t r = 0; r < 4; ++r) out[r] += dots[r] + bias[r];
      } else {
        for (std::size_t r = 0; r < 4; ++r) out[r] = dots[r] + bias[r];
      }
    } else {
      for (std::size_t r = 0; r < target.num_rows - row; ++r) out[r] = (target.accumulate ? out[r] : 0.0f) + dots[r] + bias[r];
    }
  }
}

/// Adds the products of a panel's columns with `kTokens` tokens to their sums.
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyPanel(const PanelTarget& target, const float* panel, const float* x, std::size_t x_stride, std::size_t num_cols) {
  for (std::size_t row = 0; row < target.num_rows; row += 4)
    MultiplyTile<kTokens>(target, row, PanelRows{panel + row * kPanelCols}, x, x_stride, num_cols);
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

/// The products of one panel, decoded from kPanelRows rows and kPanelCols columns of the weight, with all tokens.
template <typename Rows>
CODEXPC_INLINE void MatmulPanel(const MatmulArgs& args, const Rows& weight, std::size_t row, std::size_t col, float* panel) {
  const std::size_t num_cols = args.cols - col < kPanelCols ? args.cols - col : kPanelCols;
  const std::size_t num_rows = args.row_end - row < kPanelRows ? args.row_end - row : kPanelRows;
  for (std::size_t r = 0; r < kPanelRows; ++r)  // past the slice's end its last row again, not stored
    weight.Decode(panel + r * kPanelCols, row + (r < num_rows ? r : num_rows - 1), col, num_cols);

  float bias[kPanelRows] = {};
  if (args.bias != nullptr && col == 0) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = Bf16ToFloat(args.bias[row + r]);
  }
  PanelTarget target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
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

template <typename Rows>
CODEXPC_INLINE void MatmulManyTokens(const MatmulArgs& args, const Rows& weight) {
  constexpr std::size_t kCachedFloats = 64 << 10;  // 256 KiB of activations stay in a second-level cache
  alignas(64) float panel[kPanelRows * kPanelCols];
  const bool activations_fit = args.num_tokens * args.cols <= kCachedFloats;
  const std::size_t cols_at_once = activations_fit ? args.cols : kPanelCols;  // whole rows are the better read streams
  for (std::size_t first_col = 0; first_col < args.cols; first_col += cols_at_once) {
    for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
      for (std::size_t col = first_col; col < args.cols && col < first_col + cols_at_once; col += kPanelCols)
        MatmulPanel(args, weight, row, col, panel);
    }
  }
}

/// 2 to kTileTokens tokens: one tile, so there is nothing to share a panel with.
template <std::size_t kTokens>
CODEXPC_INLINE void MatmulBf16OneTile(const MatmulArgs& args, const bf16* weight) {
  if constexpr (kTokens > 1) {
    if (args.num_tokens != kTokens) return MatmulBf16OneTile<kTokens - 1>(args, weight);
    for (std::size_t row = args.row_begin; row < args.row_end; row += 4) {
      const std::size_t num_rows = args.row_end - row < 4 ? args.row_end - row : 4;
      Bf16RowsInPlace rows;
      float bias[4] = {};
      for (std::size_t r = 0; r < 4; ++r) {
        const std::size_t weight_row = row + (r < num_rows ? r : num_rows - 1);  // past the slice's end its last row, not stored
        rows.rows[r] = weight + weight_row * args.cols;
        if (args.bias != nullptr) bias[r] = Bf16ToFloat(args.bias[weight_row]);
      }
      const PanelTarget target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
                               .accumulate = args.accumulate};
      MultiplyTile<kTokens>(target, 0, rows, args.x, args.cols, args.cols);
    }
  }
}

void MatmulBf16(const MatmulArgs& args, const bf16* weight) {
  if (args.num_tokens == 1) return MatmulBf16OneToken(args, weight);
  if (args.num_tokens <= kTileTokens) return MatmulBf16OneTile<kTileTokens>(args, weight);
  MatmulManyTokens(args, Bf16Rows{weight, args.cols});
}

void MatmulMf4(const MatmulArgs& args, const Mf4Weight& weight) {
  if (args.num_tokens == 1) return MatmulMf4OneToken(args, weight);
  MatmulManyTokens(args, Mf4Rows{weight.blocks, weight.scales, ScalesForBias(weight.scale_bias + kMf4Doublings), args.cols});
}
