// The generic kernels over AVX2, FMA and F16C.

#if defined(__x86_64__)

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

namespace codexpc::kernels::avx2 {
namespace {
bool Supported() { return DetectX86Features().avx2; }  // runs anywhere: outside the target region
}  // namespace
}  // namespace codexpc::kernels::avx2

// The target region: everything in it is in namespace avx2, so nothing compiled for it can be linked elsewhere.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif

namespace codexpc::kernels::avx2 {
namespace {

#include "kernels/avx2/simd.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/matmul.h"
#include "kernels/generic/sdpa.h"
#include "kernels/generic/table.h"

}  // namespace

constexpr KernelTable kTable = MakeTable("avx2", Supported, kQ8Kernels);

}  // namespace codexpc::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
