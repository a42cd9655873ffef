#pragma once
// One constant table of kernels per instruction set; chosen once when an engine is made, passed by reference.
// Kernel names: <activation>_<weight>w_<operation>. A kernel is pure: it allocates nothing, logs nothing, starts no
// threads, and computes only the slice it is given; the backend decides the split. It takes up to 100 KiB of stack.

#include <cstddef>
#include <cstdint>

#include "codexpc/tensor.h"

namespace codexpc::kernels {

/// Rows `row_begin..row_end` of out = x * weight^T + bias, for `num_tokens` activations.
template <typename Activations>
struct MatmulArgsOf {
  float* out;         // (num_tokens, out_stride): writes columns row_begin..row_end; adds when `accumulate`
  Activations x;      // (num_tokens, cols)
  VectorView bias;    // (rows) or null
  std::size_t num_tokens;
  std::size_t cols;       // multiple of 32 for MXFP4, and for activations in whole numbers
  std::size_t out_stride; // floats
  std::size_t row_begin;
  std::size_t row_end;
  bool accumulate;        // residual add
};
using MatmulArgs = MatmulArgsOf<const float*>;

/// Attention of `num_tokens` consecutive tokens and one KV head: `group` query heads share the head's keys and values.
/// Decode passes one token; prefill passes a tile of tokens (16 or more pays), so that each key is read once for many.
/// Keys and values are up to three runs of positions, oldest first: the two parts of a wrapped ring, then the batch's
/// own. The last position of the last non-empty run is the last token's own; token t sees `num_tokens - 1 - t` fewer.
struct SdpaArgs {
  float* out;               // token t, head h at t * out_stride + h * head_dim
  const float* q;           // token t, head h at t * q_stride + h * head_dim; softmax scale folded in
  VectorView sinks;         // (group)
  const void* k[3] = {};    // runs of (length, head_dim): float, f16, or entries of f32_to_q8kv
  const void* v[3] = {};
  std::size_t length[3] = {};
  std::size_t group;
  std::size_t head_dim;
  std::size_t num_tokens = 1;  // at most the sum of the lengths
  std::size_t out_stride = 0;  // floats; for more than one token
  std::size_t q_stride = 0;
  std::size_t window = SIZE_MAX;  // positions a token sees at most, its own included
};

/// Bytes before the values of an entry of f32_to_q8kv: the scale.
inline constexpr std::size_t kQ8KvScaleBytes = sizeof(f16);

/// Activations in whole numbers for the q8 kernels: 32 consecutive values share a scale. In one term value = q * scale, off
/// by up to 1/254 of the largest of the 32; in two value = (256 * q + r) * scale, off by up to 2^-14 of it, mostly 2^-16.
struct Q8View {
  std::int8_t* values;   // (num_tokens, num_terms, cols): -127 to 127, the 32 of a block in the order asked of f32_to_q8
  float* scales;         // (num_tokens, cols / 32)
  std::int32_t* starts;  // (num_tokens, cols / 32): what a block's sum of products starts from; the table's own business
  std::size_t num_terms = 1;
};

using Q8MatmulArgs = MatmulArgsOf<Q8View>;

/// Consecutive values of an activation in 16 bits that share a scale; at the end of a row fewer.
inline constexpr std::size_t kQ16GroupSize = 256;

/// Activations in 16 bits for the q16 kernels: value = q * scale, off by up to 2^-16 of the largest of its kQ16GroupSize.
struct Q16View {
  std::int16_t* values;  // (num_tokens, cols): -32767 to 32767, the 32 of a block in an order of the table's own
  float* scales;         // (num_tokens, cols / 32), of which each token has the first cols / kQ16GroupSize, rounded up
};
using Q16MatmulArgs = MatmulArgsOf<Q16View>;

/// The same in tiles of 16 tokens and 64 columns: a value is (256 * coarse + fine) * scale, off by up to 2^-16 of the largest of
/// its kQ16GroupSize. A tile's rows are four columns of each token.
struct Q16TileView {
  std::int8_t* values;  // (num_tokens / 16, cols / 64, 2, 16, 16, 4), quotients rounded up: coarse, then fine
  float* scales;        // (num_tokens / 16, cols / kQ16GroupSize, 16), the same
};
using Q16TileMatmulArgs = MatmulArgsOf<Q16TileView>;

/// How the 32 values of a block stand in a tile: as they came, or as the kernels decode MXFP4 blocks whose bytes hold the
/// values 2i and 2i + 1, or i and i + 16.
enum class TileOrder : std::uint8_t { kAsIs, kMf4Pairs, kMf4Halves };

/// Activations for the bf16 kernels, in tiles of 16 tokens and 32 columns; a tile's rows are pairs of columns. A value is
/// one bfloat16, off by up to 2^-9 of itself, or the sum of two, off by up to 2^-18.
struct TileView {
  bf16* values;           // (num_tokens / 16, cols / 32, num_terms, 16, 16, 2), quotients rounded up
  std::size_t num_terms;  // 1 or 2
};

using TileMatmulArgs = MatmulArgsOf<TileView>;

struct KernelTable {
  const char* name;
  /// This CPU has every feature the table was built for, and the system has granted their use.
  bool (*supported)();

