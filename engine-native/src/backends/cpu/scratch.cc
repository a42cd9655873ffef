#include "backends/cpu/scratch.h"

#include <algorithm>

namespace codexpc::cpu {

/// Calls visit(pointer, count) for every buffer, in a fixed order: once to add up sizes, once to place them.
template <typename Visit>
void Scratch::ForEachPiece(const Config& config, const ContextOptions& options, Visit visit) {
  const std::size_t num_rows = options.max_batch_tokens;
  const std::size_t num_routed = num_rows * config.experts_per_token;
  visit(&rows, num_rows);
  visit(&segments, std::min<std::size_t>(num_rows, options.num_slots));
  visit(&tiles, num_rows);
  visit(&x, num_rows * config.hidden_size);
  visit(&normed, num_rows * config.hidden_size);
  visit(&qkv, num_rows * config.qkv_size());
  visit(&attended, num_rows * config.q_size());
  visit(&cos, num_rows * (config.head_dim / 2));
  visit(&sin, num_rows * (config.head_dim / 2));
  visit(&router_logits, num_rows * config.num_experts);
  visit(&experts, num_routed);
  visit(&expert_weights, num_routed);
  visit(&routed_at, num_routed);
  visit(&groups, std::size_t{config.num_experts});
  visit(&group_at, std::size_t{config.num_experts});
  visit(&group_sizes, std::size_t{config.num_experts});
  const bool is_whole = options.precision == Precision::kFast || has_words;
  visit(&routed_x, is_whole ? 0 : SaturatingProduct(num_routed, config.hidden_size));
  visit(&routed_h, SaturatingProduct(num_routed, std::size_t{2} * config.intermediate_size));
  visit(&routed_act, SaturatingProduct(num_routed, config.intermediate_size));
  visit(&routed_out, SaturatingProduct(num_routed, config.hidden_size));
  const std::size_t expert_cols = std::max(config.hidden_size, config.intermediate_size);
  const std::size_t dense_cols = std::max<std::size_t>(config.hidden_size, config.q_size());
  const std::size_t num_q8_routed = is_whole ? num_routed : std::min(num_routed, SaturatingProduct(config.num_experts, most_two_term_rows));
  const std::size_t num_q8_rows = is_whole ? num_rows : std::min(num_rows, most_two_term_rows);
  const std::size_t num_values = std::max(SaturatingProduct(num_q8_routed, expert_cols), SaturatingProduct(num_q8_rows, dense_cols));
  visit(&q8.values, SaturatingProduct(num_values, q8.num_terms));
  visit(&q8.scales, num_values / 32);
  visit(&q8.starts, num_values / 32);
  visit(&row_at, num_routed);
  // Tiles of 16 rows and 32 columns; each expert's rows begin with one of their own.
  const std::size_t num_routed_tiles = num_routed / 16 + std::min<std::size_t>(num_routed, config.num_experts);
  visit(&tiled_places, num_routed_tiles);
  const auto tiled = [](std::size_t num_tiles, std::size_t cols) { return SaturatingProduct(16 * num_tiles, (cols + 31) / 32 * 32); };
  const std::size_t num_tiled = std::max(tiled(num_routed_tiles, expert_cols), tiled((num_rows + 15) / 16, dense_cols));
  visit(&bf16_tiles.values, table_.bf16_matmul != nullptr ? SaturatingProduct(num_tiled, bf16_tiles.num_terms) : 0);
  const auto num_groups = [](std::size_t cols) { return (cols + kernels::kQ16GroupSize - 1) / kernels::kQ16GroupSize; };
  const std::size_t num_tile_scales = std::max(SaturatingProduct(16 * num_routed_tiles, num_groups(expert_cols)),
                                               (num_rows + 15) / 16 * 16 * num_groups(dense_cols));
  visit(&q16_tiles.scales, has_word_tiles ? num_tile_scales : 0);
}

Scratch::Scratch(const Config& config, const ContextOptions& options, const kernels::KernelTable& table)
    : config_(config), options_(options), table_(table) {
  const bool has_two_terms = options.precision == Precision::kExact && options.kv_type != KvType::kF32;
  most_two_term_rows = has_two_terms ? table.max_two_term_tokens : 0;
  has_words = has_two_terms && table.q16_matmul != nullptr;
  has_word_tiles = has_two_terms && table.q16_tiles_matmul != nullptr;
  q8.num_terms = bf16_tiles.num_terms = options.precision == Precision::kFast ? 1 : 2;
  ForEachPiece(config, options, [this](auto** pointer, std::size_t count) {
    *pointer = nullptr;
    layout_.Add(count, sizeof(**pointer));
  });
}

Status Scratch::Allocate() {
  if (Status status = buffer_.Allocate(layout_.bytes(), "activations of a batch"); !status.ok()) return status;
  Layout placed;
  ForEachPiece(config_, options_, [&](auto** pointer, std::size_t count) {
    *pointer = buffer_.at<std::remove_reference_t<decltype(**pointer)>>(placed.Add(count, sizeof(**pointer)));
  });
  q16_tiles.values = reinterpret_cast<std::int8_t*>(bf16_tiles.values);  // of four bytes a value they need two
  return {};
}

}  // namespace codexpc::cpu
