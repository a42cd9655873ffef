#include "model/page-in.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace codexpc {
namespace {

/// Bytes between two looks at the clock: a tenth of a second on a disk that reads 10 MB/s.
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
  ReadAhead(Part(mapping, at, kReadAheadBytes));
  while (at < mapping.size()) {
    ReadAhead(Part(mapping, at + kReadAheadBytes, kStepBytes));
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
