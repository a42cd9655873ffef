#pragma once
// Views of weights as they lie in a checkpoint: nothing is copied or converted at load.

#include <cstddef>
#include <cstdint>

namespace codexpc {

using bf16 = std::uint16_t;  // upper half of a float32
using f16 = std::uint16_t;   // IEEE binary16

/// How the numbers of a matrix or vector are stored. The quantised ones are ggml's block formats, named as there:
/// https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
enum class NumberType : std::uint8_t { kF32, kF16, kBf16, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0, kQ4_K, kQ5_K, kQ6_K, kIq4Nl };

/// Of one block; for plain numbers of one number.
struct BlockSize {
  std::size_t num_values;
  std::size_t num_bytes;
};

constexpr BlockSize BlockSizeOf(NumberType type) {
  switch (type) {
    case NumberType::kF32: return {1, 4};
    case NumberType::kF16: return {1, 2};
    case NumberType::kBf16: return {1, 2};
    case NumberType::kQ4_0: return {32, 18};
    case NumberType::kQ4_1: return {32, 20};
    case NumberType::kQ5_0: return {32, 22};
    case NumberType::kQ5_1: return {32, 24};
    case NumberType::kQ8_0: return {32, 34};
    case NumberType::kQ4_K: return {256, 144};
    case NumberType::kQ5_K: return {256, 176};
    case NumberType::kQ6_K: return {256, 210};
    case NumberType::kIq4Nl: return {32, 18};
  }
  return {1, 4};
}

/// Bytes of `count` numbers, which are whole blocks.
constexpr std::size_t BytesOf(NumberType type, std::size_t count) {
  const BlockSize block = BlockSizeOf(type);
  return count / block.num_values * block.num_bytes;
}

/// A vector: kF32, kF16 or kBf16. Null where there is none.
struct VectorView {
  const void* data = nullptr;
  NumberType type = NumberType::kBf16;

  /// From number `first` on.
  VectorView From(std::size_t first) const {
    if (data == nullptr) return *this;
    return {static_cast<const std::uint8_t*>(data) + BytesOf(type, first), type};
  }
};

/// A matrix `(rows, cols)`, row-major, rows of whole blocks back to back.
struct MatrixView {
  const void* data = nullptr;
  NumberType type = NumberType::kBf16;

  /// From row `first` on.
  MatrixView FromRow(std::size_t first, std::size_t cols) const {
    return {static_cast<const std::uint8_t*>(data) + first * BytesOf(type, cols), type};
  }
};

/// MXFP4 matrix `(rows, cols)`, row-major: per 32 values 16 bytes of FP4 and one scale byte.
/// value = fp4 * 2^(scale - scale_bias).
struct Mf4View {
  const std::uint8_t* blocks = nullptr;  // (rows, cols / 32), 16 bytes each, block_stride apart
  const std::uint8_t* scales = nullptr;  // (rows, cols / 32), scale_stride apart
  std::uint8_t block_stride = 16;        // 16, or 17 where each scale lies before its block
  std::uint8_t scale_stride = 1;
  std::int16_t scale_bias = 127;         // 0 to 256
};

}  // namespace codexpc
