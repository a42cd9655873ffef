#pragma once
// AMX's eight tiles of 16 rows x 64 bytes. In assembly: the compilers' own intrinsics do not say which memory they read
// (g++ 12 removes the stores of a configuration before its _tile_loadconfig). A tile's number is part of the instruction.
// Included inside namespace avx512amx and its target region.

constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileCols = 32;  // bfloat16
constexpr std::size_t kTileValues = kTileRows * kTileCols;

// A sum tile is tokens x rows of the weight.
constexpr int kSumTiles = 4;  // 0 to 3
constexpr int kHighTokens = 4;
constexpr int kLowTokens = 5;
constexpr int kFirstWeights = 6;  // and 7

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

/// Tiles of sums and of activations have `num_tokens` rows: a product takes as many steps.
CODEXPC_INLINE void ConfigureTiles(std::size_t num_tokens) {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = static_cast<std::uint8_t>(tile < kFirstWeights ? num_tokens : kTileRows);
  }
  asm volatile("ldtilecfg %0" : : "m"(config));
}
/// Until the next configuration the system need not save tiles when it changes threads.
CODEXPC_INLINE void ReleaseTiles() { asm volatile("tilerelease"); }

template <int kTile>
CODEXPC_INLINE void LoadTile(const void* first, std::size_t stride_bytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(first), "r"(stride_bytes), "i"(kTile) : "memory");
}
template <int kTile>
CODEXPC_INLINE void StoreTile(void* first, std::size_t stride_bytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(first), "r"(stride_bytes), "i"(kTile) : "memory");
}
/// sums(t, r) += tokens(t, 2 p) weights(p, 2 r) + tokens(t, 2 p + 1) weights(p, 2 r + 1), over the 16 pairs of columns p.
template <int kSums, int kTokens, int kWeights>
CODEXPC_INLINE void MultiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kTokens), "i"(kWeights));
}
