// The generic kernels over AVX-512 F, BW, DQ and VL: one table for CPUs with AMX, which has the kernels over
// tiles besides, one for CPUs with VNNI, where the q8 kernels use it, and one for those without, which have the q8 kernels
// of AVX2.

#if defined(__x86_64__)

// GCC 12 and 13 warn about the undefined vectors inside their own intrinsics: https://gcc.gnu.org/PR105593, fixed in 14.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#define CODEXPC_RESTORE_DIAGNOSTICS
#endif

#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kernels.h"
#include "kernels/q8-kv.h"
#include "kernels/tables.h"
#include "kernels/tile-kernels.h"
#include "kernels/x86-features.h"

namespace codexpc::kernels::avx512 {
namespace {
// These run anywhere: outside the target region.
bool Supported() { return DetectX86Features().avx512; }
bool SupportedVnni() { return DetectX86Features().avx512vnni; }
#if defined(__linux__)
bool SupportedAmx() { return DetectX86Features().amx && RequestAmx(); }
#endif
}  // namespace
}  // namespace codexpc::kernels::avx512

// The target region: everything in it is in namespace avx512, so nothing compiled for it can be linked elsewhere.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")
#endif

namespace codexpc::kernels::avx512 {
namespace {

#include "kernels/avx512/simd.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/matmul.h"
#include "kernels/generic/sdpa.h"
#include "kernels/generic/table.h"

}  // namespace

constexpr KernelTable kTable = MakeTable("avx512", Supported, avx2::kQ8Kernels);
constexpr KernelTable kVnniTable = MakeTable("avx512-vnni", SupportedVnni, avx512vnni::kQ8Kernels);
#if defined(__linux__)
constexpr KernelTable kAmxTable = MakeTable("avx512-amx", SupportedAmx, avx512vnni::kQ8Kernels, avx512amx::kTileKernels);
#endif

}  // namespace codexpc::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(CODEXPC_RESTORE_DIAGNOSTICS)
#pragma GCC diagnostic pop
#endif

#endif
