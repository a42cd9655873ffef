#pragma once
// The vocabulary of a Hugging Face tokenizer.json.

#include <string_view>

#include "codexpc/model.h"

namespace codexpc {

/// Fills `tokenizer` with exactly `vocab_size` tokens: ids beyond the file's are reserved. Of the file only the BPE
/// vocabulary and the added tokens are read: in gpt-oss's, as in every tiktoken vocabulary, the rank of a merge is the
/// id of its token, and the pattern is that of o200k_base.
/// Errors: kInvalidArgument, naming the token or the place in the file.
Status ReadTokenizerJson(std::string_view text, std::uint32_t vocab_size, TokenizerData* tokenizer);

}  // namespace codexpc
