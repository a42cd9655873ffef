#include "model/parse-checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "model/config-limits.h"
#include "model/layout.h"
#include "model/sniff-format.h"
#include "model/special-tokens.h"
#include "model/utf8.h"

namespace codexpc {
namespace {

static_assert(std::endian::native == std::endian::little, "model.bin is little-endian and read in place");

constexpr char kMagic[] = "GPT-OSS v1.0";  // followed by a zero u32
constexpr Uuid kModelUuid = {0xdf, 0x52, 0xdc, 0x86, 0x17, 0x89, 0x4e, 0xd0, 0xa2, 0x95, 0x66, 0xf1, 0x05, 0x08, 0x14, 0x5b};
constexpr Uuid kAppleLayoutUuid = {0x22, 0x91, 0x77, 0xa8, 0x57, 0x75, 0x42, 0x68, 0xbf, 0xd8, 0xd5, 0x88, 0xb3, 0x51, 0xc5, 0x6d};
constexpr Uuid kTiktokenUuid = {0x74, 0x01, 0xad, 0xed, 0x2a, 0x95, 0x40, 0xcb, 0xb7, 0x82, 0x9c, 0xce, 0xba, 0xaf, 0xe7, 0x2b};

constexpr int kScaleBias = 127 + 14;  // E8M0 bias, and the 14 that this format adds to every scale byte

struct TokenizerHeader {
  std::uint32_t num_special_tokens;
  std::uint32_t num_text_tokens;
  std::uint32_t regex_size;   // the final NUL included
  std::uint32_t tokens_size;  // lengths included
};

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status Unsupported(std::string message) { return {StatusCode::kUnsupportedArgument, std::move(message)}; }

/// Reads fields in file order. The first failure sticks; later reads then give zeros that nobody looks at.
class HeaderReader {
 public:
  explicit HeaderReader(std::span<const std::uint8_t> file) : file_(file) {}

  bool ok() const { return status_.ok(); }
  Status status() const { return status_; }
  std::uint64_t offset() const { return offset_; }

  /// `size` bytes of `field`, or an empty span and a failure when the file ends before.
  std::span<const std::uint8_t> Bytes(const char* field, std::uint64_t size) {
    if (!ok()) return {};
    if (size > file_.size() - offset_) {
      Fail(Invalid("the file ends inside " + std::string(field) + " (at byte " + std::to_string(offset_) + " of " +
                   std::to_string(file_.size()) + ", " + std::to_string(size) +
                   " needed): it is truncated, download or copy it again"));
      return {};
    }
    const auto bytes = file_.subspan(offset_, size);
    offset_ += size;
    return bytes;
  }

  std::uint32_t U32(const char* field, std::uint32_t min, std::uint32_t max) {
    const std::uint32_t value = Word<std::uint32_t>(field);
    if (ok() && (value < min || value > max)) {
      Fail(Invalid(std::string(field) + " is " + std::to_string(value) + ", expected " + std::to_string(min) + " to " +
                   std::to_string(max)));
    }
    return value;
  }

  /// A finite float in [min, max].
  float F32(const char* field, float min, float max) {
    const float value = Word<float>(field);
    if (ok() && !(value >= min && value <= max)) {
      Fail(Invalid(std::string(field) + " is " + Show(value) + ", expected " + Show(min) + " to " + Show(max)));
    }
    return value;
  }

  Uuid ReadUuid(const char* field) {
    Uuid uuid{};
    const auto bytes = Bytes(field, uuid.size());
    if (ok()) std::memcpy(uuid.data(), bytes.data(), uuid.size());
    return uuid;
  }

  void Fail(Status status) {
    if (ok()) status_ = std::move(status);
  }

 private:
  template <typename T>
  T Word(const char* field) {
    T value{};
    const auto bytes = Bytes(field, sizeof(T));
    if (ok()) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  static std::string Show(float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(value));
    return text;
  }

