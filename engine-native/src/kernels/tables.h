#pragma once
// The tables of this build, one for each instruction set; see dispatch.cc for their order.

#include "kernels/table.h"

namespace codexpc::kernels {

namespace scalar { extern const KernelTable kTable; }

#if defined(__x86_64__)
namespace avx2 { extern const KernelTable kTable; }
namespace avx512 {
extern const KernelTable kTable;
extern const KernelTable kVnniTable;
#if defined(__linux__)  // which grants the use of tiles; other systems do not
extern const KernelTable kAmxTable;
#endif
}  // namespace avx512
#elif defined(__aarch64__)
namespace neon {
extern const KernelTable kTable;
extern const KernelTable kDotTable;
}  // namespace neon
#endif

}  // namespace codexpc::kernels
