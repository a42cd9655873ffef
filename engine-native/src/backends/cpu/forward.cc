#include "backends/cpu/forward.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/router.h"

namespace codexpc::cpu {
namespace {

// Rows of a weight that one task computes: enough tasks to even out threads of unequal speed, and a block of weights
// that stays in the second-level cache while several tokens pass over it.
constexpr std::size_t kTasksPerThread = 4;
constexpr std::size_t kFloatPanelRows = 48;  // of the widest kernels
constexpr std::size_t kBytePanelRows = 32;
constexpr std::size_t kWordPanelRows = 192;  // 64, and floats for what is not multiplied in words
constexpr std::size_t kTileBlockRows = 64;
constexpr std::size_t kMaxBlockRows = 288;

// Tokens that attend in one kernel call; more share the reads of keys and values.
constexpr std::uint32_t kTileRows = 16;

// Tokens of prompts from which bringing a dense weight to 8 bits in passing pays: measured on an Ice Lake Xeon with
// AVX-512 VNNI. Tokens that are decoded do not count, however many: with drafts or without, they are rounded alike.
constexpr std::uint32_t kMinRowsToQuantizeWeights = 16;

// Tokens from which a table's tiles pay: of the 20b shape an expert then meets three in the mean, where an Emerald Rapids
// Xeon took as long for a tile as for float32. Steps of guessed tokens are smaller.
constexpr std::uint32_t kMinRowsForTiles = 24;
constexpr std::uint32_t kTileTokens = 16;

template <typename View>
kernels::MatmulArgsOf<View> WithActivations(const kernels::MatmulArgs& args, const View& x) {
  return {.out = args.out,
          .x = x,
          .bias = args.bias,
          .num_tokens = args.num_tokens,
          .cols = args.cols,
          .out_stride = args.out_stride,
          .row_begin = args.row_begin,
          .row_end = args.row_end,
          .accumulate = args.accumulate};
}

}  // namespace

void ForwardPass::Run(std::span<const BatchItem> batch) {
  Begin(batch);
  while (num_parts_left() > 0) Continue();
}

void ForwardPass::Begin(std::span<const BatchItem> batch) {
  next_layer_ = 0;
  ArrangeRows(batch);
}

/// The embedding goes with the first block, the unembedding with the last.
void ForwardPass::Continue() {
  if (next_layer_ == 0) Embed();
  RunLayer(next_layer_++);
  if (num_parts_left() == 0 && num_rows_ > 0) Unembed();
}

void ForwardPass::RunLayer(std::uint32_t layer) {
  const LayerView& view = weights_.layers[layer];
  ProjectQkv(view);
  RotateAndStore(layer);
  // Past the last keys and values only the rows whose logits are wanted matter.
  if (layer + 1 == config_.num_hidden_layers) KeepWantedRows();
  if (num_rows_ == 0) return;
  Attend(layer);
  ProjectAttended(view);
  Route(view);
  GroupByExpert();
  ExpertsUp(view);
  ExpertsDown(view);
  AddExperts();
}

/// Segments in the order of their slots, so that the logits of neighbouring slots are adjacent.
void ForwardPass::ArrangeRows(std::span<const BatchItem> batch) {
  num_rows_ = 0;
  num_prompt_rows_ = 0;
  num_segments_ = 0;
  std::uint32_t num_drafts = 0;
  std::int64_t previous = -1;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const BatchItem* next = nullptr;
    for (const BatchItem& item : batch) {
      if (item.slot > previous && (next == nullptr || item.slot < next->slot)) next = &item;
    }
    previous = next->slot;
    scratch_.segments[num_segments_++] = {next->slot, num_rows_, static_cast<std::uint32_t>(next->tokens.size()),
                                          next->want_logits ? 1 + next->num_drafts : 0};
    num_prompt_rows_ += scratch_.segments[num_segments_ - 1].num_rows - scratch_.segments[num_segments_ - 1].num_wanted;
    parts_.logits.first_draft[next->slot] = num_drafts;
    num_drafts += next->num_drafts;
    std::uint32_t position = parts_.cache.Length(next->slot);
    for (const std::uint32_t token : next->tokens) scratch_.rows[num_rows_++] = {token, next->slot, position++};
  }
  ArrangeTiles();
}

