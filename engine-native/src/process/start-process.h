#pragma once
// Starts a program without a copy of this process, on Linux. A fork copies the page tables of all that a daemon has in
// memory, and afterwards each page that it writes to is a fault; this shares the memory until the program has begun
// (CLONE_VM, CLONE_VFORK), as posix_spawn does. Limits and leash, which posix_spawn lacks, are set on the way.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "process/descriptor.h"

namespace codexpc::process {

struct ResourceLimit {
  int resource;        // RLIMIT_…
  std::uint64_t soft;  // both are cut to what this process may set
  std::uint64_t hard;
};

struct ProcessOptions {
  /// The program where it may be, first the first: as execvp tries the folders of PATH.
  std::vector<std::string> files;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // NAME=value
  std::string folder;
  /// What the program has as descriptors 0, 1, 2 …; it has no others. Borrowed.
  std::vector<int> descriptors;
  std::vector<ResourceLimit> limits;
  /// Written to before the program begins, "+GROUP\n", and when it has ended and before another may have its number,
  /// "-GROUP\n". Borrowed; negative: none.
  int leash = -1;
};

/// How the program ended, as it is written to `end`.
struct ProcessEnd {
  std::int32_t exit_code;
  std::int32_t signal;  // 0: none
};

struct ProcessStart {
  pid_t pid = -1;  // of its process group and session too
  /// Where there is no pid: the system call that failed, and its errno. `execve`: the program could not be begun.
  const char* failed_call = nullptr;
  int error = 0;
};

/// When the program ends, what is left of its process group is killed, and `end` gets a ProcessEnd. A thread waits for
/// that: nothing has to be collected, whatever becomes of the caller.
[[nodiscard]] ProcessStart StartProcess(const ProcessOptions& options, Descriptor end);

}  // namespace codexpc::process
