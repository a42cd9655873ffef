#pragma once
// Seeded random model.bin files of any shape, for tests. The values are for checking arithmetic, not for text:
// activations stay near 1, some experts reach the SwiGLU limits, and the logits are spread out.
// tools/make-checkpoint.ts writes the same bytes; both sides' tests hold the same hashes.

#include <cstdint>
#include <string>
#include <vector>

#include "codexpc/config.h"

namespace codexpc {

struct TestCheckpoint {
  Config config;                     // vocab_size is ignored
  std::uint32_t num_text_tokens;     // 256 bytes, then merges
  std::uint32_t num_special_tokens;  // the first of the published file's 16, then reserved ones
  std::uint32_t seed;
};

/// 2 layers, 4 experts with 2 active, hidden 64, 4 query heads over 2, head_dim 16, window 16: about 100 kB.
TestCheckpoint TinyCheckpoint(std::uint32_t seed = 1);
/// Legal sizes that are no powers of two: 3 layers, 5 experts with 3 active, hidden 96, mlp 160, 6 heads over 2,
/// head_dim 20, window 37.
TestCheckpoint OddCheckpoint(std::uint32_t seed = 1);
/// The published models' heads, window and router in small: 4 layers, 32 experts with 4 active, hidden 128, mlp 96,
/// 8 heads over 1, head_dim 64, window 128.
TestCheckpoint SmallCheckpoint(std::uint32_t seed = 1);

/// The file's bytes. The start is aligned for ParseCheckpoint (operator new aligns to 16).
std::vector<std::uint8_t> MakeCheckpoint(const TestCheckpoint& wanted);
/// Writes the file; false if it cannot be written.
bool WriteCheckpoint(const TestCheckpoint& wanted, const std::string& path);

}  // namespace codexpc