void ForwardPass::ArrangeTiles() {
  num_tiles_ = 0;
  for (std::uint32_t i = 0; i < num_segments_; ++i) {
    const Segment& segment = scratch_.segments[i];
    for (std::uint32_t done = 0; done < segment.num_rows; done += kTileRows) {
      scratch_.tiles[num_tiles_++] = {segment.first_row + done, std::min(kTileRows, segment.num_rows - done)};
    }
  }
}

void ForwardPass::Embed() {
  const std::size_t half = config_.head_dim / 2;
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    const Row& r = scratch_.rows[row];
    parts_.table.f32_embed(scratch_.x + row * config_.hidden_size,
                           weights_.embedding.FromRow(r.token, config_.hidden_size), config_.hidden_size);
    parts_.rope.At(r.position, scratch_.cos + row * half, scratch_.sin + row * half);
  });
}

void ForwardPass::ProjectQkv(const LayerView& layer) {
  const bool is_all_q8 = std::all_of(layer.qkv.begin(), layer.qkv.end(), [](const ProjectionView& part) { return part.weight.type == NumberType::kQ8_0; });
  const Form tiled_form = TiledForm(is_all_q8, config_.hidden_size);
  const auto form_of = [&](const ProjectionView& part) {
    return UsesTiles() ? tiled_form : UntiledForm(part.weight, config_.hidden_size, num_rows_);
  };
  const bool is_quantized = std::any_of(layer.qkv.begin(), layer.qkv.end(), [&](const ProjectionView& part) { return IsWhole(form_of(part)); });
  const Form whole = WholeForm(num_rows_);
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    Normalize(row, layer.attn_norm);
    if (is_quantized) Quantize(whole, row, scratch_.normed + row * config_.hidden_size, config_.hidden_size, false);
  });
  if (UsesTiles()) TileRows(tiled_form, scratch_.normed, config_.hidden_size);
  SplitRows(1, config_.qkv_size(), [&](std::size_t, std::size_t begin, std::size_t end) {
    std::size_t first = 0;
    for (const ProjectionView& part : layer.qkv) {
      const std::size_t part_begin = std::clamp<std::size_t>(begin, first, first + part.num_rows) - first;
      const std::size_t part_end = std::clamp<std::size_t>(end, first, first + part.num_rows) - first;
      if (part_begin < part_end) {
        MultiplyDense({.out = scratch_.qkv + first,
                       .x = scratch_.normed,
                       .bias = part.bias,
                       .num_tokens = num_rows_,
                       .cols = config_.hidden_size,
                       .out_stride = config_.qkv_size(),
                       .row_begin = part_begin,
                       .row_end = part_end,
                       .accumulate = false},
                      form_of(part), 0, part.weight);
      }
      first += part.num_rows;
    }
  });
}

void ForwardPass::RotateAndStore(std::uint32_t layer) {
  const std::size_t half = config_.head_dim / 2;
  const auto rope = weights_.rope_pairs == RopePairs::kHalves ? parts_.table.f32_rope_halves : parts_.table.f32_rope;
  const auto store = [&](std::byte* to, const float* from) {
    if (to == nullptr) return;
    switch (parts_.kv_type) {
      case KvType::kF32: std::memcpy(to, from, config_.head_dim * sizeof(float)); break;
      case KvType::kF16: parts_.table.f32_to_f16(reinterpret_cast<f16*>(to), from, config_.head_dim); break;
      case KvType::kQ8: parts_.table.f32_to_q8kv(reinterpret_cast<std::uint8_t*>(to), from, config_.head_dim); break;
    }
  };
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    const Row& r = scratch_.rows[row];
    float* qkv = scratch_.qkv + row * config_.qkv_size();
    rope(qkv, scratch_.cos + row * half, scratch_.sin + row * half,
         config_.num_attention_heads + config_.num_key_value_heads, config_.head_dim);
    if (weights_.query_scale != 1.0f) {
      for (std::size_t i = 0; i < config_.q_size(); ++i) qkv[i] *= weights_.query_scale;
    }
    const float* k = qkv + config_.q_size();
    const float* v = k + config_.kv_size();
    for (std::uint32_t head = 0; head < config_.num_key_value_heads; ++head) {
      const KvCache::Entry entry = parts_.cache.At(r.slot, layer, head, r.position);
      store(entry.k, k + head * config_.head_dim);
      store(entry.v, v + head * config_.head_dim);
    }
  });
}

