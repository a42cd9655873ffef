// The q8 and q16 kernels over AVX-512 with VNNI.

#if defined(__x86_64__)

// GCC 12 and 13 warn about the undefined vectors inside their own intrinsics: https://gcc.gnu.org/PR105593, fixed in 14.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#define CODEXPC_RESTORE_DIAGNOSTICS
#endif

#include <immintrin.h>

#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kernels.h"

// The target region: everything in it is in namespace avx512vnni, so nothing compiled for it can be linked elsewhere.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif

namespace codexpc::kernels::avx512vnni {
namespace {

#include "kernels/avx512/simd.h"
#include "kernels/avx512/simd-q8.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/q8-matmul.h"
#include "kernels/generic/q8-matmul-dense.h"
#include "kernels/avx512/q16-matmul.h"

#include "kernels/avx512/block-groups.h"
#include "kernels/generic/q8-few-tokens.h"
#include "kernels/generic/q8-two-terms.h"

}  // namespace

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  if (out.num_terms == 2) return QuantizeRowInTwo(out, x, n, evens_first);
  QuantizeRow(out, x, n, evens_first);
}
void MatmulQ8(const Q8MatmulArgs& args, const MatrixView& weight) {
  if (args.x.num_terms == 1 && (args.num_tokens > kFewTokens || weight.type != NumberType::kQ8_0)) return MultiplyDense(args, weight);
  MatmulFewTokens(args, Q8Groups{{}, static_cast<const std::uint8_t*>(weight.data)}, 1.0f);
}
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  if (args.x.num_terms == 1 && args.num_tokens > kFewTokens) return MultiplyMf4(args, weight);
  const float factor = ScalesForBias(weight.scale_bias + 1)[127];  // Mf4Groups takes 127 for the bias, and doubles
  if (weight.block_stride == 16) return MatmulFewTokens(args, Mf4Groups<16>{{}, weight.blocks, weight.scales}, factor);
  MatmulFewTokens(args, Mf4Groups<17>{{}, weight.blocks, weight.scales}, factor);
}

void ToQ16(const Q16View& out, const float* x, std::size_t n, bool evens_first) { QuantizeRowInWords(out, x, n, evens_first); }
void MatmulQ16(const Q16MatmulArgs& args, const MatrixView& weight) {
  MatmulWords(args, Q8Words{static_cast<const std::uint8_t*>(weight.data), args.cols});
}
void MatmulQ16Mf4(const Q16MatmulArgs& args, const Mf4View& weight) { MultiplyMf4Words(args, weight); }

}  // namespace codexpc::kernels::avx512vnni

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(CODEXPC_RESTORE_DIAGNOSTICS)
#pragma GCC diagnostic pop
#endif

#endif
