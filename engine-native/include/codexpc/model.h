#pragma once
// A loaded checkpoint: validated shape, weight views into the mapped file, tokenizer data. Immutable and shared.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codexpc/config.h"
#include "codexpc/status.h"
#include "codexpc/tensor.h"

namespace codexpc {

/// One expert. Its MXFP4 blocks hold their 32 values in one of two orders (Weights::mf4_order).
struct ExpertView {
  /// mlp1 as one matrix (2 * intermediate_size, hidden_size), even rows gate and odd rows linear; or, where the
  /// checkpoint keeps them apart, gate alone (intermediate_size, hidden_size) with `linear` of the same shape.
  Mf4View mlp1;
  VectorView mlp1_bias;
  Mf4View linear;  // null blocks: mlp1 holds both
  VectorView linear_bias;
  Mf4View mlp2;    // (hidden_size, intermediate_size)
  VectorView mlp2_bias;
};

/// Consecutive output rows of the fused QKV projection: all of them, or Q, K and V apart.
struct ProjectionView {
  MatrixView weight;  // (num_rows, hidden_size)
  VectorView bias;    // (num_rows)
  std::uint32_t num_rows;
};

struct LayerView {
  VectorView attn_norm;              // (hidden_size)
  std::vector<ProjectionView> qkv;   // one after the other (qkv_size, hidden_size)
  VectorView sinks;                  // (num_attention_heads)
  MatrixView attn_out;               // (hidden_size, q_size)
  VectorView attn_out_bias;          // (hidden_size)
  VectorView mlp_norm;               // (hidden_size)
  MatrixView router_weight;          // (num_experts, hidden_size)
  VectorView router_bias;            // (num_experts)
  std::vector<ExpertView> experts;   // (num_experts)
};

/// Where the values of an MXFP4 block lie: byte i holds values 2i and 2i + 1, or i and i + 16; the first in the low nibble.
enum class Mf4Order : std::uint8_t { kPairs, kHalves };

/// What RoPE rotates within a head: 2i and 2i + 1, or i and i + head_dim / 2.
enum class RopePairs : std::uint8_t { kAdjacent, kHalves };

struct Weights {
  MatrixView embedding;    // (vocab_size, hidden_size)
  std::vector<LayerView> layers;
  VectorView final_norm;   // (hidden_size)
  MatrixView unembedding;  // (vocab_size, hidden_size)
  Mf4Order mf4_order = Mf4Order::kPairs;
  RopePairs rope_pairs = RopePairs::kAdjacent;
  float query_scale = 1.0f;  // the softmax scale, where it is not in the weights
};

struct SpecialToken {
  std::string name;  // "start", "message", "end", "return", "constrain", "channel", "call", ...; empty if reserved
  std::uint32_t id;
};

/// Valid as long as the Model.
struct TokenizerData {
  std::string_view regex;                       // pre-tokenisation pattern
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
  virtual std::string_view format() const = 0;  // "model.bin", "gguf" or "safetensors"

  /// Of all files of the checkpoint; where weights are converted as it is loaded, with their bytes once more.
  virtual std::size_t file_bytes() const = 0;
  /// Brings the files into memory from byte `offset` on, for about `budget` (a slow disk's last megabyte may take
  /// longer), and gives where to go on: file_bytes() when all is there. Nothing depends on it but how long the first
  /// Forward takes. Errors: kInvalidArgument (offset), kIoError (the disk fails, or a file was cut short).
  virtual Status PageIn(std::size_t offset, std::chrono::milliseconds budget, std::size_t* next) const = 0;
};

/// Maps and validates a checkpoint: a `model.bin`, a GGUF file (or the first of several), or a directory of safetensors
/// files. Every header field and size is checked before use; nothing is converted.
/// Errors: kIoError (cannot open, not a regular file), kInvalidArgument (names the field that is wrong),
/// kUnsupportedArgument (a legal file that this build cannot run), kInsufficientMemory.
Status OpenModel(const std::string& path, std::shared_ptr<const Model>* model);

/// Whether text can be written and read with this tokenizer: every byte is a token, no token is empty or there twice,
/// and the Harmony format's tokens are present. A model without this still computes logits for token ids.
/// Errors: kInvalidArgument, naming the token.
Status CheckTextTokenizer(const TokenizerData& tokenizer);

}  // namespace codexpc