/// Closes up the rows whose logits are wanted: residual stream and queries.
void ForwardPass::KeepWantedRows() {
  std::uint32_t num_kept = 0;
  std::uint32_t num_rows = 0;
  for (std::uint32_t i = 0; i < num_segments_; ++i) {
    const Segment segment = scratch_.segments[i];
    if (segment.num_wanted == 0) continue;
    const std::size_t count = segment.num_wanted;
    const std::size_t row = segment.first_row + segment.num_rows - count;
    std::memmove(scratch_.x + num_rows * std::size_t{config_.hidden_size}, scratch_.x + row * config_.hidden_size,
                 count * config_.hidden_size * sizeof(float));
    std::memmove(scratch_.qkv + num_rows * std::size_t{config_.qkv_size()}, scratch_.qkv + row * config_.qkv_size(),
                 count * config_.qkv_size() * sizeof(float));
    std::memmove(scratch_.rows + num_rows, scratch_.rows + row, count * sizeof(Row));
    scratch_.segments[num_kept++] = {segment.slot, num_rows, segment.num_wanted, segment.num_wanted};
    num_rows += segment.num_wanted;
  }
  num_rows_ = num_rows;
  num_prompt_rows_ = 0;
  num_segments_ = num_kept;
  ArrangeTiles();
}

void ForwardPass::Attend(std::uint32_t layer) {
  const std::size_t group = config_.num_attention_heads / config_.num_key_value_heads;
  const auto sdpa = parts_.kv_type == KvType::kQ8    ? parts_.table.f32_q8kv_sdpa
                    : parts_.kv_type == KvType::kF16 ? parts_.table.f32_f16kv_sdpa
                                                     : parts_.table.f32_f32kv_sdpa;
  // With fewer tiles and heads than threads, as in decode, a head's queries are shared out too.
  const std::size_t num_shared = std::size_t{num_tiles_} * config_.num_key_value_heads;
  const std::size_t num_threads = parts_.pool.num_threads();
  const std::size_t num_parts = std::min(group, (num_threads + num_shared - 1) / num_shared);
  parts_.pool.Run(num_shared * num_parts, [&](std::size_t task) {
    const Tile tile = scratch_.tiles[task / num_parts / config_.num_key_value_heads];
    const std::uint32_t head = static_cast<std::uint32_t>(task / num_parts % config_.num_key_value_heads);
    const std::size_t part = task % num_parts;
    const std::size_t first_query = head * group + group * part / num_parts;
    const std::size_t num_queries = group * (part + 1) / num_parts - group * part / num_parts;
    const Row& first = scratch_.rows[tile.first_row];
    const KvRuns runs =
        parts_.cache.Visible(first.slot, layer, head, first.position, first.position + tile.num_rows - 1);
    sdpa({.out = scratch_.attended + tile.first_row * std::size_t{config_.q_size()} + first_query * config_.head_dim,
          .q = scratch_.qkv + tile.first_row * std::size_t{config_.qkv_size()} + first_query * config_.head_dim,
          .sinks = weights_.layers[layer].sinks.From(first_query),
          .k = {runs.k[0], runs.k[1], nullptr},
          .v = {runs.v[0], runs.v[1], nullptr},
          .length = {runs.length[0], runs.length[1], 0},
          .group = num_queries,
          .head_dim = config_.head_dim,
          .num_tokens = tile.num_rows,
          .out_stride = config_.q_size(),
          .q_stride = config_.qkv_size(),
          .window = config_.is_sliding(layer) ? config_.sliding_window : SIZE_MAX});
  });
}

