#pragma once
// The kernels over tiles, in a file and namespace of their own: they need more of a CPU than the table that is
// otherwise the same.

#include "kernels/table.h"

namespace codexpc::kernels {

/// All null for a table without them.
struct TileKernels {
  decltype(KernelTable::f32_to_tiles) to_tiles = nullptr;
  decltype(KernelTable::bf16_matmul) matmul = nullptr;
  decltype(KernelTable::bf16_mf4w_matmul) mf4w_matmul = nullptr;
  decltype(KernelTable::f32_to_q16_tiles) to_q16_tiles = nullptr;
  decltype(KernelTable::q16_tiles_matmul) q16_matmul = nullptr;
  decltype(KernelTable::q16_tiles_mf4w_matmul) q16_mf4w_matmul = nullptr;
};

#if defined(__x86_64__) && defined(__linux__)
namespace avx512amx {
void ToTiles(const TileView& out, std::size_t tile, const float* const x[16], std::size_t n, TileOrder order);
void MatmulTiles(const TileMatmulArgs& args, const MatrixView& weight);
void MatmulTilesMf4(const TileMatmulArgs& args, const Mf4View& weight);
void ToQ16Tiles(const Q16TileView& out, std::size_t tile, const float* const x[16], std::size_t n, bool evens_first);
void MatmulQ16Tiles(const Q16TileMatmulArgs& args, const MatrixView& weight);
void MatmulQ16TilesMf4(const Q16TileMatmulArgs& args, const Mf4View& weight);
inline constexpr TileKernels kTileKernels = {.to_tiles = ToTiles, .matmul = MatmulTiles, .mf4w_matmul = MatmulTilesMf4,
                                             .to_q16_tiles = ToQ16Tiles, .q16_matmul = MatmulQ16Tiles, .q16_mf4w_matmul = MatmulQ16TilesMf4};
}  // namespace avx512amx
#endif

}  // namespace codexpc::kernels
