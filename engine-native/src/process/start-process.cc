#include "process/start-process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>

#ifndef SYS_close_range
#define SYS_close_range 436  // everywhere; Linux 5.9
#endif

namespace codexpc::process {
namespace {

constexpr std::size_t kChildStackBytes = 64 * 1024;
/// Thread-local variables of everything that is loaded come out of it.
constexpr std::size_t kWaiterStackBytes = 256 * 1024;
constexpr char kShell[] = "/bin/sh";

/// All that the child reads, laid out before it exists: it may not allocate.
struct Launch {
  std::vector<const char*> files;
  std::vector<char*> arguments;
  /// For a file that says nothing of who is to run it: /bin/sh, that file, the other arguments.
  std::vector<char*> shell_arguments;
  std::vector<char*> environment;
  const char* folder;
  std::vector<int> descriptors;
  std::vector<ResourceLimit> limits;
  int leash;
  // What the child has to say.
  bool is_leash_told = false;
  const char* failed_call = nullptr;
  int error = 0;
};

char* Mutable(const std::string& text) { return const_cast<char*>(text.c_str()); }  // execve writes to none of it

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(Mutable(text));
  pointers.push_back(nullptr);
  return pointers;
}

Launch Prepare(const ProcessOptions& options) {
  Launch launch{.files = {},
                .arguments = Pointers(options.arguments),
                .shell_arguments = {const_cast<char*>(kShell), nullptr},
                .environment = Pointers(options.environment),
                .folder = options.folder.c_str(),
                .descriptors = options.descriptors,
                .limits = options.limits,
                .leash = options.leash};
  for (const std::string& file : options.files) launch.files.push_back(file.c_str());
  launch.shell_arguments.insert(launch.shell_arguments.end(), launch.arguments.begin() + 1, launch.arguments.end());
  return launch;
}

// ---- The child. It runs in the memory of this process, while the thread that made it waits: only system calls, no
// ---- allocation, nothing that another thread could hold a lock of. Sanitizers must not count its stack as a thread's.
#define CODEXPC_CHILD __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

/// "+1234\n" in one write, so that no two mix.
CODEXPC_CHILD bool TellLeash(int leash, char sign, pid_t group) {
  char line[16];
  std::size_t at = sizeof(line);
  line[--at] = '\n';
  for (pid_t rest = group; rest > 0; rest /= 10) line[--at] = static_cast<char>('0' + rest % 10);
  line[--at] = sign;
  const ssize_t length = static_cast<ssize_t>(sizeof(line) - at);
  return write(leash, line + at, sizeof(line) - at) == length;
}

CODEXPC_CHILD int Fail(Launch* launch, const char* call) {
  launch->error = errno;
  launch->failed_call = call;
  return 127;
}

/// What is ignored here would be ignored there.
CODEXPC_CHILD void ResetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
}

/// What the machine does not let us set is already lower.
CODEXPC_CHILD void SetLimit(const ResourceLimit& wanted) {
  rlimit limit = {};
  getrlimit(wanted.resource, &limit);
  const rlim_t soft = wanted.soft;
  const rlim_t hard = wanted.hard;
  if (hard < limit.rlim_max) limit.rlim_max = hard;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  setrlimit(wanted.resource, &limit);
}

CODEXPC_CHILD bool PlaceDescriptors(int* descriptors, int count) {
  // First out of the way of each other, then to their places.
  for (int i = 0; i < count; ++i) {
    descriptors[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, count);
    if (descriptors[i] < 0) return false;
  }
  for (int i = 0; i < count; ++i) dup2(descriptors[i], i);
  // All of ours are closed on exec; this is for what a library may have opened otherwise. Kernels before 5.9 lack it.
  syscall(SYS_close_range, count, ~0U, 0);
  return true;
}

/// Comes back with the errno of the file that was most likely meant.
CODEXPC_CHILD void Execute(Launch* launch, const char* const* files, std::size_t num_files) {
  bool is_denied = false;
  errno = ENOENT;
  for (std::size_t i = 0; i < num_files; ++i) {
    execve(files[i], launch->arguments.data(), launch->environment.data());
    if (errno == ENOEXEC) {
      char** arguments = launch->shell_arguments.data();
      arguments[1] = const_cast<char*>(files[i]);
      execve(kShell, arguments, launch->environment.data());
      return;
    }
    if (errno == EACCES) is_denied = true;
    else if (errno != ENOENT && errno != ENOTDIR) return;
  }
  if (is_denied) errno = EACCES;
}