void ForwardPass::ProjectAttended(const LayerView& layer) {
  const Form form = UsesTiles() ? TiledForm(layer.attn_out.type == NumberType::kQ8_0, config_.q_size())
                                : UntiledForm(layer.attn_out, config_.q_size(), num_rows_);
  if (UsesTiles()) TileRows(form, scratch_.attended, config_.q_size());
  if (IsWhole(form)) {
    parts_.pool.Run(num_rows_, [&](std::size_t row) {
      Quantize(form, row, scratch_.attended + row * config_.q_size(), config_.q_size(), false);
    });
  }
  SplitRows(1, config_.hidden_size, [&](std::size_t, std::size_t begin, std::size_t end) {
    MultiplyDense({.out = scratch_.x,
                   .x = scratch_.attended,
                   .bias = layer.attn_out_bias,
                   .num_tokens = num_rows_,
                   .cols = config_.q_size(),
                   .out_stride = config_.hidden_size,
                   .row_begin = begin,
                   .row_end = end,
                   .accumulate = true},
                  form, 0, layer.attn_out);
  });
}

void ForwardPass::Route(const LayerView& layer) {
  const std::size_t num_active = config_.experts_per_token;
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    Normalize(row, layer.mlp_norm);
    float* logits = scratch_.router_logits + row * config_.num_experts;
    parts_.table.f32_matmul({.out = logits,
                                   .x = scratch_.normed + row * config_.hidden_size,
                                   .bias = layer.router_bias,
                                   .num_tokens = 1,
                                   .cols = config_.hidden_size,
                                   .out_stride = config_.num_experts,
                                   .row_begin = 0,
                                   .row_end = config_.num_experts,
                                   .accumulate = false},
                                  layer.router_weight);
    ChooseExperts(scratch_.experts + row * num_active, scratch_.expert_weights + row * num_active, num_active, logits,
                  config_.num_experts);
  });
}

/// Gives each expert's tokens adjacent places, so that its weights are read once for all of them.
void ForwardPass::GroupByExpert() {
  const std::size_t num_active = config_.experts_per_token;
  const std::size_t num_routed = num_rows_ * num_active;
  std::fill_n(scratch_.group_at, config_.num_experts, 0u);
  for (std::size_t i = 0; i < num_routed; ++i) ++scratch_.group_at[scratch_.experts[i]];
  num_groups_ = 0;
  std::uint32_t begin = 0;
  num_tiled_places_ = 0;
  for (std::uint32_t expert = 0; expert < config_.num_experts; ++expert) {
    const std::uint32_t count = scratch_.group_at[expert];
    scratch_.group_sizes[expert] = count;
    scratch_.group_at[expert] = begin;
    if (count == 0) continue;
    scratch_.groups[num_groups_++] = {expert, begin, count, num_tiled_places_};
    for (std::uint32_t done = 0; done < count; done += kTileTokens)
      scratch_.tiled_places[num_tiled_places_++] = {begin + done, std::min(kTileTokens, count - done)};
    begin += count;
  }
  for (std::size_t i = 0; i < num_routed; ++i) {
    const std::uint32_t place = scratch_.group_at[scratch_.experts[i]]++;
    scratch_.routed_at[i] = place;
    scratch_.row_at[place] = static_cast<std::uint32_t>(i / num_active);
  }

  if (UsesTiles()) return TilePlaces(scratch_.normed, config_.hidden_size, true);
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    for (std::size_t i = row * num_active; i < (row + 1) * num_active; ++i) {
      const std::size_t place = scratch_.routed_at[i];
      const float* normed = scratch_.normed + row * config_.hidden_size;
      if (const Form form = ExpertForm(scratch_.group_sizes[scratch_.experts[i]]); IsWhole(form)) {
        Quantize(form, place, normed, config_.hidden_size, weights_.mf4_order == Mf4Order::kPairs);
        continue;
      }
      float* routed = scratch_.routed_x + place * config_.hidden_size;
      if (weights_.mf4_order == Mf4Order::kHalves) {
        parts_.table.f32_interleave_halves(routed, normed, config_.hidden_size);
      } else {
        std::memcpy(routed, normed, config_.hidden_size * sizeof(float));
      }
    }
  });
}

