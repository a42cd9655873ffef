// Kernels that work on elements: lengths below, at and between the vector widths of 4, 8 and 16.

#include "kernels/elementwise-testers.h"

#include <limits>

using namespace codexpc::kernels::testing;
using codexpc::kernels::KernelTable;
using codexpc::kernels::F16ToFloat;
using codexpc::f16;

TEST(embed_every_length_up_to_70) {
  for (std::size_t n = 1; n <= 70; ++n) EmbedTester().n(n).Test(__LINE__);
}
TEST(embed_20b_size) { EmbedTester().n(2880).Test(__LINE__); }

TEST(embed_every_number_type) {
  for (const NamedType& type : kNumberTypes) {
    Random random(9);
    const std::vector<std::uint8_t> row = RandomNumbers(random, type.type, 512);
    const std::vector<double> exact = NumbersOf(type.type, row, 512);
    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out(513, kGuard);
      table->f32_embed(out.data(), {row.data(), type.type}, 512);
      Comparison comparison(__FILE__, __LINE__, std::string(table->name) + " f32_embed of " + type.name);
      for (std::size_t i = 0; i < 512; ++i) comparison.Near(std::to_string(i), out[i], exact[i], 1e-5);
      comparison.Near("guard", out[512], kGuard, 0.0);
    }
  }
}

TEST(interleave_halves_pairs_up_both_halves_of_32) {
  std::vector<float> x(96);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  for (const KernelTable* table : SupportedTables()) {
    std::vector<float> out(97, kGuard);
    table->f32_interleave_halves(out.data(), x.data(), x.size());
    EXPECT_EQ(out[0], 0.0f);
    EXPECT_EQ(out[1], 16.0f);
    EXPECT_EQ(out[2], 1.0f);
    EXPECT_EQ(out[31], 31.0f);
    EXPECT_EQ(out[32 + 5], 32.0f + 16 + 2);
    EXPECT_EQ(out[95], 95.0f);
    EXPECT_EQ(out[96], kGuard);
  }
}

TEST(rmsnorm_gains_of_float32) {
  const std::vector<float> x = {3.0f, -4.0f, 0.0f, 5.0f, 1.0f};
  const std::vector<float> gains = {1.0f, 0.5f, 2.0f, -1.0f, 0.0f};
  const float root = std::sqrt((9.0f + 16.0f + 25.0f + 1.0f) / 5.0f);
  for (const KernelTable* table : SupportedTables()) {
    std::vector<float> out(5);
    table->f32_rmsnorm(out.data(), x.data(), {gains.data(), codexpc::NumberType::kF32}, 5, 0.0f);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(std::abs(out[i] - x[i] / root * gains[i]) < 1e-6f);
  }
}

TEST(rmsnorm_every_length_up_to_70) {
  for (std::size_t n = 1; n <= 70; ++n) RmsNormTester().n(n).Test(__LINE__);
}
TEST(rmsnorm_20b_size) { RmsNormTester().n(2880).Test(__LINE__); }
TEST(rmsnorm_small_values_lean_on_epsilon) { RmsNormTester().n(256).magnitude(1e-4f).Test(__LINE__); }
TEST(rmsnorm_large_values) { RmsNormTester().n(256).magnitude(1e6f).Test(__LINE__); }
TEST(rmsnorm_zero_epsilon) { RmsNormTester().n(256).eps(0.0f).Test(__LINE__); }
TEST(rmsnorm_in_place) { RmsNormTester().n(77).in_place().Test(__LINE__); }

TEST(swiglu_every_length_up_to_40) {
  for (std::size_t n = 1; n <= 40; ++n) SwiGluTester().n(n).Test(__LINE__);
}
TEST(swiglu_20b_size) { SwiGluTester().n(2880).Test(__LINE__); }
TEST(swiglu_near_zero) { SwiGluTester().n(1000).range(-0.01f, 0.01f).Test(__LINE__); }
TEST(swiglu_far_negative) { SwiGluTester().n(1000).range(-300.0f, 0.0f).Test(__LINE__); }
TEST(swiglu_beyond_the_limit) { SwiGluTester().n(1000).range(-30.0f, 30.0f).limit(2.5f).Test(__LINE__); }

TEST(rope_pocket_heads) { RopeTester().num_heads(9).Test(__LINE__); }
TEST(rope_every_head_dim_up_to_80) {
  for (std::size_t head_dim = 2; head_dim <= 80; head_dim += 2) RopeTester().num_heads(3).head_dim(head_dim).Test(__LINE__);
}

TEST(axpy_every_length_up_to_40) {
  for (std::size_t n = 1; n <= 40; ++n) AxpyTester().n(n).Test(__LINE__);
}
TEST(axpy_by_zero) { AxpyTester().n(77).weight(0.0f).Test(__LINE__); }

TEST(to_f16_every_half) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7fff) <= 0x7c00) values.push_back(F16ToFloat(static_cast<f16>(bits)));
  }
  ToF16Tester().values(values).Test(__LINE__);
}
TEST(to_f16_midpoints_and_their_neighbours) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const float low = F16ToFloat(static_cast<f16>(bits));
    const float high = bits + 1 == 0x7c00 ? 65536.0f : F16ToFloat(static_cast<f16>(bits + 1));
    const float middle = (low + high) / 2;
    for (const float value : {std::nextafter(middle, low), middle, std::nextafter(middle, high)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  ToF16Tester().values(values).Test(__LINE__);
}
TEST(to_f16_beyond_its_range) {
  ToF16Tester().values({1e-8f, -1e-8f, 2.98e-8f, 65519.0f, 65520.0f, -70000.0f, 1e30f, std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min()}).Test(__LINE__);
}
TEST(to_f16_keeps_nan) {
  const std::vector<float> values(33, std::numeric_limits<float>::quiet_NaN());
  for (const auto* table : SupportedTables()) {
    std::vector<f16> out(values.size());
    table->f32_to_f16(out.data(), values.data(), values.size());
    for (const f16 half : out) EXPECT_TRUE((half & 0x7fff) > 0x7c00);
  }
}
TEST(to_f16_every_length_up_to_40) {
  for (std::size_t n = 1; n <= 40; ++n) ToF16Tester().values(Random(9).Floats(n, -70.0f, 70.0f)).Test(__LINE__);
}
TEST(nan_survives) {
  const std::vector<float> h(64, std::numeric_limits<float>::quiet_NaN());
  for (const auto* table : SupportedTables()) {
    std::vector<float> out(32);
    table->f32_swiglu(out.data(), h.data(), 32, 7.0f);
    for (const float value : out) EXPECT_TRUE(std::isnan(value));
  }
}

TEST_MAIN()
