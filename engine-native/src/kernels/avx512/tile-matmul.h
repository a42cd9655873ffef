#pragma once
// Products over tiles. 32 rows of the weight and up to 512 of its columns are brought into tiles once, in the first-level
// cache, and multiplied with two tiles of tokens at a time: four sums, whose loads and stores are shared by 16 steps.
// Included inside namespace avx512amx and its target region, after tile-weights.h.

constexpr std::size_t kPairValues = 2 * kTileValues;  // two tiles, of rows or of sums, lie together

/// Tokens whose activations stay in the second-level cache while the rows of a slice pass over them.
constexpr std::size_t kMaxTokensAtOnce = 192;
constexpr std::size_t kCachedValues = 512 << 10;

/// Of up to kMaxTokensAtOnce tokens and a panel's rows.
struct TileSums {
  alignas(64) float values[kMaxTokensAtOnce / kTileRows * 2][kTileRows * kTileRows];  // (tiles of tokens, 2 of rows)
};

/// One term of 32 rows with one of one or two tiles of tokens.
template <bool kTwoTiles, bool kLoadsRows, bool kLoadsTokens>
CODEXPC_INLINE void MultiplyTerms(const bf16* rows, const bf16* x, std::size_t x_stride) {
  if constexpr (kLoadsRows) {
    LoadTile<kWeights>(rows);
    LoadTile<kWeights + 1>(rows + kTileValues);
  }
  if constexpr (kLoadsTokens) {
    LoadTile<kActivations>(x);
    if constexpr (kTwoTiles) LoadTile<kActivations + 1>(x + x_stride);
  }
  MultiplyTiles<0, kWeights, kActivations>();
  if constexpr (kTwoTiles) MultiplyTiles<1, kWeights, kActivations + 1>();
  MultiplyTiles<2, kWeights + 1, kActivations>();
  if constexpr (kTwoTiles) MultiplyTiles<3, kWeights + 1, kActivations + 1>();
}

/// The products of a panel's columns with one or two tiles of tokens, added to their sums: two tiles of rows for the first
/// tile of tokens, then for the second. `before_step(step)` is called before each.
template <bool kTwoTiles, std::size_t kRowTerms, std::size_t kTokenTerms, typename BeforeStep>
CODEXPC_INLINE void MultiplyPanel(float* sums, bool is_first, const bf16* panel, const bf16* x, std::size_t x_stride, std::size_t num_steps,
                                  const BeforeStep& before_step) {
  constexpr std::size_t kSumValues = kTileRows * kTileRows;
  if (is_first) {
    ZeroTile<0>();
    ZeroTile<2>();
    if constexpr (kTwoTiles) ZeroTile<1>();
    if constexpr (kTwoTiles) ZeroTile<3>();
  } else {
    LoadTile<0>(sums);
    LoadTile<2>(sums + kSumValues);
    if constexpr (kTwoTiles) LoadTile<1>(sums + 2 * kSumValues);
    if constexpr (kTwoTiles) LoadTile<3>(sums + 3 * kSumValues);
  }
  for (std::size_t step = 0; step < num_steps; ++step) {
    before_step(step);
    if constexpr (kTokenTerms == 2) {
      MultiplyTerms<kTwoTiles, true, true>(panel, x + kTileValues, x_stride);
      MultiplyTerms<kTwoTiles, false, true>(panel, x, x_stride);
    } else {
      MultiplyTerms<kTwoTiles, true, true>(panel, x, x_stride);
    }
    if constexpr (kRowTerms == 2) MultiplyTerms<kTwoTiles, true, false>(panel + kPairValues, x, x_stride);
    panel += kRowTerms * kPairValues;
    x += kTokenTerms * kTileValues;
  }
  StoreTile<0>(sums);
  StoreTile<2>(sums + kSumValues);
  if constexpr (kTwoTiles) StoreTile<1>(sums + 2 * kSumValues);
  if constexpr (kTwoTiles) StoreTile<3>(sums + 3 * kSumValues);
}

/// Sums of 16 rows and up to 16 tokens, with bias and what `accumulate` asks for.
CODEXPC_INLINE void StoreOut(const TileMatmulArgs& args, const float* sums, std::size_t row, std::size_t token) {
  const std::size_t num_rows = args.row_end - row < kTileRows ? args.row_end - row : kTileRows;
  const std::size_t num_tokens = args.num_tokens - token < kTileRows ? args.num_tokens - token : kTileRows;
  const auto present = static_cast<__mmask16>((1u << num_rows) - 1);
  alignas(64) float bias[kTileRows] = {};
  if (args.bias.data != nullptr) {
    for (std::size_t r = 0; r < num_rows; ++r) bias[r] = At(args.bias, row + r);
  }
  Vec rows[kTileRows];
  CODEXPC_UNROLL for (std::size_t r = 0; r < kTileRows; ++r) rows[r] = Load(sums + r * kTileRows);
  Transpose(rows);
  alignas(64) float tokens[kTileRows][kTileRows];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTileRows; ++t) Store(tokens[t], rows[t]);
  float* out = args.out + token * args.out_stride + row;
  for (std::size_t t = 0; t < num_tokens; ++t, out += args.out_stride) {
    Vec sum = Add(Load(tokens[t]), Load(bias));
    if (args.accumulate) sum = Add(sum, _mm512_maskz_loadu_ps(present, out));
    _mm512_mask_storeu_ps(out, present, sum);
  }
}

