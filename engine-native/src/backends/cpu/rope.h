#pragma once
// Rotary position embedding with YaRN: angles in double, so that late positions keep their precision.

#include <cstdint>
#include <vector>

#include "codexpc/config.h"

namespace codexpc::cpu {

class Rope {
 public:
  explicit Rope(const Config& config);

  /// cos and sin (head_dim / 2) of one position, both times the YaRN multiplier.
  void At(std::uint32_t position, float* cos, float* sin) const;

 private:
  std::vector<double> frequencies_;  // (head_dim / 2), radians a position
  double multiplier_;
};

}  // namespace codexpc::cpu
