#pragma once
// Products over tiles of whole numbers: 64 columns in each, where bfloat16 has 32, and activations of 16 bits as two bytes. A
// panel of 32 rows and 256 columns meets a tile of 16 tokens at a time, in four sums: both halves of the rows, coarse and fine
// bytes. Those are exact; times the scales of row and token, which 256 columns share, they are added to float32 sums, while the
// next tile is multiplied.
// Included inside namespace avx512amx and its target region, after tile-matmul.h and byte-tile-weights.h.

/// As kMaxTokensAtOnce: activations are half as large.
constexpr std::size_t kMaxByteTokensAtOnce = 256;
constexpr std::size_t kTokenTileBytes = 2 * kTileBytes;  // of a step: coarse and fine

/// Sums of a panel with a tile of tokens, to be scaled and added.
struct PanelProducts {
  alignas(64) std::int32_t coarse[kTilePanelRows * kTileRows];  // (rows, tokens)
  alignas(64) std::int32_t fine[kTilePanelRows * kTileRows];
  alignas(64) float row_scales[kTilePanelRows];
  const float* token_scales;
  float* sums;  // (rows, tokens)
  bool is_first;
  std::size_t num_added = kTilePanelRows;

  /// Up to that row, by eights.
  CODEXPC_INLINE void AddUpTo(std::size_t row_end) {
    for (; num_added < row_end; num_added += kRowsAtOnce) {
      if (is_first) AddRows<true>();
      else AddRows<false>();
    }
  }

 private:
  static constexpr std::size_t kRowsAtOnce = 8;

  /// 256 * coarse + fine, in units of a weight's byte and an activation's fine one, fits in 32 bits: 256 columns of products of
  /// 128 * 127 at most.
  template <bool kIsFirst>
  CODEXPC_INLINE void AddRows() {
    const Vec scales = Load(token_scales);
    const std::size_t first = num_added * kTileRows;
    CODEXPC_UNROLL for (std::size_t r = 0; r < kRowsAtOnce; ++r) {
      const std::size_t at = first + r * kTileRows;
      const __m512i whole = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(coarse + at), 8), _mm512_load_si512(fine + at));
      const Vec scaled = Mul(_mm512_cvtepi32_ps(whole), scales);
      const Vec row_scale = Set1(row_scales[num_added + r]);
      Store(sums + at, kIsFirst ? Mul(scaled, row_scale) : MulAdd(scaled, row_scale, Load(sums + at)));
    }
  }
};

/// The products of a panel with a tile of tokens; meanwhile those before it are added.
template <std::size_t kRowTerms, typename Filler>
CODEXPC_INLINE void MultiplyBytePanel(PanelProducts& products, PanelProducts& before, const BytePanel& panel, const std::int8_t* x,
                                      std::size_t num_steps, bool prefetches_x, Filler& filler) {
  ZeroTile<0>();
  ZeroTile<1>();
  ZeroTile<2>();
  ZeroTile<3>();
  for (std::size_t step = 0; step < num_steps; ++step, x += kTokenTileBytes) {
    if (prefetches_x) PrefetchLines(reinterpret_cast<const std::uint8_t*>(x) + kBytePanelSteps * kTokenTileBytes, kTokenTileBytes);
    LoadTile<kWeights>(panel.values[0][step]);
    LoadTileOnce<kActivations + 1>(x + kTileBytes);
    LoadTile<kWeights + 1>(panel.values[0][step] + kTileBytes);
    LoadTileOnce<kActivations>(x);
    MultiplyByteTiles<2, kWeights, kActivations + 1>();
    MultiplyByteTiles<3, kWeights + 1, kActivations + 1>();
    MultiplyByteTiles<0, kWeights, kActivations>();
    MultiplyByteTiles<1, kWeights + 1, kActivations>();
    if constexpr (kRowTerms == 2) {  // without the product of both fine bytes
      LoadTile<kWeights>(panel.values[1][step]);
      LoadTile<kWeights + 1>(panel.values[1][step] + kTileBytes);
      MultiplyByteTiles<2, kWeights, kActivations>();
      MultiplyByteTiles<3, kWeights + 1, kActivations>();
    }
    before.AddUpTo(kTilePanelRows * (step + 1) / num_steps);
    filler.TakeTurn();
  }
  StoreTile<0>(products.coarse);
  StoreTile<1>(products.coarse + kSumValues);
  StoreTile<2>(products.fine);
  StoreTile<3>(products.fine + kSumValues);
  products.num_added = 0;
}

