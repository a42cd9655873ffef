#pragma once
// Products over tiles. 64 rows of the weight and up to 256 of its columns are brought into tiles once, in the first-level
// cache, and multiplied with 16 tokens at a time: four sums, as many as hide the time a product takes (52 cycles, one
// started every 16: https://uops.info). Included inside namespace avx512amx and its target region, after tile-weights.h.

/// Where the sums of 16 tokens (fewer in the last tile) and a panel's rows are.
struct TileSums {
  float* out;
  std::size_t out_stride;
  std::size_t num_tokens;
  std::size_t num_rows;
  bool is_whole;  // as many tokens as the tiles have rows, and 64 rows
};

/// Sums that are no whole tiles go by way of this.
struct TileEdge {
  alignas(64) float sums[kTileRows][kTilePanelRows];
};

CODEXPC_INLINE void LoadSums(const TileSums& sums, TileEdge* edge) {
  const float* from = sums.out;
  std::size_t stride = sums.out_stride;
  if (!sums.is_whole) {
    for (std::size_t t = 0; t < sums.num_tokens; ++t) std::memcpy(edge->sums[t], sums.out + t * sums.out_stride, sums.num_rows * sizeof(float));
    from = edge->sums[0];
    stride = kTilePanelRows;
  }
  LoadTile<0>(from, stride * sizeof(float));
  LoadTile<1>(from + kTileRows, stride * sizeof(float));
  LoadTile<2>(from + 2 * kTileRows, stride * sizeof(float));
  LoadTile<3>(from + 3 * kTileRows, stride * sizeof(float));
}

CODEXPC_INLINE void StoreSums(const TileSums& sums, TileEdge* edge) {
  float* to = sums.is_whole ? sums.out : edge->sums[0];
  const std::size_t stride = sums.is_whole ? sums.out_stride : kTilePanelRows;
  StoreTile<0>(to, stride * sizeof(float));
  StoreTile<1>(to + kTileRows, stride * sizeof(float));
  StoreTile<2>(to + 2 * kTileRows, stride * sizeof(float));
  StoreTile<3>(to + 3 * kTileRows, stride * sizeof(float));
  if (sums.is_whole) return;
  for (std::size_t t = 0; t < sums.num_tokens; ++t) std::memcpy(sums.out + t * sums.out_stride, edge->sums[t], sums.num_rows * sizeof(float));
}

/// One term of 16 tokens with one of 64 rows.
template <int kTokens>
CODEXPC_INLINE void MultiplyTerms(const bf16* weights) {
  LoadTile<kFirstWeights>(weights, 64);
  LoadTile<kFirstWeights + 1>(weights + kTileValues, 64);
  MultiplyTiles<0, kTokens, kFirstWeights>();
  MultiplyTiles<1, kTokens, kFirstWeights + 1>();
  LoadTile<kFirstWeights>(weights + 2 * kTileValues, 64);
  LoadTile<kFirstWeights + 1>(weights + 3 * kTileValues, 64);
  MultiplyTiles<2, kTokens, kFirstWeights>();
  MultiplyTiles<3, kTokens, kFirstWeights + 1>();
}

/// The products of a panel's columns with one tile of tokens. `before_step(step)` is called before each.
template <std::size_t kWeightTerms, std::size_t kTokenTerms, typename BeforeStep>
CODEXPC_INLINE void MultiplyTokens(const TileSums& sums, TileEdge* edge, const bf16* panel, const bf16* x, std::size_t num_steps,
                                   const BeforeStep& before_step) {
  LoadSums(sums, edge);
  for (std::size_t step = 0; step < num_steps; ++step) {
    before_step(step);
    LoadTile<kHighTokens>(x, 64);
    MultiplyTerms<kHighTokens>(panel);
    if constexpr (kWeightTerms == 2) MultiplyTerms<kHighTokens>(panel + kSumTiles * kTileValues);
    if constexpr (kTokenTerms == 2) {
      LoadTile<kLowTokens>(x + kTileValues, 64);
      MultiplyTerms<kLowTokens>(panel);
    }
    panel += kWeightTerms * kSumTiles * kTileValues;
    x += kTokenTerms * kTileValues;
  }
  StoreSums(sums, edge);
}

/// What the sums of a panel's rows start from: the bias, and with `accumulate` what is there.
CODEXPC_INLINE void StartSums(const TileMatmulArgs& args, std::size_t row, std::size_t num_rows) {
  float bias[kTilePanelRows] = {};
  if (args.bias.data != nullptr) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  } else if (args.accumulate) {
    return;
  }
  for (std::size_t token = 0; token < args.num_tokens; ++token) {
    float* out = args.out + token * args.out_stride + row;
    if (args.accumulate) {
      for (std::size_t r = 0; r < num_rows; ++r) out[r] += bias[r];
    } else {
      for (std::size_t r = 0; r < num_rows; ++r) out[r] = bias[r];
    }
  }
}

