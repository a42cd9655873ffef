#pragma once
// The kernels over activations in whole numbers, in files and namespaces of their own: some need more of a CPU than the table that
// is otherwise the same.

#include "kernels/table.h"

namespace codexpc::kernels {

struct Q8Kernels {
  decltype(KernelTable::f32_to_q8) to_q8;
  decltype(KernelTable::q8_matmul) matmul;
  decltype(KernelTable::q8_mf4w_matmul) mf4w_matmul;
  decltype(KernelTable::max_two_term_tokens) max_two_term_tokens = 0;
  decltype(KernelTable::f32_to_q16) to_q16 = nullptr;
  decltype(KernelTable::q16_matmul) q16_matmul = nullptr;
  decltype(KernelTable::q16_mf4w_matmul) q16_mf4w_matmul = nullptr;
};

#if defined(__x86_64__)
namespace avx2 {
void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first);
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight);
/// A product of whole bytes takes AVX2 as many instructions as one of floats.
inline constexpr Q8Kernels kQ8Kernels = {.to_q8 = ToQ8, .matmul = nullptr, .mf4w_matmul = MatmulQ8Mf4, .max_two_term_tokens = 4};
}  // namespace avx2

namespace avx512vnni {
void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first);
void MatmulQ8(const Q8MatmulArgs& args, const MatrixView& weight);
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight);
void ToQ16(const Q16View& out, const float* x, std::size_t n, bool evens_first);
void MatmulQ16(const Q16MatmulArgs& args, const MatrixView& weight);
void MatmulQ16Mf4(const Q16MatmulArgs& args, const Mf4View& weight);
inline constexpr Q8Kernels kQ8Kernels = {.to_q8 = ToQ8, .matmul = MatmulQ8, .mf4w_matmul = MatmulQ8Mf4, .max_two_term_tokens = 8,
                                         .to_q16 = ToQ16, .q16_matmul = MatmulQ16, .q16_mf4w_matmul = MatmulQ16Mf4};
}  // namespace avx512vnni
#elif defined(__aarch64__)
// Up to how many tokens two terms pay was counted on NEON, not measured (docs/performance.md). Instructions against floats:
// 0.5 with one token, 0.3 with four, 0.5 with eight, 0.6 with sixteen; without the dot product 0.7, 0.5, 0.7 and 1.0. The
// bytes of eight tokens still lie in a first-level cache.
namespace neon {
void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first);
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight);
/// Without the dot product, products of whole bytes are as slow as those of floats. Those of MXFP4 are summed in 16 bits.
inline constexpr Q8Kernels kQ8Kernels = {.to_q8 = ToQ8, .matmul = nullptr, .mf4w_matmul = MatmulQ8Mf4, .max_two_term_tokens = 8};
}  // namespace neon

namespace neondot {
void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first);
void MatmulQ8(const Q8MatmulArgs& args, const MatrixView& weight);
void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight);
inline constexpr Q8Kernels kQ8Kernels = {.to_q8 = ToQ8, .matmul = MatmulQ8, .mf4w_matmul = MatmulQ8Mf4, .max_two_term_tokens = 8};
}  // namespace neondot
#endif

}  // namespace codexpc::kernels
