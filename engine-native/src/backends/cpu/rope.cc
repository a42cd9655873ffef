#include "backends/cpu/rope.h"

#include <algorithm>
#include <cmath>

namespace codexpc::cpu {

Rope::Rope(const Config& config) : frequencies_(config.head_dim / 2), multiplier_(config.rope_yarn_multiplier) {
  for (std::size_t pair = 0; pair < frequencies_.size(); ++pair) {
    const double exponent = 2.0 * static_cast<double>(pair) / config.head_dim;
    const double frequency = std::pow(static_cast<double>(config.rope_theta), -exponent);
    const double ramp = std::clamp(
        static_cast<double>(pair) * config.rope_yarn_scale + static_cast<double>(config.rope_yarn_offset), 0.0, 1.0);
    frequencies_[pair] = frequency * (1.0 - ramp + ramp * config.rope_interpolation_scale);
  }
}

void Rope::At(std::uint32_t position, float* cos, float* sin) const {
  for (std::size_t pair = 0; pair < frequencies_.size(); ++pair) {
    const double angle = position * frequencies_[pair];
    cos[pair] = static_cast<float>(std::cos(angle) * multiplier_);
    sin[pair] = static_cast<float>(std::sin(angle) * multiplier_);
  }
}

}  // namespace codexpc::cpu