  void (*f32_embed)(float* out, const MatrixView& row, std::size_t n);  // row (1, n)
  void (*f32_rmsnorm)(float* out, const float* x, VectorView gain, std::size_t n, float eps);  // one token
  void (*f32_matmul)(const MatmulArgs& args, const MatrixView& weight);      // weight (rows, cols), any number type
  void (*f32_mf4w_matmul)(const MatmulArgs& args, const Mf4View& weight);    // blocks in pairs; see f32_interleave_halves
  /// out[i] = min(h[2i], limit) * sigmoid(1.702 * min(h[2i], limit)) * (clamp(h[2i+1], -limit, limit) + 1)
  void (*f32_swiglu)(float* out, const float* h, std::size_t n, float limit);
  /// The same with gate and linear apart, (n) each.
  void (*f32_swiglu_apart)(float* out, const float* gate, const float* linear, std::size_t n, float limit);
  /// Every 32 values x of a row: out = x[0] x[16] x[1] x[17] …. An activation in this order meets MXFP4 blocks whose
  /// bytes hold values i and i + 16 as one in the usual order meets those of 2i and 2i + 1. `n` is a multiple of 32.
  void (*f32_interleave_halves)(float* out, const float* x, std::size_t n);
  /// Rotates the pairs of `num_heads` heads in place; cos and sin (head_dim / 2) for this position.
  void (*f32_rope)(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim);
  void (*f32_rope_halves)(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim);
  void (*f32_f32kv_sdpa)(const SdpaArgs& args);
  void (*f32_f16kv_sdpa)(const SdpaArgs& args);
  void (*f32_q8kv_sdpa)(const SdpaArgs& args);
  void (*f32_to_f16)(f16* out, const float* x, std::size_t n);  // round to nearest even
  /// A key or value in 2 + n bytes: a scale in f16, then value / scale to the nearest, -127 to 127.
  void (*f32_to_q8kv)(std::uint8_t* out, const float* x, std::size_t n);
  /// One token (cols): scale = largest magnitude / 127, q = value / scale to the nearest; in two terms scale = largest
  /// magnitude / (127 * 257), 256 * q + r = value / scale to the nearest, at times to the next. With `evens_first` a block's
  /// values of even columns stand before those of odd ones, as MXFP4 blocks of pairs want them. `n` is a multiple of 32.
  void (*f32_to_q8)(const Q8View& out, const float* x, std::size_t n, bool evens_first);
  /// Products in whole numbers, exact within a block, with scales and sums over blocks in float32. The weight's own
  /// rounding: none for Q8_0; other types are brought to 8 bits as activations are, and want activations of one term. Null
  /// where f32_matmul is faster.
  void (*q8_matmul)(const Q8MatmulArgs& args, const MatrixView& weight);
  /// MXFP4 is exact here: twice a value is a small whole number. Low nibbles meet a block's first 16 values of x.
  void (*q8_mf4w_matmul)(const Q8MatmulArgs& args, const Mf4View& weight);
  /// Tokens up to which the q8 kernels over activations of two terms are faster than those over floats; 0 where they do not
  /// know two terms.
  std::size_t max_two_term_tokens;
  /// One token (cols): scale = a group's largest magnitude / 32767, q = value / scale to the nearest; else as f32_to_q8.
  void (*f32_to_q16)(const Q16View& out, const float* x, std::size_t n, bool evens_first);
  /// As the q8 kernels. Of weights in Q8_0 alone. Null, as the next, where floats are as fast.
  void (*q16_matmul)(const Q16MatmulArgs& args, const MatrixView& weight);
  void (*q16_mf4w_matmul)(const Q16MatmulArgs& args, const Mf4View& weight);
  /// Tokens 16 * tile and following, (n) each; null after the last. Zeros there and up to the next 32 columns.
  void (*f32_to_tiles)(const TileView& out, std::size_t tile, const float* const x[16], std::size_t n, TileOrder order);
  /// Products of bfloat16, summed in float32. With activations of two terms weights have as many as they need: BF16 and
  /// MXFP4 are exact in one, others are off by up to 2^-18 in two; terms of both that small are left out. Null where the
  /// CPU has no units for tiles.
  void (*bf16_matmul)(const TileMatmulArgs& args, const MatrixView& weight);
  /// Of the weight's order the activations have; a table has both kernels or none.
  void (*bf16_mf4w_matmul)(const TileMatmulArgs& args, const Mf4View& weight);
  /// As f32_to_tiles, `n` a multiple of 32, in whole numbers. `evens_first` as in f32_to_q8.
  void (*f32_to_q16_tiles)(const Q16TileView& out, std::size_t tile, const float* const x[16], std::size_t n, bool evens_first);
  /// Products in whole numbers, exact within kQ16GroupSize columns of a row, which share a scale. MXFP4 is exact where the row's
  /// scales there are at most 2^11 apart; smaller blocks, and Q8_0, of which alone the first is, are off by up to 2^-15 of the
  /// largest that those columns could hold, and products of two such parts are left out. Null, as the next, with the bf16 kernels.
  void (*q16_tiles_matmul)(const Q16TileMatmulArgs& args, const MatrixView& weight);
  void (*q16_tiles_mf4w_matmul)(const Q16TileMatmulArgs& args, const Mf4View& weight);
  /// out += weight * x
  void (*f32_axpy)(float* out, const float* x, float weight, std::size_t n);
};

/// In priority order, best first; `scalar` is last and always supported.
struct KernelTables {
  const KernelTable* const* tables;
  std::size_t count;
};
KernelTables AllKernelTables();
/// The table called `name`, or the best supported one for "". Null if unknown or unsupported.
const KernelTable* SelectKernelTable(const char* name);

}  // namespace codexpc::kernels
