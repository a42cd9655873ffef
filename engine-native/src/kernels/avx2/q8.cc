// The q8 kernels over AVX2.

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kernels.h"

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
#include "kernels/avx2/simd-q8.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/q8-matmul.h"

#include "kernels/avx2/block-groups.h"
#include "kernels/generic/q8-few-tokens.h"
#include "kernels/generic/q8-two-terms.h"

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  if (out.num_terms == 2) return QuantizeRowInTwo(out, x, n, evens_first);
  QuantizeRow(out, x, n, evens_first);
}
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  if (args.x.num_terms == 1 && args.num_tokens > kFewTokens) return MultiplyMf4(args, weight);
  const float factor = ScalesForBias(weight.scale_bias + 1)[127];  // Mf4Groups takes 127 for the bias, and doubles
  if (weight.block_stride == 16) return MatmulFewTokens(args, Mf4Groups<16>{weight.blocks, weight.scales}, factor);
  MatmulFewTokens(args, Mf4Groups<17>{weight.blocks, weight.scales}, factor);
}

}  // namespace codexpc::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
