#pragma once
// Products over tiles. A panel of the weight, 32 rows and up to 256 columns, lies in tiles in the first-level cache, and is
// multiplied with two tiles of tokens at a time: four sums, whose loads and stores are shared by 8 steps. Meanwhile the next
// panel is brought into tiles beside it, a row after every few products, by the units for vectors. Both panels must fit into
// that cache, so activations go past it: loaded as usual they cost a fifth of the speed, panels of 512 columns a tenth (two
// terms, 64 tokens, an Emerald Rapids Xeon).
// Included inside namespace avx512amx and its target region, after tile-weights.h.

constexpr std::size_t kPairValues = 2 * kTileValues;  // two tiles, of rows or of sums, lie together
constexpr std::size_t kSumValues = kTileRows * kTileRows;

/// Tokens whose activations stay in the second-level cache while the rows of a slice pass over them.
constexpr std::size_t kMaxTokensAtOnce = 192;
constexpr std::size_t kCachedBytes = 1536 << 10;

/// Of up to kTokens tokens and a panel's rows.
template <std::size_t kTokens>
struct TileSums {
  alignas(64) float values[kTokens / kTileRows * 2][kSumValues];  // (tiles of tokens, 2 of rows)
};

struct PanelPlace {
  std::size_t row;
  std::size_t col;
};

/// The panels of a slice, in the order of their use: brings one into tiles, in parts.
template <typename Weight>
class PanelFiller {
 public:
  using Panel = typename Weight::Panel;

  PanelFiller(const Weight& weight, std::size_t row_end, std::size_t cols) : weight_(weight), row_end_(row_end), cols_(cols) {}

  std::size_t NumCols(PanelPlace place) const { return cols_ - place.col < kTilePanelCols ? cols_ - place.col : kTilePanelCols; }
  /// Where the panel after it begins.
  PanelPlace After(PanelPlace place) const {
    place.col += kTilePanelCols;
    return place.col < cols_ ? place : PanelPlace{place.row + kTilePanelRows, 0};
  }

  /// Of the panel at `place`, which may lie past the slice, into `panel` by `num_turns` calls of TakeTurn.
  void Begin(PanelPlace place, Panel* panel, std::size_t num_turns) {
    place_ = place;
    panel_ = panel;
    num_cols_ = NumCols(place);
    num_parts_ = place.row < row_end_ ? kTilePanelRows / Weight::kRowsAtOnce * ((num_cols_ + Weight::kColsAtOnce - 1) / Weight::kColsAtOnce) : 0;
    num_turns_ = num_turns;
    due_ = 0;
    row_ = 0;
    col_ = 0;
    if (num_parts_ > 0) weight_.Open(panel, PanelRows{place.row, row_end_}, place.col, num_cols_);
  }
  CODEXPC_INLINE void TakeTurn() {
    for (due_ += num_parts_; due_ >= num_turns_; due_ -= num_turns_) FillPart();
  }
  /// The lines of a panel's rows.
  void Prefetch(std::size_t first_row) const {
    for (std::size_t row = first_row; row < first_row + kTilePanelRows && row < row_end_; ++row) weight_.Prefetch(row, 0, cols_);
  }

 private:
  [[gnu::noinline]] void FillPart() {
    // With each panel a share of the next rows' lines, in the order of memory: a panel's own part of each is too short for
    // the hardware to foresee anything.
    const std::size_t next_rows = place_.row + kTilePanelRows;
    if (col_ == 0 && next_rows < row_end_) weight_.Prefetch(next_rows, kTilePanelRows * place_.col + row_ * num_cols_, Weight::kRowsAtOnce * num_cols_);
    const PanelRows rows{place_.row, row_end_};
    if constexpr (Weight::kRowsAtOnce > 1) {
      weight_.FillRows(panel_, row_, rows, place_.col, num_cols_);
    } else {
      const auto to = panel_->Row(row_, col_);
      const std::size_t left = num_cols_ - col_;
      if (left >= Weight::kColsAtOnce) weight_.FillRow(to, rows.At(row_), place_.col + col_, Weight::kColsAtOnce);  // a constant: unrolled
      else weight_.FillRow(to, rows.At(row_), place_.col + col_, left);
    }
    col_ += Weight::kColsAtOnce;
    if (col_ < num_cols_) return;
    col_ = 0;
    row_ += Weight::kRowsAtOnce;
  }

  const Weight weight_;
  const std::size_t row_end_;
  const std::size_t cols_;
  PanelPlace place_ = {};
  Panel* panel_ = nullptr;
  std::size_t num_cols_ = 0;
  std::size_t num_parts_ = 0;
  std::size_t num_turns_ = 1;
  std::size_t due_ = 0;  // num_turns_ for each part
  std::size_t row_ = 0;  // of the panel, as is the column
  std::size_t col_ = 0;
};

