#pragma once
// Every buffer that a forward step writes besides the KV cache and the logits, allocated once.

#include <cstddef>
#include <cstdint>

#include "backends/cpu/page-buffer.h"
#include "codexpc/config.h"
#include "codexpc/engine.h"
#include "codexpc/status.h"
#include "kernels/table.h"

namespace codexpc::cpu {

/// One token of a batch.
struct Row {
  std::uint32_t token;
  std::uint32_t slot;
  std::uint32_t position;
};

/// The rows of one slot, consecutive positions.
struct Segment {
  std::uint32_t slot;
  std::uint32_t first_row;
  std::uint32_t num_rows;
  std::uint32_t num_wanted;  // rows at the end whose logits are wanted: none, or the drafts and the one before them
};

/// Rows of one segment that attend together.
struct Tile {
  std::uint32_t first_row;
  std::uint32_t num_rows;
};

/// The rows of one expert, adjacent in the routed buffers.
struct ExpertGroup {
  std::uint32_t expert;
  std::uint32_t begin;
  std::uint32_t count;
  std::uint32_t first_tile;  // of its activations, for kernels with tiles
};

/// At most 16 rows of one expert, adjacent in the routed buffers, that are multiplied together by kernels with tiles.
struct TiledPlaces {
  std::uint32_t begin;
  std::uint32_t count;
};

struct Scratch {
  /// For steps of options.max_batch_tokens. Assigns offsets; the buffers themselves after Allocate.
  Scratch(const Config& config, const ContextOptions& options, const kernels::KernelTable& table);
  Status Allocate();
  std::size_t bytes() const { return layout_.bytes(); }

  // rows = max_batch_tokens; routed = rows * experts_per_token
  Row* rows;                // (rows)
  Segment* segments;        // (min(rows, num_slots))
  Tile* tiles;              // (rows)
  float* x;                 // (rows, hidden_size): residual stream
  float* normed;            // (rows, hidden_size)
  float* qkv;               // (rows, qkv_size)
  float* attended;          // (rows, q_size)
  float* cos;               // (rows, head_dim / 2)
  float* sin;               // (rows, head_dim / 2)
  float* router_logits;     // (rows, num_experts)
  std::uint32_t* experts;   // (rows, experts_per_token)
  float* expert_weights;    // (rows, experts_per_token)
  std::uint32_t* routed_at; // (rows, experts_per_token): place in the routed buffers
  ExpertGroup* groups;      // (num_experts)
  std::uint32_t* group_at;  // (num_experts): next free place while grouping
  std::uint32_t* group_sizes; // (num_experts)
  float* routed_x;          // (routed, hidden_size); where floats are multiplied
  float* routed_h;          // (routed, 2 * intermediate_size)
  float* routed_act;        // (routed, intermediate_size)
  float* routed_out;        // (routed, hidden_size)
  std::uint32_t* row_at;    // (routed): the row at each place in the routed buffers
  TiledPlaces* tiled_places; // (routed / 16 + num_experts)
  kernels::Q8View q8;       // what is multiplied next, (rows or routed, its columns): fast in one term; exact in two, if few, or words
  /// Up to so many rows an exact product goes through q8 in two terms. None with keys and values in 32 bits, where
  /// everything is float32: next to keys and values in fewer bits the two terms' error does not count.
  std::size_t most_two_term_rows;
  /// With more rows it goes through q16, under the same condition.
  bool has_words;
  kernels::TileView bf16_tiles; // kernels with tiles only: the same in tiles
  /// Where q8_0 and MXFP4 weights meet q16 tiles instead, under the condition of has_words. They take the place of bf16_tiles.
  bool has_word_tiles;
  kernels::Q16TileView q16_tiles;

 private:
  template <typename Visit>
  void ForEachPiece(const Config& config, const ContextOptions& options, Visit visit);

  const Config& config_;
  const ContextOptions options_;
  const kernels::KernelTable& table_;
  Layout layout_;
  PageBuffer buffer_;
};

}  // namespace codexpc::cpu