/// The slice's rows with the tokens from `first_token` on.
template <typename Weight>
CODEXPC_INLINE void MultiplyByteTokens(const Q16TileMatmulArgs& args, const Weight& weight, std::size_t first_token, std::size_t num_tokens,
                                       BytePanel panels[2], TileSums<kMaxByteTokensAtOnce>* sums) {
  const std::size_t x_stride = (args.cols + kByteTileCols - 1) / kByteTileCols * kTokenTileBytes;  // a tile of tokens
  const std::size_t scales_stride = (args.cols + kQ16GroupSize - 1) / kQ16GroupSize * kTileRows;
  const std::size_t num_tiles = (num_tokens + kTileRows - 1) / kTileRows;
  PanelProducts products[2];
  std::size_t at = 0;  // of the two
  PanelFiller<Weight> filler(weight, args.row_end, args.cols);
  PanelPlace place{args.row_begin, 0};
  filler.Prefetch(place.row);
  filler.Begin(place, &panels[0], 1);
  filler.TakeTurn();
  for (std::size_t buffer = 0; place.row < args.row_end; buffer = 1 - buffer) {
    const BytePanel& panel = panels[buffer];
    const PanelPlace next = filler.After(place);
    const std::size_t num_steps = (filler.NumCols(place) + kByteTileCols - 1) / kByteTileCols;
    filler.Begin(next, &panels[1 - buffer], num_steps * num_tiles);
    const bool prefetches_x = place.row == args.row_begin;
    const std::size_t first_tile = first_token / kTileRows;
    for (std::size_t tile = 0; tile < num_tiles; ++tile, at = 1 - at) {
      const std::int8_t* x = args.x.values + (first_tile + tile) * x_stride + place.col / kByteTileCols * kTokenTileBytes;
      PanelProducts& now = products[at];
      if (panel.num_terms == 1) MultiplyBytePanel<1>(now, products[1 - at], panel, x, num_steps, prefetches_x, filler);
      else MultiplyBytePanel<2>(now, products[1 - at], panel, x, num_steps, prefetches_x, filler);
      for (std::size_t r = 0; r < kTilePanelRows; r += kLanes) Store(now.row_scales + r, Load(panel.scales + r));
      now.token_scales = args.x.scales + (first_tile + tile) * scales_stride + place.col / kQ16GroupSize * kTileRows;
      now.sums = sums->values[2 * tile];
      now.is_first = place.col == 0;
    }
    if (next.row != place.row) {
      products[1 - at].AddUpTo(kTilePanelRows);
      StorePanel(args, *sums, place.row, first_token, num_tiles);
    }
    place = next;
  }
}

template <typename Weight>
void MatmulByteTilePanels(const Q16TileMatmulArgs& args, const Weight& weight) {
  if (args.row_begin == args.row_end || args.num_tokens == 0) return;
  BytePanel panels[2];
  TileSums<kMaxByteTokensAtOnce> sums;
  ConfigureTiles();
  ForShares(args.num_tokens, kMaxByteTokensAtOnce, 2 * args.cols, [&](std::size_t first_token, std::size_t num_tokens) {
    MultiplyByteTokens(args, weight, first_token, num_tokens, panels, &sums);
  });
  ReleaseTiles();
}

/// Largest magnitude of kQ16GroupSize values to 127 * 257; of zeros the scale is 0.
void QuantizeTile(const Q16TileView& out, std::size_t tile, const float* const x[kTileRows], std::size_t n, bool evens_first) {
  constexpr float kLargest = 127.0f * 257.0f;
  const std::size_t num_groups = (n + kQ16GroupSize - 1) / kQ16GroupSize;
  std::int8_t* to = out.values + tile * ((n + kByteTileCols - 1) / kByteTileCols) * kTokenTileBytes;
  float* scales = out.scales + tile * num_groups * kTileRows;
  for (std::size_t group = 0; group < num_groups; ++group) {
    const std::size_t first = group * kQ16GroupSize;
    const std::size_t end = first + kQ16GroupSize < n ? first + kQ16GroupSize : n;
    float factors[kTileRows] = {};
    for (std::size_t token = 0; token < kTileRows; ++token) {
      // As whole numbers magnitudes are in the same order, and what is no number is the largest: it comes through in the scale.
      __m512i most = _mm512_setzero_si512();
      for (std::size_t i = first; x[token] != nullptr && i < end; i += kLanes)
        most = _mm512_max_epu32(most, _mm512_castps_si512(_mm512_abs_ps(Load(x[token] + i))));
      const auto largest = std::bit_cast<float>(_mm512_reduce_max_epu32(most));
      factors[token] = largest > 0.0f ? kLargest / largest : 0.0f;
      scales[group * kTileRows + token] = largest * (1.0f / kLargest);
    }
    for (std::size_t col = first; col < end; col += kByteTileCols, to += kTokenTileBytes) {
      alignas(64) std::int8_t terms[2][kTileRows][kByteTileCols];
      for (std::size_t token = 0; token < kTileRows; ++token) {
        __m512i words[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        for (std::size_t i = 0; x[token] != nullptr && i < 2 && col + 32 * i < end; ++i) {
          const float* from = x[token] + col + 32 * i;
          Vec low = Load(from);
          Vec high = Load(from + kLanes);
          if (evens_first) LoadPairs(from, &low, &high);
          words[i] = RoundToWords(low, high, Set1(factors[token]));
        }
        StoreTerms(terms[0][token], terms[1][token], words[0], words[1]);
      }
      for (std::size_t term = 0; term < 2; ++term) {
        Vec rows[kTileRows];
        CODEXPC_UNROLL for (std::size_t t = 0; t < kTileRows; ++t) rows[t] = _mm512_castsi512_ps(_mm512_load_si512(terms[term][t]));
        Transpose(rows);
        CODEXPC_UNROLL for (std::size_t i = 0; i < kTileRows; ++i)
          _mm512_store_si512(to + term * kTileBytes + i * kByteTileCols, _mm512_castps_si512(rows[i]));
      }
    }
  }
}
