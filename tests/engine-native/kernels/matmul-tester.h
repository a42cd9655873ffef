#pragma once

#include "kernels/number-types.h"
#include "kernels/testing.h"

namespace codexpc::kernels::testing {

/// out = x * weight^T + bias against double precision, for every table this CPU can run.
class MatmulTester {
 public:
  MatmulTester& num_tokens(std::size_t value) { num_tokens_ = value; return *this; }
  MatmulTester& rows(std::size_t value) { rows_ = row_end_ = value; return *this; }
  MatmulTester& cols(std::size_t value) { cols_ = value; return *this; }
  MatmulTester& slice(std::size_t begin, std::size_t end) { row_begin_ = begin; row_end_ = end; return *this; }
  MatmulTester& no_bias() { bias_ = false; return *this; }
  MatmulTester& accumulate() { accumulate_ = true; return *this; }
  MatmulTester& extra_stride(std::size_t value) { extra_stride_ = value; return *this; }
  MatmulTester& scale_bias(std::int16_t value) { scale_bias_ = value; return *this; }
  MatmulTester& scale_bytes(int low, int high) { scale_low_ = low; scale_high_ = high; return *this; }

  void TestBf16(int line) const { TestType({NumberType::kBf16, "BF16"}, line); }

  void TestType(const NamedType& type, int line) const {
    Random random(1);
    const std::vector<std::uint8_t> weight = RandomNumbers(random, type.type, rows_ * cols_);
    Test(std::string("f32_matmul of ") + type.name, line, random, NumbersOf(type.type, weight, rows_ * cols_),
         [&](const KernelTable& table, const MatmulArgs& args) { table.f32_matmul(args, {weight.data(), type.type}); });
  }

  void TestMf4(int line) const {
    Random random(2);
    const std::vector<std::uint8_t> blocks = random.Bytes(rows_ * cols_ / 2, 0, 255);
    const std::vector<std::uint8_t> scales = random.Bytes(rows_ * cols_ / 32, scale_low_, scale_high_);
    std::vector<double> exact(rows_ * cols_);
    static constexpr double kMagnitudes[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const int nibble = i % 2 == 0 ? blocks[i / 2] & 15 : blocks[i / 2] >> 4;
      exact[i] = std::ldexp(nibble & 8 ? -kMagnitudes[nibble & 7] : kMagnitudes[nibble & 7], scales[i / 32] - scale_bias_);
    }
    std::vector<std::uint8_t> together(scales.size() * 17);  // each scale before its block
    for (std::size_t i = 0; i < scales.size(); ++i) {
      together[i * 17] = scales[i];
      std::copy_n(blocks.begin() + static_cast<std::ptrdiff_t>(i * 16), 16, together.begin() + static_cast<std::ptrdiff_t>(i * 17 + 1));
    }
    const Mf4View apart{.blocks = blocks.data(), .scales = scales.data(), .scale_bias = scale_bias_};
    const Mf4View interleaved{.blocks = together.data() + 1, .scales = together.data(), .block_stride = 17, .scale_stride = 17,
                              .scale_bias = scale_bias_};
    for (const Mf4View& weight : {apart, interleaved}) {
      Test(weight.block_stride == 16 ? "f32_mf4w_matmul" : "f32_mf4w_matmul of blocks with their scales", line, random, exact,
           [&](const KernelTable& table, const MatmulArgs& args) { table.f32_mf4w_matmul(args, weight); });
    }
  }

 private:
  /// float32 sums of up to some thousand products stay within this of the sum of their magnitudes.
  static constexpr double kTolerance = 0x1p-20;

  template <typename Run>
  void Test(const std::string& kernel, int line, Random& random, const std::vector<double>& weight, const Run& run) const {
    const std::vector<float> x = random.Floats(num_tokens_ * cols_, -1.0f, 1.0f);
    const std::vector<bf16> bias = random.Bf16s(rows_, -2.0f, 2.0f);
    const std::size_t out_stride = rows_ + extra_stride_;
    const std::vector<float> before = random.Floats(num_tokens_ * out_stride, -2.0f, 2.0f);

    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out = before;
      run(*table, MatmulArgs{.out = out.data(), .x = x.data(), .bias = {bias_ ? bias.data() : nullptr, NumberType::kBf16}, .num_tokens = num_tokens_, .cols = cols_,
                             .out_stride = out_stride, .row_begin = row_begin_, .row_end = row_end_, .accumulate = accumulate_});
      Comparison comparison(__FILE__, line, std::string(table->name) + " " + kernel);
      for (std::size_t token = 0; token < num_tokens_; ++token) {
        for (std::size_t row = 0; row < out_stride; ++row) {
          const std::size_t at = token * out_stride + row;
          const std::string where = "token " + std::to_string(token) + " row " + std::to_string(row);
          if (row < row_begin_ || row >= row_end_) {
            comparison.Near(where + " (outside the slice)", out[at], before[at], 0.0);
            continue;
          }
          double expected = (bias_ ? Bf16ToFloat(bias[row]) : 0.0) + (accumulate_ ? before[at] : 0.0);
          double magnitude = std::abs(expected);
          for (std::size_t col = 0; col < cols_; ++col) {
            const double product = static_cast<double>(x[token * cols_ + col]) * weight[row * cols_ + col];
            expected += product;
            magnitude += std::abs(product);
          }
          comparison.Near(where, out[at], expected, kTolerance * magnitude + 0x1p-126);
        }
      }
    }
  }

  std::size_t num_tokens_ = 1;
  std::size_t rows_ = 16;
  std::size_t cols_ = 64;
  std::size_t row_begin_ = 0;
  std::size_t row_end_ = 16;
  std::size_t extra_stride_ = 0;
  bool bias_ = true;
  bool accumulate_ = false;
  std::int16_t scale_bias_ = 141;
  int scale_low_ = 134;
  int scale_high_ = 143;
};

}  // namespace codexpc::kernels::testing
