// The reference kernels: plain loops in the order of the definition. They run where nothing wider does, and every other
// table is read against them.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/compiler.h"
#include "kernels/number-formats.h"
#include "kernels/q8-kv.h"
#include "kernels/tables.h"

namespace codexpc::kernels::scalar {
namespace {

#include "kernels/generic/decode-blocks.h"

float Min(float a, float b) { return b < a ? b : a; }
float Max(float a, float b) { return a < b ? b : a; }

bool Supported() { return true; }

void Embed(float* out, const MatrixView& row, std::size_t n) {
  DecodeBlocks(out, static_cast<const std::uint8_t*>(row.data), row.type, n);
}

void RmsNorm(float* out, const float* x, VectorView gain, std::size_t n, float eps) {
  float sum_of_squares = 0.0f;
  for (std::size_t i = 0; i < n; ++i) sum_of_squares += x[i] * x[i];
  const float scale = 1.0f / std::sqrt(sum_of_squares / static_cast<float>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) out[i] = x[i] * scale * At(gain, i);
}

template <typename Args>
void StoreDot(const Args& args, std::size_t token, std::size_t row, float dot) {
  float* out = args.out + token * args.out_stride + row;
  if (args.bias.data != nullptr) dot += At(args.bias, row);
  *out = args.accumulate ? *out + dot : dot;
}

void Matmul(const MatmulArgs& args, const MatrixView& weight) {
  constexpr std::size_t kMaxBlock = 256;
  float values[kMaxBlock];
  const std::size_t step = std::max<std::size_t>(BlockSizeOf(weight.type).num_values, 1);
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    for (std::size_t token = 0; token < args.num_tokens; ++token) {
      const auto* blocks = static_cast<const std::uint8_t*>(weight.FromRow(row, args.cols).data);
      const float* x = args.x + token * args.cols;
      float dot = 0.0f;
      for (std::size_t col = 0; col < args.cols; col += step, blocks += BlockSizeOf(weight.type).num_bytes) {
        DecodeBlocks(values, blocks, weight.type, step);
        for (std::size_t i = 0; i < step; ++i) dot += x[col + i] * values[i];
      }
      StoreDot(args, token, row, dot);
    }
  }
}

void MatmulMf4(const MatmulArgs& args, const Mf4View& weight) {
  const float* scale_of = ScalesForBias(weight.scale_bias);
  const std::size_t num_blocks = args.cols / 32;
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    for (std::size_t token = 0; token < args.num_tokens; ++token) {
      const float* x = args.x + token * args.cols;
      float dot = 0.0f;
      for (std::size_t block = 0; block < num_blocks; ++block, x += 32) {
        const std::uint8_t* bytes = weight.blocks + (row * num_blocks + block) * weight.block_stride;
        const std::uint8_t scale = weight.scales[(row * num_blocks + block) * weight.scale_stride];
        float block_dot = 0.0f;
        for (std::size_t i = 0; i < 16; ++i) block_dot += x[2 * i] * kFp4[bytes[i] & 15] + x[2 * i + 1] * kFp4[bytes[i] >> 4];
        dot += block_dot * scale_of[scale];
      }
      StoreDot(args, token, row, dot);
    }
  }
}

void ToQ8(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  for (std::size_t block = 0; block < n / 32; ++block, x += 32) {
    float largest = 0.0f;
    for (std::size_t i = 0; i < 32; ++i) largest = Max(largest, std::fabs(x[i]));
    const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
    for (std::size_t i = 0; i < 32; ++i) {
      const float value = x[evens_first ? i % 16 * 2 + i / 16 : i] * inverse;
      out.values[block * 32 + i] = static_cast<std::int8_t>(std::nearbyint(value));
    }
    out.scales[block] = largest * (1.0f / 127.0f);
    out.starts[block] = 0;
  }
}

