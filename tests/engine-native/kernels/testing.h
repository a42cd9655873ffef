#pragma once
// What the kernel testers share: repeatable inputs, the tables this CPU can run, and a comparison that says where.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "kernels/number-formats.h"
#include "kernels/table.h"

namespace codexpc::kernels::testing {

/// SplitMix64: the same numbers with every compiler and library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  float Uniform(float low, float high) { return low + (high - low) * static_cast<float>(Bits() >> 40) * 0x1p-24f; }
  std::uint8_t Byte(int low, int high) { return static_cast<std::uint8_t>(low + static_cast<int>(Bits() % static_cast<std::uint64_t>(high - low + 1))); }

  std::vector<float> Floats(std::size_t n, float low, float high) {
    std::vector<float> values(n);
    for (float& value : values) value = Uniform(low, high);
    return values;
  }
  std::vector<bf16> Bf16s(std::size_t n, float low, float high) {
    std::vector<bf16> values(n);
    for (bf16& value : values) value = static_cast<bf16>(std::bit_cast<std::uint32_t>(Uniform(low, high)) >> 16);
    return values;
  }
  std::vector<std::uint8_t> Bytes(std::size_t n, int low, int high) {
    std::vector<std::uint8_t> values(n);
    for (std::uint8_t& value : values) value = Byte(low, high);
    return values;
  }

 private:
  std::uint64_t state_;
};

inline std::vector<const KernelTable*> SupportedTables() {
  const KernelTables all = AllKernelTables();
  std::vector<const KernelTable*> supported;
  for (std::size_t i = 0; i < all.count; ++i) {
    if (all.tables[i]->supported()) supported.push_back(all.tables[i]);
  }
  return supported;
}

/// Compares element by element with a tolerance of its own; reports the first difference and their number.
class Comparison {
 public:
  Comparison(const char* file, int line, std::string what) : file_(file), line_(line), what_(std::move(what)) {}
  ~Comparison() {
    if (differences_ > 0) check::fail(file_, line_, what_ + ": " + first_ + " (" + std::to_string(differences_) + " differ)");
  }

  void Near(const std::string& where, double actual, double expected, double tolerance) {
    const double difference = std::abs(actual - expected);
    if (difference <= tolerance) return;  // false for NaN
    if (differences_++ == 0)
      first_ = where + " is " + check::show(actual) + ", expected " + check::show(expected) + " within " + check::show(tolerance);
  }

 private:
  const char* file_;
  int line_;
  std::string what_;
  std::string first_;
  int differences_ = 0;
};

}  // namespace codexpc::kernels::testing