/// One term of 32 rows with one of one or two tiles of tokens; a turn for each.
template <bool kTwoTiles, bool kLoadsRows, bool kLoadsTokens, typename Filler>
CODEXPC_INLINE void MultiplyTerms(const bf16* rows, const bf16* x, std::size_t x_stride, Filler& filler) {
  if constexpr (kLoadsRows) {
    LoadTile<kWeights>(rows);
    LoadTile<kWeights + 1>(rows + kTileValues);
  }
  if constexpr (kLoadsTokens) {
    LoadTileOnce<kActivations>(x);
    if constexpr (kTwoTiles) LoadTileOnce<kActivations + 1>(x + x_stride);
  }
  MultiplyTiles<0, kWeights, kActivations>();
  MultiplyTiles<2, kWeights + 1, kActivations>();
  filler.TakeTurn();
  if constexpr (kTwoTiles) {
    MultiplyTiles<1, kWeights, kActivations + 1>();
    MultiplyTiles<3, kWeights + 1, kActivations + 1>();
    filler.TakeTurn();
  }
}

/// Products of terms in a step: those of two second terms are left out.
template <std::size_t kRowTerms, std::size_t kTokenTerms>
constexpr std::size_t kNumProducts = kRowTerms + kTokenTerms - 1;

/// The products of a panel's columns with one or two tiles of tokens, added to their sums: two tiles of rows for the first
/// tile of tokens, then for the second.
template <bool kTwoTiles, std::size_t kRowTerms, std::size_t kTokenTerms, typename Filler>
CODEXPC_INLINE void MultiplyPanel(float* sums, bool is_first, const bf16* panel, const bf16* x, std::size_t x_stride, std::size_t num_steps,
                                  bool prefetches_x, Filler& filler) {
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
    if (prefetches_x) {
      constexpr std::size_t kStepBytes = kTokenTerms * kTileValues * sizeof(bf16);
      const auto* ahead = reinterpret_cast<const std::uint8_t*>(x) + kTilePanelSteps * kStepBytes;
      PrefetchLines(ahead, kStepBytes);
      if constexpr (kTwoTiles) PrefetchLines(ahead + x_stride * sizeof(bf16), kStepBytes);
    }
    if constexpr (kTokenTerms == 2) {
      MultiplyTerms<kTwoTiles, true, true>(panel, x + kTileValues, x_stride, filler);
      MultiplyTerms<kTwoTiles, false, true>(panel, x, x_stride, filler);
    } else {
      MultiplyTerms<kTwoTiles, true, true>(panel, x, x_stride, filler);
    }
    if constexpr (kRowTerms == 2) MultiplyTerms<kTwoTiles, true, false>(panel + kPairValues, x, x_stride, filler);
    panel += kRowTerms * kPairValues;
    x += kTokenTerms * kTileValues;
  }
  StoreTile<0>(sums);
  StoreTile<2>(sums + kSumValues);
  if constexpr (kTwoTiles) StoreTile<1>(sums + 2 * kSumValues);
  if constexpr (kTwoTiles) StoreTile<3>(sums + 3 * kSumValues);
}

/// Sums of 16 rows and up to 16 tokens, with bias and what `accumulate` asks for.
template <typename Args>
CODEXPC_INLINE void StoreOut(const Args& args, const float* sums, Vec bias, std::size_t row, std::size_t token) {
  const std::size_t num_rows = args.row_end - row < kTileRows ? args.row_end - row : kTileRows;
  const std::size_t num_tokens = args.num_tokens - token < kTileRows ? args.num_tokens - token : kTileRows;
  const auto present = static_cast<__mmask16>((1u << num_rows) - 1);
  Vec rows[kTileRows];
  CODEXPC_UNROLL for (std::size_t r = 0; r < kTileRows; ++r) rows[r] = Load(sums + r * kTileRows);
  Transpose(rows);
  alignas(64) float tokens[kTileRows][kTileRows];
  CODEXPC_UNROLL for (std::size_t t = 0; t < kTileRows; ++t) Store(tokens[t], rows[t]);
  float* out = args.out + token * args.out_stride + row;
  for (std::size_t t = 0; t < num_tokens; ++t, out += args.out_stride) {
    Vec sum = Add(Load(tokens[t]), bias);
    if (args.accumulate) sum = Add(sum, _mm512_maskz_loadu_ps(present, out));
    _mm512_mask_storeu_ps(out, present, sum);
  }
}

/// The same of a panel's rows and the tokens from `first_token` on.
template <typename Args, typename Sums>
CODEXPC_INLINE void StorePanel(const Args& args, const Sums& sums, std::size_t first_row, std::size_t first_token, std::size_t num_tiles) {
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t row = first_row + half * kTileRows;
    alignas(64) float bias[kTileRows] = {};
    if (args.bias.data != nullptr) {
      for (std::size_t r = 0; r < kTileRows && row + r < args.row_end; ++r) bias[r] = At(args.bias, row + r);
    }
    for (std::size_t tile = 0; row < args.row_end && tile < num_tiles; ++tile)
      StoreOut(args, sums.values[2 * tile + half], Load(bias), row, first_token + tile * kTileRows);
  }
}

