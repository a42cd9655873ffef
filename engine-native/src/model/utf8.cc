#include "model/utf8.h"

#include <cstddef>
#include <cstdint>

namespace codexpc {

bool IsUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[at++]);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const int continuation_bytes = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    // The second byte's range excludes overlong forms, surrogates and what lies past U+10FFFF.
    std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (int i = 0; i < continuation_bytes; ++i) {
      if (at == text.size()) return false;
      const auto byte = static_cast<std::uint8_t>(text[at++]);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

}  // namespace codexpc
