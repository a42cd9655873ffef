#include "model/text-tokens.h"

#include <utility>

#include "model/byte-level.h"

namespace codexpc {

TextTokensBuilder::TextTokensBuilder(TokenizerData* tokenizer) : tokenizer_(tokenizer) {
  tokenizer_->regex = kO200kPattern;
  tokenizer_->offsets = {0};
}

Status TextTokensBuilder::AddText(std::string_view spelled) {
  const std::string id = std::to_string(num_tokens());
  if (num_special_ > 0) {
    return {StatusCode::kInvalidArgument, "token " + id + " is text, but a special token comes before it"};
  }
  if (!AppendByteLevel(spelled, &tokenizer_->bytes)) {
    return {StatusCode::kInvalidArgument, "token " + id + " is not spelled byte by byte (a byte-level BPE vocabulary is expected)"};
  }
  tokenizer_->offsets.push_back(static_cast<std::uint32_t>(tokenizer_->bytes.size()));
  ++num_text_;
  return {};
}

void TextTokensBuilder::AddSpecial(std::string_view content) {
  tokenizer_->special_tokens.push_back({std::string(HarmonyTokenName(content)), num_tokens()});
  ++num_special_;
}

}  // namespace codexpc
