#pragma once
// Text and special tokens from the spellings that tokenizer.json and GGUF give them.

#include <cstdint>
#include <string>
#include <string_view>

#include "codexpc/model.h"

namespace codexpc {

/// Takes the tokens of a vocabulary in the order of their ids.
class TextTokensBuilder {
 public:
  explicit TextTokensBuilder(TokenizerData* tokenizer);

  /// Errors: kInvalidArgument (no byte-level spelling, or text after a special token).
  Status AddText(std::string_view spelled);
  /// Reserved ones have any content that names no Harmony token.
  void AddSpecial(std::string_view content);

  std::uint32_t num_tokens() const { return num_text_ + num_special_; }

 private:
  TokenizerData* tokenizer_;
  std::uint32_t num_text_ = 0;
  std::uint32_t num_special_ = 0;
};

}  // namespace codexpc
