// The q8 kernels over AArch64's Advanced SIMD.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kernels.h"

namespace codexpc::kernels::neon {
namespace {

#include "kernels/neon/simd.h"
#include "kernels/neon/simd-q8.h"
#include "kernels/neon/products-16.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/q8-matmul.h"

#include "kernels/neon/q8-few-tokens.h"
#include "kernels/generic/q8-two-terms.h"

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  if (out.num_terms == 2) return QuantizeRowInTwo(out, x, n, evens_first);
  QuantizeRow(out, x, n, evens_first);
}
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  if (args.x.num_terms == 1 && args.num_tokens > kFewTokens) return MultiplyMf4(args, weight);
  const float factor = ScalesForBias(weight.scale_bias + 1)[127];  // Mf4InPlace takes 127 for the bias, and doubles
  if (weight.block_stride == 16) return MatmulFewTokens(args, Mf4InPlace<16>{weight.blocks, weight.scales}, factor);
  MatmulFewTokens(args, Mf4InPlace<17>{weight.blocks, weight.scales}, factor);
}

}  // namespace codexpc::kernels::neon

#endif
