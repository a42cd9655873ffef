#pragma once
// One tester for each operation that works on elements: its inputs, its double-precision reference, its tolerance.
// Outputs carry a guard element behind them that must not change.

#include "kernels/number-types.h"
#include "kernels/testing.h"

namespace codexpc::kernels::testing {

constexpr float kGuard = 12345.0f;

class EmbedTester {
 public:
  EmbedTester& n(std::size_t value) { n_ = value; return *this; }

  void Test(int line) const {
    Random random(4);
    const std::vector<bf16> row = random.Bf16s(n_, -100.0f, 100.0f);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out(n_ + 1, kGuard);
      table->f32_embed(out.data(), {row.data(), NumberType::kBf16}, n_);
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_embed");
      for (std::size_t i = 0; i < n_; ++i)
        comparison.Near(std::to_string(i), out[i], std::bit_cast<float>(static_cast<std::uint32_t>(row[i]) << 16), /*exact*/ 0.0);
      comparison.Near("guard", out[n_], kGuard, 0.0);
    }
  }

 private:
  std::size_t n_ = 64;
};

class RmsNormTester {
 public:
  RmsNormTester& n(std::size_t value) { n_ = value; return *this; }
  RmsNormTester& eps(float value) { eps_ = value; return *this; }
  RmsNormTester& magnitude(float value) { magnitude_ = value; return *this; }
  RmsNormTester& in_place() { in_place_ = true; return *this; }

  void Test(int line) const {
    Random random(5);
    const std::vector<float> x = random.Floats(n_, -magnitude_, magnitude_);
    const std::vector<bf16> gain = random.Bf16s(n_, -2.0f, 2.0f);
    double sum_of_squares = 0.0;
    for (const float value : x) sum_of_squares += static_cast<double>(value) * value;
    const double scale = 1.0 / std::sqrt(sum_of_squares / static_cast<double>(n_) + eps_);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out(n_ + 1, kGuard);
      if (in_place_) std::copy(x.begin(), x.end(), out.begin());
      table->f32_rmsnorm(out.data(), in_place_ ? out.data() : x.data(), {gain.data(), NumberType::kBf16}, n_, eps_);
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_rmsnorm");
      for (std::size_t i = 0; i < n_; ++i) {
        const double expected = x[i] * scale * Bf16ToFloat(gain[i]);
        comparison.Near(std::to_string(i), out[i], expected, 0x1p-19 * std::abs(expected));  // a sum of thousands of squares
      }
      comparison.Near("guard", out[n_], kGuard, 0.0);
    }
  }

 private:
  std::size_t n_ = 64;
  float eps_ = 1e-5f;
  float magnitude_ = 1.0f;
  bool in_place_ = false;
};

class SwiGluTester {
 public:
  SwiGluTester& n(std::size_t value) { n_ = value; return *this; }
  SwiGluTester& limit(float value) { limit_ = value; return *this; }
  SwiGluTester& range(float low, float high) { low_ = low; high_ = high; return *this; }

  void Test(int line) const {
    Random random(6);
    const std::vector<float> h = random.Floats(2 * n_, low_, high_);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out(n_ + 1, kGuard);
      table->f32_swiglu(out.data(), h.data(), n_, limit_);
      std::vector<float> gates(n_), linears(n_), apart(n_ + 1, kGuard);
      for (std::size_t i = 0; i < n_; ++i) {
        gates[i] = h[2 * i];
        linears[i] = h[2 * i + 1];
      }
      table->f32_swiglu_apart(apart.data(), gates.data(), linears.data(), n_, limit_);
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_swiglu");
      for (std::size_t i = 0; i < n_; ++i) {
        const double gate = std::min<double>(h[2 * i], limit_);
        const double linear = std::clamp<double>(h[2 * i + 1], -limit_, limit_);
        const double exponent = -1.702 * gate;
        const double expected = gate / (1.0 + std::exp(exponent)) * (linear + 1.0);
        // The exponent is rounded to float; `linear + 1` may cancel.
        const double scale = std::abs(gate / (1.0 + std::exp(exponent))) * (std::abs(linear) + 1.0);
        const double tolerance = scale * (0x1p-21 + 0x1p-24 * std::abs(exponent)) + 0x1p-100;
        comparison.Near(std::to_string(i), out[i], expected, tolerance);
        comparison.Near("apart " + std::to_string(i), apart[i], expected, tolerance);
      }
      comparison.Near("guard apart", apart[n_], kGuard, 0.0);
      comparison.Near("guard", out[n_], kGuard, 0.0);
    }
  }

 private:
  std::size_t n_ = 64;
  float limit_ = 7.0f;
  float low_ = -10.0f;
  float high_ = 10.0f;
};