/// mlp1 and SwiGLU; a task's rows are whole gate and linear pairs.
void ForwardPass::ExpertsUp(const LayerView& layer) {
  const std::size_t size = config_.intermediate_size;
  const bool is_apart = layer.experts[0].linear.blocks != nullptr;
  SplitRows(num_groups_, is_apart ? size : 2 * size, [&](std::size_t matrix, std::size_t begin, std::size_t end) {
    const ExpertGroup& group = scratch_.groups[matrix];
    const ExpertView& expert = layer.experts[group.expert];
    float* h = scratch_.routed_h + group.begin * 2 * size;
    const auto multiply = [&](float* out, const Mf4View& weight, VectorView bias) {
      MultiplyExpert({.out = out,
                      .x = scratch_.routed_x + group.begin * std::size_t{config_.hidden_size},
                      .bias = bias,
                      .num_tokens = group.count,
                      .cols = config_.hidden_size,
                      .out_stride = 2 * size,
                      .row_begin = begin,
                      .row_end = end,
                      .accumulate = false},
                     group, weight);
    };
    multiply(h, expert.mlp1, expert.mlp1_bias);
    if (is_apart) multiply(h + size, expert.linear, expert.linear_bias);
    for (std::size_t i = 0; i < group.count; ++i) {
      float* act = scratch_.routed_act + (group.begin + i) * size;
      const float* row = h + i * 2 * size + begin;
      if (is_apart) {
        parts_.table.f32_swiglu_apart(act + begin, row, row + size, end - begin, config_.swiglu_limit);
      } else {
        parts_.table.f32_swiglu(act + begin / 2, row, (end - begin) / 2, config_.swiglu_limit);
      }
    }
  });
}

/// Brings the activations into the order of the blocks of mlp2; routed_h is free by now.
void ForwardPass::ArrangeForDown() {
  const std::size_t size = config_.intermediate_size;
  parts_.pool.Run(num_rows_ * std::size_t{config_.experts_per_token}, [&](std::size_t place) {
    parts_.table.f32_interleave_halves(scratch_.routed_h + place * size, scratch_.routed_act + place * size, size);
  });
}

void ForwardPass::ExpertsDown(const LayerView& layer) {
  const bool is_halves = ExpertForm(0) == Form::kFloats && weights_.mf4_order == Mf4Order::kHalves;
  if (is_halves) ArrangeForDown();
  if (UsesTiles()) TilePlaces(scratch_.routed_act, config_.intermediate_size, false);
  if (IsWhole(ExpertForm(0))) {
    parts_.pool.Run(num_rows_ * std::size_t{config_.experts_per_token}, [&](std::size_t i) {
      const std::size_t place = scratch_.routed_at[i];
      Quantize(ExpertForm(scratch_.group_sizes[scratch_.experts[i]]), place, scratch_.routed_act + place * config_.intermediate_size,
               config_.intermediate_size, weights_.mf4_order == Mf4Order::kPairs);
    });
  }
  const float* act = is_halves ? scratch_.routed_h : scratch_.routed_act;
  SplitRows(num_groups_, config_.hidden_size, [&](std::size_t matrix, std::size_t begin, std::size_t end) {
    const ExpertGroup& group = scratch_.groups[matrix];
    const ExpertView& expert = layer.experts[group.expert];
    MultiplyExpert({.out = scratch_.routed_out + group.begin * std::size_t{config_.hidden_size},
                    .x = act + group.begin * std::size_t{config_.intermediate_size},
                    .bias = expert.mlp2_bias,
                    .num_tokens = group.count,
                    .cols = config_.intermediate_size,
                    .out_stride = config_.hidden_size,
                    .row_begin = begin,
                    .row_end = end,
                    .accumulate = false},
                   group, expert.mlp2);
  });
}

