#include "model/tensor-checkpoint.h"

#include <cmath>
#include <string>
#include <utility>

namespace codexpc {
namespace {

constexpr std::int16_t kE8m0Bias = 127;

/// The blocks and scales of one expert of two tensors (num_experts, rows, cols / 32, 16) and (num_experts, rows, cols / 32).
Mf4View ExpertOfBlocks(const std::uint8_t* blocks, const std::uint8_t* scales, std::uint64_t expert, std::uint64_t rows,
                       std::uint64_t cols) {
  if (blocks == nullptr || scales == nullptr) return {};
  const std::uint64_t first = expert * rows * (cols / 32);
  return {.blocks = blocks + first * 16, .scales = scales + first, .scale_bias = kE8m0Bias};
}

/// What one layer's tensors are called; names of experts lack "blocks", "scales" and "bias".
struct LayerNames {
  std::string attn_norm, sinks, attn_out, mlp_norm, router, gate_up, down;
  std::string bias_of_gate_up, bias_of_down;
  char before_part;  // gate_up + '_' + "blocks"
};

LayerNames HuggingFaceNames(const std::string& layer) {
  const std::string experts = layer + "mlp.experts.";
  return {.attn_norm = layer + "input_layernorm.weight",
          .sinks = layer + "self_attn.sinks",
          .attn_out = layer + "self_attn.o_proj",
          .mlp_norm = layer + "post_attention_layernorm.weight",
          .router = layer + "mlp.router",
          .gate_up = experts + "gate_up_proj",
          .down = experts + "down_proj",
          .bias_of_gate_up = experts + "gate_up_proj_bias",
          .bias_of_down = experts + "down_proj_bias",
          .before_part = '_'};
}

LayerNames OriginalNames(const std::string& layer) {
  return {.attn_norm = layer + "attn.norm.scale",
          .sinks = layer + "attn.sinks",
          .attn_out = layer + "attn.out",
          .mlp_norm = layer + "mlp.norm.scale",
          .router = layer + "mlp.gate",
          .gate_up = layer + "mlp.mlp1_weight",
          .down = layer + "mlp.mlp2_weight",
          .bias_of_gate_up = layer + "mlp.mlp1_bias",
          .bias_of_down = layer + "mlp.mlp2_bias",
          .before_part = '.'};
}

ProjectionView Projection(TensorMap* tensors, const std::string& name, std::uint32_t rows, std::uint32_t cols) {
  return {.weight = tensors->Matrix(name + ".weight", rows, cols), .bias = tensors->Vector(name + ".bias", rows), .num_rows = rows};
}

std::vector<ProjectionView> ProjectionsApart(TensorMap* tensors, const Config& config, const std::string& prefix,
                                             const std::string& suffix) {
  return {Projection(tensors, prefix + "q" + suffix, config.q_size(), config.hidden_size),
          Projection(tensors, prefix + "k" + suffix, config.kv_size(), config.hidden_size),
          Projection(tensors, prefix + "v" + suffix, config.kv_size(), config.hidden_size)};
}

void ViewExperts(const Config& config, const LayerNames& names, TensorMap* tensors, LayerView* layer) {
  const std::uint64_t num_experts = config.num_experts;
  const std::uint64_t hidden = config.hidden_size;
  const std::uint64_t size = config.intermediate_size;
  const auto part = [&](const std::string& name, const char* what, std::vector<std::uint64_t> shape) {
    return tensors->Bytes(name + names.before_part + what, shape);
  };
  const std::uint8_t* up_blocks = part(names.gate_up, "blocks", {num_experts, 2 * size, hidden / 32, 16});
  const std::uint8_t* up_scales = part(names.gate_up, "scales", {num_experts, 2 * size, hidden / 32});
  const std::uint8_t* down_blocks = part(names.down, "blocks", {num_experts, hidden, size / 32, 16});
  const std::uint8_t* down_scales = part(names.down, "scales", {num_experts, hidden, size / 32});
  for (std::uint64_t e = 0; e < num_experts; ++e) {
    ExpertView expert;
    expert.mlp1 = ExpertOfBlocks(up_blocks, up_scales, e, 2 * size, hidden);
    expert.mlp1_bias = tensors->ExpertVector(names.bias_of_gate_up, num_experts, e, 2 * size);
    expert.mlp2 = ExpertOfBlocks(down_blocks, down_scales, e, hidden, size);
    expert.mlp2_bias = tensors->ExpertVector(names.bias_of_down, num_experts, e, hidden);
    layer->experts.push_back(expert);
  }
}

/// Everything but model.bin: rows as trained, so RoPE turns halves and the softmax scale is still to be applied.
void SetPlainAttention(const Config& config, Weights* weights) {
  weights->rope_pairs = RopePairs::kHalves;
  weights->query_scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim));
}

}  // namespace

