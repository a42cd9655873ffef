// The kernels over tiles: AVX-512 with BF16 and VBMI, and AMX.

#if defined(__x86_64__) && defined(__linux__)

// GCC 12 and 13 warn about the undefined vectors inside their own intrinsics: https://gcc.gnu.org/PR105593, fixed in 14.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#define CODEXPC_RESTORE_DIAGNOSTICS
#endif

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/tile-kernels.h"

// The target region: everything in it is in namespace avx512amx, so nothing compiled for it can be linked elsewhere.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vbmi"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vbmi")
#endif

namespace codexpc::kernels::avx512amx {
namespace {

#include "kernels/avx512/simd.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/weight-rows.h"

#include "kernels/avx512/tiles.h"
#include "kernels/avx512/tile-weights.h"
#include "kernels/avx512/tile-matmul.h"
#include "kernels/avx512/byte-tile-weights.h"
#include "kernels/avx512/byte-tile-matmul.h"

/// Which column of 32 stands at each place of a step.
constexpr std::array<bf16, kTileCols> ColumnsOf(TileOrder order) {
  std::array<bf16, kTileCols> columns{};
  for (unsigned place = 0; place < kTileCols; ++place) {
    const unsigned nibble = place / 8;  // of the word place % 8: see Mf4Tiles
    const unsigned byte = 2 * (place % 8) + nibble / 2;
    const unsigned is_high = nibble % 2;
    const unsigned column = order == TileOrder::kAsIs ? place : order == TileOrder::kMf4Pairs ? 2 * byte + is_high : byte + 16 * is_high;
    columns[place] = static_cast<bf16>(column);
  }
  return columns;
}
alignas(64) constexpr std::array<bf16, kTileCols> kColumnsOf[] = {ColumnsOf(TileOrder::kAsIs), ColumnsOf(TileOrder::kMf4Pairs),
                                                                  ColumnsOf(TileOrder::kMf4Halves)};

}  // namespace

void ToTiles(const TileView& out, std::size_t tile, const float* const x[kTileRows], std::size_t n, TileOrder order) {
  bf16* to = out.values + tile * ((n + kTileCols - 1) / kTileCols) * out.num_terms * kTileValues;
  const __m512i columns = _mm512_loadu_si512(kColumnsOf[static_cast<std::size_t>(order)].data());
  const auto store = [&](Vec rows[kTileRows]) {
    Transpose(rows);
    CODEXPC_UNROLL for (std::size_t pair = 0; pair < kTileRows; ++pair)
      _mm512_store_si512(to + pair * kTileCols, _mm512_castps_si512(rows[pair]));
    to += kTileValues;
  };
  for (std::size_t col = 0; col < n; col += kTileCols) {
    const std::size_t left = n - col;
    const __mmask32 present = left < kTileCols ? (__mmask32{1} << left) - 1 : ~__mmask32{0};
    Vec rounded[kTileRows];
    Vec remainders[kTileRows];
    for (std::size_t token = 0; token < kTileRows; ++token) {
      const __mmask32 mask = x[token] != nullptr ? present : 0;
      const float* from = (x[token] != nullptr ? x[token] : x[0]) + col;
      const Vec low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
      const Vec high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> kLanes), from + kLanes);
      const __m512i term = RoundToBf16(low, high);
      rounded[token] = _mm512_castsi512_ps(_mm512_permutexvar_epi16(columns, term));
      remainders[token] = _mm512_castsi512_ps(_mm512_permutexvar_epi16(columns, Remainder(low, high, term)));
    }
    store(rounded);
    if (out.num_terms == 2) store(remainders);
  }
}

void MatmulTiles(const TileMatmulArgs& args, const MatrixView& weight) {
  if (args.num_tokens == 0) return;
  const auto* bytes = static_cast<const std::uint8_t*>(weight.data);
  switch (weight.type) {
    case NumberType::kBf16: return MatmulExactTiles(args, Bf16Tiles{{}, static_cast<const bf16*>(weight.data), args.cols});
    case NumberType::kF16: return MatmulRoundedTiles(args, weight, PlainRows<F16Numbers>{static_cast<const f16*>(weight.data), args.cols});
    case NumberType::kF32: return MatmulRoundedTiles(args, weight, PlainRows<F32Numbers>{static_cast<const float*>(weight.data), args.cols});
    case NumberType::kQ8_0: return MatmulQ8Tiles(args, bytes);
    default: return MatmulRoundedTiles(args, weight, QuantizedRows{bytes, weight.type, args.cols});
  }
}

void MatmulTilesMf4(const TileMatmulArgs& args, const Mf4View& weight) {
  if (args.num_tokens == 0) return;
  if (weight.block_stride == 16) return MatmulExactTiles(args, Mf4Tiles<16>{{}, weight.blocks, weight.scales, weight.scale_bias, args.cols});
  MatmulExactTiles(args, Mf4Tiles<17>{{}, weight.blocks, weight.scales, weight.scale_bias, args.cols});
}

void ToQ16Tiles(const Q16TileView& out, std::size_t tile, const float* const x[kTileRows], std::size_t n, bool evens_first) {
  QuantizeTile(out, tile, x, n, evens_first);
}
void MatmulQ16Tiles(const Q16TileMatmulArgs& args, const MatrixView& weight) {
  MatmulByteTilePanels(args, Q8ByteTiles{static_cast<const std::uint8_t*>(weight.data), args.cols});
}
void MatmulQ16TilesMf4(const Q16TileMatmulArgs& args, const Mf4View& weight) {
  const float* scale_of = ScalesForBias(weight.scale_bias + 1);
  if (weight.block_stride == 16) return MatmulByteTilePanels(args, Mf4ByteTiles<16>{weight.blocks, weight.scales, scale_of, args.cols});
  MatmulByteTilePanels(args, Mf4ByteTiles<17>{weight.blocks, weight.scales, scale_of, args.cols});
}

}  // namespace codexpc::kernels::avx512amx

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(CODEXPC_RESTORE_DIAGNOSTICS)
#pragma GCC diagnostic pop
#endif

#endif
