#pragma once
// Where every tensor of a model.bin lies, from the shape alone: no file is needed, so the arithmetic can be checked
// against published sizes. All sums saturate: a shape too large for 64 bits has `end` = kTooLarge and fits no file.

#include <cstdint>

#include "codexpc/config.h"

namespace codexpc {

inline constexpr std::uint64_t kTensorAlignment = 16;
inline constexpr std::uint64_t kBlockAlignment = 16384;  // header end, first expert of each layer
inline constexpr std::uint64_t kTooLarge = UINT64_MAX;

/// Byte offsets from the layer's dense part. Layers are alike, so one table serves all.
struct DenseLayerLayout {
  std::uint64_t attn_norm, qkv_weight, qkv_bias, sinks, attn_out, attn_out_bias, mlp_norm, router_weight, router_bias;
  std::uint64_t stride;
};

/// Byte offsets from the expert's start.
struct ExpertLayout {
  std::uint64_t mlp1_blocks, mlp1_scales, mlp1_bias, mlp2_blocks, mlp2_scales, mlp2_bias;
  std::uint64_t stride;
};

/// Byte offsets from the start of the file, unless a stride says otherwise.
struct WeightsLayout {
  std::uint64_t embedding;
  std::uint64_t dense_layers;  // + layer * dense_layer.stride
  DenseLayerLayout dense_layer;
  std::uint64_t final_norm;
  std::uint64_t unembedding;
  std::uint64_t expert_blocks;  // + layer * expert_block_stride + expert * expert.stride
  ExpertLayout expert;
  std::uint64_t expert_block_stride;
  std::uint64_t end;  // past the last byte; nothing pads the last block
};

/// Lays out the weights of `config` from `weights_offset`, a multiple of kBlockAlignment.
WeightsLayout LayOutWeights(const Config& config, std::uint64_t weights_offset);

/// Saturating `value` rounded up to a power of two.
std::uint64_t RoundUp(std::uint64_t value, std::uint64_t alignment);

}  // namespace codexpc
