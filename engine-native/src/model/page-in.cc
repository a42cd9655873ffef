#include "model/page-in.h"

#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

namespace codexpc {
namespace {

/// Bytes between two looks at the clock: a tenth of a second on a disk that reads 10 MB/s, four times that where the system
/// reads two large pages at once.
constexpr std::size_t kStepBytes = std::size_t{1} << 20;
/// How far ahead of the present step the disk is kept busy.
constexpr std::size_t kReadAheadBytes = std::size_t{16} << 20;

#ifdef __linux__
constexpr int kPopulateRead = 22;  // MADV_POPULATE_READ, Linux 5.14; older headers do not have the name
#endif

using Bytes = std::span<const std::uint8_t>;

/// At most `size` bytes from `offset` on.
Bytes Part(Bytes mapping, std::size_t offset, std::size_t size) {
  const std::size_t start = std::min(offset, mapping.size());
  return mapping.subspan(start, std::min(size, mapping.size() - start));
}

int Advise(Bytes part, int advice) {
  // The mapping is read-only, and so is all that is asked for here.
  return madvise(const_cast<std::uint8_t*>(part.data()), part.size(), advice);
}

/// Pages of 2 MiB spare most look-ups of addresses: decoding read 5 to 9% faster with them, and a file that lies in memory
/// in such pages is there at once instead of at 5 to 10 GB/s (Ice Lake Xeon, virtual, Linux 6.18, ext4). True where the
/// system has heard it and reads ahead by itself, as Linux does since 5.18: whatever else was asked for ahead would come in
/// small pages. File systems without large pages take it as a wish to read more at once.
bool AskForLargePages(Bytes mapping) {
#ifdef __linux__
  utsname system;
  int major = 0;
  int minor = 0;
  if (uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  if (major < 5 || (major == 5 && minor < 18)) return false;
  return !mapping.empty() && Advise(mapping, MADV_HUGEPAGE) == 0;
#else
  (void)mapping;
  return false;
#endif
}

/// A hint: what it fails at is read later.
void ReadAhead(Bytes part) {
  if (!part.empty()) (void)Advise(part, MADV_WILLNEED);
}

void ReadEveryPage(Bytes part) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < part.size(); at += page) (void)*static_cast<const volatile std::uint8_t*>(&part[at]);
}

Status Populate(Bytes part, std::size_t offset) {
#ifdef __linux__
  int failure = 0;
  do {
    failure = Advise(part, kPopulateRead) == 0 ? 0 : errno;
  } while (failure == EINTR);
  if (failure == EFAULT) {
    return {StatusCode::kIoError, "it cannot be read near byte " + std::to_string(offset) +
                                      ": its disk fails, or the file was cut short after it was opened"};
  }
  // Any other failure is a lack of memory, which shows itself when the page is used.
  if (failure != EINVAL) return {};
#else
  (void)offset;
#endif
  ReadEveryPage(part);
  return {};
}

}  // namespace

Status PageIn(Bytes mapping, std::chrono::steady_clock::time_point until, std::size_t* offset) {
  // madvise takes whole pages: steps begin at multiples of their size.
  std::size_t at = *offset - *offset % kStepBytes;
  const bool is_read_ahead = AskForLargePages(mapping);
  if (!is_read_ahead) ReadAhead(Part(mapping, at, kReadAheadBytes));
  while (at < mapping.size()) {
    if (!is_read_ahead) ReadAhead(Part(mapping, at + kReadAheadBytes, kStepBytes));
    if (Status status = Populate(Part(mapping, at, kStepBytes), at); !status.ok()) return status;
    at = std::min(at + kStepBytes, mapping.size());
    if (std::chrono::steady_clock::now() >= until) break;
  }
  *offset = at;
  return {};
}

void PageOut(Bytes part) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(part.data()) % page) % page;
  if (part.size() < before + page) return;
  (void)Advise(part.subspan(before, (part.size() - before) / page * page), MADV_DONTNEED);
}

}  // namespace codexpc
