#pragma once

#include <cstdio>
#include <cstring>

#include "kernels/number-types.h"
#include "kernels/testing.h"

namespace codexpc::kernels::testing {

/// Activations in 8 or 16 bits and the products with them, in double precision, for every table this CPU can run.
class Q8Tester {
 public:
  Q8Tester& num_tokens(std::size_t value) { num_tokens_ = value; return *this; }
  Q8Tester& rows(std::size_t value) { rows_ = row_end_ = value; return *this; }
  Q8Tester& cols(std::size_t value) { cols_ = value; return *this; }
  Q8Tester& slice(std::size_t begin, std::size_t end) { row_begin_ = begin; row_end_ = end; return *this; }
  Q8Tester& no_bias() { bias_ = false; return *this; }
  Q8Tester& accumulate() { accumulate_ = true; return *this; }
  Q8Tester& extra_stride(std::size_t value) { extra_stride_ = value; return *this; }
  Q8Tester& low_nibbles_are_even_columns(bool value) { evens_first_ = value; return *this; }
  /// Of MXFP4 scales; the numbers stay the same.
  Q8Tester& scale_bias(std::int16_t value) { scale_bias_ = value; return *this; }
  /// Activations in two terms, for tables that know them.
  Q8Tester& two_terms() { num_terms_ = 2; return *this; }
  /// In 16 bits, for tables that know them.
  Q8Tester& words() { is_words_ = true; return *this; }
  /// In 16 bits in tiles, the same.
  Q8Tester& tiles() { is_tiles_ = true; return *this; }
  /// How far the MXFP4 scales of a row's blocks lie above the smallest one, in turn; random ones otherwise.
  Q8Tester& scales_above(std::vector<std::uint8_t> value) { scales_above_ = std::move(value); return *this; }
  /// Activations and weights at the ends of their ranges, the first token's and the first row's all positive.
  Q8Tester& extremes() { extremes_ = true; return *this; }

  void TestQuantize(int line) const {
    Random random(1);
    const std::vector<float> x = random.Floats(cols_, -3.0f, 3.0f);
    for (const KernelTable* table : Tables()) {
      const Quantized q = Quantize(*table, x);
      if (is_words_) {
        TestWords(*table, q, x, line);
        continue;
      }
      if (is_tiles_) {
        TestTiles(*table, q, x, line);
        continue;
      }
      Comparison comparison(__FILE__, line, std::string(table->name) + " f32_to_q8");
      const double most_steps = num_terms_ == 2 ? 1.5002 : 0.5001;  // one more where r would be -128
      for (std::size_t i = 0; i < cols_; ++i)
        comparison.Near("column " + std::to_string(i), q.exact[i], x[i], most_steps * static_cast<double>(q.scales[i / 32]));
      for (std::size_t block = 0; block < cols_ / 32; ++block) {
        double largest = 0.0;
        for (std::size_t i = block * 32; i < block * 32 + 32; ++i) largest = std::max(largest, std::abs(q.exact[i]));
        comparison.Near("largest of block " + std::to_string(block), largest / static_cast<double>(q.scales[block]),
                        num_terms_ == 2 ? 127 * 257 : 127, 1e-3);
      }
    }
  }

