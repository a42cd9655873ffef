#pragma once
// The GPT-OSS Metal library behind the engine seam.

#include <memory>
#include <string>

#include "codexpc/engine.h"

namespace codexpc::metal {

/// What the library's kernels can run; defined beside the library. Errors: kUnsupportedArgument, naming the field.
Status CheckLibrarySupports(const Config& config);

/// Loads the checkpoint into the GPU's memory; `model` is the same file. Errors: kUnsupportedArgument (its shape),
/// and the library's own.
Status CreateMetalEngine(std::shared_ptr<const Model> model, const std::string& path, std::unique_ptr<Engine>* engine);

}  // namespace codexpc::metal
