#pragma once
// Named tensors → weight views, for the three naming schemes of gpt-oss checkpoints.

#include "codexpc/model.h"
#include "model/tensor-map.h"

namespace codexpc {

/// Hugging Face's names or those of OpenAI's original/, whichever is there. `config` must have been checked.
/// Errors: kInvalidArgument (missing, wrong shape), kUnsupportedArgument (type); the tensor is named.
Status ViewSafetensors(const Config& config, TensorMap* tensors, Weights* weights);

/// GGUF's names, llama.cpp's or Ollama's.
Status ViewGguf(const Config& config, bool is_ollama, TensorMap* tensors, Weights* weights);

}  // namespace codexpc
