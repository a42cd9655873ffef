#pragma once
// config.json of a checkpoint directory, in OpenAI's form (original/) or Hugging Face's.

#include <string_view>

#include "codexpc/config.h"
#include "codexpc/status.h"

namespace codexpc {

/// Errors: kInvalidArgument (names the key), kUnsupportedArgument (another model's).
Status ReadConfigJson(std::string_view text, Config* config);

}  // namespace codexpc
