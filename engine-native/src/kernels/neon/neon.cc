// The generic kernels over AArch64's Advanced SIMD.

#if defined(__aarch64__)

#include <arm_neon.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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

namespace codexpc::kernels::neon {
namespace {

bool Supported() { return true; }

/// Every Mac with this architecture has the dot product.
bool SupportedDot() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return true;
#endif
}

#include "kernels/neon/simd.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/weight-rows.h"
#include "kernels/generic/matmul.h"
#include "kernels/generic/sdpa.h"
#include "kernels/generic/table.h"

}  // namespace

constexpr KernelTable kTable = MakeTable("neon", Supported, kQ8Kernels);
constexpr KernelTable kDotTable = MakeTable("neon-dot", SupportedDot, neondot::kQ8Kernels);

}  // namespace codexpc::kernels::neon

#endif
