#pragma once

#include <cstdio>

#include "kernels/number-types.h"
#include "kernels/testing.h"

namespace codexpc::kernels::testing {

/// The tables that have units for tiles here; says so if none has.
inline std::vector<const KernelTable*> TablesWithTiles() {
  std::vector<const KernelTable*> tables = SupportedTables();
  std::erase_if(tables, [](const KernelTable* table) { return table->bf16_matmul == nullptr; });
  if (tables.empty()) std::printf("  skipped: no kernels of this processor use tiles\n");
  return tables;
}

/// Memory that tiles may lie in, full of NaN: what nobody has written must not show.
class TileBuffer {
 public:
  TileBuffer(std::size_t num_tokens, std::size_t cols, std::size_t num_terms)
      : tiles_((num_tokens + 15) / 16 * ((cols + 31) / 32) * num_terms, Tile{}), num_terms_(num_terms) {
    for (Tile& tile : tiles_) std::fill(std::begin(tile.values), std::end(tile.values), bf16{0xffff});
  }
  TileView view() { return {.values = tiles_.data()->values, .num_terms = num_terms_}; }

 private:
  struct alignas(64) Tile {
    bf16 values[16 * 32];
  };
  std::vector<Tile> tiles_;
  std::size_t num_terms_;
};

/// Products over tiles against double precision, with activations of one term and of two.
class TileTester {
 public:
  TileTester& num_tokens(std::size_t value) { num_tokens_ = value; return *this; }
  TileTester& rows(std::size_t value) { rows_ = row_end_ = value; return *this; }
  TileTester& cols(std::size_t value) { cols_ = value; return *this; }
  TileTester& slice(std::size_t begin, std::size_t end) { row_begin_ = begin; row_end_ = end; return *this; }
  TileTester& no_bias() { bias_ = false; return *this; }
  TileTester& accumulate() { accumulate_ = true; return *this; }
  TileTester& extra_stride(std::size_t value) { extra_stride_ = value; return *this; }
  TileTester& halves() { order_ = TileOrder::kMf4Halves; return *this; }
  TileTester& scales(std::int16_t bias, int low, int high) { scale_bias_ = bias; scale_low_ = low; scale_high_ = high; return *this; }
  /// Activations up to this; MXFP4 values up to 1.5 times a scale, so that the largest scales are finite.
  TileTester& largest_x(float value) { largest_x_ = value; return *this; }
  TileTester& small_codes() { code_mask_ = 0xbb; return *this; }

  void TestType(const NamedType& type, int line) const {
    Random random(1);
    const std::vector<std::uint8_t> weight = RandomNumbers(random, type.type, rows_ * cols_);
    Test(std::string("bf16_matmul of ") + type.name, line, random, NumbersOf(type.type, weight, rows_ * cols_), TileOrder::kAsIs,
         [&](const KernelTable& table, const TileMatmulArgs& args) { table.bf16_matmul(args, {weight.data(), type.type}); });
  }
  void TestBf16(int line) const { TestType({NumberType::kBf16, "BF16"}, line); }

  void TestMf4(int line) const {
    Random random(2);
    std::vector<std::uint8_t> blocks = random.Bytes(rows_ * cols_ / 2, 0, 255);
    for (std::uint8_t& byte : blocks) byte &= code_mask_;
    const std::vector<std::uint8_t> scales = random.Bytes(rows_ * cols_ / 32, scale_low_, scale_high_);
    std::vector<double> exact(rows_ * cols_);
    static constexpr double kMagnitudes[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const std::size_t in_block = i % 32;
      const bool is_pairs = order_ == TileOrder::kMf4Pairs;
      const std::uint8_t byte = blocks[i / 32 * 16 + (is_pairs ? in_block / 2 : in_block % 16)];
      const int code = (is_pairs ? in_block % 2 : in_block / 16) == 0 ? byte & 15 : byte >> 4;
      exact[i] = std::ldexp(code & 8 ? -kMagnitudes[code & 7] : kMagnitudes[code & 7], scales[i / 32] - scale_bias_);
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
      Test("bf16_mf4w_matmul, stride " + std::to_string(weight.block_stride), line, random, exact, order_,
           [&](const KernelTable& table, const TileMatmulArgs& args) { table.bf16_mf4w_matmul(args, weight); });
    }
  }

 private:
  // Of the sum of the products' magnitudes. Two terms: activations and weights off by 2^-18 each, as much for what is
  // left out, and float32 sums. One term: both off by 2^-9.
  static constexpr double kTolerance[3] = {0, 0x1.01p-8, 0x1p-16};

  template <typename Run>
  void Test(const std::string& kernel, int line, Random& random, const std::vector<double>& weight, TileOrder order, const Run& run) const {
    const std::vector<float> x = random.Floats(num_tokens_ * cols_, -largest_x_, largest_x_);
    const std::vector<bf16> bias = random.Bf16s(rows_, -2.0f, 2.0f);
    const std::size_t out_stride = rows_ + extra_stride_;
    const std::vector<float> before = random.Floats(num_tokens_ * out_stride, -2.0f, 2.0f);
    // AMX takes numbers below 2^-126 for zero: weights, parts of activations, products and sums.
    const double underflow = 4 * 0x1p-126 * static_cast<double>(cols_) * std::max(1.0, static_cast<double>(largest_x_));

    for (const KernelTable* table : TablesWithTiles()) {
      for (const std::size_t num_terms : {1, 2}) {
        TileBuffer tiles(num_tokens_, cols_, num_terms);
        for (std::size_t tile = 0; tile * 16 < num_tokens_; ++tile) {
          const float* tokens[16] = {};
          for (std::size_t i = 0; i < 16 && tile * 16 + i < num_tokens_; ++i) tokens[i] = x.data() + (tile * 16 + i) * cols_;
          table->f32_to_tiles(tiles.view(), tile, tokens, cols_, order);
        }
        std::vector<float> out = before;
        run(*table, TileMatmulArgs{.out = out.data(), .x = tiles.view(), .bias = {bias_ ? bias.data() : nullptr, NumberType::kBf16},
                                   .num_tokens = num_tokens_, .cols = cols_, .out_stride = out_stride, .row_begin = row_begin_,
                                   .row_end = row_end_, .accumulate = accumulate_});
        Comparison comparison(__FILE__, line, std::string(table->name) + " " + kernel + " of " + std::to_string(num_terms) + " terms");
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
            comparison.Near(where, out[at], expected, kTolerance[num_terms] * magnitude + underflow);
          }
        }
      }
    }
  }

  std::size_t num_tokens_ = 16;
  std::size_t rows_ = 64;
  std::size_t cols_ = 64;
  std::size_t row_begin_ = 0;
  std::size_t row_end_ = 64;
  std::size_t extra_stride_ = 0;
  bool bias_ = true;
  bool accumulate_ = false;
  TileOrder order_ = TileOrder::kMf4Pairs;
  std::int16_t scale_bias_ = 141;
  int scale_low_ = 134;
  int scale_high_ = 143;
  float largest_x_ = 1.0f;
  std::uint8_t code_mask_ = 0xff;
};

}  // namespace codexpc::kernels::testing