class RopeTester {
 public:
  RopeTester& num_heads(std::size_t value) { num_heads_ = value; return *this; }
  RopeTester& head_dim(std::size_t value) { head_dim_ = value; return *this; }

  /// Pairs of neighbours, and pairs half a head apart.
  void Test(int line) const {
    TestPairs("f32_rope", &KernelTable::f32_rope, 1, 2, line);
    TestPairs("f32_rope_halves", &KernelTable::f32_rope_halves, head_dim_ / 2, 1, line);
  }

 private:
  /// `distance` lies between the partners of a pair, `step` between a pair and the next.
  template <typename Kernel>
  void TestPairs(const char* name, Kernel kernel, std::size_t distance, std::size_t step, int line) const {
    Random random(7);
    const std::vector<float> x = random.Floats(num_heads_ * head_dim_, -2.0f, 2.0f);
    const std::vector<float> cos = random.Floats(head_dim_ / 2, -1.3f, 1.3f);
    const std::vector<float> sin = random.Floats(head_dim_ / 2, -1.3f, 1.3f);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out = x;
      out.push_back(kGuard);
      (table->*kernel)(out.data(), cos.data(), sin.data(), num_heads_, head_dim_);
      Comparison comparison(__FILE__, line, std::string(table->name) + " " + name);
      for (std::size_t i = 0; i < x.size() / 2; ++i) {
        const std::size_t pair = i % (head_dim_ / 2);
        const std::size_t first_at = i / (head_dim_ / 2) * head_dim_ + pair * step;
        const std::size_t second_at = first_at + distance;
        const double first = x[first_at], second = x[second_at], c = cos[pair], s = sin[pair];
        comparison.Near(std::to_string(first_at), out[first_at], first * c - second * s,
                        0x1p-22 * (std::abs(first * c) + std::abs(second * s)));
        comparison.Near(std::to_string(second_at), out[second_at], first * s + second * c,
                        0x1p-22 * (std::abs(first * s) + std::abs(second * c)));
      }
      comparison.Near("guard", out[x.size()], kGuard, 0.0);
    }
  }

  std::size_t num_heads_ = 1;
  std::size_t head_dim_ = 64;
};

class AxpyTester {
 public:
  AxpyTester& n(std::size_t value) { n_ = value; return *this; }
  AxpyTester& weight(float value) { weight_ = value; return *this; }

  void Test(int line) const {
    Random random(8);
    const std::vector<float> x = random.Floats(n_, -2.0f, 2.0f);
    const std::vector<float> before = random.Floats(n_, -2.0f, 2.0f);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out = before;
      out.push_back(kGuard);
      table->f32_axpy(out.data(), x.data(), weight_, n_);
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_axpy");
      for (std::size_t i = 0; i < n_; ++i) {
        const double product = static_cast<double>(weight_) * x[i];
        comparison.Near(std::to_string(i), out[i], before[i] + product, 0x1p-22 * (std::abs(before[i]) + std::abs(product)));
      }
      comparison.Near("guard", out[n_], kGuard, 0.0);
    }
  }

 private:
  std::size_t n_ = 64;
  float weight_ = 0.37f;
};

/// Conversion to float16 against rounding done in double precision: every table gives the same bits.
class ToF16Tester {
 public:
  ToF16Tester& values(std::vector<float> values) { values_ = std::move(values); return *this; }

  void Test(int line) const {
    for (const KernelTable* table : SupportedTables()) {
      std::vector<f16> out(values_.size() + 1, 0x1234);
      table->f32_to_f16(out.data(), values_.data(), values_.size());
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_to_f16");
      for (std::size_t i = 0; i < values_.size(); ++i) comparison.Near(check::show(values_[i]), out[i], Rounded(values_[i]), 0.0);
      comparison.Near("guard", out[values_.size()], 0x1234, 0.0);
    }
  }

 private:
  static f16 Rounded(float value) {
    const int sign = std::signbit(value) ? 0x8000 : 0;
    const double magnitude = std::abs(static_cast<double>(value));
    if (magnitude >= 65520.0) return static_cast<f16>(sign | 0x7c00);
    int exponent = -14;  // of the unit bit; subnormals share the lowest
    while (magnitude >= std::ldexp(2.0, exponent)) ++exponent;
    const int mantissa = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));  // 1024 and up if normal; may carry
    return static_cast<f16>(sign | (((exponent + 14) << 10) + mantissa));
  }

  std::vector<float> values_;
};

}  // namespace codexpc::kernels::testing
