#pragma once
// AMX's eight tiles of 16 rows x 64 bytes. In assembly: the compilers' own intrinsics do not say which memory they read
// (g++ 12 removes the stores of a configuration before its _tile_loadconfig). A tile's number is part of the instruction.
// With CODEXPC_EMULATE_AMX their plain reference instead, for processors without.
// Included inside namespace avx512amx and its target region.

constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileCols = 32;  // bfloat16
constexpr std::size_t kTileValues = kTileRows * kTileCols;

// Tiles 0 to 3 hold sums, rows of the weight x tokens: 0 and 1 of the first 16 rows, 2 and 3 of the next.
constexpr int kWeights = 4;     // and 5: rows x columns
constexpr int kActivations = 6; // and 7: pairs of columns x tokens

constexpr std::size_t kTileBytes = kTileValues * sizeof(bf16);

#if defined(CODEXPC_EMULATE_AMX)

/// What the tiles hold, row after row. The arithmetic is plain float32: subnormals and the order of sums are not AMX's.
struct alignas(64) EmulatedTile {
  std::uint8_t bytes[kTileBytes];
};
inline thread_local EmulatedTile emulated_tiles[8];

CODEXPC_INLINE void ConfigureTiles() {}
CODEXPC_INLINE void ReleaseTiles() {}
template <int kTile>
CODEXPC_INLINE void ZeroTile() { emulated_tiles[kTile] = {}; }
template <int kTile>
CODEXPC_INLINE void LoadTile(const void* first) { std::memcpy(emulated_tiles[kTile].bytes, first, kTileBytes); }
template <int kTile>
CODEXPC_INLINE void LoadTileOnce(const void* first) { LoadTile<kTile>(first); }
template <int kTile>
CODEXPC_INLINE void StoreTile(void* first) { std::memcpy(first, emulated_tiles[kTile].bytes, kTileBytes); }

/// Sum and the rows' elements have kPerSum elements to four bytes; product(a, b) of each.
template <typename Sum, typename Element, typename Product>
void MultiplyEmulated(EmulatedTile& sums, const EmulatedTile& rows, const EmulatedTile& tokens, Product product) {
  constexpr std::size_t kPerSum = sizeof(Sum) / sizeof(Element);
  Sum sum[kTileRows][16];
  Element row[kTileRows][16][kPerSum];
  Element token[kTileRows][16][kPerSum];
  std::memcpy(sum, sums.bytes, kTileBytes);
  std::memcpy(row, rows.bytes, kTileBytes);
  std::memcpy(token, tokens.bytes, kTileBytes);
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t k = 0; k < 16; ++k) {
      for (std::size_t t = 0; t < 16; ++t) {
        for (std::size_t i = 0; i < kPerSum; ++i) sum[r][t] += product(row[r][k][i], token[k][t][i]);
      }
    }
  }
  std::memcpy(sums.bytes, sum, kTileBytes);
}
template <int kSums, int kRows, int kTokens>
void MultiplyTiles() {
  const auto to_float = [](bf16 value) { return std::bit_cast<float>(std::uint32_t{value} << 16); };
  MultiplyEmulated<float, bf16>(emulated_tiles[kSums], emulated_tiles[kRows], emulated_tiles[kTokens],
                                [&](bf16 a, bf16 b) { return to_float(a) * to_float(b); });
}
template <int kSums, int kRows, int kTokens>
void MultiplyByteTiles() {
  MultiplyEmulated<std::int32_t, std::int8_t>(emulated_tiles[kSums], emulated_tiles[kRows], emulated_tiles[kTokens],
                                              [](std::int8_t a, std::int8_t b) { return std::int32_t{a} * b; });
}

#else

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
/// sums(r, t) += the sum over i < 4 of weights(r, 4 q + i) tokens(q, 4 t + i), over the 16 quadruples of columns q; signed bytes
/// into 32 bits.
template <int kSums, int kRows, int kTokens>
CODEXPC_INLINE void MultiplyByteTiles() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kRows), "i"(kTokens));
}

#endif
