// The generic kernels over AArch64's Advanced SIMD.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/tables.h"

namespace codexpc::kernels::neon {
namespace {

bool Supported() { return true; }

#include "kernels/neon/simd.h"

#include "kernels/generic/decode-blocks.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/matmul.h"
#include "kernels/generic/sdpa.h"
#include "kernels/generic/table.h"

}  // namespace

constexpr KernelTable kTable = MakeTable("neon", Supported);

}  // namespace codexpc::kernels::neon

#endif
