#include "model/tokenizer-json.h"

#include <string>
#include <utility>
#include <vector>

#include "model/json-reader.h"
#include "model/text-tokens.h"

namespace codexpc {
namespace {

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

struct Spelling {
  std::string content;
  bool is_there = false;
  bool is_special = false;
};

class TokenizerJsonReader {
 public:
  TokenizerJsonReader(std::string_view text, std::uint32_t vocab_size) : json_(text), spellings_(vocab_size) {}

  Status Read(TokenizerData* tokenizer) {
    std::string key;
    json_.BeginObject();
    while (json_.NextMember(&key)) {
      if (key == "added_tokens") {
        ReadAddedTokens();
      } else if (key == "model") {
        ReadModel();
      } else {
        json_.Skip();
      }
    }
    json_.Finish();
    if (!json_.ok()) return Invalid("it is not valid JSON: " + json_.fault());
    if (!status_.ok()) return status_;

    TextTokensBuilder builder(tokenizer);
    for (const Spelling& spelling : spellings_) {
      // What is no text is special: reserved ids too.
      if (!spelling.is_there || spelling.is_special) {
        builder.AddSpecial(spelling.content);
      } else if (Status status = builder.AddText(spelling.content); !status.ok()) {
        return status;
      }
    }
    return {};
  }

 private:
  void ReadModel() {
    std::string key;
    json_.BeginObject();
    while (json_.NextMember(&key)) {
      if (key == "vocab") {
        ReadVocabulary();
      } else {
        json_.Skip();
      }
    }
  }

  void ReadVocabulary() {
    std::string content;
    json_.BeginObject();
    while (json_.NextMember(&content)) Add(std::move(content), json_.Unsigned(), false);
  }

  void ReadAddedTokens() {
    json_.BeginArray();
    while (json_.NextElement()) {
      std::string key;
      std::string content;
      std::uint64_t id = spellings_.size();
      json_.BeginObject();
      while (json_.NextMember(&key)) {
        if (key == "id") {
          id = json_.Unsigned();
        } else if (key == "content") {
          content = json_.String();
        } else {
          json_.Skip();
        }
      }
      Add(std::move(content), id, true);
    }
  }

  void Add(std::string content, std::uint64_t id, bool is_special) {
    if (!json_.ok() || !status_.ok()) return;
    if (id >= spellings_.size()) {
      status_ = Invalid("its token " + std::to_string(id) + " is outside the model's vocabulary of " +
                        std::to_string(spellings_.size()));
      return;
    }
    Spelling& spelling = spellings_[id];
    // The special tokens may be listed in the vocabulary as well.
    if (spelling.is_there && spelling.content != content) {
      status_ = Invalid("two of its tokens have the id " + std::to_string(id));
      return;
    }
    spelling = {std::move(content), true, spelling.is_special || is_special};
  }

  JsonReader json_;
  std::vector<Spelling> spellings_;
  Status status_;
};

}  // namespace

Status ReadTokenizerJson(std::string_view text, std::uint32_t vocab_size, TokenizerData* tokenizer) {
  return TokenizerJsonReader(text, vocab_size).Read(tokenizer);
}

}  // namespace codexpc
