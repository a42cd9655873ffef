#pragma once
// What a file that is no model.bin probably is, so that the error can say what to do.

#include <cstdint>
#include <span>

#include "codexpc/status.h"

namespace codexpc {

/// For a file that does not begin with this format's magic: kUnsupportedArgument for a format that is recognised,
/// kInvalidArgument otherwise. Never success.
Status DescribeForeignFile(std::span<const std::uint8_t> file);

}  // namespace codexpc
