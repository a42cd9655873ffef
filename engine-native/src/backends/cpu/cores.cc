#include "backends/cpu/cores.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace codexpc::cpu {
namespace {

constexpr std::uint32_t kMaxCores = 64;

#if defined(__linux__)

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Distinct sibling groups among the CPUs of the affinity mask; 0 if the mask cannot be read.
std::uint32_t PhysicalCoresByAffinity() {
  constexpr int kMaxCpus = 4096;
  cpu_set_t* mask = CPU_ALLOC(kMaxCpus);
  if (mask == nullptr) return 0;
  const std::size_t mask_bytes = CPU_ALLOC_SIZE(kMaxCpus);
  CPU_ZERO_S(mask_bytes, mask);
  std::set<std::string> cores;
  if (sched_getaffinity(0, mask_bytes, mask) == 0) {
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      if (!CPU_ISSET_S(cpu, mask_bytes, mask)) continue;
      const std::string siblings = FirstLine("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                                             "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? "cpu" + std::to_string(cpu) : siblings);
    }
  }
  CPU_FREE(mask);
  return static_cast<std::uint32_t>(cores.size());
}

/// "quota period" as in cgroup v2's cpu.max, in whole CPUs rounded up; 0 = no limit.
std::uint32_t CpusOfQuota(const std::string& quota_and_period) {
  double quota = 0;
  double period = 0;
  if (std::sscanf(quota_and_period.c_str(), "%lf %lf", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return static_cast<std::uint32_t>(std::ceil(quota / period));
}

/// The tightest quota on the way from this process's cgroup to the root; 0 = none.
std::uint32_t CpusByCgroup() {
  std::uint32_t cpus = 0;
  const auto tighten = [&cpus](std::uint32_t limit) {
    if (limit > 0) cpus = cpus == 0 ? limit : std::min(cpus, limit);
  };
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) != 0) continue;
    for (std::string path = line.substr(3); !path.empty(); path.resize(path.rfind('/'))) {
      tighten(CpusOfQuota(FirstLine("/sys/fs/cgroup" + path + "/cpu.max")));
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  tighten(CpusOfQuota(FirstLine("/sys/fs/cgroup/cpu.max")));
  tighten(CpusOfQuota(FirstLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                      FirstLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us")));
  return cpus;
}

#endif

std::uint32_t PhysicalCores() {
#if defined(__linux__)
  const std::uint32_t cores = PhysicalCoresByAffinity();
  const std::uint32_t quota = CpusByCgroup();
  if (cores > 0) return quota > 0 ? std::min(cores, quota) : cores;
#elif defined(__APPLE__)
  // Efficiency cores slow a static split down; older machines have one kind of core.
  for (const char* name : {"hw.perflevel0.physicalcpu", "hw.physicalcpu"}) {
    int cores = 0;
    std::size_t size = sizeof cores;
    if (sysctlbyname(name, &cores, &size, nullptr, 0) == 0 && cores > 0) return static_cast<std::uint32_t>(cores);
  }
#endif
  return std::thread::hardware_concurrency();
}

}  // namespace

std::uint32_t AvailablePhysicalCores() { return std::clamp(PhysicalCores(), 1u, kMaxCores); }

}  // namespace codexpc::cpu
