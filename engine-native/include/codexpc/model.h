#pragma once
// A loaded checkpoint: validated shape, weight views into the mapped file, tokenizer data. Immutable and shared.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codexpc/config.h"
#include "codexpc/status.h"

namespace codexpc {

using bf16 = std::uint16_t;  // upper half of a float32
using f16 = std::uint16_t;   // IEEE binary16

/// MXFP4 matrix, row-major `(rows, cols)`: per 32 values 16 bytes (low nibble = even element) and one scale byte.
/// value = fp4 * 2^(scale - scale_bias).
struct Mf4View {
  const std::uint8_t* blocks;  // (rows, cols / 32, 16)
  const std::uint8_t* scales;  // (rows, cols / 32)
};

struct ExpertView {
  Mf4View mlp1;           // (2 * intermediate_size, hidden_size), even rows gate, odd rows linear
  const bf16* mlp1_bias;  // (2 * intermediate_size)
  Mf4View mlp2;           // (hidden_size, intermediate_size)
  const bf16* mlp2_bias;  // (hidden_size)
};

/// Q and K rows are interleaved for adjacent-pair RoPE and carry the softmax scale: attention uses scale 1.
struct LayerView {
  const bf16* attn_norm;      // (hidden_size)
  const bf16* qkv_weight;     // (qkv_size, hidden_size)
  const bf16* qkv_bias;       // (qkv_size)
  const bf16* sinks;          // (num_attention_heads)
  const bf16* attn_out;       // (hidden_size, q_size)
  const bf16* attn_out_bias;  // (hidden_size)
  const bf16* mlp_norm;       // (hidden_size)
  const bf16* router_weight;  // (num_experts, hidden_size)
  const bf16* router_bias;    // (num_experts)
  std::vector<ExpertView> experts;  // (num_experts)
};

struct Weights {
  const bf16* embedding;    // (vocab_size, hidden_size)
  std::vector<LayerView> layers;
  const bf16* final_norm;   // (hidden_size)
  const bf16* unembedding;  // (vocab_size, hidden_size)
  int mf4_scale_bias;       // 141 in model.bin: E8M0 bias 127 + 14
};

struct SpecialToken {
  std::string name;  // "start", "message", "end", "return", "constrain", "channel", "call", ...; empty if reserved
  std::uint32_t id;
};

/// Views into the mapped file; valid as long as the Model.
struct TokenizerData {
  std::string_view regex;                       // without the NUL
  std::vector<std::uint32_t> offsets;           // (num_text_tokens + 1), into `bytes`
  std::vector<std::uint8_t> bytes;              // text tokens back to back; token id = position = BPE rank
  std::vector<SpecialToken> special_tokens;     // id = num_text_tokens + position
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const Config& config() const = 0;
  virtual const Weights& weights() const = 0;
  virtual const TokenizerData& tokenizer() const = 0;
  virtual std::size_t weights_bytes() const = 0;
  virtual std::string_view format() const = 0;  // "model.bin"
};

/// Maps and validates a `model.bin`; every header field and size is checked before use.
/// Errors: kIoError (cannot open, not a regular file), kInvalidArgument (names the field that is wrong),
/// kUnsupportedArgument (a legal file that this build cannot run), kInsufficientMemory.
Status OpenModel(const std::string& path, std::shared_ptr<const Model>* model);

/// Whether text can be written and read with this tokenizer: every byte is a token, no token is empty or there twice,
/// and the Harmony format's tokens are present. A model without this still computes logits for token ids.
/// Errors: kInvalidArgument, naming the token.
Status CheckTextTokenizer(const TokenizerData& tokenizer);

}  // namespace codexpc
