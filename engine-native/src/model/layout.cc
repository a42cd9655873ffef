#include "model/layout.h"

namespace codexpc {
namespace {

constexpr std::uint64_t kBf16Bytes = 2;
constexpr std::uint64_t kMf4Group = 32;  // values that share one scale byte
constexpr std::uint64_t kMf4GroupBytes = 16;

std::uint64_t Add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? kTooLarge : sum;
}

std::uint64_t Multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? kTooLarge : product;
}

/// Places tensors one behind the other, each on a 16-byte boundary.
class Cursor {
 public:
  explicit Cursor(std::uint64_t start) : next_(start) {}

  std::uint64_t Place(std::uint64_t bytes) {
    const std::uint64_t offset = RoundUp(next_, kTensorAlignment);
    next_ = Add(offset, bytes);
    return offset;
  }
  std::uint64_t PlaceBf16(std::uint64_t rows, std::uint64_t cols = 1) {
    return Place(Multiply(Multiply(rows, cols), kBf16Bytes));
  }
  std::uint64_t PlaceMf4Blocks(std::uint64_t rows, std::uint64_t cols) {
    return Place(Multiply(Multiply(rows, cols / kMf4Group), kMf4GroupBytes));
  }
  std::uint64_t PlaceMf4Scales(std::uint64_t rows, std::uint64_t cols) {
    return Place(Multiply(rows, cols / kMf4Group));
  }
  std::uint64_t next() const { return next_; }

 private:
  std::uint64_t next_;
};

DenseLayerLayout LayOutDenseLayer(const Config& config) {
  Cursor at(0);
  DenseLayerLayout layer;
  layer.attn_norm = at.PlaceBf16(config.hidden_size);
  layer.qkv_weight = at.PlaceBf16(config.qkv_size(), config.hidden_size);
  layer.qkv_bias = at.PlaceBf16(config.qkv_size());
  layer.sinks = at.PlaceBf16(config.num_attention_heads);
  layer.attn_out = at.PlaceBf16(config.hidden_size, config.q_size());
  layer.attn_out_bias = at.PlaceBf16(config.hidden_size);
  layer.mlp_norm = at.PlaceBf16(config.hidden_size);
  layer.router_weight = at.PlaceBf16(config.num_experts, config.hidden_size);
  layer.router_bias = at.PlaceBf16(config.num_experts);
  layer.stride = RoundUp(at.next(), kTensorAlignment);
  return layer;
}

ExpertLayout LayOutExpert(const Config& config) {
  const std::uint64_t mlp1_rows = 2 * std::uint64_t{config.intermediate_size};
  Cursor at(0);
  ExpertLayout expert;
  expert.mlp1_blocks = at.PlaceMf4Blocks(mlp1_rows, config.hidden_size);
  expert.mlp1_scales = at.PlaceMf4Scales(mlp1_rows, config.hidden_size);
  expert.mlp1_bias = at.PlaceBf16(mlp1_rows);
  expert.mlp2_blocks = at.PlaceMf4Blocks(config.hidden_size, config.intermediate_size);
  expert.mlp2_scales = at.PlaceMf4Scales(config.hidden_size, config.intermediate_size);
  expert.mlp2_bias = at.PlaceBf16(config.hidden_size);
  expert.stride = RoundUp(at.next(), kTensorAlignment);
  return expert;
}

}  // namespace

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t alignment) {
  return value > kTooLarge - alignment ? kTooLarge : (value + alignment - 1) & ~(alignment - 1);
}

WeightsLayout LayOutWeights(const Config& config, std::uint64_t weights_offset) {
  WeightsLayout layout;
  layout.dense_layer = LayOutDenseLayer(config);
  layout.expert = LayOutExpert(config);

  Cursor at(weights_offset);
  layout.embedding = at.PlaceBf16(config.vocab_size, config.hidden_size);
  layout.dense_layers = at.Place(Multiply(layout.dense_layer.stride, config.num_hidden_layers));
  layout.final_norm = at.PlaceBf16(config.hidden_size);
  layout.unembedding = at.PlaceBf16(config.vocab_size, config.hidden_size);

  const std::uint64_t block_bytes = Multiply(layout.expert.stride, config.num_experts);
  layout.expert_blocks = RoundUp(at.next(), kBlockAlignment);
  layout.expert_block_stride = RoundUp(block_bytes, kBlockAlignment);
  const std::uint64_t last_block =
      Add(layout.expert_blocks, Multiply(layout.expert_block_stride, config.num_hidden_layers - 1));
  layout.end = Add(last_block, block_bytes);
  return layout;
}

}  // namespace codexpc
