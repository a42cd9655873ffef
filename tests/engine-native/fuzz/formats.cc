// The readers of safetensors, GGUF, config.json and tokenizer.json. The first byte chooses one. Containers are read as they
// are, and once more with the zeros behind them that their tensors need: a mutated header alone would always be cut off.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codexpc/model.h"
#include "model/config-json.h"
#include "model/gguf.h"
#include "model/safetensors.h"
#include "model/tensor-checkpoint.h"
#include "model/tokenizer-json.h"

namespace codexpc {
namespace {

void Expect(bool holds) {
  if (!holds) __builtin_trap();
}

constexpr std::size_t kWholeBytes = 64 << 10;

/// The shape of the seeds, which tests/engine-native/format-writers.cc wrote.
Config SeedConfig() {
  Config config{};
  config.num_hidden_layers = config.num_experts = config.experts_per_token = 1;
  config.hidden_size = config.intermediate_size = 32;
  config.head_dim = 2;
  config.num_attention_heads = config.num_key_value_heads = 1;
  config.vocab_size = 276;
  return config;
}

void Run(std::uint8_t reader, std::span<const std::uint8_t> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  Config config = SeedConfig();
  TokenizerData tokenizer;
  Weights weights;
  switch (reader % 4) {
    case 0: {
      TensorMap tensors;
      Status status = ReadSafetensors(input, &tensors);
      if (status.ok()) status = ViewSafetensors(config, &tensors, &weights);
      Expect(status.ok() || !status.message().empty());
      return;
    }
    case 1: {
      GgufContents contents;
      Status status = ReadGguf(input, &contents);
      if (status.ok()) status = ViewGguf(contents.config, contents.is_ollama, &contents.tensors, &weights);
      Expect(status.ok() || !status.message().empty());
      return;
    }
    case 2: {
      const Status status = ReadConfigJson(text, &config);
      Expect(status.ok() ? config.hidden_size % 32 == 0 : !status.message().empty());
      return;
    }
    default: {
      const Status status = ReadTokenizerJson(text, 300, &tokenizer);
      Expect(status.ok() ? tokenizer.offsets.size() - 1 + tokenizer.special_tokens.size() == 300 : !status.message().empty());
    }
  }
}

}  // namespace
}  // namespace codexpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<std::uint8_t> as_it_is(data + 1, data + size);
  codexpc::Run(data[0], as_it_is);
  if (data[0] % 4 < 2 && as_it_is.size() < codexpc::kWholeBytes) {
    std::vector<std::uint8_t> whole = as_it_is;
    whole.resize(codexpc::kWholeBytes);
    codexpc::Run(data[0], whole);
  }
  return 0;
}
