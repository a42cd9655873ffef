#pragma once
// Hugging Face's container of tensors: https://github.com/huggingface/safetensors#format

#include <cstdint>
#include <span>

#include "codexpc/status.h"
#include "model/tensor-map.h"

namespace codexpc {

/// Adds the tensors of one file. Nothing is read or allocated from a header value before it has been checked, and no
/// tensor reaches past `file`, which must outlive the map.
/// Errors: kInvalidArgument, naming the tensor or the place in the header.
Status ReadSafetensors(std::span<const std::uint8_t> file, TensorMap* tensors);

}  // namespace codexpc