void MatmulQ8Mf4(const Q8MatmulArgs& args, const Mf4View& weight) {
  constexpr int kTwice[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  const float* scale_of = ScalesForBias(weight.scale_bias + 1);
  const std::size_t num_blocks = args.cols / 32;
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    for (std::size_t token = 0; token < args.num_tokens; ++token) {
      float dot = 0.0f;
      for (std::size_t block = 0; block < num_blocks; ++block) {
        const std::uint8_t* bytes = weight.blocks + (row * num_blocks + block) * weight.block_stride;
        const std::int8_t* x = args.x.values + (token * num_blocks + block) * 32;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < 16; ++i) sum += x[i] * kTwice[bytes[i] & 15] + x[i + 16] * kTwice[bytes[i] >> 4];
        const float scale = scale_of[weight.scales[(row * num_blocks + block) * weight.scale_stride]];
        dot += static_cast<float>(sum) * (scale * args.x.scales[token * num_blocks + block]);
      }
      StoreDot(args, token, row, dot);
    }
  }
}

float SwiGluOf(float gate, float linear, float limit) {
  gate = Min(gate, limit);
  linear = Max(Min(linear, limit), -limit);
  return gate / (1.0f + std::exp(-1.702f * gate)) * (linear + 1.0f);
}

void SwiGlu(float* out, const float* h, std::size_t n, float limit) {
  for (std::size_t i = 0; i < n; ++i) out[i] = SwiGluOf(h[2 * i], h[2 * i + 1], limit);
}

void SwiGluApart(float* out, const float* gate, const float* linear, std::size_t n, float limit) {
  for (std::size_t i = 0; i < n; ++i) out[i] = SwiGluOf(gate[i], linear[i], limit);
}

void InterleaveHalves(float* out, const float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = x[i / 32 * 32 + i % 32 / 2 + i % 2 * 16];
}

/// `distance` lies between the partners of a pair, `step` between a pair and the next.
void RotatePairs(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim, std::size_t distance,
                 std::size_t step) {
  for (std::size_t head = 0; head < num_heads; ++head, x += head_dim) {
    for (std::size_t i = 0; i < head_dim / 2; ++i) {
      const float first = x[i * step];
      const float second = x[i * step + distance];
      x[i * step] = first * cos[i] - second * sin[i];
      x[i * step + distance] = first * sin[i] + second * cos[i];
    }
  }
}

void Rope(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim) {
  RotatePairs(x, cos, sin, num_heads, head_dim, 1, 2);
}

void RopeHalves(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim) {
  RotatePairs(x, cos, sin, num_heads, head_dim, head_dim / 2, 1);
}

float KvToFloat(float value) { return value; }
float KvToFloat(f16 value) { return F16ToFloat(value); }

template <typename Kv>
struct PlainEntries {
  const Kv* first;
  std::size_t head_dim;
  PlainEntries(const void* entries, std::size_t dim) : first(static_cast<const Kv*>(entries)), head_dim(dim) {}
  float At(std::size_t position, std::size_t i) const { return KvToFloat(first[position * head_dim + i]); }
};

struct Q8Entries {
  const std::uint8_t* first;
  std::size_t entry_bytes;
  Q8Entries(const void* entries, std::size_t dim) : first(static_cast<const std::uint8_t*>(entries)), entry_bytes(kQ8KvScaleBytes + dim) {}
  float At(std::size_t position, std::size_t i) const {
    const std::uint8_t* entry = first + position * entry_bytes;
    f16 scale;
    std::memcpy(&scale, entry, sizeof scale);
    return F16ToFloat(scale) * static_cast<float>(static_cast<std::int8_t>(entry[kQ8KvScaleBytes + i]));
  }
};

