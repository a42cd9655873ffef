#include "backends/cpu/page-buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace codexpc::cpu {

PageBuffer::~PageBuffer() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

Status PageBuffer::Allocate(std::size_t bytes, const char* what) {
  if (bytes == 0) return {};
  void* mapped = bytes >= kNoMemoryIsThatLarge
                     ? MAP_FAILED
                     : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return {StatusCode::kInsufficientMemory, "cannot reserve " + std::to_string(bytes) + " bytes for the " + what +
                                                 "; use fewer slots, a shorter context or a smaller batch"};
  }
  data_ = static_cast<std::byte*>(mapped);
  bytes_ = bytes;
  return {};
}

}  // namespace codexpc::cpu
