#pragma once
// A regular file mapped read-only.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "codexpc/status.h"

namespace codexpc {

/// Owns the descriptor and the mapping. The open descriptor keeps the inode: a file that is replaced (renamed over) or
/// deleted stays readable. A file that is *cut short in place* while mapped makes a later read fault (SIGBUS), and so
/// does a disk that fails: the process ends, and the service unit starts it again. Writers of checkpoints therefore
/// write beside the old file and rename.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// Never blocks on a FIFO or device: those are refused before they are opened.
  /// Errors: kIoError, kInsufficientResources (descriptors), kInsufficientMemory (address space). Sentences do not
  /// name the path; the caller does.
  static Status Open(const std::string& path, MappedFile* file);

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

 private:
  int descriptor_ = -1;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace codexpc