/// In the order of the router's choice, whatever the batch, so that a token's sum does not depend on its company.
void ForwardPass::AddExperts() {
  const std::size_t num_active = config_.experts_per_token;
  parts_.pool.Run(num_rows_, [&](std::size_t row) {
    for (std::size_t i = row * num_active; i < (row + 1) * num_active; ++i) {
      parts_.table.f32_axpy(scratch_.x + row * config_.hidden_size,
                            scratch_.routed_out + scratch_.routed_at[i] * std::size_t{config_.hidden_size},
                            scratch_.expert_weights[i], config_.hidden_size);
    }
  });
}

/// Only wanted rows by now (KeepWantedRows): those before the drafts go to theirs, the last to its slot's place.
/// Last rows of neighbouring slots share a matmul, as far as no drafts lie between them.
void ForwardPass::Unembed() {
  // The rows go to places that lie apart, so tiles of 16 would not do.
  const auto form_of = [&](std::size_t num_tokens) { return UntiledForm(weights_.unembedding, config_.hidden_size, num_tokens); };
  const Form last_form = form_of(num_segments_);
  parts_.pool.Run(num_segments_, [&](std::size_t i) {
    const Segment& segment = scratch_.segments[i];
    const Form draft_form = form_of(segment.num_rows - 1);
    for (std::size_t row = segment.first_row; row < segment.first_row + segment.num_rows; ++row) {
      Normalize(row, weights_.final_norm);
      const Form form = row + 1 < segment.first_row + segment.num_rows ? draft_form : last_form;
      if (IsWhole(form)) Quantize(form, row, scratch_.normed + row * config_.hidden_size, config_.hidden_size, false);
    }
  });
  SplitRows(1, config_.vocab_size, [&](std::size_t, std::size_t begin, std::size_t end) {
    const auto multiply = [&](float* out, Form form, std::size_t row, std::size_t num_tokens) {
      MultiplyDense({.out = out,
                     .x = scratch_.normed + row * config_.hidden_size,
                     .bias = {},
                     .num_tokens = num_tokens,
                     .cols = config_.hidden_size,
                     .out_stride = config_.vocab_size,
                     .row_begin = begin,
                     .row_end = end,
                     .accumulate = false},
                    form, row, weights_.unembedding);
    };
    for (std::uint32_t i = 0, count = 0; i < num_segments_; i += count) {
      const Segment& segment = scratch_.segments[i];
      const std::size_t vocab_size = config_.vocab_size;
      if (segment.num_rows > 1) {
        multiply(parts_.logits.drafts + parts_.logits.first_draft[segment.slot] * vocab_size, form_of(segment.num_rows - 1), segment.first_row,
                 segment.num_rows - 1);
      }
      const auto continues = [&](const Segment& next) { return next.num_rows == 1 && next.slot == segment.slot + count; };
      for (count = 1; i + count < num_segments_ && continues(scratch_.segments[i + count]);) ++count;
      multiply(parts_.logits.last + segment.slot * vocab_size, last_form, segment.first_row + segment.num_rows - 1, count);
    }
  });
}

void ForwardPass::Normalize(std::size_t row, VectorView gain) {
  parts_.table.f32_rmsnorm(scratch_.normed + row * config_.hidden_size, scratch_.x + row * config_.hidden_size,
                                 gain, config_.hidden_size, config_.rms_norm_eps);
}

bool ForwardPass::UsesTiles() const {
  // The fast path's tiles round otherwise than its bytes: drafts must not be rounded otherwise than what is decoded.
  return parts_.table.bf16_matmul != nullptr && (is_fast() ? num_prompt_rows_ : num_rows_) >= kMinRowsForTiles;
}

