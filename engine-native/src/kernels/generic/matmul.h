#pragma once
// Matrix products over the vector operations of one instruction set (its simd.h). Included inside that set's namespace
// and target region.
//
// One token: several rows at once, decoded on the fly; each row is one read stream, which is what memory likes. So a few
// tokens of plain numbers, whose decoding is cheap.
// More tokens: a panel of rows is decoded once into the first-level cache and multiplied with tiles of tokens, so the
// decoding is shared and the tile lives in registers.

/// bias + dot, or what is there + bias + dot, for rows `row..row + num_rows` of one token.
CODEXPC_INLINE void StoreDots(const MatmulArgs& args, std::size_t row, std::size_t num_rows, const float* dots, bool with_bias, bool accumulate) {
  for (std::size_t r = 0; r < num_rows; ++r) {
    float dot = dots[r];
    if (with_bias) dot += At(args.bias, row + r);
    args.out[row + r] = accumulate ? args.out[row + r] + dot : dot;
  }
}

template <typename Numbers>
CODEXPC_INLINE void MatmulPlainOneToken(const MatmulArgs& args, const typename Numbers::Number* weight) {
  constexpr std::size_t kRows = 8;
  const std::size_t cols = args.cols;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
    const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
    const typename Numbers::Number* w[kRows];
    Vec sums[kRows];
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      w[r] = weight + (row + (r < num_rows ? r : num_rows - 1)) * cols;  // past the slice's end its last row, not stored
      sums[r] = Zero();
    }
    std::size_t col = 0;
    for (; col + kLanes <= cols; col += kLanes) {
      const Vec x = Load(args.x + col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) sums[r] = MulAdd(Numbers::LoadVec(w[r] + col), x, sums[r]);
    }
    if (col < cols) {
      const Vec x = LoadPartial(args.x + col, cols - col);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) sums[r] = MulAdd(LoadPart<Numbers>(w[r] + col, cols - col), x, sums[r]);
    }
    alignas(32) float dots[kRows];
    StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
    StoreSums(dots + 4, sums[4], sums[5], sums[6], sums[7]);
    StoreDots(args, row, num_rows, dots, args.bias.data != nullptr, args.accumulate);
  }
}

void MatmulQ8OneToken(const MatmulArgs& args, const std::uint8_t* weight) {
  constexpr std::size_t kRows = 4;
  const std::size_t num_blocks = args.cols / 32;
  for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
    const std::size_t num_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
    const std::uint8_t* w[kRows];
    Vec sums[kRows];
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      w[r] = weight + (row + (r < num_rows ? r : num_rows - 1)) * num_blocks * kQ8BlockBytes;
      sums[r] = Zero();
    }
    for (std::size_t block = 0; block < num_blocks; ++block) {
      Vec x[kBlockVectors];
      CODEXPC_UNROLL for (std::size_t j = 0; j < kBlockVectors; ++j) x[j] = Load(args.x + block * 32 + j * kLanes);
      CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
        const std::uint8_t* at = w[r] + block * kQ8BlockBytes;
        Vec values[kBlockVectors];
        LoadI8(at + kQ8ScaleBytes, values);
        Vec sum = Mul(values[0], x[0]);
        CODEXPC_UNROLL for (std::size_t j = 1; j < kBlockVectors; ++j) sum = MulAdd(values[j], x[j], sum);
        sums[r] = MulAdd(sum, Set1(LoadF16Number(at)), sums[r]);
      }
    }
    alignas(16) float dots[kRows];
    StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
    StoreDots(args, row, num_rows, dots, args.bias.data != nullptr, args.accumulate);
  }
}

