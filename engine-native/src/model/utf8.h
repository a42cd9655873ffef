#pragma once

#include <string_view>

namespace codexpc {

/// Well-formed UTF-8 by the Unicode standard's table: no overlong forms, no surrogates, nothing past U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace codexpc
