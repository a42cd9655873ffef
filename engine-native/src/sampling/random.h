#pragma once
// Counter-based random numbers (splitmix64): the n-th draw is a function of seed and n alone, on every platform.

#include <cstdint>

namespace codexpc::sampling {

class Random {
 public:
  explicit Random(std::uint64_t seed) : base_(Mix(seed ^ 0x6a09e667f3bcc908u)) {}

  /// Uniform in [0, 1), 53 bits.
  double Next() {
    ++num_draws_;
    return static_cast<double>(Mix(base_ + num_draws_ * 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53;
  }

 private:
  static std::uint64_t Mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t base_;
  std::uint64_t num_draws_ = 0;
};

}  // namespace codexpc::sampling