template <std::size_t kTokenTerms, typename Weight>
CODEXPC_INLINE void MultiplyTilePanel(const TileMatmulArgs& args, const Weight& weight, std::size_t row, std::size_t col, bf16* panel, TileEdge* edge) {
  constexpr std::size_t kStepValues = Weight::kNumTerms * kSumTiles * kTileValues;
  constexpr std::size_t kRowsAStep = kTilePanelRows / kTilePanelSteps;
  const std::size_t num_cols = args.cols - col < kTilePanelCols ? args.cols - col : kTilePanelCols;
  const std::size_t num_steps = (num_cols + kTileCols - 1) / kTileCols;
  const TilePanelRows rows{row, args.row_end - row < kTilePanelRows ? args.row_end - row : kTilePanelRows};
  const std::size_t row_steps = (args.cols + kTileCols - 1) / kTileCols;
  const bf16* x = args.x.values + col / kTileCols * kTokenTerms * kTileValues;

  TileSums sums{.out = args.out + row, .out_stride = args.out_stride, .num_tokens = 0, .num_rows = rows.count, .is_whole = false};
  const auto multiply = [&](std::size_t token, const auto& before_step) {
    const std::size_t left = args.num_tokens - token;
    sums.out = args.out + token * args.out_stride + row;
    sums.num_tokens = left < kTileRows ? left : kTileRows;
    sums.is_whole = (left >= kTileRows || args.num_tokens < kTileRows) && rows.count == kTilePanelRows;
    MultiplyTokens<Weight::kNumTerms, kTokenTerms>(sums, edge, panel, x + token * row_steps * kTokenTerms * kTileCols, num_steps, before_step);
  };
  // A row is too short for the hardware to see where its stream goes on: the same columns of the next panel.
  const auto prefetch = [&](std::size_t step) {
    for (std::size_t r = 0; r < kRowsAStep; ++r) weight.Prefetch(row + kTilePanelRows + step * kRowsAStep + r, col, num_cols);
  };
  if constexpr (Weight::kFillsBySteps) {
    typename Weight::Cursor cursor;
    weight.Seek(&cursor, rows, col);
    weight.FillStep(panel, cursor, 0, num_cols);
    multiply(0, [&](std::size_t step) {
      prefetch(step);
      if (step + 1 < num_steps) weight.FillStep(panel + (step + 1) * kStepValues, cursor, step + 1, num_cols);
    });
  } else {
    weight.FillPanel(panel, rows, col, num_cols);
    multiply(0, prefetch);
  }
  for (std::size_t token = kTileRows; token < args.num_tokens; token += kTileRows) multiply(token, [](std::size_t) {});
}

template <std::size_t kTokenTerms, typename Weight>
void MatmulTilePanels(const TileMatmulArgs& args, const Weight& weight) {
  constexpr std::size_t kCachedValues = 512 << 10;  // 1 MiB of activations: about half of a second-level cache
  alignas(64) bf16 panel[Weight::kNumTerms * kTilePanelSteps * kSumTiles * kTileValues];
  TileEdge edge{};
  const bool activations_fit = args.num_tokens * args.cols * kTokenTerms <= kCachedValues;
  const std::size_t cols_at_once = activations_fit ? args.cols : kTilePanelCols;
  ConfigureTiles(args.num_tokens < kTileRows ? args.num_tokens : kTileRows);
  for (std::size_t first_col = 0; first_col < args.cols; first_col += cols_at_once) {
    for (std::size_t row = args.row_begin; row < args.row_end; row += kTilePanelRows) {
      if (first_col == 0) StartSums(args, row, args.row_end - row < kTilePanelRows ? args.row_end - row : kTilePanelRows);
      for (std::size_t col = first_col; col < args.cols && col < first_col + cols_at_once; col += kTilePanelCols)
        MultiplyTilePanel<kTokenTerms>(args, weight, row, col, panel, &edge);
    }
  }
  ReleaseTiles();
}

/// Weights that are exact in one term.
template <typename Weight>
CODEXPC_INLINE void MatmulExactTiles(const TileMatmulArgs& args, const Weight& weight) {
  if (args.x.num_terms == 1) return MatmulTilePanels<1>(args, weight);
  MatmulTilePanels<2>(args, weight);
}

/// Others, in as many terms as the activations.
template <typename Rows>
CODEXPC_INLINE void MatmulRoundedTiles(const TileMatmulArgs& args, const MatrixView& weight, const Rows& rows) {
  const auto* bytes = static_cast<const std::uint8_t*>(weight.data);
  if (args.x.num_terms == 1) return MatmulTilePanels<1>(args, RoundedTiles<Rows, 1>{rows, bytes, weight.type, args.cols});
  MatmulTilePanels<2>(args, RoundedTiles<Rows, 2>{rows, bytes, weight.type, args.cols});
}
