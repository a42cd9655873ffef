// The q8 kernels over AArch64's Advanced SIMD with the dot product.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kernels.h"

// The target region: everything in it is in namespace neondot, so nothing compiled for it can be linked elsewhere.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif

namespace codexpc::kernels::neondot {
namespace {

#include "kernels/neon/simd.h"
#include "kernels/neon/simd-q8.h"
#include "kernels/neon/products-dot.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/q8-matmul.h"
#include "kernels/generic/q8-matmul-dense.h"

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) { QuantizeRow(out, x, n, evens_first); }
void MatmulQ8(const Q8MatmulArgs& args, const MatrixView& weight) { MultiplyDense(args, weight); }
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) { MultiplyMf4(args, weight); }

}  // namespace codexpc::kernels::neondot

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
