#include "reference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace codexpc {
namespace {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

double Decode(bf16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }

/// Finite ones: 1 sign bit, 5 of exponent, 10 of mantissa.
double DecodeF16(std::uint32_t bits) {
  const std::uint32_t exponent = bits >> 10 & 31;
  const double mantissa = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, static_cast<int>(exponent) - 25);
  return (bits >> 15) != 0 ? -magnitude : magnitude;
}

/// Blocks of a float16 scale and 32 signed bytes.
double DecodeQ8(const std::uint8_t* blocks, std::size_t i) {
  const std::uint8_t* block = blocks + i / 32 * 34;
  return DecodeF16(block[0] | std::uint32_t{block[1]} << 8) * static_cast<std::int8_t>(block[2 + i % 32]);
}

// The reference reads model.bin: bf16, mlp1 in one matrix, blocks in pairs; and what bf16 is converted to, Q8_0. Other
// formats are compared with it.
double At(const VectorView& vector, std::size_t i) { return Decode(static_cast<const bf16*>(vector.data)[i]); }
double At(const MatrixView& matrix, std::size_t i) {
  if (matrix.type == NumberType::kQ8_0) return DecodeQ8(static_cast<const std::uint8_t*>(matrix.data), i);
  return Decode(static_cast<const bf16*>(matrix.data)[i]);
}

double DecodeFp4(std::uint32_t code) {
  const double magnitudes[] = {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0};
  return (code & 8) != 0 ? -magnitudes[code & 7] : magnitudes[code & 7];
}

/// weight (rows, x.size()) times x, plus bias.
Vector Linear(const MatrixView& weight, const VectorView& bias, std::size_t rows, const Vector& x) {
  Vector out(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    out[row] = bias.data == nullptr ? 0.0 : At(bias, row);
    for (std::size_t col = 0; col < x.size(); ++col) out[row] += At(weight, row * x.size() + col) * x[col];
  }
  return out;
}

Vector LinearMf4(const Mf4View& weight, const VectorView& bias, std::size_t rows, const Vector& x) {
  Vector out(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    out[row] = At(bias, row);
    for (std::size_t col = 0; col < x.size(); ++col) {
      const std::size_t at = row * x.size() + col;
      const std::uint32_t pair = weight.blocks[at / 2];
      const double scale = std::ldexp(1.0, static_cast<int>(weight.scales[at / 32]) - weight.scale_bias);
      out[row] += DecodeFp4(col % 2 == 0 ? pair & 15 : pair >> 4) * scale * x[col];
    }
  }
  return out;
}

Vector Normalized(const Vector& x, const VectorView& gain, double eps) {
  const double mean_square = std::inner_product(x.begin(), x.end(), x.begin(), 0.0) / static_cast<double>(x.size());
  Vector out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] / std::sqrt(mean_square + eps) * At(gain, i);
  return out;
}

void Rotate(double* head, const Config& config, std::size_t position) {
  for (std::size_t pair = 0; pair < config.head_dim / 2; ++pair) {
    const double frequency = 1.0 / std::pow(double{config.rope_theta}, 2.0 * double(pair) / config.head_dim);
    const double ramp = std::min(1.0, std::max(0.0, double(pair) * config.rope_yarn_scale + config.rope_yarn_offset));
    const double mixed = (1.0 - ramp) * frequency + ramp * frequency * config.rope_interpolation_scale;
    const double cos = std::cos(double(position) * mixed) * config.rope_yarn_multiplier;
    const double sin = std::sin(double(position) * mixed) * config.rope_yarn_multiplier;
    const double even = head[2 * pair];
    const double odd = head[2 * pair + 1];
    head[2 * pair] = even * cos - odd * sin;
    head[2 * pair + 1] = odd * cos + even * sin;
  }
}

/// Attention output of the token at `position`, from everyone's rotated q, k, v.
Vector Attend(const Config& config, const LayerView& layer, bool sliding, const Matrix& qkv, std::size_t position) {
  const std::size_t dim = config.head_dim;
  Vector out(config.q_size());
  for (std::size_t head = 0; head < config.num_attention_heads; ++head) {
    const std::size_t kv_head = head * config.num_key_value_heads / config.num_attention_heads;
    const std::size_t k_at = config.q_size() + kv_head * dim;
    const std::size_t v_at = k_at + config.kv_size();
    Vector scores(position + 1, -std::numeric_limits<double>::infinity());
    double largest = At(layer.sinks, head);
    for (std::size_t other = 0; other <= position; ++other) {
      if (sliding && position - other >= config.sliding_window) continue;
      scores[other] = 0.0;
      for (std::size_t i = 0; i < dim; ++i) scores[other] += qkv[position][head * dim + i] * qkv[other][k_at + i];
      largest = std::max(largest, scores[other]);
    }
    double sum = std::exp(At(layer.sinks, head) - largest);
    for (double& score : scores) sum += score = std::exp(score - largest);
    for (std::size_t other = 0; other <= position; ++other) {
      for (std::size_t i = 0; i < dim; ++i) out[head * dim + i] += scores[other] / sum * qkv[other][v_at + i];
    }
  }
  return out;
}

