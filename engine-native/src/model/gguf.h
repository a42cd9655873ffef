#pragma once
// GGUF, the container of llama.cpp, Ollama and LM Studio:
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

#include <cstdint>
#include <span>
#include <string>

#include "codexpc/model.h"
#include "model/tensor-map.h"

namespace codexpc {

struct GgufContents {
  Config config{};
  TokenizerData tokenizer;
  TensorMap tensors;
  bool is_ollama = false;        // architecture "gptoss": Ollama's own conversion
  std::uint32_t num_files = 1;   // of a checkpoint in several files; the first has everything but the other tensors
};

/// Reads the first or only file: metadata, vocabulary and tensors. Nothing is read or allocated from a header value before
/// it has been checked, and no tensor reaches past `file`, which must outlive the contents.
/// Errors: kInvalidArgument (names key, tensor or place), kUnsupportedArgument (another model's, a newer version).
Status ReadGguf(std::span<const std::uint8_t> file, GgufContents* contents);

/// Adds the tensors of file `index` of several.
Status ReadGgufShard(std::span<const std::uint8_t> file, std::uint32_t index, TensorMap* tensors);

/// "model-00001-of-00003.gguf" → the path of part `index`, from 0. Empty when `path` is not so named.
std::string GgufShardPath(const std::string& path, std::uint32_t index, std::uint32_t num_files);

}  // namespace codexpc
