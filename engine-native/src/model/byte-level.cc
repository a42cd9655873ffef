#include "model/byte-level.h"

#include <array>

namespace codexpc {
namespace {

constexpr std::size_t kNumCharacters = 0x144;  // code points up to U+0143

/// The byte of each code point, or -1. Printable Latin-1 stands for itself; the 68 others follow from U+0100 on.
constexpr std::array<std::int16_t, kNumCharacters> MakeBytes() {
  std::array<std::int16_t, kNumCharacters> bytes{};
  for (auto& byte : bytes) byte = -1;
  std::size_t next = 0x100;
  for (std::int16_t byte = 0; byte < 256; ++byte) {
    const bool stands_for_itself = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    bytes[stands_for_itself ? static_cast<std::size_t>(byte) : next++] = byte;
  }
  return bytes;
}
constexpr auto kBytes = MakeBytes();

constexpr std::string_view kHarmonyTokens[] = {"start", "message", "end", "return", "constrain", "channel", "call"};

}  // namespace

const std::string_view kO200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

bool AppendByteLevel(std::string_view spelled, std::vector<std::uint8_t>* bytes) {
  for (std::size_t at = 0; at < spelled.size();) {
    const auto lead = static_cast<unsigned char>(spelled[at]);
    std::size_t code_point = lead;
    std::size_t length = 1;
    if (lead >= 0x80) {  // all others of the spelling take two bytes of UTF-8
      if (lead < 0xc2 || lead > 0xdf || at + 1 >= spelled.size()) return false;
      const auto trail = static_cast<unsigned char>(spelled[at + 1]);
      if ((trail & 0xc0) != 0x80) return false;
      code_point = static_cast<std::size_t>((lead & 0x1f) << 6 | (trail & 0x3f));
      length = 2;
    }
    if (code_point >= kNumCharacters || kBytes[code_point] < 0) return false;
    bytes->push_back(static_cast<std::uint8_t>(kBytes[code_point]));
    at += length;
  }
  return true;
}

std::string_view HarmonyTokenName(std::string_view content) {
  if (!content.starts_with("<|") || !content.ends_with("|>") || content.size() < 4) return {};
  const std::string_view name = content.substr(2, content.size() - 4);
  for (const std::string_view known : kHarmonyTokens) {
    if (name == known) return known;
  }
  return {};
}

}  // namespace codexpc