/// The one token is brought once into the order in which LoadMf4Shuffled decodes, which saves interleaving every block.
template <std::size_t kStride>
CODEXPC_INLINE void MatmulMf4OneToken(const MatmulArgs& args, const Mf4View& weight) {
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
        w[r] = weight.blocks + block * kStride;
        s[r] = weight.scales + block * kScaleStride<kStride>;
        sums[r] = Zero();
      }
      const float* x = shuffled;
      for (std::size_t group = 0; group < num_groups; ++group, x += kGroup) {
        CODEXPC_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
          Vec values[kGroupVectors];
          LoadMf4Shuffled<kStride>(w[r] + group * kMf4Blocks * kStride, values);
          Vec sum = Mul(values[0], Load(x));
          CODEXPC_UNROLL for (std::size_t j = 1; j < kGroupVectors; ++j) sum = MulAdd(values[j], Load(x + j * kLanes), sum);
          sums[r] = MulAdd(sum, LoadMf4Scales<kScaleStride<kStride>>(scale_of, s[r] + group * kMf4Blocks * kScaleStride<kStride>), sums[r]);
        }
      }
      if (left_cols > 0) {
        for (std::size_t r = 0; r < kRows; ++r) {
          std::uint8_t blocks[kMf4Blocks * 16] = {};
          std::uint8_t scales[kMf4Blocks] = {};
          for (std::size_t block = 0; block < left_cols / 32; ++block) {
            const std::size_t at = num_groups * kMf4Blocks + block;
            std::memcpy(blocks + block * 16, w[r] + at * kStride, 16);
            scales[block] = s[r][at * kScaleStride<kStride>];
          }
          Vec values[kGroupVectors];
          LoadMf4Shuffled<16>(blocks, values);
          Vec sum = Mul(values[0], Load(x));
          CODEXPC_UNROLL for (std::size_t j = 1; j < kGroupVectors; ++j) sum = MulAdd(values[j], Load(x + j * kLanes), sum);
          sums[r] = MulAdd(sum, LoadMf4Scales<1>(scale_of, scales), sums[r]);
        }
      }
      alignas(16) float dots[kRows];
      StoreSums(dots, sums[0], sums[1], sums[2], sums[3]);
      StoreDots(args, row, num_rows, dots, args.bias.data != nullptr && first_col == 0, args.accumulate || first_col > 0);
    }
  }
}

/// Where the products of some rows go.
struct PanelTarget {
  float* out;  // the first row of token 0
  std::size_t out_stride;
  std::size_t num_rows;
  const float* bias;  // (kPanelRows); zeros for none, and after the first columns
  bool accumulate;
};

