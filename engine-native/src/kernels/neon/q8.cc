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

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) { QuantizeRow(out, x, n, evens_first); }
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) { MultiplyMf4(args, weight); }

}  // namespace codexpc::kernels::neon

#endif
