#pragma once
// AMX's eight tiles of 16 rows x 64 bytes. In assembly: the compilers' own intrinsics do not say which memory they read
// (g++ 12 removes the stores of a configuration before its _tile_loadconfig). A tile's number is part of the instruction.
// Included inside namespace avx512amx and its target region.

constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileCols = 32;  // bfloat16
constexpr std::size_t kTileValues = kTileRows * kTileCols;

// Tiles 0 to 3 hold sums, rows of the weight x tokens: 0 and 1 of the first 16 rows, 2 and 3 of the next.
constexpr int kWeights = 4;     // and 5: rows x columns
constexpr int kActivations = 6; // and 7: pairs of columns x tokens

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

CODEXPC_INLINE void ConfigureTiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = kTileRows;
  }
  asm volatile("ldtilecfg %0" : : "m"(config));
}
/// Until the next configuration the system need not save tiles when it changes threads.
CODEXPC_INLINE void ReleaseTiles() { asm volatile("tilerelease"); }

template <int kTile>
CODEXPC_INLINE void ZeroTile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
/// 1 KiB, row after row.
template <int kTile>
CODEXPC_INLINE void LoadTile(const void* first) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(first), "r"(std::size_t{64}), "i"(kTile) : "memory");
}
/// The same from the second-level cache, past the first: what is used once must not displace there what is used again.
template <int kTile>
CODEXPC_INLINE void LoadTileOnce(const void* first) {
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" : : "r"(first), "r"(std::size_t{64}), "i"(kTile) : "memory");
}
template <int kTile>
CODEXPC_INLINE void StoreTile(void* first) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(first), "r"(std::size_t{64}), "i"(kTile) : "memory");
}
/// sums(r, t) += weights(r, 2 p) tokens(p, 2 t) + weights(r, 2 p + 1) tokens(p, 2 t + 1), over the 16 pairs of columns p.
template <int kSums, int kRows, int kTokens>
CODEXPC_INLINE void MultiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kRows), "i"(kTokens));
}