/// Four rows of a weight, decoded where they are used.
template <typename Numbers>
struct PlainRowsInPlace {
  const typename Numbers::Number* rows[4];
  CODEXPC_INLINE Vec At(std::size_t row, std::size_t col) const { return Numbers::LoadVec(rows[row] + col); }
  CODEXPC_INLINE Vec PartAt(std::size_t row, std::size_t col, std::size_t n) const { return LoadPart<Numbers>(rows[row] + col, n); }
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

constexpr std::size_t kPanelRows = kPanelVectors * kLanes;
constexpr std::size_t kPanelCols = 256;  // the largest block of a quantised type; 48 KiB of floats at most

// Tokens that go over a panel: at most so many columns and sums of 288 rows leave room in a second-level cache of 1 MiB.
// On an Ice Lake Xeon 512 tokens in two parts took 8% less time than in one.
constexpr std::size_t kMaxPartTokens = 256;

/// The products of a panel with `kTokens` tokens: a vector of rows at a time, so that no sum across lanes is left.
template <std::size_t kTokens>
CODEXPC_INLINE void MultiplyPanel(const PanelTarget& target, const float* panel, const float* x, std::size_t x_stride, std::size_t num_cols) {
  Vec sums[kTokens][kPanelVectors];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    CODEXPC_UNROLL for (std::size_t v = 0; v < kPanelVectors; ++v) sums[t][v] = Load(target.bias + v * kLanes);
  }
  for (std::size_t col = 0; col < num_cols; ++col) {
    Vec rows[kPanelVectors];
    CODEXPC_UNROLL for (std::size_t v = 0; v < kPanelVectors; ++v) rows[v] = Load(panel + col * kPanelRows + v * kLanes);
    CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
      const Vec token = Set1(x[t * x_stride + col]);
      CODEXPC_UNROLL for (std::size_t v = 0; v < kPanelVectors; ++v) sums[t][v] = MulAdd(rows[v], token, sums[t][v]);
    }
  }
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTokens; ++t) {
    float* out = target.out + t * target.out_stride;
    if (target.num_rows == kPanelRows) {
      CODEXPC_UNROLL for (std::size_t v = 0; v < kPanelVectors; ++v)
        Store(out + v * kLanes, target.accumulate ? Add(Load(out + v * kLanes), sums[t][v]) : sums[t][v]);
    } else {
      alignas(64) float rows[kPanelRows];
      CODEXPC_UNROLL for (std::size_t v = 0; v < kPanelVectors; ++v) Store(rows + v * kLanes, sums[t][v]);
      for (std::size_t r = 0; r < target.num_rows; ++r) out[r] = (target.accumulate ? out[r] : 0.0f) + rows[r];
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

/// The products of a panel with all tokens. A function of its own: inlined into the loops of each weight it takes GCC 12
/// minutes to compile.
[[gnu::noinline]] void MultiplyPanelTokens(PanelTarget target, const float* panel, const float* x, std::size_t num_tokens, std::size_t x_stride,
                                           std::size_t num_cols, const RowsAhead& ahead) {
  const std::size_t num_tiles = (num_tokens + kPanelTokens - 1) / kPanelTokens;
  for (std::size_t tile = 0; tile < num_tiles; ++tile) {
    ahead.PrefetchShare(tile, num_tiles);
    if (num_tokens < kPanelTokens) return MultiplyPanelUpTo<kPanelTokens - 1>(num_tokens, target, panel, x, x_stride, num_cols);
    MultiplyPanel<kPanelTokens>(target, panel, x, x_stride, num_cols);
    target.out += kPanelTokens * target.out_stride;
    x += kPanelTokens * x_stride;
    num_tokens -= kPanelTokens;
  }
}

/// kPanelRows rows and num_cols columns of the weight, column by column; past the slice's end its last row again, not stored.
template <typename Rows>
CODEXPC_INLINE void FillPanel(float* panel, const Rows& weight, std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) {
  if constexpr (requires { weight.FillColumns(panel, kPanelRows, std::size_t{0}, row, num_rows, col, num_cols); }) {
    for (std::size_t first = 0; first < kPanelRows; first += kLanes)
      weight.FillColumns(panel + first, kPanelRows, first, row, num_rows, col, num_cols);
    return;
  }
  alignas(64) float decoded[kLanes][kPanelCols];
  for (std::size_t first = 0; first < kPanelRows; first += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t r = first + lane;
      weight.Decode(decoded[lane], row + (r < num_rows ? r : num_rows - 1), col, num_cols);
    }
    for (std::size_t c = 0; c < num_cols; c += kLanes) {
      Vec square[kLanes];
      CODEXPC_UNROLL for (std::size_t lane = 0; lane < kLanes; ++lane) square[lane] = Load(decoded[lane] + c);
      Transpose(square);
      CODEXPC_UNROLL for (std::size_t i = 0; i < kLanes; ++i) Store(panel + (c + i) * kPanelRows + first, square[i]);
    }
  }
}

/// The products of one panel of the weight with all tokens.
template <typename Rows>
CODEXPC_INLINE void MatmulPanel(const MatmulArgs& args, const Rows& weight, std::size_t row, std::size_t col, const RowsAhead& ahead,
                                float* panel) {
  const std::size_t num_cols = args.cols - col < kPanelCols ? args.cols - col : kPanelCols;
  const std::size_t num_rows = args.row_end - row < kPanelRows ? args.row_end - row : kPanelRows;
  FillPanel(panel, weight, row, num_rows, col, num_cols);

  alignas(64) float bias[kPanelRows] = {};
  if (args.bias.data != nullptr && col == 0) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  }
  const PanelTarget target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
                           .accumulate = args.accumulate || col > 0};
  MultiplyPanelTokens(target, panel, args.x + col, args.num_tokens, args.cols, num_cols, ahead);
}

template <typename Rows>
CODEXPC_INLINE void MatmulPart(const MatmulArgs& args, const Rows& weight) {
  constexpr std::size_t kCachedFloats = 128 << 10;  // 512 KiB of activations: about half of a second-level cache
  alignas(64) float panel[kPanelRows * kPanelCols];
  const bool activations_fit = args.num_tokens * args.cols <= kCachedFloats;
  const std::size_t cols_at_once = activations_fit ? args.cols : kPanelCols;  // whole rows are the better read streams
  for (std::size_t first_col = 0; first_col < args.cols; first_col += cols_at_once) {
    const std::size_t end_col = args.cols - first_col < cols_at_once ? args.cols : first_col + cols_at_once;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
      for (std::size_t col = first_col; col < end_col; col += kPanelCols) {
        const bool is_last = col + kPanelCols >= end_col;
        const RowsAhead ahead = PartAhead(weight, is_last ? row + kPanelRows : row, args.row_end, kPanelRows,
                                          is_last ? first_col : col + kPanelCols, end_col, kPanelCols);
        MatmulPanel(args, weight, row, col, ahead, panel);
      }
    }
  }
}