Vector Expert(const Config& config, const ExpertView& expert, const Vector& x) {
  const Vector h = LinearMf4(expert.mlp1, expert.mlp1_bias, 2 * config.intermediate_size, x);
  Vector act(config.intermediate_size);
  for (std::size_t i = 0; i < act.size(); ++i) {
    const double gate = std::min(h[2 * i], double{config.swiglu_limit});
    const double linear = std::min(std::max(h[2 * i + 1], -double{config.swiglu_limit}), double{config.swiglu_limit});
    act[i] = gate / (1.0 + std::exp(-1.702 * gate)) * (linear + 1.0);
  }
  return LinearMf4(expert.mlp2, expert.mlp2_bias, config.hidden_size, act);
}

void AddExperts(const Config& config, const LayerView& layer, Vector* x, double* smallest_gap) {
  const Vector normed = Normalized(*x, layer.mlp_norm, config.rms_norm_eps);
  const Vector router = Linear(layer.router_weight, layer.router_bias, config.num_experts, normed);
  std::vector<std::size_t> order(config.num_experts);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return router[a] > router[b]; });
  const std::size_t num_active = config.experts_per_token;
  if (num_active < order.size()) {
    *smallest_gap = std::min(*smallest_gap, router[order[num_active - 1]] - router[order[num_active]]);
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < num_active; ++i) sum += std::exp(router[order[i]] - router[order[0]]);
  for (std::size_t i = 0; i < num_active; ++i) {
    const double weight = std::exp(router[order[i]] - router[order[0]]) / sum;
    const Vector out = Expert(config, layer.experts[order[i]], normed);
    for (std::size_t j = 0; j < x->size(); ++j) (*x)[j] += weight * out[j];
  }
}

template <typename Expected>
double RelativeErrorOf(std::span<const float> actual, std::span<const Expected> expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double difference = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double d = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!(d <= difference)) difference = d;  // keeps a NaN
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return difference == 0.0 ? 0.0 : difference / largest;
}

}  // namespace

ReferenceResult ReferenceLogits(const Model& model, std::span<const std::uint32_t> tokens) {
  const Config& config = model.config();
  const Weights& weights = model.weights();
  Matrix x(tokens.size(), Vector(config.hidden_size));
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    for (std::size_t i = 0; i < config.hidden_size; ++i) {
      x[t][i] = At(weights.embedding, std::size_t{tokens[t]} * config.hidden_size + i);
    }
  }
  ReferenceResult result{{}, std::numeric_limits<double>::infinity()};
  for (std::size_t block = 0; block < config.num_hidden_layers; ++block) {
    const LayerView& layer = weights.layers[block];
    Matrix qkv;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const Vector normed = Normalized(x[t], layer.attn_norm, config.rms_norm_eps);
      qkv.push_back(Linear(layer.qkv[0].weight, layer.qkv[0].bias, config.qkv_size(), normed));
      for (std::size_t head = 0; head < config.num_attention_heads + config.num_key_value_heads; ++head) {
        Rotate(qkv[t].data() + head * config.head_dim, config, t);
      }
    }
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const Vector attended = Attend(config, layer, block % 2 == 0, qkv, t);
      const Vector out = Linear(layer.attn_out, layer.attn_out_bias, config.hidden_size, attended);
      for (std::size_t i = 0; i < out.size(); ++i) x[t][i] += out[i];
      AddExperts(config, layer, &x[t], &result.smallest_router_gap);
    }
  }
  for (const Vector& row : x) {
    const Vector normed = Normalized(row, weights.final_norm, config.rms_norm_eps);
    result.logits.push_back(Linear(weights.unembedding, {}, config.vocab_size, normed));
  }
  return result;
}

double RelativeError(std::span<const float> actual, std::span<const double> expected) {
  return RelativeErrorOf(actual, expected);
}

double RelativeError(std::span<const float> actual, std::span<const float> expected) {
  return RelativeErrorOf(actual, expected);
}

}  // namespace codexpc
