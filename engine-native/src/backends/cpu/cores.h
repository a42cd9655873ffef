#pragma once
// How many threads the arithmetic deserves on this machine.

#include <cstdint>

namespace codexpc::cpu {

/// Physical cores that this process may use: CPU affinity with hyper-threads counted once, bounded by the cgroup's CPU
/// quota. At least 1, at most 64.
std::uint32_t AvailablePhysicalCores();

}  // namespace codexpc::cpu
