// Fuzzes ParseCheckpoint. An input is a header; besides being parsed as it is, it gets the weights its sizes ask for
// (zeros, in a heap block of exactly that size), so that a few hundred bytes reach every view of an accepted file.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "codexpc/model.h"
#include "model/layout.h"
#include "model/parse-checkpoint.h"

namespace {

using namespace codexpc;

constexpr std::size_t kConfigAt = 32;
constexpr std::size_t kTokenizerSizesAt = 132;
constexpr std::size_t kHeaderBytes = 148;
constexpr std::uint64_t kLargestFile = 256 * 1024;

/// What the header's sizes ask for, read without any check; 0 if it is more than fuzzing has time for.
std::uint64_t WantedFileBytes(std::span<const std::uint8_t> input) {
  if (input.size() < kHeaderBytes) return 0;
  const auto word = [input](std::size_t at) {
    std::uint32_t value;
    std::memcpy(&value, input.data() + at, sizeof value);
    return value;
  };
  Config config{};
  config.num_hidden_layers = word(kConfigAt + 4);
  config.num_experts = word(kConfigAt + 8);
  config.hidden_size = word(kConfigAt + 16);
  config.intermediate_size = word(kConfigAt + 20);
  config.head_dim = word(kConfigAt + 28);
  config.num_attention_heads = word(kConfigAt + 32);
  config.num_key_value_heads = word(kConfigAt + 36);
  config.vocab_size = word(kTokenizerSizesAt) + word(kTokenizerSizesAt + 4);
  const std::uint64_t tokenizer_bytes = 16 * std::uint64_t{word(kTokenizerSizesAt)} +
                                        word(kTokenizerSizesAt + 8) + word(kTokenizerSizesAt + 12);
  const std::uint64_t end = LayOutWeights(config, RoundUp(kHeaderBytes + tokenizer_bytes, kBlockAlignment)).end;
  return end <= kLargestFile ? end : 0;
}

template <typename T>
std::uint64_t Ends(const T* from, std::uint64_t count) {
  return std::uint64_t{from[0]} + from[count - 1];
}

/// Reads both ends of everything that the checkpoint promises.
std::uint64_t Touch(const Checkpoint& checkpoint) {
  const Config& config = checkpoint.config;
  const Weights& weights = checkpoint.weights;
  const std::uint64_t hidden = config.hidden_size;
  const std::uint64_t mlp1_rows = 2 * std::uint64_t{config.intermediate_size};
  std::uint64_t sum = Ends(weights.embedding, hidden * config.vocab_size) + Ends(weights.final_norm, hidden) +
                      Ends(weights.unembedding, hidden * config.vocab_size);
  for (const LayerView& layer : weights.layers) {
    sum += Ends(layer.attn_norm, hidden) + Ends(layer.qkv_weight, hidden * config.qkv_size()) +
           Ends(layer.qkv_bias, config.qkv_size()) + Ends(layer.sinks, config.num_attention_heads) +
           Ends(layer.attn_out, hidden * config.q_size()) + Ends(layer.attn_out_bias, hidden) +
           Ends(layer.mlp_norm, hidden) + Ends(layer.router_weight, hidden * config.num_experts) +
           Ends(layer.router_bias, config.num_experts);
    for (const ExpertView& expert : layer.experts) {
      sum += Ends(expert.mlp1.blocks, mlp1_rows * (hidden / 2)) + Ends(expert.mlp1.scales, mlp1_rows * (hidden / 32)) +
             Ends(expert.mlp1_bias, mlp1_rows) + Ends(expert.mlp2.blocks, hidden * (config.intermediate_size / 2)) +
             Ends(expert.mlp2.scales, hidden * (config.intermediate_size / 32)) + Ends(expert.mlp2_bias, hidden);
    }
  }
  for (const char c : checkpoint.tokenizer.regex) sum += static_cast<std::uint8_t>(c);
  return sum + (CheckTextTokenizer(checkpoint.tokenizer).ok() ? 1 : 0);
}

void Parse(std::span<const std::uint8_t> file) {
  Checkpoint checkpoint;
  const Status status = ParseCheckpoint(file, &checkpoint);
  if (status.ok()) {
    volatile std::uint64_t sum = Touch(checkpoint);
    static_cast<void>(sum);
  } else if (status.message().empty()) {
    __builtin_trap();  // every refusal says why
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> as_it_is(data, data + size);
  Parse(as_it_is);
  if (const std::uint64_t bytes = WantedFileBytes(as_it_is); bytes > 0) {
    std::vector<std::uint8_t> whole(as_it_is.begin(), as_it_is.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(size, bytes)));
    whole.resize(bytes);
    whole.shrink_to_fit();
    Parse(whole);
  }
  return 0;
}