/// One panel's rows with the tokens from `first_token` on.
template <std::size_t kTokenTerms, typename Weight>
CODEXPC_INLINE void MultiplyRows(const TileMatmulArgs& args, const Weight& weight, std::size_t row, std::size_t first_token, std::size_t num_tokens,
                                 bf16* panel, TileSums* sums) {
  const std::size_t num_rows = args.row_end - row < kTilePanelRows ? args.row_end - row : kTilePanelRows;
  const std::size_t x_stride = (args.cols + kTileCols - 1) / kTileCols * kTokenTerms * kTileValues;  // a tile of tokens
  const std::size_t num_tiles = (num_tokens + kTileRows - 1) / kTileRows;
  for (std::size_t col = 0; col < args.cols; col += kTilePanelCols) {
    const std::size_t num_cols = args.cols - col < kTilePanelCols ? args.cols - col : kTilePanelCols;
    const std::size_t num_steps = (num_cols + kTileCols - 1) / kTileCols;
    for (std::size_t r = 0; r < kTilePanelRows; ++r) {
      const TileRow<Weight::kNumTerms> to{panel + r / kTileRows * kTileValues + r % kTileRows * kTileCols};
      weight.FillRow(to, row + (r < num_rows ? r : num_rows - 1), col, num_cols);  // past the slice's end its last row, not stored
    }
    // What is needed next, but too far on for the hardware to see: the same columns of the next rows, and while the first
    // rows meet the activations their next columns.
    const auto prefetch_rows = [&](std::size_t step) {
      constexpr std::size_t kRowsAStep = kTilePanelRows / kTilePanelSteps;
      for (std::size_t r = 0; r < kRowsAStep; ++r) weight.Prefetch(row + kTilePanelRows + step * kRowsAStep + r, col, num_cols);
    };
    const bf16* x = args.x.values + first_token / kTileRows * x_stride + col / kTileCols * kTokenTerms * kTileValues;
    for (std::size_t tile = 0; tile < num_tiles; tile += 2, x += 2 * x_stride) {
      float* tile_sums = sums->values[2 * tile];
      const bool is_pair = tile + 1 < num_tiles;
      const auto before_step = [&](std::size_t step) {
        if (tile == 0) prefetch_rows(step);
        if (row != args.row_begin) return;
        constexpr std::size_t kStepBytes = kTokenTerms * kTileValues * sizeof(bf16);
        const auto* ahead = reinterpret_cast<const std::uint8_t*>(x) + (kTilePanelSteps + step) * kStepBytes;
        PrefetchLines(ahead, kStepBytes);
        if (is_pair) PrefetchLines(ahead + x_stride * sizeof(bf16), kStepBytes);
      };
      if (is_pair) MultiplyPanel<true, Weight::kNumTerms, kTokenTerms>(tile_sums, col == 0, panel, x, x_stride, num_steps, before_step);
      else MultiplyPanel<false, Weight::kNumTerms, kTokenTerms>(tile_sums, col == 0, panel, x, x_stride, num_steps, before_step);
    }
  }
  for (std::size_t tile = 0; tile < num_tiles; ++tile) {
    for (std::size_t half = 0; half * kTileRows < num_rows; ++half)
      StoreOut(args, sums->values[2 * tile + half], row + half * kTileRows, first_token + tile * kTileRows);
  }
}

template <std::size_t kTokenTerms, typename Weight>
void MatmulTilePanels(const TileMatmulArgs& args, const Weight& weight) {
  alignas(64) bf16 panel[kTilePanelSteps * Weight::kNumTerms * kPairValues];
  TileSums sums;
  const std::size_t cached_pairs = kCachedValues / (args.cols * kTokenTerms * 2 * kTileRows);
  const std::size_t cached_tokens = (cached_pairs > 0 ? cached_pairs : 1) * 2 * kTileRows;
  const std::size_t tokens_at_once = cached_tokens < kMaxTokensAtOnce ? cached_tokens : kMaxTokensAtOnce;
  ConfigureTiles();
  for (std::size_t token = 0; token < args.num_tokens; token += tokens_at_once) {
    const std::size_t num_tokens = args.num_tokens - token < tokens_at_once ? args.num_tokens - token : tokens_at_once;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kTilePanelRows)
      MultiplyRows<kTokenTerms>(args, weight, row, token, num_tokens, panel, &sums);
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
