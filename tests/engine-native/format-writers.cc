#include "format-writers.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "kernels/number-formats.h"
#include "model/byte-level.h"

namespace codexpc {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct NamedTensor {
  std::string name;
  std::string dtype;                 // safetensors
  std::uint32_t ggml_type;
  std::vector<std::uint64_t> shape;  // outermost first
  Bytes data;
};

std::vector<float> Floats(const void* data, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = kernels::Bf16ToFloat(static_cast<const bf16*>(data)[i]);
  return values;
}

Bytes Encode(const std::vector<float>& values, NumberType type) {
  Bytes bytes(BytesOf(type, values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    const std::uint16_t half = type == NumberType::kF16 ? kernels::FloatToF16(values[i]) : static_cast<std::uint16_t>(bits >> 16);
    if (type == NumberType::kF32) std::memcpy(bytes.data() + 4 * i, &bits, 4);
    else std::memcpy(bytes.data() + 2 * i, &half, 2);
  }
  return bytes;
}

/// The rows of `num_heads` heads with adjacent pairs back in halves, times the factor that model.bin left out.
std::vector<float> Unpermuted(const std::vector<float>& rows, std::size_t num_heads, std::size_t head_dim, std::size_t cols, float factor) {
  std::vector<float> out(rows.size());
  for (std::size_t head = 0; head < num_heads; ++head) {
    for (std::size_t i = 0; i < head_dim; ++i) {
      const std::size_t from = head * head_dim + i;
      const std::size_t to = head * head_dim + (i % 2 == 0 ? i / 2 : head_dim / 2 + i / 2);
      for (std::size_t col = 0; col < cols; ++col) out[to * cols + col] = rows[from * cols + col] * factor;
    }
  }
  return out;
}

/// Q, K and V rows as trained. `cols` is 1 for the bias.
std::vector<float> PlainQkv(const Config& config, const void* data, std::size_t cols) {
  const std::vector<float> all = Floats(data, config.qkv_size() * cols);
  const auto at = [&](std::size_t row) { return all.begin() + static_cast<std::ptrdiff_t>(row * cols); };
  const std::size_t k_at = config.q_size();
  const std::size_t v_at = k_at + config.kv_size();
  const float factor = std::sqrt(static_cast<float>(config.head_dim));  // the whole softmax scale in Q, so that one rounding is exact
  std::vector<float> out = Unpermuted({at(0), at(k_at)}, config.num_attention_heads, config.head_dim, cols, factor);
  const std::vector<float> k = Unpermuted({at(k_at), at(v_at)}, config.num_key_value_heads, config.head_dim, cols, 1.0f);
  out.insert(out.end(), k.begin(), k.end());
  out.insert(out.end(), at(v_at), all.end());
  return out;
}

Bytes PlainScales(const Mf4View& view, std::size_t count) {
  Bytes scales(view.scales, view.scales + count);
  for (std::uint8_t& scale : scales) scale = static_cast<std::uint8_t>(scale - (view.scale_bias - 127));
  return scales;
}

std::string Spelled(const TokenizerData& tokenizer, std::size_t token) {
  // The inverse of AppendByteLevel, found by asking it.
  static const std::map<std::uint8_t, std::string> spellings = [] {
    std::map<std::uint8_t, std::string> map;
    for (std::uint32_t code_point = 0; code_point < 0x200; ++code_point) {
      std::string text;
      if (code_point < 0x80) text = static_cast<char>(code_point);
      else text = {static_cast<char>(0xc0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 63))};
      Bytes byte;
      if (AppendByteLevel(text, &byte)) map[byte[0]] = text;
    }
    return map;
  }();
  std::string text;
  for (std::uint32_t i = tokenizer.offsets[token]; i < tokenizer.offsets[token + 1]; ++i) text += spellings.at(tokenizer.bytes[i]);
  return text;
}

std::string SpecialContent(const SpecialToken& token) {
  return token.name.empty() ? "<|reserved_" + std::to_string(token.id) + "|>" : "<|" + token.name + "|>";
}

// --- safetensors ---

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string Join(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

Bytes SafetensorsFile(const std::vector<NamedTensor>& tensors) {
  std::string header = "{\"__metadata__\":{\"format\":\"pt\"}";
  std::uint64_t at = 0;
  for (const NamedTensor& tensor : tensors) {
    header += ',' + Quoted(tensor.name) + ":{\"dtype\":" + Quoted(tensor.dtype) + ",\"shape\":[" + Join(tensor.shape) +
              "],\"data_offsets\":[" + std::to_string(at) + ',' + std::to_string(at + tensor.data.size()) + "]}";
    at += tensor.data.size();
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = header.size();
  Bytes file(sizeof header_bytes);
  std::memcpy(file.data(), &header_bytes, sizeof header_bytes);
  file.insert(file.end(), header.begin(), header.end());
  for (const NamedTensor& tensor : tensors) file.insert(file.end(), tensor.data.begin(), tensor.data.end());
  return file;
}

NamedTensor Bf16Tensor(std::string name, std::vector<std::uint64_t> shape, const std::vector<float>& values) {
  return {std::move(name), "BF16", 0, std::move(shape), Encode(values, NumberType::kBf16)};
}

NamedTensor Copied(std::string name, std::vector<std::uint64_t> shape, const void* data) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  return Bf16Tensor(std::move(name), std::move(shape), Floats(data, count));
}

void AddExperts(const Config& config, const LayerView& layer, const std::string& up, const std::string& down, const std::string& separator,
                const std::string& up_bias, const std::string& down_bias, std::vector<NamedTensor>* tensors) {
  const std::uint64_t hidden = config.hidden_size, size = config.intermediate_size, experts = config.num_experts;
  Bytes blocks[2], scales[2];
  std::vector<float> biases[2];
  for (const ExpertView& expert : layer.experts) {
    const auto add = [&](int which, const Mf4View& view, const VectorView& bias, std::uint64_t rows, std::uint64_t cols) {
      blocks[which].insert(blocks[which].end(), view.blocks, view.blocks + rows * cols / 2);
      const Bytes plain = PlainScales(view, rows * cols / 32);
      scales[which].insert(scales[which].end(), plain.begin(), plain.end());
      const std::vector<float> values = Floats(bias.data, rows);
      biases[which].insert(biases[which].end(), values.begin(), values.end());
    };
    add(0, expert.mlp1, expert.mlp1_bias, 2 * size, hidden);
    add(1, expert.mlp2, expert.mlp2_bias, hidden, size);
  }
  tensors->push_back({up + separator + "blocks", "U8", 0, {experts, 2 * size, hidden / 32, 16}, blocks[0]});
  tensors->push_back({up + separator + "scales", "U8", 0, {experts, 2 * size, hidden / 32}, scales[0]});
  tensors->push_back(Bf16Tensor(up_bias, {experts, 2 * size}, biases[0]));
  tensors->push_back({down + separator + "blocks", "U8", 0, {experts, hidden, size / 32, 16}, blocks[1]});
  tensors->push_back({down + separator + "scales", "U8", 0, {experts, hidden, size / 32}, scales[1]});
  tensors->push_back(Bf16Tensor(down_bias, {experts, hidden}, biases[1]));
}

std::vector<NamedTensor> SafetensorsTensors(const Checkpoint& checkpoint, bool is_original) {
  const Config& config = checkpoint.config;
  const Weights& weights = checkpoint.weights;
  const std::uint64_t hidden = config.hidden_size, vocab = config.vocab_size, q = config.q_size(), kv = config.kv_size();
  std::vector<NamedTensor> tensors;
  tensors.push_back(Copied(is_original ? "embedding.weight" : "model.embed_tokens.weight", {vocab, hidden}, weights.embedding.data));
  for (std::size_t n = 0; n < weights.layers.size(); ++n) {
    const LayerView& layer = weights.layers[n];
    const std::string p = (is_original ? "block." : "model.layers.") + std::to_string(n) + ".";
    const std::vector<float> qkv = PlainQkv(config, layer.qkv[0].weight.data, hidden);
    const std::vector<float> bias = PlainQkv(config, layer.qkv[0].bias.data, 1);
    if (is_original) {
      tensors.push_back(Bf16Tensor(p + "attn.qkv.weight", {q + 2 * kv, hidden}, qkv));
      tensors.push_back(Bf16Tensor(p + "attn.qkv.bias", {q + 2 * kv}, bias));
    } else {
      const char* names[] = {"q", "k", "v"};
      const std::uint64_t rows[] = {q, kv, kv};
      std::size_t row = 0;
      for (int i = 0; i < 3; row += rows[i++]) {
        const std::string name = p + "self_attn." + names[i] + "_proj.";
        const auto part = [&](const std::vector<float>& all, std::size_t cols) {
          return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(row * cols), all.begin() + static_cast<std::ptrdiff_t>((row + rows[i]) * cols));
        };
        tensors.push_back(Bf16Tensor(name + "weight", {rows[i], hidden}, part(qkv, hidden)));
        tensors.push_back(Bf16Tensor(name + "bias", {rows[i]}, part(bias, 1)));
      }
    }
    tensors.push_back(Copied(p + (is_original ? "attn.norm.scale" : "input_layernorm.weight"), {hidden}, layer.attn_norm.data));
    tensors.push_back(Copied(p + (is_original ? "attn.sinks" : "self_attn.sinks"), {config.num_attention_heads}, layer.sinks.data));
    tensors.push_back(Copied(p + (is_original ? "attn.out.weight" : "self_attn.o_proj.weight"), {hidden, q}, layer.attn_out.data));
    tensors.push_back(Copied(p + (is_original ? "attn.out.bias" : "self_attn.o_proj.bias"), {hidden}, layer.attn_out_bias.data));
    tensors.push_back(Copied(p + (is_original ? "mlp.norm.scale" : "post_attention_layernorm.weight"), {hidden}, layer.mlp_norm.data));
    tensors.push_back(Copied(p + (is_original ? "mlp.gate.weight" : "mlp.router.weight"), {config.num_experts, hidden}, layer.router_weight.data));
    tensors.push_back(Copied(p + (is_original ? "mlp.gate.bias" : "mlp.router.bias"), {config.num_experts}, layer.router_bias.data));
    if (is_original) {
      AddExperts(config, layer, p + "mlp.mlp1_weight", p + "mlp.mlp2_weight", ".", p + "mlp.mlp1_bias", p + "mlp.mlp2_bias", &tensors);
    } else {
      const std::string e = p + "mlp.experts.";
      AddExperts(config, layer, e + "gate_up_proj", e + "down_proj", "_", e + "gate_up_proj_bias", e + "down_proj_bias", &tensors);
    }
  }
  tensors.push_back(Copied(is_original ? "norm.scale" : "model.norm.weight", {hidden}, weights.final_norm.data));
  tensors.push_back(Copied(is_original ? "unembedding.weight" : "lm_head.weight", {vocab, hidden}, weights.unembedding.data));
  return tensors;
}

std::string ConfigJson(const Config& config, bool is_original) {
  const auto entry = [](const char* key, std::uint64_t value) { return std::string("\"") + key + "\": " + std::to_string(value) + ", "; };
  std::string text = "{" + entry("num_hidden_layers", config.num_hidden_layers) + entry("vocab_size", config.vocab_size) +
                     entry("hidden_size", config.hidden_size) + entry("intermediate_size", config.intermediate_size) +
                     entry("head_dim", config.head_dim) + entry("num_attention_heads", config.num_attention_heads) +
                     entry("num_key_value_heads", config.num_key_value_heads) + entry("sliding_window", config.sliding_window) +
                     "\"swiglu_limit\": 7.0, \"rope_theta\": 150000.0, ";
  if (is_original) {
    return text + entry("num_experts", config.num_experts) + entry("experts_per_token", config.experts_per_token) +
           "\"initial_context_length\": 4096, \"rope_scaling_factor\": 32.0, \"rope_ntk_alpha\": 1.0, \"rope_ntk_beta\": 32.0}";
  }
  return text + entry("num_local_experts", config.num_experts) + entry("num_experts_per_tok", config.experts_per_token) +
         entry("max_position_embeddings", config.context_length) +
         "\"model_type\": \"gpt_oss\", \"rms_norm_eps\": 1e-05, \"rope_scaling\": {\"beta_fast\": 32.0, \"beta_slow\": 1.0, "
         "\"factor\": 32.0, \"original_max_position_embeddings\": 4096, \"rope_type\": \"yarn\", \"truncate\": false}}";
}

std::string TokenizerJson(const TokenizerData& tokenizer) {
  std::string vocabulary, added;
  for (std::size_t i = 0; i + 1 < tokenizer.offsets.size(); ++i) {
    vocabulary += (i == 0 ? "" : ",") + Quoted(Spelled(tokenizer, i)) + ":" + std::to_string(i);
  }
  for (const SpecialToken& token : tokenizer.special_tokens) {
    added += (added.empty() ? "" : ",") + ("{\"id\":" + std::to_string(token.id)) + ",\"content\":" + Quoted(SpecialContent(token)) + ",\"special\":true}";
  }
  return "{\"version\":\"1.0\",\"added_tokens\":[" + added + "],\"model\":{\"type\":\"BPE\",\"vocab\":{" + vocabulary + "},\"merges\":[]}}";
}

// --- GGUF ---

class GgufWriter {
 public:
  template <typename T>
  void Raw(T value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
  }
  void String(const std::string& text) {
    Raw(std::uint64_t{text.size()});
    out_.insert(out_.end(), text.begin(), text.end());
  }
  void Pad() { out_.resize((out_.size() + 31) / 32 * 32); }
  void Append(const Bytes& bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  std::size_t size() const { return out_.size(); }
  Bytes Take() { return std::move(out_); }

 private:
  Bytes out_;
};

std::uint32_t GgmlTypeOf(NumberType type) { return type == NumberType::kF32 ? 0 : type == NumberType::kF16 ? 1 : 30; }

/// ggml's blocks of 17 bytes: low nibbles are values 0 to 15 of the 32, or as they were.
Bytes GgmlMf4(const Mf4View& view, std::size_t num_blocks, bool in_halves) {
  Bytes out;
  const Bytes scales = PlainScales(view, num_blocks);
  for (std::size_t block = 0; block < num_blocks; ++block) {
    const std::uint8_t* bytes = view.blocks + block * 16;
    out.push_back(scales[block]);
    for (std::size_t i = 0; i < 16; ++i) {
      const auto nibble = [&](std::size_t at) { return at % 2 == 0 ? bytes[at / 2] & 15 : bytes[at / 2] >> 4; };
      out.push_back(in_halves ? static_cast<std::uint8_t>(nibble(i) | nibble(i + 16) << 4) : bytes[i]);
    }
  }
  return out;
}

/// Every second row of `num_rows`, from `first` on.
Mf4View EverySecondRow(const Mf4View& view, std::size_t first, std::size_t num_rows, std::size_t cols, Bytes* blocks, Bytes* scales) {
  for (std::size_t row = first; row < num_rows; row += 2) {
    blocks->insert(blocks->end(), view.blocks + row * cols / 2, view.blocks + (row + 1) * cols / 2);
    scales->insert(scales->end(), view.scales + row * cols / 32, view.scales + (row + 1) * cols / 32);
  }
  return {.blocks = blocks->data(), .scales = scales->data(), .scale_bias = view.scale_bias};
}

std::vector<NamedTensor> GgufTensors(const Checkpoint& checkpoint, const GgufOptions& options) {
  const Config& config = checkpoint.config;
  const Weights& weights = checkpoint.weights;
  const std::uint64_t hidden = config.hidden_size, vocab = config.vocab_size, q = config.q_size(), kv = config.kv_size(),
                      size = config.intermediate_size, experts = config.num_experts;
  const bool is_ollama = options.dialect == GgufDialect::kOllama;
  std::vector<NamedTensor> tensors;
  const auto matrix = [&](std::string name, std::uint64_t rows, std::uint64_t cols, const std::vector<float>& values) {
    tensors.push_back({std::move(name), "", GgmlTypeOf(options.dense), {rows, cols}, Encode(values, options.dense)});
  };
  const auto vector = [&](std::string name, std::vector<std::uint64_t> shape, const std::vector<float>& values) {
    const NumberType type = is_ollama ? NumberType::kBf16 : NumberType::kF32;
    tensors.push_back({std::move(name), "", GgmlTypeOf(type), std::move(shape), Encode(values, type)});
  };
  matrix("token_embd.weight", vocab, hidden, Floats(weights.embedding.data, vocab * hidden));
  for (std::size_t n = 0; n < weights.layers.size(); ++n) {
    const LayerView& layer = weights.layers[n];
    const std::string p = "blk." + std::to_string(n) + ".";
    vector(p + "attn_norm.weight", {hidden}, Floats(layer.attn_norm.data, hidden));
    const std::vector<float> qkv = PlainQkv(config, layer.qkv[0].weight.data, hidden);
    const std::vector<float> bias = PlainQkv(config, layer.qkv[0].bias.data, 1);
    if (is_ollama) {
      matrix(p + "attn_qkv.weight", q + 2 * kv, hidden, qkv);
      vector(p + "attn_qkv.bias", {q + 2 * kv}, bias);
    } else {
      const std::uint64_t rows[] = {q, kv, kv};
      std::size_t row = 0;
      for (int i = 0; i < 3; row += rows[i++]) {
        const std::string name = p + "attn_" + "qkv"[i];
        const auto part = [&](const std::vector<float>& all, std::size_t cols) {
          return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(row * cols), all.begin() + static_cast<std::ptrdiff_t>((row + rows[i]) * cols));
        };
        matrix(name + ".weight", rows[i], hidden, part(qkv, hidden));
        vector(name + ".bias", {rows[i]}, part(bias, 1));
      }
    }
    vector(p + (is_ollama ? "attn_sinks" : "attn_sinks.weight"), {config.num_attention_heads}, Floats(layer.sinks.data, config.num_attention_heads));
    const std::string out = p + (is_ollama ? "attn_out" : "attn_output");
    matrix(out + ".weight", hidden, q, Floats(layer.attn_out.data, hidden * q));
    vector(out + ".bias", {hidden}, Floats(layer.attn_out_bias.data, hidden));
    vector(p + (is_ollama ? "ffn_norm.weight" : "post_attention_norm.weight"), {hidden}, Floats(layer.mlp_norm.data, hidden));
    matrix(p + "ffn_gate_inp.weight", experts, hidden, Floats(layer.router_weight.data, experts * hidden));
    vector(p + "ffn_gate_inp.bias", {experts}, Floats(layer.router_bias.data, experts));

    // gate and linear by expert; `both` as the dialect has them in one tensor
    Bytes gate, linear, both, down;
    std::vector<float> gate_bias, linear_bias, both_bias, down_bias;
    for (const ExpertView& expert : layer.experts) {
      Bytes scratch[4];
      const Mf4View gates = EverySecondRow(expert.mlp1, 0, 2 * size, hidden, &scratch[0], &scratch[1]);
      const Mf4View linears = EverySecondRow(expert.mlp1, 1, 2 * size, hidden, &scratch[2], &scratch[3]);
      const std::size_t num_blocks = size * (hidden / 32);
      const auto append = [](Bytes* to, const Bytes& from) { to->insert(to->end(), from.begin(), from.end()); };
      append(&gate, GgmlMf4(gates, num_blocks, true));
      append(&linear, GgmlMf4(linears, num_blocks, true));
      if (is_ollama) append(&both, GgmlMf4(expert.mlp1, 2 * num_blocks, false));
      else append(&both, GgmlMf4(gates, num_blocks, true)), append(&both, GgmlMf4(linears, num_blocks, true));
      append(&down, GgmlMf4(expert.mlp2, hidden * (size / 32), !is_ollama));
      const std::vector<float> biases = Floats(expert.mlp1_bias.data, 2 * size);
      std::vector<float> gates_of_this, linears_of_this;
      for (std::size_t i = 0; i < 2 * size; ++i) (i % 2 == 0 ? gates_of_this : linears_of_this).push_back(biases[i]);
      const auto add = [](std::vector<float>* to, const std::vector<float>& from) { to->insert(to->end(), from.begin(), from.end()); };
      add(&gate_bias, gates_of_this);
      add(&linear_bias, linears_of_this);
      if (is_ollama) add(&both_bias, biases);
      else add(&both_bias, gates_of_this), add(&both_bias, linears_of_this);
      add(&down_bias, Floats(expert.mlp2_bias.data, hidden));
    }
    const std::uint32_t mf4 = is_ollama ? 4 : 39;
    if (options.dialect == GgufDialect::kLlama) {
      tensors.push_back({p + "ffn_gate_exps.weight", "", mf4, {experts, size, hidden}, gate});
      tensors.push_back({p + "ffn_up_exps.weight", "", mf4, {experts, size, hidden}, linear});
      vector(p + "ffn_gate_exps.bias", {experts, size}, gate_bias);
      vector(p + "ffn_up_exps.bias", {experts, size}, linear_bias);
    } else {
      tensors.push_back({p + "ffn_gate_up_exps.weight", "", mf4, {experts, 2 * size, hidden}, both});
      vector(p + "ffn_gate_up_exps.bias", {experts, 2 * size}, both_bias);
    }
    tensors.push_back({p + "ffn_down_exps.weight", "", mf4, {experts, hidden, size}, down});
    vector(p + "ffn_down_exps.bias", {experts, hidden}, down_bias);
  }
  vector("output_norm.weight", {hidden}, Floats(weights.final_norm.data, hidden));
  matrix("output.weight", vocab, hidden, Floats(weights.unembedding.data, vocab * hidden));
  return tensors;
}

/// Each key as type and payload.
std::vector<std::pair<std::string, std::function<void(GgufWriter&)>>> GgufKeys(const Checkpoint& checkpoint, const GgufOptions& options) {
  const Config& config = checkpoint.config;
  const std::string arch = options.dialect == GgufDialect::kOllama ? "gptoss" : "gpt-oss";
  std::vector<std::pair<std::string, std::function<void(GgufWriter&)>>> keys;
  const auto u32 = [&](const std::string& key, std::uint32_t value) {
    keys.emplace_back(key, [value](GgufWriter& out) { out.Raw(std::uint32_t{4}), out.Raw(value); });
  };
  const auto f32 = [&](const std::string& key, float value) {
    keys.emplace_back(key, [value](GgufWriter& out) { out.Raw(std::uint32_t{6}), out.Raw(value); });
  };
  keys.emplace_back("general.architecture", [arch](GgufWriter& out) { out.Raw(std::uint32_t{8}), out.String(arch); });
  u32(arch + ".context_length", config.context_length);
  u32(arch + ".block_count", config.num_hidden_layers);
  u32(arch + ".embedding_length", config.hidden_size);
  u32(arch + ".feed_forward_length", config.intermediate_size);
  u32(arch + ".attention.head_count", config.num_attention_heads);
  u32(arch + ".attention.head_count_kv", config.num_key_value_heads);
  u32(arch + ".attention.key_length", config.head_dim);
  u32(arch + ".attention.sliding_window", config.sliding_window);
  u32(arch + ".expert_count", config.num_experts);
  u32(arch + ".expert_used_count", config.experts_per_token);
  f32(arch + ".attention.layer_norm_rms_epsilon", 1e-5f);
  f32(arch + ".rope.freq_base", 150000.0f);
  f32(arch + ".rope.scaling.factor", 32.0f);
  u32(arch + ".rope.scaling.original_context_length", 4096);
  keys.emplace_back("tokenizer.ggml.tokens", [&checkpoint](GgufWriter& out) {
    out.Raw(std::uint32_t{9}), out.Raw(std::uint32_t{8}), out.Raw(std::uint64_t{checkpoint.config.vocab_size});
    for (std::size_t i = 0; i + 1 < checkpoint.tokenizer.offsets.size(); ++i) out.String(Spelled(checkpoint.tokenizer, i));
    for (const SpecialToken& token : checkpoint.tokenizer.special_tokens) out.String(SpecialContent(token));
  });
  keys.emplace_back("tokenizer.ggml.token_type", [&checkpoint](GgufWriter& out) {
    out.Raw(std::uint32_t{9}), out.Raw(std::uint32_t{5}), out.Raw(std::uint64_t{checkpoint.config.vocab_size});
    const std::size_t num_text = checkpoint.tokenizer.offsets.size() - 1;
    for (std::size_t i = 0; i < checkpoint.config.vocab_size; ++i) out.Raw(std::int32_t{i < num_text ? 1 : 3});
  });
  return keys;
}

}  // namespace

