#pragma once
// A checkpoint directory: config.json, tokenizer.json and safetensors files, in OpenAI's or Hugging Face's form.

#include <string>
#include <vector>

#include "codexpc/status.h"
#include "model/mapped-file.h"
#include "model/parse-checkpoint.h"

namespace codexpc {

/// The paths of the directory's safetensors files, sorted. Errors: kIoError (none, cannot be listed).
Status FindSafetensors(const std::string& directory, std::vector<std::string>* paths);

/// Maps the files (kept in `files`, which must outlive the checkpoint) and validates everything.
/// tokenizer.json may lie in the directory above, as it does for original/.
/// Errors: as OpenModel; the file is named.
Status OpenDirectory(const std::string& directory, std::vector<MappedFile>* files, Checkpoint* checkpoint);

}  // namespace codexpc
