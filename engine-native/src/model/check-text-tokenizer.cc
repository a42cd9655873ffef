#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codexpc/model.h"

namespace codexpc {
namespace {

constexpr std::string_view kRequired[] = {"start", "message", "end", "return", "channel", "call", "constrain"};

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

std::string_view TokenBytes(const TokenizerData& tokenizer, std::uint32_t token) {
  const std::uint32_t from = tokenizer.offsets[token];
  return {reinterpret_cast<const char*>(tokenizer.bytes.data()) + from, tokenizer.offsets[token + 1] - from};
}

Status CheckTextTokens(const TokenizerData& tokenizer) {
  const auto num_tokens = static_cast<std::uint32_t>(tokenizer.offsets.size() - 1);
  std::vector<bool> has_byte(256);
  for (std::uint32_t token = 0; token < num_tokens; ++token) {
    const std::string_view bytes = TokenBytes(tokenizer, token);
    if (bytes.empty()) return Invalid("text token " + std::to_string(token) + " is empty");
    if (bytes.size() == 1) has_byte[static_cast<std::uint8_t>(bytes[0])] = true;
  }
  const auto missing = std::find(has_byte.begin(), has_byte.end(), false);
  if (missing != has_byte.end()) {
    return Invalid("no text token is the single byte " + std::to_string(missing - has_byte.begin()) +
                   ", so not every text can be encoded");
  }

  std::vector<std::uint32_t> sorted(num_tokens);
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::sort(sorted.begin(), sorted.end(), [&tokenizer](std::uint32_t a, std::uint32_t b) {
    const int order = TokenBytes(tokenizer, a).compare(TokenBytes(tokenizer, b));
    return order != 0 ? order < 0 : a < b;
  });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (TokenBytes(tokenizer, sorted[i - 1]) == TokenBytes(tokenizer, sorted[i])) {
      return Invalid("text tokens " + std::to_string(sorted[i - 1]) + " and " + std::to_string(sorted[i]) +
                     " are the same bytes");
    }
  }
  return {};
}

}  // namespace

Status CheckTextTokenizer(const TokenizerData& tokenizer) {
  if (tokenizer.regex.empty()) return Invalid("the tokenizer's regex is empty");
  for (const std::string_view name : kRequired) {
    const bool present = std::any_of(tokenizer.special_tokens.begin(), tokenizer.special_tokens.end(),
                                     [name](const SpecialToken& token) { return token.name == name; });
    if (!present) return Invalid("the special token \"" + std::string(name) + "\" is missing");
  }
  return CheckTextTokens(tokenizer);
}

}  // namespace codexpc
