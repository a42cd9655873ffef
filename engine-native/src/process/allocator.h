#pragma once
// How much freed memory the C library keeps for the next allocation: glibc's; what others do is left as it is.

#include <cstddef>
#include <cstdlib>

namespace codexpc::process {

#ifdef __GLIBC__
/// For the whole process, from now on: threads share few arenas, and large blocks go back when they are freed.
void KeepLittleFreeMemory();
/// Gives back whole pages that are free, of all arenas: some milliseconds, for when nothing runs. Returns the bytes that
/// remain allocated; 0 where that is not known.
std::size_t ReturnFreeMemory();
#else
inline void KeepLittleFreeMemory() {}
inline std::size_t ReturnFreeMemory() { return 0; }
#endif

}  // namespace codexpc::process