  std::span<const std::uint8_t> file_;
  std::uint64_t offset_ = 0;
  Status status_;
};

Status ReadMagic(HeaderReader& header, std::span<const std::uint8_t> file) {
  if (file.empty()) return Invalid("the file is empty: download or copy it again");
  const std::size_t compared = std::min(file.size(), std::size_t{12});
  if (std::memcmp(file.data(), kMagic, compared) != 0) return DescribeForeignFile(file);
  header.Bytes("magic", 12);
  header.U32("magic's reserved word", 0, 0);
  return header.status();
}

void ExpectUuid(HeaderReader& header, const char* field, const Uuid& expected, const char* meaning) {
  const Uuid uuid = header.ReadUuid(field);
  if (header.ok() && uuid != expected) {
    header.Fail(Unsupported(std::string(field) + " is " + FormatUuid(uuid) + "; this build reads " + meaning + ", " +
                            FormatUuid(expected)));
  }
}

Config ReadConfig(HeaderReader& header) {
  constexpr float kLargest = 1e30f;
  constexpr float kSmallest = 1e-30f;
  Config config{};
  config.context_length = header.U32("context_length", 1, kMaxContextLength);
  config.num_hidden_layers = header.U32("num_blocks", 1, kMaxLayers);
  config.num_experts = header.U32("num_experts", 1, kMaxExperts);
  config.experts_per_token = header.U32("num_active_experts", 1, kMaxExperts);
  config.hidden_size = header.U32("embedding_dim", 32, kMaxHidden);
  config.intermediate_size = header.U32("mlp_dim", 32, kMaxHidden);
  config.swiglu_limit = header.F32("swiglu_limit", kSmallest, kLargest);
  config.head_dim = header.U32("head_dim", 2, kMaxHeadDim);
  config.num_attention_heads = header.U32("num_heads", 1, kMaxHeads);
  config.num_key_value_heads = header.U32("num_kv_heads", 1, kMaxHeads);
  config.sliding_window = header.U32("attention_window", 1, kMaxContextLength);
  config.rope_theta = header.F32("rope_theta", kSmallest, kLargest);
  config.rope_interpolation_scale = header.F32("interpolation_scale", kSmallest, kLargest);
  config.rope_yarn_offset = header.F32("yarn_offset", -kLargest, kLargest);  // negative in the published files
  config.rope_yarn_scale = header.F32("yarn_scale", 0.0f, kLargest);
  config.rope_yarn_multiplier = header.F32("yarn_multiplier", kSmallest, kLargest);
  config.rms_norm_eps = header.F32("rmsnorm_epsilon", 0.0f, 1.0f);
  return config;
}

constexpr ConfigNames kNames = {"context_length", "num_blocks", "num_experts", "num_active_experts", "embedding_dim",
                                "mlp_dim",        "head_dim",   "num_heads",   "num_kv_heads",       "attention_window"};

TokenizerHeader ReadTokenizerHeader(HeaderReader& header) {
  TokenizerHeader sizes{};
  sizes.num_special_tokens = header.U32("num_special_tokens", 0, kMaxSpecialTokens);
  sizes.num_text_tokens = header.U32("num_text_tokens", 1, kMaxTextTokens);
  sizes.regex_size = header.U32("regex_size", 1, 1u << 16);
  sizes.tokens_size = header.U32("tokens_size", 2, 1u << 28);
  return sizes;
}

void ReadSpecialTokens(HeaderReader& header, const TokenizerHeader& sizes, TokenizerData* tokenizer) {
  const auto uuids = header.Bytes("special tokens", std::uint64_t{sizes.num_special_tokens} * sizeof(Uuid));
  if (!header.ok()) return;
  tokenizer->special_tokens.reserve(sizes.num_special_tokens);
  for (std::uint32_t i = 0; i < sizes.num_special_tokens; ++i) {
    Uuid uuid;
    std::memcpy(uuid.data(), uuids.data() + i * sizeof(Uuid), sizeof(Uuid));
    std::string name(SpecialTokenName(uuid));
    if (!name.empty()) {
      for (const SpecialToken& earlier : tokenizer->special_tokens) {
        if (earlier.name != name) continue;
        header.Fail(Invalid("special tokens " + std::to_string(earlier.id - sizes.num_text_tokens) + " and " +
                            std::to_string(i) + " are both \"" + name + "\""));
        return;
      }
    }
    tokenizer->special_tokens.push_back({std::move(name), sizes.num_text_tokens + i});
  }
}

void ReadRegex(HeaderReader& header, const TokenizerHeader& sizes, TokenizerData* tokenizer) {
  const auto bytes = header.Bytes("regex", sizes.regex_size);
  if (!header.ok()) return;
  const std::string_view regex(reinterpret_cast<const char*>(bytes.data()), bytes.size() - 1);
  if (bytes.back() != 0) {
    header.Fail(Invalid("regex does not end in a NUL byte within its regex_size of " + std::to_string(bytes.size())));
  } else if (regex.find('\0') != std::string_view::npos) {
    header.Fail(Invalid("regex has a NUL byte at " + std::to_string(regex.find('\0')) + ", before its end"));
  } else if (!IsUtf8(regex)) {
    header.Fail(Invalid("regex is not valid UTF-8"));
  }
  tokenizer->regex = regex;
}

void ReadTextTokens(HeaderReader& header, const TokenizerHeader& sizes, TokenizerData* tokenizer) {
  constexpr std::uint64_t kLengthBytes = 2;
  const auto table = header.Bytes("text tokens", sizes.tokens_size);
  if (!header.ok()) return;
  if (table.size() < kLengthBytes * sizes.num_text_tokens) {
    header.Fail(Invalid("tokens_size is " + std::to_string(table.size()) + ", too small for num_text_tokens, " +
                        std::to_string(sizes.num_text_tokens)));
    return;
  }
  tokenizer->offsets.reserve(std::size_t{sizes.num_text_tokens} + 1);
  tokenizer->bytes.reserve(table.size() - kLengthBytes * sizes.num_text_tokens);
  tokenizer->offsets.push_back(0);
  std::size_t at = 0;
  for (std::uint32_t token = 0; token < sizes.num_text_tokens; ++token) {
    std::uint16_t length = 0;
    if (table.size() - at >= kLengthBytes) std::memcpy(&length, table.data() + at, kLengthBytes);
    if (table.size() - at < kLengthBytes || table.size() - at - kLengthBytes < length) {
      header.Fail(Invalid("text token " + std::to_string(token) + " reaches past tokens_size, " +
                          std::to_string(table.size())));
      return;
    }
    at += kLengthBytes;
    tokenizer->bytes.insert(tokenizer->bytes.end(), table.begin() + at, table.begin() + at + length);
    tokenizer->offsets.push_back(static_cast<std::uint32_t>(tokenizer->bytes.size()));
    at += length;
  }
  if (at != table.size()) {
    header.Fail(Invalid("tokens_size is " + std::to_string(table.size()) + ", but the " +
                        std::to_string(sizes.num_text_tokens) + " text tokens take " + std::to_string(at)));
  }
}

Status CheckFileSize(std::uint64_t file_bytes, const WeightsLayout& layout) {
  if (file_bytes < layout.end) {
    return Invalid("the file is " + std::to_string(file_bytes) + " bytes, but its header describes " +
                   std::to_string(layout.end) + ": it is truncated, download or copy it again");
  }
  if (file_bytes > RoundUp(layout.end, kBlockAlignment)) {
    return Invalid("the file is " + std::to_string(file_bytes) + " bytes, but its header describes only " +
                   std::to_string(layout.end) + ": header and weights do not belong together");
  }
  return {};
}

Weights ViewWeights(const Config& config, const WeightsLayout& layout, const std::uint8_t* file) {
  const auto matrix = [file](std::uint64_t offset) { return MatrixView{file + offset, NumberType::kBf16}; };
  const auto vector = [file](std::uint64_t offset) { return VectorView{file + offset, NumberType::kBf16}; };
  const auto mf4 = [file](std::uint64_t blocks, std::uint64_t scales) {
    return Mf4View{.blocks = file + blocks, .scales = file + scales, .scale_bias = kScaleBias};
  };

  Weights weights;  // Q and K rows are interleaved for adjacent-pair RoPE and carry the softmax scale
  weights.embedding = matrix(layout.embedding);
  weights.final_norm = vector(layout.final_norm);
  weights.unembedding = matrix(layout.unembedding);
  weights.layers.reserve(config.num_hidden_layers);
  for (std::uint64_t n = 0; n < config.num_hidden_layers; ++n) {
    const std::uint64_t at = layout.dense_layers + n * layout.dense_layer.stride;
    LayerView layer;
    layer.attn_norm = vector(at + layout.dense_layer.attn_norm);
    layer.qkv = {{.weight = matrix(at + layout.dense_layer.qkv_weight),
                  .bias = vector(at + layout.dense_layer.qkv_bias),
                  .num_rows = config.qkv_size()}};
    layer.sinks = vector(at + layout.dense_layer.sinks);
    layer.attn_out = matrix(at + layout.dense_layer.attn_out);
    layer.attn_out_bias = vector(at + layout.dense_layer.attn_out_bias);
    layer.mlp_norm = vector(at + layout.dense_layer.mlp_norm);
    layer.router_weight = matrix(at + layout.dense_layer.router_weight);
    layer.router_bias = vector(at + layout.dense_layer.router_bias);

    layer.experts.reserve(config.num_experts);
    for (std::uint64_t e = 0; e < config.num_experts; ++e) {
      const std::uint64_t from = layout.expert_blocks + n * layout.expert_block_stride + e * layout.expert.stride;
      ExpertView expert;
      expert.mlp1 = mf4(from + layout.expert.mlp1_blocks, from + layout.expert.mlp1_scales);
      expert.mlp1_bias = vector(from + layout.expert.mlp1_bias);
      expert.mlp2 = mf4(from + layout.expert.mlp2_blocks, from + layout.expert.mlp2_scales);
      expert.mlp2_bias = vector(from + layout.expert.mlp2_bias);
      layer.experts.push_back(expert);
    }
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

}  // namespace

Status ParseCheckpoint(std::span<const std::uint8_t> file, Checkpoint* checkpoint) {
  HeaderReader header(file);
  if (Status status = ReadMagic(header, file); !status.ok()) return status;
  ExpectUuid(header, "model UUID", kModelUuid, "gpt-oss models");
  Config config = ReadConfig(header);
  ExpectUuid(header, "layout UUID", kAppleLayoutUuid, "the Apple GPU layout");
  ExpectUuid(header, "tokenizer UUID", kTiktokenUuid, "tiktoken tokenizers");
  if (!header.ok()) return header.status();
  if (Status status = CheckSizes(config, kNames); !status.ok()) return status;

  const TokenizerHeader sizes = ReadTokenizerHeader(header);
  TokenizerData tokenizer;
  ReadSpecialTokens(header, sizes, &tokenizer);
  ReadRegex(header, sizes, &tokenizer);
  ReadTextTokens(header, sizes, &tokenizer);
  if (!header.ok()) return header.status();
  config.vocab_size = sizes.num_text_tokens + sizes.num_special_tokens;

  const WeightsLayout layout = LayOutWeights(config, RoundUp(header.offset(), kBlockAlignment));
  if (Status status = CheckFileSize(file.size(), layout); !status.ok()) return status;

  checkpoint->config = config;
  checkpoint->tokenizer = std::move(tokenizer);
  checkpoint->weights = ViewWeights(config, layout, file.data());
  checkpoint->weights_bytes = layout.end - layout.embedding;
  return {};
}

}  // namespace codexpc