ForwardPass::Form ForwardPass::TiledForm(bool is_q8, std::size_t cols) const {
  return scratch_.has_word_tiles && is_q8 && cols % 32 == 0 ? Form::kWordTiles : Form::kTiles;
}

ForwardPass::Form ForwardPass::UntiledForm(const MatrixView& weight, std::size_t cols, std::size_t num_tokens) const {
  if (parts_.table.q8_matmul == nullptr || cols % 32 != 0) return Form::kFloats;
  const bool is_q8 = weight.type == NumberType::kQ8_0;
  if (is_fast()) return is_q8 || num_prompt_rows_ >= kMinRowsToQuantizeWeights ? Form::kBytes : Form::kFloats;
  return is_q8 ? WholeForm(num_tokens) : Form::kFloats;
}

ForwardPass::Form ForwardPass::WholeForm(std::size_t num_tokens) const {
  if (is_fast() || num_tokens <= scratch_.most_two_term_rows) return Form::kBytes;
  return scratch_.has_words ? Form::kWords : Form::kFloats;
}

ForwardPass::Form ForwardPass::ExpertForm(std::size_t num_tokens) const {
  if (UsesTiles()) return scratch_.has_word_tiles ? Form::kWordTiles : Form::kTiles;
  if (scratch_.has_words) return WholeForm(num_tokens);
  const std::size_t num_routed = std::size_t{num_rows_} * config_.experts_per_token;
  return is_fast() || num_routed <= scratch_.most_two_term_rows * config_.num_experts ? Form::kBytes : Form::kFloats;
}

void ForwardPass::TileRows(Form form, const float* x, std::size_t cols) {
  parts_.pool.Run((num_rows_ + kTileTokens - 1) / kTileTokens, [&](std::size_t tile) {
    const float* rows[kTileTokens] = {};
    for (std::size_t i = 0; i < kTileTokens && tile * kTileTokens + i < num_rows_; ++i) rows[i] = x + (tile * kTileTokens + i) * cols;
    ToTiles(form, tile, rows, cols, kernels::TileOrder::kAsIs);
  });
}

void ForwardPass::TilePlaces(const float* x, std::size_t cols, bool by_row) {
  const auto order = weights_.mf4_order == Mf4Order::kPairs ? kernels::TileOrder::kMf4Pairs : kernels::TileOrder::kMf4Halves;
  parts_.pool.Run(num_tiled_places_, [&](std::size_t tile) {
    const TiledPlaces places = scratch_.tiled_places[tile];
    const float* rows[kTileTokens] = {};
    for (std::size_t i = 0; i < places.count; ++i) {
      const std::size_t place = places.begin + i;
      rows[i] = x + (by_row ? scratch_.row_at[place] : place) * cols;
    }
    ToTiles(ExpertForm(0), tile, rows, cols, order);
  });
}

void ForwardPass::ToTiles(Form form, std::size_t tile, const float* const rows[16], std::size_t cols, kernels::TileOrder order) {
  if (form == Form::kTiles) return parts_.table.f32_to_tiles(scratch_.bf16_tiles, tile, rows, cols, order);
  parts_.table.f32_to_q16_tiles(scratch_.q16_tiles, tile, rows, cols, order == kernels::TileOrder::kMf4Pairs);
}

kernels::Q8View ForwardPass::BytesFrom(std::size_t row, std::size_t cols) const {
  return {.values = scratch_.q8.values + row * cols * scratch_.q8.num_terms,
          .scales = scratch_.q8.scales + row * (cols / 32),
          .starts = scratch_.q8.starts + row * (cols / 32),
          .num_terms = scratch_.q8.num_terms};
}

/// A word has the place of a value's two terms.
kernels::Q16View ForwardPass::WordsFrom(std::size_t row, std::size_t cols) const {
  const kernels::Q8View place = BytesFrom(row, cols);
  return {.values = reinterpret_cast<std::int16_t*>(place.values), .scales = place.scales};
}

