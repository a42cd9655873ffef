#pragma once
// A model.bin rewritten in the other containers, with the same weights: Q and K rows taken apart again, the softmax scale
// taken out (exact where head_dim is a power of four), scales without model.bin's 14, vocabularies spelled byte by byte.

#include <cstdint>
#include <string>
#include <vector>

#include "model/parse-checkpoint.h"

namespace codexpc {

enum class SafetensorsNames { kHuggingFace, kOriginal };
/// Writes config.json, tokenizer.json and `num_files` safetensors files; the tokenizer of an original/ one folder above.
void WriteSafetensorsDirectory(const Checkpoint& checkpoint, SafetensorsNames names, std::size_t num_files, const std::string& directory);

enum class GgufDialect {
  kLlama,         // gate and linear in two tensors, MXFP4 in halves
  kLlamaFused,    // gate rows, then linear rows, in one tensor
  kOllama,        // architecture gptoss, rows alternating, fused QKV, MXFP4 in pairs
};
struct GgufOptions {
  GgufDialect dialect = GgufDialect::kLlama;
  NumberType dense = NumberType::kBf16;  // kF32, kF16 (rounded) or kBf16
  std::uint32_t num_files = 1;
};
/// The bytes of each file.
std::vector<std::vector<std::uint8_t>> MakeGguf(const Checkpoint& checkpoint, const GgufOptions& options);

void WriteBytes(const std::vector<std::uint8_t>& bytes, const std::string& path);

}  // namespace codexpc