void WriteBytes(const Bytes& bytes, const std::string& path) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void WriteSafetensorsDirectory(const Checkpoint& checkpoint, SafetensorsNames names, std::size_t num_files, const std::string& directory) {
  const bool is_original = names == SafetensorsNames::kOriginal;
  std::filesystem::create_directories(directory);
  const auto write_text = [](const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  write_text(directory + "/config.json", ConfigJson(checkpoint.config, is_original));
  write_text(directory + (is_original ? "/../tokenizer.json" : "/tokenizer.json"), TokenizerJson(checkpoint.tokenizer));
  const std::vector<NamedTensor> tensors = SafetensorsTensors(checkpoint, is_original);
  for (std::size_t file = 0; file < num_files; ++file) {
    std::vector<NamedTensor> part;
    for (std::size_t i = file; i < tensors.size(); i += num_files) part.push_back(tensors[i]);
    WriteBytes(SafetensorsFile(part), directory + "/model-" + std::to_string(file) + ".safetensors");
  }
}

std::vector<Bytes> MakeGguf(const Checkpoint& checkpoint, const GgufOptions& options) {
  const std::vector<NamedTensor> tensors = GgufTensors(checkpoint, options);
  std::vector<Bytes> files;
  for (std::uint32_t number = 0; number < options.num_files; ++number) {
    auto keys = number == 0 ? GgufKeys(checkpoint, options) : decltype(GgufKeys(checkpoint, options)){};
    if (options.num_files > 1) {
      const auto u16 = [](std::uint16_t value) { return [value](GgufWriter& out) { out.Raw(std::uint32_t{2}), out.Raw(value); }; };
      keys.emplace_back("split.no", u16(static_cast<std::uint16_t>(number)));
      keys.emplace_back("split.count", u16(static_cast<std::uint16_t>(options.num_files)));
    }
    std::vector<const NamedTensor*> mine;
    for (std::size_t i = number; i < tensors.size(); i += options.num_files) mine.push_back(&tensors[i]);

    GgufWriter out;
    out.Append({'G', 'G', 'U', 'F'});
    out.Raw(std::uint32_t{3});
    out.Raw(std::uint64_t{mine.size()});
    out.Raw(std::uint64_t{keys.size()});
    for (const auto& [key, write] : keys) out.String(key), write(out);
    std::uint64_t offset = 0;
    for (const NamedTensor* tensor : mine) {
      out.String(tensor->name);
      out.Raw(static_cast<std::uint32_t>(tensor->shape.size()));
      for (auto size = tensor->shape.rbegin(); size != tensor->shape.rend(); ++size) out.Raw(*size);
      out.Raw(tensor->ggml_type);
      out.Raw(offset);
      offset += (tensor->data.size() + 31) / 32 * 32;
    }
    out.Pad();
    for (const NamedTensor* tensor : mine) {
      out.Append(tensor->data);
      out.Pad();
    }
    files.push_back(out.Take());
  }
  return files;
}

}  // namespace codexpc
