#include "test-checkpoint.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace codexpc {
namespace {

// --- random values: the same on every machine and in TypeScript (integers, sqrt, single multiplications) ---

std::uint32_t Mix(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

/// mulberry32, one stream a tensor.
class Random {
 public:
  Random(std::uint32_t seed, std::uint32_t stream) : state_(Mix(Mix(seed) + stream * 0x9e3779b9u)) {}

  std::uint32_t Next() {
    state_ += 0x6d2b79f5u;
    std::uint32_t t = (state_ ^ (state_ >> 15)) * (state_ | 1u);
    t ^= t + (t ^ (t >> 7)) * (t | 61u);
    return t ^ (t >> 14);
  }
  /// Uniform integer in [-2^23, 2^23).
  std::int32_t NextSigned24() { return static_cast<std::int32_t>(Next() >> 8) - (1 << 23); }

 private:
  std::uint32_t state_;
};

std::uint16_t ToBf16(double value) {
  const auto single = static_cast<float>(value);
  std::uint32_t bits;
  std::memcpy(&bits, &single, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// --- the file ---

class Writer {
 public:
  explicit Writer(std::uint32_t seed) : seed_(seed) {}

  void Bytes(std::string_view bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void U16(std::uint16_t value) { Raw(value); }
  void U32(std::uint32_t value) { Raw(value); }
  void F32(float value) { Raw(value); }
  void UuidText(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == '-') {
        ++i;
        continue;
      }
      out_.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
      i += 2;
    }
  }
  void Pad(std::size_t alignment) { out_.resize((out_.size() + alignment - 1) / alignment * alignment); }

  /// `count` values, uniform within ±bound.
  void Uniform(std::uint64_t count, double bound) {
    Pad(16);
    Random random(seed_, stream_++);
    const double step = bound / (1 << 23);
    for (std::uint64_t i = 0; i < count; ++i) U16(ToBf16(random.NextSigned24() * step));
  }
  /// A matrix whose product with a vector of unit-variance values has standard deviation `gain`.
  void Matrix(std::uint64_t rows, std::uint64_t cols, double gain) {
    Uniform(rows * cols, gain * std::sqrt(3.0 / static_cast<double>(cols)));
  }
  /// RMSNorm gains in [0.5, 1.5).
  void Norm(std::uint64_t count) {
    Pad(16);
    Random random(seed_, stream_++);
    for (std::uint64_t i = 0; i < count; ++i) U16(ToBf16((random.NextSigned24() + (1 << 24)) * (1.0 / (1 << 24))));
  }
  /// MXFP4 blocks, then scales that differ by up to 2 powers of two around what gives `gain`.
  void Mf4(std::uint64_t rows, std::uint64_t cols, double gain) {
    Pad(16);
    Random blocks(seed_, stream_++);
    for (std::uint64_t i = 0; i < rows * (cols / 8); ++i) U32(blocks.Next());
    Pad(16);
    Random scales(seed_, stream_++);
    const std::uint32_t middle = Mf4Scale(cols, gain);
    for (std::uint64_t i = 0; i < rows * (cols / 32); ++i) {
      out_.push_back(static_cast<std::uint8_t>(middle - 1 + scales.Next() % 3));
    }
  }

  std::vector<std::uint8_t> Take() { return std::move(out_); }

 private:
  template <typename T>
  void Raw(T value) {
    std::uint8_t bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.insert(out_.end(), bytes, bytes + sizeof(T));
  }

  /// The scale byte nearest below `gain`; random FP4 codes have a standard deviation of 2.93.
  static std::uint32_t Mf4Scale(std::uint64_t cols, double gain) {
    double reached = 2.93 * std::sqrt(static_cast<double>(cols));
    std::uint32_t scale = 127 + 14;
    for (; reached > gain; reached /= 2) --scale;
    return scale;
  }

  std::uint32_t seed_;
  std::uint32_t stream_ = 0;
  std::vector<std::uint8_t> out_;
};

constexpr std::string_view kReserved = "00000000-0000-0000-0000-000000000000";
constexpr std::string_view kSpecialTokens[] = {
    kReserved,
    kReserved,
    "07d7da55-b346-4cff-8b37-7cefacf8a3e8",  // untrusted
    "f265bd9c-c717-469e-a447-920687d65d90",  // end_untrusted
    "f799ff69-1992-43c4-a3d8-d831f475dc75",  // return
    "c0bb14c7-6022-49da-ad08-792d67e8b470",  // constrain
    kReserved,
    "fd3dda11-c8ab-4033-876e-d93deb172c93",  // channel
    "55a77c2f-8a01-4c54-8ac2-313bfc7e208d",  // start
    "fcac2f6d-4705-4f6b-b228-642accac7238",  // end
    "16e40431-f47f-4b22-b59b-8b278fc30a54",  // message
    kReserved,
    kReserved,
    kReserved,
    "1220f796-e388-4de5-b487-fe2eb5fe03c0",  // call
    "e15ba702-28c4-4292-ab8f-ffa434709128",  // refusal
};

constexpr std::string_view kRegex =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The 256 bytes, then all words of two, three, … lower-case letters: each is the one before its last letter, plus it.
std::string TextToken(std::uint32_t token) {
  if (token < 256) return std::string(1, static_cast<char>(token));
  std::uint32_t index = token - 256;
  std::uint32_t num_words = 26 * 26;
  std::size_t length = 2;
  for (; index >= num_words; num_words *= 26, ++length) index -= num_words;
  std::string word(length, 'a');
  for (std::size_t i = length; i-- > 0; index /= 26) word[i] = static_cast<char>('a' + index % 26);
  return word;
}

void WriteHeader(Writer& out, const TestCheckpoint& wanted) {
  const Config& config = wanted.config;
  out.Bytes("GPT-OSS v1.0");
  out.U32(0);
  out.UuidText("df52dc86-1789-4ed0-a295-66f10508145b");
  out.U32(config.context_length);
  out.U32(config.num_hidden_layers);
  out.U32(config.num_experts);
  out.U32(config.experts_per_token);
  out.U32(config.hidden_size);
  out.U32(config.intermediate_size);
  out.F32(config.swiglu_limit);
  out.U32(config.head_dim);
  out.U32(config.num_attention_heads);
  out.U32(config.num_key_value_heads);
  out.U32(config.sliding_window);
  out.F32(config.rope_theta);
  out.F32(config.rope_interpolation_scale);
  out.F32(config.rope_yarn_offset);
  out.F32(config.rope_yarn_scale);
  out.F32(config.rope_yarn_multiplier);
  out.F32(config.rms_norm_eps);
  out.UuidText("229177a8-5775-4268-bfd8-d588b351c56d");
  out.UuidText("7401aded-2a95-40cb-b782-9ccebaafe72b");

  std::string tokens;
  for (std::uint32_t i = 0; i < wanted.num_text_tokens; ++i) {
    const std::string token = TextToken(i);
    tokens += static_cast<char>(token.size());
    tokens += '\0';
    tokens += token;
  }
  out.U32(wanted.num_special_tokens);
  out.U32(wanted.num_text_tokens);
  out.U32(static_cast<std::uint32_t>(kRegex.size() + 1));
  out.U32(static_cast<std::uint32_t>(tokens.size()));
  for (std::uint32_t i = 0; i < wanted.num_special_tokens; ++i) {
    out.UuidText(i < std::size(kSpecialTokens) ? kSpecialTokens[i] : kReserved);
  }
  out.Bytes(kRegex);
  out.Bytes(std::string_view("\0", 1));
  out.Bytes(tokens);
  out.Pad(16384);
}

void WriteDense(Writer& out, const Config& config, std::uint32_t vocab_size) {
  const std::uint64_t hidden = config.hidden_size;
  // Scores of unit-variance activations get a standard deviation of 1.5.
  const double qk_gain = std::sqrt(1.5 / std::sqrt(static_cast<double>(config.head_dim)));
  out.Uniform(std::uint64_t{vocab_size} * hidden, 1.75);
  for (std::uint32_t n = 0; n < config.num_hidden_layers; ++n) {
    out.Norm(hidden);
    out.Matrix(config.qkv_size(), hidden, qk_gain);
    out.Uniform(config.qkv_size(), 0.25);
    out.Uniform(config.num_attention_heads, 2.0);
    out.Matrix(hidden, config.q_size(), 1.0);
    out.Uniform(hidden, 0.25);
    out.Norm(hidden);
    out.Matrix(config.num_experts, hidden, 1.5);
    out.Uniform(config.num_experts, 0.5);
  }
  out.Norm(hidden);
  out.Matrix(vocab_size, hidden, 3.0);
}

void WriteExperts(Writer& out, const Config& config) {
  const std::uint64_t hidden = config.hidden_size;
  const std::uint64_t intermediate = config.intermediate_size;
  for (std::uint32_t n = 0; n < config.num_hidden_layers; ++n) {
    out.Pad(16384);
    for (std::uint32_t e = 0; e < config.num_experts; ++e) {
      out.Mf4(2 * intermediate, hidden, 4.0);
      out.Uniform(2 * intermediate, 1.0);
      out.Mf4(hidden, intermediate, 0.5);
      out.Uniform(hidden, 0.25);
    }
  }
}

/// The published files' rope settings, scaled to `head_dim`.
Config WithPublishedRope(Config config) {
  constexpr double kLow = 0.25289934735976255;   // ln(4096 / (32 · 2π)) / ln(150000)
  constexpr double kHigh = 0.5436882656746425;  // ln(4096 / (1 · 2π)) / ln(150000)
  config.rope_theta = 150000.0f;
  config.rope_interpolation_scale = 1.0f / 32.0f;
  config.rope_yarn_offset = static_cast<float>(-kLow / (kHigh - kLow));
  config.rope_yarn_scale = static_cast<float>(1.0 / (config.head_dim / 2 * (kHigh - kLow)));
  config.rope_yarn_multiplier = 1.3465735902799727f;
  config.rms_norm_eps = 1e-5f;
  config.swiglu_limit = 7.0f;
  return config;
}

}  // namespace

TestCheckpoint TinyCheckpoint(std::uint32_t seed) {
  Config config{};
  config.context_length = 4096;
  config.num_hidden_layers = 2;
  config.num_experts = 4;
  config.experts_per_token = 2;
  config.hidden_size = 64;
  config.intermediate_size = 64;
  config.head_dim = 16;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.sliding_window = 16;
  return {WithPublishedRope(config), 304, 16, seed};
}

TestCheckpoint OddCheckpoint(std::uint32_t seed) {
  Config config{};
  config.context_length = 4992;
  config.num_hidden_layers = 3;
  config.num_experts = 5;
  config.experts_per_token = 3;
  config.hidden_size = 96;
  config.intermediate_size = 160;
  config.head_dim = 20;
  config.num_attention_heads = 6;
  config.num_key_value_heads = 2;
  config.sliding_window = 37;
  return {WithPublishedRope(config), 347, 16, seed};
}

TestCheckpoint SmallCheckpoint(std::uint32_t seed) {
  Config config{};
  config.context_length = 131072;
  config.num_hidden_layers = 4;
  config.num_experts = 32;
  config.experts_per_token = 4;
  config.hidden_size = 128;
  config.intermediate_size = 96;
  config.head_dim = 64;
  config.num_attention_heads = 8;
  config.num_key_value_heads = 1;
  config.sliding_window = 128;
  return {WithPublishedRope(config), 1000, 16, seed};
}

std::vector<std::uint8_t> MakeCheckpoint(const TestCheckpoint& wanted) {
  Writer out(wanted.seed);
  WriteHeader(out, wanted);
  WriteDense(out, wanted.config, wanted.num_text_tokens + wanted.num_special_tokens);
  WriteExperts(out, wanted.config);
  return out.Take();
}

bool WriteCheckpoint(const TestCheckpoint& wanted, const std::string& path) {
  const std::vector<std::uint8_t> bytes = MakeCheckpoint(wanted);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace codexpc
