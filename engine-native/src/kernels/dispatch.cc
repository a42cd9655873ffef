// Which kernel tables this build has, best first, and the choice among them.

#include <cstring>

#include "kernels/tables.h"

namespace codexpc::kernels {
namespace {

constexpr const KernelTable* kTables[] = {
#if defined(__x86_64__)
#if defined(__linux__)
    &avx512::kAmxTable,
#endif
    &avx512::kVnniTable,
    &avx512::kTable,
    &avx2::kTable,
#elif defined(__aarch64__)
    &neon::kDotTable,
    &neon::kTable,
#endif
    &scalar::kTable,
};

}  // namespace

KernelTables AllKernelTables() { return {kTables, sizeof(kTables) / sizeof(kTables[0])}; }

const KernelTable* SelectKernelTable(const char* name) {
  for (const KernelTable* table : kTables) {
    if (name[0] != '\0' && std::strcmp(name, table->name) != 0) continue;
    if (table->supported()) return table;
  }
  return nullptr;
}

}  // namespace codexpc::kernels
