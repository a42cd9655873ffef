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

#include "kernels/neon/q8-few-tokens.h"
#include "kernels/generic/q8-two-terms.h"

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  if (out.num_terms == 2) return QuantizeRowInTwo(out, x, n, evens_first);
  QuantizeRow(out, x, n, evens_first);
}
void MatmulQ8(const Q8MatmulArgs& args, const MatrixView& weight) {
  if (args.x.num_terms == 1 && (args.num_tokens > kFewTokens || weight.type != NumberType::kQ8_0)) return MultiplyDense(args, weight);
  MatmulFewTokens(args, Q8InPlace{static_cast<const std::uint8_t*>(weight.data)}, 1.0f);
}
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  if (args.x.num_terms == 1 && args.num_tokens > kFewTokens) return MultiplyMf4(args, weight);
  const float factor = ScalesForBias(weight.scale_bias + 1)[127];  // Mf4InPlace takes 127 for the bias, and doubles
  if (weight.block_stride == 16) return MatmulFewTokens(args, Mf4InPlace<16>{weight.blocks, weight.scales}, factor);
  MatmulFewTokens(args, Mf4InPlace<17>{weight.blocks, weight.scales}, factor);
}

}  // namespace codexpc::kernels::neondot

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
