#pragma once
// model.bin bytes → validated shape, tokenizer data and weight views. Works on memory, so that it can be fuzzed.

#include <cstdint>
#include <span>

#include "codexpc/model.h"

namespace codexpc {

struct Checkpoint {
  Config config;
  TokenizerData tokenizer;
  Weights weights;
  std::uint64_t weights_bytes;  // from the first weight to the last
};

/// Parses a whole file. Nothing is read or allocated from a header value before the value has been checked, and no
/// view reaches past `file`, which must be aligned to 16 bytes and outlive the checkpoint.
/// Weight values are not read: every bf16 bit pattern and every scale byte (2^(0 - 141) to 2^(255 - 141)) is arithmetic.
/// Errors: kInvalidArgument names the field, its value and what was expected; kUnsupportedArgument names the format.
Status ParseCheckpoint(std::span<const std::uint8_t> file, Checkpoint* checkpoint);

}  // namespace codexpc