  void TestMf4(int line) const {
    Random random(2);
    std::vector<std::uint8_t> blocks = random.Bytes(rows_ * cols_ / 2, 0, 255);
    if (extremes_) {
      for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = i < cols_ / 2 || blocks[i] & 1 ? 0x77 : 0xff;  // 6 or -6
    }
    std::vector<std::uint8_t> scales = random.Bytes(rows_ * cols_ / 32, scale_bias_ - 7, scale_bias_ + 2);
    for (std::size_t i = 0; i < scales.size() && !scales_above_.empty(); ++i)
      scales[i] = static_cast<std::uint8_t>(scale_bias_ - 7 + scales_above_[i % (cols_ / 32) % scales_above_.size()]);
    std::vector<double> exact(rows_ * cols_);
    static constexpr double kMagnitudes[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const std::size_t in_block = i % 32;
      const std::uint8_t byte = blocks[i / 32 * 16 + (evens_first_ ? in_block / 2 : in_block % 16)];
      const int nibble = (evens_first_ ? in_block % 2 : in_block / 16) == 0 ? byte & 15 : byte >> 4;
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
    const WeightErrors errors = ErrorsOfMf4(scales);
    for (const Mf4View& weight : {apart, interleaved}) {
      Test("mf4w_matmul, stride " + std::to_string(weight.block_stride), line, random, exact, errors, [&](const KernelTable& table, const auto& args) {
        MultiplyMf4(table, args, weight);
      });
    }
  }

  /// Tables whose f32_matmul is as fast have no such kernel.
  void TestType(const NamedType& type, int line) const {
    Random random(3);
    const std::vector<std::uint8_t> weight = RandomNumbers(random, type.type, rows_ * cols_);
    const std::vector<double> exact = NumbersOf(type.type, weight, rows_ * cols_);
    const WeightErrors errors = type.type != NumberType::kQ8_0 ? ErrorsOfRounded(exact) : ErrorsOfQ8(weight);
    Test(std::string("matmul of ") + type.name, line, random, exact, errors, [&](const KernelTable& table, const auto& args) {
      Multiply(table, args, {weight.data(), type.type});
    });
  }

 private:
  /// What a table's rounding of the weight may add, by element.
  struct WeightErrors {
    std::vector<double> of_weight;
    std::vector<double> steps;  // of a weight in two terms: the unit of the fine one, whose product with an activation's fine one is left out
  };

  /// Half a step of the weight's own 8 bits.
  static WeightErrors ErrorsOfRounded(const std::vector<double>& exact) {
    WeightErrors errors{std::vector<double>(exact.size()), std::vector<double>(exact.size())};
    for (std::size_t begin = 0; begin < exact.size(); begin += 32) {
      double largest = 0.0;
      for (std::size_t i = begin; i < begin + 32; ++i) largest = std::max(largest, std::abs(exact[i]));
      for (std::size_t i = begin; i < begin + 32; ++i) errors.of_weight[i] = 0.5001 * largest / 127.0;
    }
    return errors;
  }

  /// None but in tiles: of 15 bits of the largest that the row's group could hold.
  WeightErrors ErrorsOfQ8(const std::vector<std::uint8_t>& weight) const {
    WeightErrors errors{std::vector<double>(rows_ * cols_), std::vector<double>(rows_ * cols_)};
    ForGroups([&](std::size_t begin, std::size_t end) {
      double largest = 0.0;
      for (std::size_t i = begin; i < end; i += 32) {
        f16 scale;
        std::memcpy(&scale, weight.data() + i / 32 * 34, sizeof scale);
        largest = std::max(largest, std::abs(static_cast<double>(F16ToFloat(scale))));
      }
      for (std::size_t i = begin; i < end; ++i) {
        errors.steps[i] = largest / 255.99;
        errors.of_weight[i] = 1.01 * errors.steps[i];
      }
    });
    return errors;
  }

  /// None but in tiles. Rows whose scales lie far apart bring those beside them into two terms too, so one is as good as all.
  WeightErrors ErrorsOfMf4(const std::vector<std::uint8_t>& scales) const {
    WeightErrors errors{std::vector<double>(rows_ * cols_), std::vector<double>(rows_ * cols_)};
    bool are_near = true;
    ForGroups([&](std::size_t begin, std::size_t end) {
      const auto [least, most] = std::minmax_element(scales.data() + begin / 32, scales.data() + end / 32);
      are_near = are_near && *most - *least <= 3;
      const int base = std::max(int{*least}, *most - 11);
      for (std::size_t i = begin; i < end; ++i) {
        errors.steps[i] = std::ldexp(0.5, base - scale_bias_);
        if (scales[i / 32] < base) errors.of_weight[i] = 0.5 * errors.steps[i];
      }
    });
    if (are_near) std::fill(errors.steps.begin(), errors.steps.end(), 0.0);
    return errors;
  }

  /// Calls visit(begin, end) for the elements of each row that have an activation's scale in common; only in tiles.
  template <typename Visit>
  void ForGroups(const Visit& visit) const {
    for (std::size_t row = 0; is_tiles_ && row < rows_; ++row) {
      for (std::size_t col = 0; col < cols_; col += kQ16GroupSize) visit(row * cols_ + col, row * cols_ + std::min(cols_, col + kQ16GroupSize));
    }
  }

  struct alignas(64) Bytes64 {
    std::int8_t values[64];
  };
  struct Quantized {
    std::vector<std::int8_t> values;
    std::vector<std::int16_t> words;
    std::vector<float> scales;
    std::vector<std::int32_t> starts;
    std::vector<double> exact;   // what the bytes stand for, in the order of the columns; for words, what was asked for
    std::vector<double> errors;  // of `exact`: half a step of words, whose order is the table's own
    std::vector<Bytes64> tiles = {};
    std::vector<double> steps = {};  // of tiles, by element
    Q16TileView tile_view() { return {.values = tiles.data()->values, .scales = scales.data()}; }
  };

  /// Half of one, and what the rounding of the scale does to the largest.
  static constexpr double kWordSteps = 0.51;
  double WordScale(const Quantized& q, std::size_t i) const {
    return static_cast<double>(q.scales[i / cols_ * (cols_ / 32) + i % cols_ / kQ16GroupSize]);
  }

  static void Multiply(const KernelTable& table, const Q8MatmulArgs& args, const MatrixView& weight) { table.q8_matmul(args, weight); }
  static void Multiply(const KernelTable& table, const Q16MatmulArgs& args, const MatrixView& weight) { table.q16_matmul(args, weight); }
  static void Multiply(const KernelTable& table, const Q16TileMatmulArgs& args, const MatrixView& weight) { table.q16_tiles_matmul(args, weight); }
  static void MultiplyMf4(const KernelTable& table, const Q16TileMatmulArgs& args, const Mf4View& weight) { table.q16_tiles_mf4w_matmul(args, weight); }
  static void MultiplyMf4(const KernelTable& table, const Q8MatmulArgs& args, const Mf4View& weight) { table.q8_mf4w_matmul(args, weight); }
  static void MultiplyMf4(const KernelTable& table, const Q16MatmulArgs& args, const Mf4View& weight) { table.q16_mf4w_matmul(args, weight); }

  /// Those that know the form.
  std::vector<const KernelTable*> Tables() const {
    std::vector<const KernelTable*> tables = SupportedTables();
    if (num_terms_ == 2) std::erase_if(tables, [](const KernelTable* table) { return table->max_two_term_tokens == 0; });
    if (is_words_) std::erase_if(tables, [](const KernelTable* table) { return table->f32_to_q16 == nullptr; });
    if (is_tiles_) std::erase_if(tables, [](const KernelTable* table) { return table->f32_to_q16_tiles == nullptr; });
    if (is_tiles_ && tables.empty()) std::printf("  skipped: no kernels of this processor use tiles\n");
    return tables;
  }

  /// Each block's words are its values, in whatever order.
  void TestWords(const KernelTable& table, const Quantized& q, std::vector<float> x, int line) const {
    Comparison comparison(__FILE__, line, std::string(table.name) + " f32_to_q16");
    int largest = 0;
    for (std::size_t block = 0; block < cols_; block += 32) {
      const auto at = [&](auto& values) { return values.begin() + static_cast<std::ptrdiff_t>(block); };
      std::vector<std::int16_t> words(at(q.words), at(q.words) + 32);
      std::sort(words.begin(), words.end());
      std::sort(at(x), at(x) + 32);
      const double scale = WordScale(q, block);
      for (std::size_t i = 0; i < 32; ++i) comparison.Near("value " + std::to_string(block + i), words[i] * scale, x[block + i], kWordSteps * scale);
      largest = std::max({largest, static_cast<int>(words.back()), -words.front()});
      if ((block + 32) % kQ16GroupSize != 0 && block + 32 < cols_) continue;
      comparison.Near("largest up to block " + std::to_string(block / 32), largest, 32767, 1e-3);
      largest = 0;
    }
  }

  void TestTiles(const KernelTable& table, const Quantized& q, const std::vector<float>& x, int line) const {
    Comparison comparison(__FILE__, line, std::string(table.name) + " f32_to_q16_tiles");
    double largest = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      comparison.Near("value " + std::to_string(i), q.exact[i], x[i], kWordSteps * q.steps[i]);
      largest = std::max(largest, std::abs(q.exact[i]) / q.steps[i]);
      if ((i + 1) % cols_ % kQ16GroupSize != 0) continue;
      comparison.Near("largest up to value " + std::to_string(i), largest, 127 * 257, 1e-3);
      largest = 0.0;
    }
  }

