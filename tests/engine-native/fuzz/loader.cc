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

/// Of `count` bytes.
std::uint64_t Ends(const void* from, std::uint64_t count) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  return std::uint64_t{bytes[0]} + bytes[count - 1];
}

/// Of `count` numbers: a VectorView or a MatrixView.
template <typename View>
std::uint64_t EndsOf(const View& view, std::uint64_t count) {
  return Ends(view.data, BytesOf(view.type, count));
}

std::uint64_t EndsOf(const Mf4View& view, std::uint64_t rows, std::uint64_t cols) {
  const std::uint64_t last = rows * (cols / 32) - 1;
  return Ends(view.blocks, last * view.block_stride + 16) + Ends(view.scales, last * view.scale_stride + 1);
}

/// Reads both ends of everything that the checkpoint promises.
std::uint64_t Touch(const Checkpoint& checkpoint) {
  const Config& config = checkpoint.config;
  const Weights& weights = checkpoint.weights;
  const std::uint64_t hidden = config.hidden_size;
  const std::uint64_t size = config.intermediate_size;
  std::uint64_t sum = EndsOf(weights.embedding, hidden * config.vocab_size) + EndsOf(weights.final_norm, hidden) +
                      EndsOf(weights.unembedding, hidden * config.vocab_size);
  for (const LayerView& layer : weights.layers) {
    sum += EndsOf(layer.attn_norm, hidden) + EndsOf(layer.sinks, config.num_attention_heads) +
           EndsOf(layer.attn_out, hidden * config.q_size()) + EndsOf(layer.attn_out_bias, hidden) +
           EndsOf(layer.mlp_norm, hidden) + EndsOf(layer.router_weight, hidden * config.num_experts) +
           EndsOf(layer.router_bias, config.num_experts);
    for (const ProjectionView& part : layer.qkv) sum += EndsOf(part.weight, hidden * part.num_rows) + EndsOf(part.bias, part.num_rows);
    for (const ExpertView& expert : layer.experts) {
      const bool is_apart = expert.linear.blocks != nullptr;
      const std::uint64_t mlp1_rows = is_apart ? size : 2 * size;
      sum += EndsOf(expert.mlp1, mlp1_rows, hidden) + EndsOf(expert.mlp1_bias, mlp1_rows) +
             EndsOf(expert.mlp2, hidden, size) + EndsOf(expert.mlp2_bias, hidden);
      if (is_apart) sum += EndsOf(expert.linear, size, hidden) + EndsOf(expert.linear_bias, size);
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