/// The slice's rows with the tokens from `first_token` on.
template <std::size_t kTokenTerms, typename Weight>
CODEXPC_INLINE void MultiplyTokens(const TileMatmulArgs& args, const Weight& weight, std::size_t first_token, std::size_t num_tokens,
                                   TilePanel<Weight::kNumTerms> panels[2], TileSums<kMaxTokensAtOnce>* sums) {
  constexpr std::size_t kRowTerms = Weight::kNumTerms;
  const std::size_t x_stride = (args.cols + kTileCols - 1) / kTileCols * kTokenTerms * kTileValues;  // a tile of tokens
  const std::size_t num_tiles = (num_tokens + kTileRows - 1) / kTileRows;
  PanelFiller<Weight> filler(weight, args.row_end, args.cols);
  PanelPlace place{args.row_begin, 0};
  filler.Prefetch(place.row);
  filler.Begin(place, &panels[0], 1);
  filler.TakeTurn();
  for (std::size_t buffer = 0; place.row < args.row_end; buffer = 1 - buffer) {
    const PanelPlace next = filler.After(place);
    const std::size_t num_steps = (filler.NumCols(place) + kTileCols - 1) / kTileCols;
    filler.Begin(next, &panels[1 - buffer], num_steps * num_tiles * kNumProducts<kRowTerms, kTokenTerms>);
    // While the first rows meet the activations, their next columns are brought into the second-level cache.
    const bool prefetches_x = place.row == args.row_begin;
    const bool is_first = place.col == 0;
    const bf16* x = args.x.values + first_token / kTileRows * x_stride + place.col / kTileCols * kTokenTerms * kTileValues;
    for (std::size_t tile = 0; tile < num_tiles; tile += 2, x += 2 * x_stride) {
      float* tile_sums = sums->values[2 * tile];
      if (tile + 1 < num_tiles) {
        MultiplyPanel<true, kRowTerms, kTokenTerms>(tile_sums, is_first, panels[buffer].values, x, x_stride, num_steps, prefetches_x, filler);
      } else {
        MultiplyPanel<false, kRowTerms, kTokenTerms>(tile_sums, is_first, panels[buffer].values, x, x_stride, num_steps, prefetches_x, filler);
      }
    }
    if (next.row != place.row) StorePanel(args, *sums, place.row, first_token, num_tiles);
    place = next;
  }
}

/// Calls multiply(first_token, num_tokens) for shares of about one size: each brings all the rows into tiles.
template <typename Multiply>
CODEXPC_INLINE void ForShares(std::size_t num_tokens, std::size_t max_tokens, std::size_t token_bytes, const Multiply& multiply) {
  constexpr std::size_t kPairTokens = 2 * kTileRows;
  const std::size_t cached_pairs = kCachedBytes / (token_bytes * kPairTokens);
  const std::size_t cached_tokens = (cached_pairs > 0 ? cached_pairs : 1) * kPairTokens;
  const std::size_t most_tokens = cached_tokens < max_tokens ? cached_tokens : max_tokens;
  const std::size_t num_shares = (num_tokens + most_tokens - 1) / most_tokens;
  const std::size_t share = ((num_tokens + num_shares - 1) / num_shares + kPairTokens - 1) / kPairTokens * kPairTokens;
  for (std::size_t token = 0; token < num_tokens; token += share) multiply(token, num_tokens - token < share ? num_tokens - token : share);
}

template <std::size_t kTokenTerms, typename Weight>
void MatmulTilePanels(const TileMatmulArgs& args, const Weight& weight) {
  if (args.row_begin == args.row_end) return;
  TilePanel<Weight::kNumTerms> panels[2];
  TileSums<kMaxTokensAtOnce> sums;
  ConfigureTiles();
  ForShares(args.num_tokens, kMaxTokensAtOnce, args.cols * kTokenTerms * sizeof(bf16), [&](std::size_t first_token, std::size_t num_tokens) {
    MultiplyTokens<kTokenTerms>(args, weight, first_token, num_tokens, panels, &sums);
  });
  ReleaseTiles();
}

/// Weights that are exact in one term.
template <typename Weight>
CODEXPC_INLINE void MatmulExactTiles(const TileMatmulArgs& args, const Weight& weight) {
  if (args.x.num_terms == 1) return MatmulTilePanels<1>(args, weight);
  MatmulTilePanels<2>(args, weight);
}

/// Others, in as many terms as the activations.
CODEXPC_INLINE void MatmulQ8Tiles(const TileMatmulArgs& args, const std::uint8_t* blocks) {
  if (args.x.num_terms == 1) return MatmulTilePanels<1>(args, Q8Tiles<1>{{}, blocks, args.cols});
  MatmulTilePanels<2>(args, Q8Tiles<2>{{}, blocks, args.cols});
}
template <typename Rows>
CODEXPC_INLINE void MatmulRoundedTiles(const TileMatmulArgs& args, const MatrixView& weight, const Rows& rows) {
  const auto* bytes = static_cast<const std::uint8_t*>(weight.data);
  if (args.x.num_terms == 1) return MatmulTilePanels<1>(args, RoundedTiles<Rows, 1>{{}, rows, bytes, weight.type, args.cols});
  MatmulTilePanels<2>(args, RoundedTiles<Rows, 2>{{}, rows, bytes, weight.type, args.cols});
}