Status ViewSafetensors(const Config& config, TensorMap* tensors, Weights* weights) {
  const bool is_original = tensors->Has("embedding.weight");
  SetPlainAttention(config, weights);
  weights->mf4_order = Mf4Order::kPairs;
  weights->embedding =
      tensors->Matrix(is_original ? "embedding.weight" : "model.embed_tokens.weight", config.vocab_size, config.hidden_size);
  weights->final_norm = tensors->Vector(is_original ? "norm.scale" : "model.norm.weight", config.hidden_size);
  weights->unembedding =
      tensors->Matrix(is_original ? "unembedding.weight" : "lm_head.weight", config.vocab_size, config.hidden_size);
  for (std::uint32_t n = 0; n < config.num_hidden_layers && tensors->ok(); ++n) {
    const std::string prefix = (is_original ? "block." : "model.layers.") + std::to_string(n) + ".";
    const LayerNames names = is_original ? OriginalNames(prefix) : HuggingFaceNames(prefix);
    LayerView layer;
    layer.attn_norm = tensors->Vector(names.attn_norm, config.hidden_size);
    layer.qkv = is_original ? std::vector{Projection(tensors, prefix + "attn.qkv", config.qkv_size(), config.hidden_size)}
                            : ProjectionsApart(tensors, config, prefix + "self_attn.", "_proj");
    layer.sinks = tensors->Vector(names.sinks, config.num_attention_heads);
    layer.attn_out = tensors->Matrix(names.attn_out + ".weight", config.hidden_size, config.q_size());
    layer.attn_out_bias = tensors->Vector(names.attn_out + ".bias", config.hidden_size);
    layer.mlp_norm = tensors->Vector(names.mlp_norm, config.hidden_size);
    layer.router_weight = tensors->Matrix(names.router + ".weight", config.num_experts, config.hidden_size);
    layer.router_bias = tensors->Vector(names.router + ".bias", config.num_experts);
    ViewExperts(config, names, tensors, &layer);
    weights->layers.push_back(std::move(layer));
  }
  return tensors->status();
}

namespace {

/// mlp1 is one tensor, rows alternating (Ollama) or gate before linear (newer llama.cpp), or it is two.
void ViewGgufExperts(const Config& config, const std::string& prefix, bool is_ollama, TensorMap* tensors, Weights* weights,
                     LayerView* layer) {
  const std::uint64_t num_experts = config.num_experts;
  const std::uint64_t hidden = config.hidden_size;
  const std::uint64_t size = config.intermediate_size;
  const bool is_fused = tensors->Has(prefix + "ffn_gate_up_exps.weight");
  const auto matrix = [&](const char* name, std::uint64_t e, std::uint64_t rows, std::uint64_t cols) {
    return tensors->ExpertMf4(prefix + name + ".weight", num_experts, e, rows, cols, &weights->mf4_order);
  };
  const auto bias = [&](const char* name, std::uint64_t e, std::uint64_t rows) {
    return tensors->ExpertVector(prefix + name + ".bias", num_experts, e, rows);
  };
  for (std::uint64_t e = 0; e < num_experts && tensors->ok(); ++e) {
    ExpertView expert;
    if (is_fused) {
      expert.mlp1 = matrix("ffn_gate_up_exps", e, 2 * size, hidden);
      expert.mlp1_bias = bias("ffn_gate_up_exps", e, 2 * size);
      if (!is_ollama && tensors->ok()) {
        const std::uint64_t half = size * (hidden / 32);
        expert.linear = expert.mlp1;
        expert.linear.blocks += half * expert.mlp1.block_stride;
        expert.linear.scales += half * expert.mlp1.scale_stride;
        expert.linear_bias = expert.mlp1_bias.From(size);
      }
    } else {
      expert.mlp1 = matrix("ffn_gate_exps", e, size, hidden);
      expert.mlp1_bias = bias("ffn_gate_exps", e, size);
      expert.linear = matrix("ffn_up_exps", e, size, hidden);
      expert.linear_bias = bias("ffn_up_exps", e, size);
    }
    expert.mlp2 = matrix("ffn_down_exps", e, hidden, size);
    expert.mlp2_bias = bias("ffn_down_exps", e, hidden);
    layer->experts.push_back(expert);
  }
}

/// The first of two names that is there.
std::string Either(const TensorMap& tensors, std::string name, const std::string& other) {
  return tensors.Has(other) ? other : std::move(name);
}

}  // namespace

Status ViewGguf(const Config& config, bool is_ollama, TensorMap* tensors, Weights* weights) {
  SetPlainAttention(config, weights);
  weights->embedding = tensors->Matrix("token_embd.weight", config.vocab_size, config.hidden_size);
  weights->final_norm = tensors->Vector("output_norm.weight", config.hidden_size);
  weights->unembedding = tensors->Matrix("output.weight", config.vocab_size, config.hidden_size);
  for (std::uint32_t n = 0; n < config.num_hidden_layers && tensors->ok(); ++n) {
    const std::string prefix = "blk." + std::to_string(n) + ".";
    const std::string out = tensors->Has(prefix + "attn_out.weight") ? prefix + "attn_out" : prefix + "attn_output";
    LayerView layer;
    layer.attn_norm = tensors->Vector(prefix + "attn_norm.weight", config.hidden_size);
    layer.qkv = tensors->Has(prefix + "attn_qkv.weight")
                    ? std::vector{Projection(tensors, prefix + "attn_qkv", config.qkv_size(), config.hidden_size)}
                    : ProjectionsApart(tensors, config, prefix + "attn_", "");
    layer.sinks = tensors->Vector(Either(*tensors, prefix + "attn_sinks.weight", prefix + "attn_sinks"), config.num_attention_heads);
    layer.attn_out = tensors->Matrix(out + ".weight", config.hidden_size, config.q_size());
    layer.attn_out_bias = tensors->Vector(out + ".bias", config.hidden_size);
    layer.mlp_norm =
        tensors->Vector(Either(*tensors, prefix + "post_attention_norm.weight", prefix + "ffn_norm.weight"), config.hidden_size);
    layer.router_weight = tensors->Matrix(prefix + "ffn_gate_inp.weight", config.num_experts, config.hidden_size);
    layer.router_bias = tensors->Vector(prefix + "ffn_gate_inp.bias", config.num_experts);
    ViewGgufExperts(config, prefix, is_ollama, tensors, weights, &layer);
    weights->layers.push_back(std::move(layer));
  }
  return tensors->status();
}

}  // namespace codexpc