/// One query head of one token over positions first..end of the runs. The softmax is taken as the keys come: `out` and
/// `sum` are relative to the largest logit so far, which starts as the sink's.
template <typename Entries>
void SdpaOneQuery(float* out, const float* q, float sink, const SdpaArgs& args, std::size_t first, std::size_t end) {
  float largest = sink;
  float sum = 1.0f;
  for (std::size_t i = 0; i < args.head_dim; ++i) out[i] = 0.0f;

  std::size_t run_begin = 0;
  for (std::size_t run = 0; run < 3; run_begin += args.length[run], ++run) {
    const Entries k(args.k[run], args.head_dim);
    const Entries v(args.v[run], args.head_dim);
    for (std::size_t at = 0; at < args.length[run]; ++at) {
      const std::size_t position = run_begin + at;
      if (position < first || position >= end) continue;
      float logit = 0.0f;
      for (std::size_t i = 0; i < args.head_dim; ++i) logit += q[i] * k.At(at, i);
      if (logit > largest) {
        const float rescale = std::exp(largest - logit);
        for (std::size_t i = 0; i < args.head_dim; ++i) out[i] *= rescale;
        sum *= rescale;
        largest = logit;
      }
      const float weight = std::exp(logit - largest);
      sum += weight;
      for (std::size_t i = 0; i < args.head_dim; ++i) out[i] += weight * v.At(at, i);
    }
  }
  for (std::size_t i = 0; i < args.head_dim; ++i) out[i] /= sum;
}

template <typename Entries>
void Sdpa(const SdpaArgs& args) {
  const std::size_t total = args.length[0] + args.length[1] + args.length[2];
  for (std::size_t token = 0; token < args.num_tokens; ++token) {
    const std::size_t end = total - (args.num_tokens - 1 - token);
    const std::size_t first = end > args.window ? end - args.window : 0;
    for (std::size_t head = 0; head < args.group; ++head) {
      SdpaOneQuery<Entries>(args.out + token * args.out_stride + head * args.head_dim,
                       args.q + token * args.q_stride + head * args.head_dim, At(args.sinks, head), args, first, end);
    }
  }
}

void ToF16(f16* out, const float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = FloatToF16(x[i]);
}

void ToQ8Kv(std::uint8_t* out, const float* x, std::size_t n) {
  float largest = 0.0f;
  for (std::size_t i = 0; i < n; ++i) largest = std::fmax(largest, std::fabs(x[i]));
  const float inverse = StoreQ8KvScale(out, largest);
  for (std::size_t i = 0; i < n; ++i) out[kQ8KvScaleBytes + i] = RoundToQ8Kv(x[i] * inverse);
}

void Axpy(float* out, const float* x, float weight, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] += weight * x[i];
}

}  // namespace

const KernelTable kTable = {
    .name = "scalar",
    .supported = Supported,
    .f32_embed = Embed,
    .f32_rmsnorm = RmsNorm,
    .f32_matmul = Matmul,
    .f32_mf4w_matmul = MatmulMf4,
    .f32_swiglu = SwiGlu,
    .f32_swiglu_apart = SwiGluApart,
    .f32_interleave_halves = InterleaveHalves,
    .f32_rope = Rope,
    .f32_rope_halves = RopeHalves,
    .f32_f32kv_sdpa = Sdpa<PlainEntries<float>>,
    .f32_f16kv_sdpa = Sdpa<PlainEntries<f16>>,
    .f32_q8kv_sdpa = Sdpa<Q8Entries>,
    .f32_to_f16 = ToF16,
    .f32_to_q8kv = ToQ8Kv,
    .f32_to_q8 = ToQ8,
    .q8_matmul = nullptr,
    .q8_mf4w_matmul = MatmulQ8Mf4,
    .max_two_term_tokens = 0,
    .f32_to_q16 = nullptr,
    .q16_matmul = nullptr,
    .q16_mf4w_matmul = nullptr,
    .f32_to_tiles = nullptr,
    .bf16_matmul = nullptr,
    .bf16_mf4w_matmul = nullptr,
    .f32_to_q16_tiles = nullptr,
    .q16_tiles_matmul = nullptr,
    .q16_tiles_mf4w_matmul = nullptr,
    .f32_axpy = Axpy,
};

}  // namespace codexpc::kernels::scalar