/// In parts of equal numbers of tokens.
template <typename Rows>
CODEXPC_INLINE void MatmulManyTokens(const MatmulArgs& args, const Rows& weight) {
  const std::size_t num_parts = (args.num_tokens + kMaxPartTokens - 1) / kMaxPartTokens;
  MatmulArgs part = args;
  for (std::size_t i = 0; i < num_parts; ++i) {
    const std::size_t first = args.num_tokens * i / num_parts;
    part.num_tokens = args.num_tokens * (i + 1) / num_parts - first;
    part.out = args.out + first * args.out_stride;
    part.x = args.x + first * args.cols;
    MatmulPart(part, weight);
  }
}

/// 2 to kTileTokens tokens: one tile, so there is nothing to share a panel with.
template <typename Numbers, std::size_t kTokens>
CODEXPC_INLINE void MatmulPlainOneTile(const MatmulArgs& args, const typename Numbers::Number* weight) {
  if constexpr (kTokens > 1) {
    if (args.num_tokens != kTokens) return MatmulPlainOneTile<Numbers, kTokens - 1>(args, weight);
    for (std::size_t row = args.row_begin; row < args.row_end; row += 4) {
      const std::size_t num_rows = args.row_end - row < 4 ? args.row_end - row : 4;
      PlainRowsInPlace<Numbers> rows;
      float bias[4] = {};
      for (std::size_t r = 0; r < 4; ++r) {
        const std::size_t weight_row = row + (r < num_rows ? r : num_rows - 1);  // past the slice's end its last row, not stored
        rows.rows[r] = weight + weight_row * args.cols;
        if (args.bias.data != nullptr) bias[r] = At(args.bias, weight_row);
      }
      const PanelTarget target{.out = args.out + row, .out_stride = args.out_stride, .num_rows = num_rows, .bias = bias,
                               .accumulate = args.accumulate};
      MultiplyTile<kTokens>(target, 0, rows, args.x, args.cols, args.cols);
    }
  }
}

template <typename Numbers>
CODEXPC_INLINE void MatmulPlain(const MatmulArgs& args, const void* data) {
  const auto* weight = static_cast<const typename Numbers::Number*>(data);
  if (args.num_tokens == 1) return MatmulPlainOneToken<Numbers>(args, weight);
  if (args.num_tokens <= kTileTokens) return MatmulPlainOneTile<Numbers, kTileTokens>(args, weight);
  MatmulManyTokens(args, PlainRows<Numbers>{weight, args.cols});
}

void Matmul(const MatmulArgs& args, const MatrixView& weight) {
  const auto* bytes = static_cast<const std::uint8_t*>(weight.data);
  switch (weight.type) {
    case NumberType::kBf16: return MatmulPlain<Bf16Numbers>(args, weight.data);
    case NumberType::kF16: return MatmulPlain<F16Numbers>(args, weight.data);
    case NumberType::kF32: return MatmulPlain<F32Numbers>(args, weight.data);
    case NumberType::kQ8_0:
      if (args.num_tokens == 1) return MatmulQ8OneToken(args, bytes);
      return MatmulManyTokens(args, Q8Rows{bytes, args.cols});
    default: return MatmulManyTokens(args, QuantizedRows{bytes, weight.type, args.cols});
  }
}

template <std::size_t kStride>
CODEXPC_INLINE void MatmulMf4Strided(const MatmulArgs& args, const Mf4View& weight) {
  if (args.num_tokens == 1) return MatmulMf4OneToken<kStride>(args, weight);
  const float* scale_of = ScalesForBias(weight.scale_bias + kMf4Doublings);
  MatmulManyTokens(args, Mf4Rows<kStride>{weight.blocks, weight.scales, scale_of, args.cols});
}

void MatmulMf4(const MatmulArgs& args, const Mf4View& weight) {
  if (weight.block_stride == 16) return MatmulMf4Strided<16>(args, weight);
  MatmulMf4Strided<17>(args, weight);
}
