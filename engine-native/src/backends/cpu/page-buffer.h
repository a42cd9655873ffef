#pragma once
// One block of zeroed, page-aligned memory that is handed out in 64-byte-aligned pieces.

#include <cstddef>
#include <cstdint>

#include "codexpc/status.h"

namespace codexpc::cpu {

constexpr std::size_t kNoMemoryIsThatLarge = SIZE_MAX / 4;

/// a * b, or kNoMemoryIsThatLarge when the true product is larger.
constexpr std::size_t SaturatingProduct(std::size_t a, std::size_t b) {
  return b != 0 && a > kNoMemoryIsThatLarge / b ? kNoMemoryIsThatLarge : a * b;
}

/// Adds up the pieces of a buffer before it is allocated, so that prediction and allocation cannot differ.
class Layout {
 public:
  /// Reserves `count` elements of `element_bytes` on a 64-byte boundary; gives the piece's offset.
  constexpr std::size_t Add(std::size_t count, std::size_t element_bytes) {
    const std::size_t offset = bytes_;
    const std::size_t piece = SaturatingProduct(count, element_bytes);
    const std::size_t end = bytes_ > kNoMemoryIsThatLarge - piece ? kNoMemoryIsThatLarge : bytes_ + piece;
    bytes_ = end >= kNoMemoryIsThatLarge - 63 ? kNoMemoryIsThatLarge : (end + 63) / 64 * 64;
    return offset;
  }
  constexpr std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

class PageBuffer {
 public:
  PageBuffer() = default;
  ~PageBuffer();
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  /// Once per buffer. Pages become resident when they are first written. `what` names the purpose in the error.
  Status Allocate(std::size_t bytes, const char* what);

  template <typename T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace codexpc::cpu
