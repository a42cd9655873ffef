// Preloaded into a daemon under test: what the system tells of the time of day and what a disk does, as the test wishes.
// The wishes are a file in memory, shared with the test: CODEXPC_TEST_SYSTEM names it. Linux.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

// In the order of tests/faults/system.ts; each 8 bytes.
struct Wishes {
  std::atomic<std::int64_t> clock_shift_ms;
  std::atomic<std::int64_t> disk_delay_ms;  // for each call that changes a file
  std::atomic<std::int64_t> disk_error;     // an errno for each of them; 0: none
};

const Wishes* map_wishes() {
  const char* path = std::getenv("CODEXPC_TEST_SYSTEM");
  if (path == nullptr) return nullptr;
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(Wishes), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<const Wishes*>(memory);
}

const Wishes* wishes = nullptr;
__attribute__((constructor)) void prepare() { wishes = map_wishes(); }

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::int64_t shift_ms() { return wishes == nullptr ? 0 : wishes->clock_shift_ms.load(); }

// False: the call fails, and errno says why.
bool disk_takes_it() {
  if (wishes == nullptr) return true;
  const std::int64_t delay_ms = wishes->disk_delay_ms.load();
  if (delay_ms > 0) ::usleep(static_cast<useconds_t>(delay_ms * 1000));
  const std::int64_t error = wishes->disk_error.load();
  if (error != 0) errno = static_cast<int>(error);
  return error == 0;
}

// Not what a test itself reads of a process: its standard streams.
bool is_on_disk(int file) {
  struct stat found;
  return file > 2 && ::fstat(file, &found) == 0 && S_ISREG(found.st_mode);
}

}  // namespace

extern "C" {

int gettimeofday(struct timeval* time, void* zone) noexcept {
  static const auto real = next<int (*)(struct timeval*, void*)>("gettimeofday");
  const int result = real(time, zone);
  time->tv_sec += shift_ms() / 1000;
  return result;
}

int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
  static const auto real = next<int (*)(clockid_t, struct timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (clock == CLOCK_REALTIME && result == 0) time->tv_sec += shift_ms() / 1000;
  return result;
}

time_t time(time_t* out) noexcept {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

ssize_t write(int file, const void* bytes, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return is_on_disk(file) && !disk_takes_it() ? -1 : real(file, bytes, count);
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return is_on_disk(file) && !disk_takes_it() ? -1 : real(file, bytes, count, at);
}

int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return is_on_disk(file) && !disk_takes_it() ? -1 : real(file);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return disk_takes_it() ? real(from, to) : -1;
}

}  // extern "C"