  /// With NaN where nobody has written, which must not show.
  Quantized QuantizeInTiles(const KernelTable& table, const std::vector<float>& x) const {
    const std::size_t num_tokens = x.size() / cols_;
    const std::size_t num_tiles = (num_tokens + 15) / 16;
    const std::size_t steps = (cols_ + 63) / 64;
    const std::size_t groups = (cols_ + kQ16GroupSize - 1) / kQ16GroupSize;
    Quantized q{{}, {}, std::vector<float>(num_tiles * groups * 16, std::nanf("")), {}, std::vector<double>(x.size()), std::vector<double>(x.size())};
    q.tiles.resize(num_tiles * steps * 32);
    for (Bytes64& row : q.tiles) std::fill(std::begin(row.values), std::end(row.values), std::int8_t{0x55});
    for (std::size_t tile = 0; tile < num_tiles; ++tile) {
      const float* tokens[16] = {};
      for (std::size_t i = 0; i < 16 && tile * 16 + i < num_tokens; ++i) tokens[i] = x.data() + (tile * 16 + i) * cols_;
      table.f32_to_q16_tiles(q.tile_view(), tile, tokens, cols_, evens_first_);
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t token = i / cols_;
      const std::size_t col = i % cols_;
      const std::size_t place = evens_first_ ? col % 64 / 32 * 32 + col % 32 / 2 + col % 2 * 16 : col % 64;
      const Bytes64* step = q.tiles.data() + (token / 16 * steps + col / 64) * 32;
      const std::size_t at = token % 16 * 4 + place % 4;
      q.steps.push_back(static_cast<double>(q.scales[(token / 16 * groups + col / kQ16GroupSize) * 16 + token % 16]));
      q.exact[i] = (256 * step[place / 4].values[at] + step[16 + place / 4].values[at]) * q.steps[i];
    }
    return q;
  }

