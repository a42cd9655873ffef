#include "process/allocator.h"

#ifdef __GLIBC__

#include <malloc.h>

namespace codexpc::process {
namespace {

// Each arena keeps what was freed in it for its own threads, and by default there are 8 for each core. Our threads
// allocate seldom enough to wait for each other.
constexpr int kMaxArenas = 2;

// glibc raises the limit from which blocks are mapped to the size of the first such block that is freed (up to 32 MiB),
// and from then on keeps what is smaller: a daemon with 32 MiB of kept prompts, each about 10 MiB, stayed at 1.2 GB.
constexpr int kMappedBytes = 1 << 20;

}  // namespace

void KeepLittleFreeMemory() {
  mallopt(M_ARENA_MAX, kMaxArenas);
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
}

std::size_t ReturnFreeMemory() {
  malloc_trim(0);
#if __GLIBC_PREREQ(2, 33)
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;  // mallinfo counts in 32 bits
#endif
}

}  // namespace codexpc::process

#endif
