#pragma once
// The table of one instruction set. Included inside that set's namespace and target region, after the kernels.

constexpr KernelTable MakeTable(const char* name, bool (*supported)(), const Q8Kernels& q8,
                                const TileKernels& tiles = {}) {
  return {
      .name = name,
      .supported = supported,
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
      .f32_to_q8 = q8.to_q8,
      .q8_matmul = q8.matmul,
      .q8_mf4w_matmul = q8.mf4w_matmul,
      .max_two_term_tokens = q8.max_two_term_tokens,
      .f32_to_q16 = q8.to_q16,
      .q16_matmul = q8.q16_matmul,
      .q16_mf4w_matmul = q8.q16_mf4w_matmul,
      .f32_to_tiles = tiles.to_tiles,
      .bf16_matmul = tiles.matmul,
      .bf16_mf4w_matmul = tiles.mf4w_matmul,
      .f32_to_q16_tiles = tiles.to_q16_tiles,
      .q16_tiles_matmul = tiles.q16_matmul,
      .q16_tiles_mf4w_matmul = tiles.q16_mf4w_matmul,
      .f32_axpy = Axpy,
  };
}
