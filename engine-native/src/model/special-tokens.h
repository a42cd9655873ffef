#pragma once
// The special tokens of the Harmony format, by the UUIDs that model.bin uses for them.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace codexpc {

using Uuid = std::array<std::uint8_t, 16>;  // in the order in which it is written

/// "start", "message", …; empty for a reserved (all-zero) or unknown UUID.
std::string_view SpecialTokenName(const Uuid& uuid);

std::string FormatUuid(const Uuid& uuid);

}  // namespace codexpc