kernels::TileView ForwardPass::TilesFrom(std::size_t tile, std::size_t cols) const {
  const std::size_t tile_values = kTileTokens * ((cols + 31) / 32 * 32) * scratch_.bf16_tiles.num_terms;
  return {.values = scratch_.bf16_tiles.values + tile * tile_values, .num_terms = scratch_.bf16_tiles.num_terms};
}

kernels::Q16TileView ForwardPass::WordTilesFrom(std::size_t tile, std::size_t cols) const {
  const std::size_t tile_scales = kTileTokens * ((cols + kernels::kQ16GroupSize - 1) / kernels::kQ16GroupSize);
  return {.values = scratch_.q16_tiles.values + tile * 2 * kTileTokens * ((cols + 63) / 64 * 64), .scales = scratch_.q16_tiles.scales + tile * tile_scales};
}

void ForwardPass::Quantize(Form form, std::size_t row, const float* x, std::size_t cols, bool evens_first) {
  if (form == Form::kWords) return parts_.table.f32_to_q16(WordsFrom(row, cols), x, cols, evens_first);
  parts_.table.f32_to_q8(BytesFrom(row, cols), x, cols, evens_first);
}

void ForwardPass::MultiplyDense(const kernels::MatmulArgs& args, Form form, std::size_t first_row, const MatrixView& weight) {
  switch (form) {
    case Form::kFloats: return parts_.table.f32_matmul(args, weight);
    case Form::kBytes: return parts_.table.q8_matmul(WithActivations(args, BytesFrom(first_row, args.cols)), weight);
    case Form::kWords: return parts_.table.q16_matmul(WithActivations(args, WordsFrom(first_row, args.cols)), weight);
    case Form::kTiles: return parts_.table.bf16_matmul(WithActivations(args, TilesFrom(0, args.cols)), weight);
    case Form::kWordTiles: return parts_.table.q16_tiles_matmul(WithActivations(args, WordTilesFrom(0, args.cols)), weight);
  }
}

void ForwardPass::MultiplyExpert(const kernels::MatmulArgs& args, const ExpertGroup& group, const Mf4View& weight) {
  switch (ExpertForm(group.count)) {
    case Form::kFloats: return parts_.table.f32_mf4w_matmul(args, weight);
    case Form::kBytes: return parts_.table.q8_mf4w_matmul(WithActivations(args, BytesFrom(group.begin, args.cols)), weight);
    case Form::kWords: return parts_.table.q16_mf4w_matmul(WithActivations(args, WordsFrom(group.begin, args.cols)), weight);
    case Form::kTiles: return parts_.table.bf16_mf4w_matmul(WithActivations(args, TilesFrom(group.first_tile, args.cols)), weight);
    case Form::kWordTiles: return parts_.table.q16_tiles_mf4w_matmul(WithActivations(args, WordTilesFrom(group.first_tile, args.cols)), weight);
  }
}

template <typename Task>
void ForwardPass::SplitRows(std::size_t num_matrices, std::size_t num_rows, const Task& task) {
  const std::size_t num_tasks = kTasksPerThread * parts_.pool.num_threads();
  const std::size_t even_share = (num_matrices * num_rows + num_tasks - 1) / num_tasks;
  const std::size_t panel_rows = UsesTiles() ? kTileBlockRows : is_fast() ? kBytePanelRows : scratch_.has_words ? kWordPanelRows : kFloatPanelRows;
  const std::size_t whole_panels = (even_share + panel_rows - 1) / panel_rows * panel_rows;
  const std::size_t max_block = kMaxBlockRows / panel_rows * panel_rows;
  const std::size_t block = parts_.pool.num_threads() == 1 ? max_block : std::min(whole_panels, max_block);
  const std::size_t num_blocks = (num_rows + block - 1) / block;
  parts_.pool.Run(num_matrices * num_blocks, [&](std::size_t index) {
    const std::size_t begin = index % num_blocks * block;
    task(index / num_blocks, begin, std::min(begin + block, num_rows));
  });
}

}  // namespace codexpc::cpu