  Quantized Quantize(const KernelTable& table, const std::vector<float>& x) const {
    if (is_tiles_) return QuantizeInTiles(table, x);
    Quantized q{std::vector<std::int8_t>(x.size() * num_terms_), {}, std::vector<float>(x.size() / 32), std::vector<std::int32_t>(x.size() / 32),
                std::vector<double>(x.size()), std::vector<double>(x.size())};
    if (is_words_) {
      q.words.resize(x.size());
      for (std::size_t at = 0; at < x.size(); at += cols_) table.f32_to_q16({q.words.data() + at, q.scales.data() + at / 32}, x.data() + at, cols_, evens_first_);
      for (std::size_t i = 0; i < x.size(); ++i) {
        q.exact[i] = static_cast<double>(x[i]);
        q.errors[i] = kWordSteps * WordScale(q, i);
      }
      return q;
    }
    for (std::size_t at = 0; at < x.size(); at += cols_)
      table.f32_to_q8({q.values.data() + at * num_terms_, q.scales.data() + at / 32, q.starts.data() + at / 32, num_terms_}, x.data() + at,
                      cols_, evens_first_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t place = evens_first_ ? i % 32 / 2 + i % 2 * 16 : i % 32;
      const std::int8_t* first = q.values.data() + i / cols_ * cols_ * num_terms_ + i % cols_ / 32 * 32 + place;
      const int whole = num_terms_ == 2 ? 256 * first[0] + first[cols_] : first[0];
      q.exact[i] = static_cast<double>(whole) * static_cast<double>(q.scales[i / 32]);
    }
    return q;
  }