CODEXPC_CHILD int RunChild(void* raw) {
  Launch* launch = static_cast<Launch*>(raw);
  ResetSignals();
  if (setsid() < 0) return Fail(launch, "setsid");
  if (launch->leash >= 0) {
    if (!TellLeash(launch->leash, '+', getpid())) return Fail(launch, "write(leash)");
    launch->is_leash_told = true;
  }
  if (chdir(launch->folder) != 0) return Fail(launch, "chdir");
  if (!PlaceDescriptors(launch->descriptors.data(), static_cast<int>(launch->descriptors.size())))
    return Fail(launch, "fcntl");
  const std::size_t num_limits = launch->limits.size();
  const ResourceLimit* limits = launch->limits.data();
  for (std::size_t i = 0; i < num_limits; ++i) SetLimit(limits[i]);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  Execute(launch, launch->files.data(), launch->files.size());
  return Fail(launch, "execve");
}

// ---- The parent.

/// No signal comes in between: its handler would run in the child, in the memory of this process.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

class ChildStack {
 public:
  ChildStack() : base_(mmap(nullptr, kChildStackBytes, PROT_READ | PROT_WRITE, kFlags, -1, 0)) {}
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  ~ChildStack() {
    if (is_there()) munmap(base_, kChildStackBytes);
  }
  [[nodiscard]] bool is_there() const { return base_ != MAP_FAILED; }
  [[nodiscard]] void* top() const { return static_cast<std::byte*>(base_) + kChildStackBytes; }

 private:
  static constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
  void* base_;
};

struct Waiter {
  pid_t pid;
  Descriptor leash;
  Descriptor end;
};

/// Kills what is left of the group and collects its first process; how that ended, as waitpid has it.
int EndGroup(Waiter& waiter) {
  // Until it is collected no other process or group can have its number.
  kill(-waiter.pid, SIGKILL);
  if (waiter.leash.is_open()) TellLeash(waiter.leash.get(), '-', waiter.pid);
  waiter.leash = Descriptor();
  int status = 0;
  while (waitpid(waiter.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void* Wait(void* raw) {
  const std::unique_ptr<Waiter> waiter(static_cast<Waiter*>(raw));
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(waiter->pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  const int status = EndGroup(*waiter);
  const ProcessEnd end = {WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  // Nobody may be there to read it, or the leash be gone: the signal of that is blocked in this thread.
  [[maybe_unused]] const ssize_t written = write(waiter->end.get(), &end, sizeof(end));
  return nullptr;
}

/// An errno; 0: the thread has it.
int StartWaiting(std::unique_ptr<Waiter>& waiter) {
  pthread_attr_t attributes;
  if (const int error = pthread_attr_init(&attributes); error != 0) return error;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kWaiterStackBytes);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, Wait, waiter.get());
  pthread_attr_destroy(&attributes);
  if (error == 0) static_cast<void>(waiter.release());
  return error;
}

}  // namespace

ProcessStart StartProcess(const ProcessOptions& options, Descriptor end) {
  if (options.arguments.empty()) return {.failed_call = "execve", .error = EINVAL};
  const ChildStack stack;
  if (!stack.is_there()) return {.failed_call = "mmap", .error = errno};
  Launch launch = Prepare(options);
  Descriptor leash(options.leash < 0 ? -1 : fcntl(options.leash, F_DUPFD_CLOEXEC, 0));
  if (options.leash >= 0 && !leash.is_open()) return {.failed_call = "fcntl(leash)", .error = errno};

  const BlockedSignals blocked;  // in the waiting thread as well
  const pid_t pid = clone(RunChild, stack.top(), CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  if (pid < 0) return {.failed_call = "clone", .error = errno};
  auto waiter = std::make_unique<Waiter>(Waiter{pid, std::move(leash), std::move(end)});
  const char* failed_call = launch.failed_call;
  int error = launch.error;
  if (failed_call == nullptr) {
    error = StartWaiting(waiter);
    if (error == 0) return {.pid = pid};
    failed_call = "pthread_create";
  }
  if (!launch.is_leash_told) waiter->leash = Descriptor();
  EndGroup(*waiter);
  return {.failed_call = failed_call, .error = error};
}

}  // namespace codexpc::process