  /// float32 sums over blocks; within a block the sum is exact.
  static constexpr double kTolerance = 0x1p-20;

  template <typename Run>
  void Test(const std::string& kernel, int line, Random& random, const std::vector<double>& weight, const WeightErrors& weight_errors,
            const Run& run) const {
    std::vector<float> x = random.Floats(num_tokens_ * cols_, -1.0f, 1.0f);
    if (extremes_) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = i < cols_ || x[i] >= 0.0f ? 1.0f : -1.0f;
    }
    const std::vector<bf16> bias = random.Bf16s(rows_, -2.0f, 2.0f);
    const std::size_t out_stride = rows_ + extra_stride_;
    const std::vector<float> before = random.Floats(num_tokens_ * out_stride, -2.0f, 2.0f);

    for (const KernelTable* table : Tables()) {
      if (kernel.starts_with("matmul") && table->q8_matmul == nullptr) continue;
      Quantized q = Quantize(*table, x);
      std::vector<float> out = before;
      const auto args = [&]<typename View>(const View& view) {
        return MatmulArgsOf<View>{.out = out.data(), .x = view, .bias = {bias_ ? bias.data() : nullptr, NumberType::kBf16}, .num_tokens = num_tokens_,
                                  .cols = cols_, .out_stride = out_stride, .row_begin = row_begin_, .row_end = row_end_, .accumulate = accumulate_};
      };
      if (is_tiles_) run(*table, args(q.tile_view()));
      else if (is_words_) run(*table, args(Q16View{q.words.data(), q.scales.data()}));
      else run(*table, args(Q8View{q.values.data(), q.scales.data(), q.starts.data(), num_terms_}));
      Comparison comparison(__FILE__, line, std::string(table->name) + (is_tiles_ ? " q16_tiles_" : is_words_ ? " q16_" : " q8_") + kernel);
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
          double rounding = 0.0;
          for (std::size_t col = 0; col < cols_; ++col) {
            const double product = q.exact[token * cols_ + col] * weight[row * cols_ + col];
            expected += product;
            magnitude += std::abs(product);
            rounding += std::abs(q.exact[token * cols_ + col]) * weight_errors.of_weight[row * cols_ + col] +
                        q.errors[token * cols_ + col] * std::abs(weight[row * cols_ + col]);
            if (is_tiles_) rounding += 128.0 * 128.0 * q.steps[token * cols_ + col] * weight_errors.steps[row * cols_ + col];
          }
          comparison.Near(where, out[at], expected, kTolerance * magnitude + rounding + 0x1p-126);
        }
      }
    }
  }

  std::int16_t scale_bias_ = 127;
  std::vector<std::uint8_t> scales_above_;
  std::size_t num_terms_ = 1;
  bool is_words_ = false;
  bool is_tiles_ = false;
  std::size_t num_tokens_ = 1;
  std::size_t rows_ = 16;
  std::size_t cols_ = 64;
  std::size_t row_begin_ = 0;
  std::size_t row_end_ = 16;
  std::size_t extra_stride_ = 0;
  bool bias_ = true;
  bool accumulate_ = false;
  bool evens_first_ = true;
  bool extremes_ = false;
};

}  // namespace codexpc::kernels::testing
