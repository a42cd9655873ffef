// f32_to_tiles, bf16_matmul and bf16_mf4w_matmul, and those of q16 tiles: tiles of 16 tokens, panels of 32 rows and 256 columns, at
// most 192 tokens at once, of q16 tiles 256.

#include "kernels/q8-tester.h"
#include "kernels/tile-tester.h"

using Tester = codexpc::kernels::testing::TileTester;
using codexpc::kernels::testing::kNumberTypes;

TEST(bf16_one_to_forty_tokens) {
  for (std::size_t tokens = 1; tokens <= 40; ++tokens) Tester().num_tokens(tokens).rows(64).cols(96).TestBf16(__LINE__);
}
TEST(bf16_odd_rows) {
  for (std::size_t rows = 1; rows <= 130; rows += 3) {
    Tester().num_tokens(5).rows(rows).cols(64).TestBf16(__LINE__);
    Tester().num_tokens(19).rows(rows).cols(64).TestBf16(__LINE__);
  }
}
TEST(bf16_odd_cols) {
  for (std::size_t cols = 1; cols <= 70; ++cols) Tester().num_tokens(7).rows(9).cols(cols).TestBf16(__LINE__);
  Tester().num_tokens(17).rows(70).cols(1029).TestBf16(__LINE__);
}
TEST(bf16_slices) {
  Tester().num_tokens(7).rows(200).cols(288).slice(3, 151).extra_stride(5).TestBf16(__LINE__);
  Tester().num_tokens(33).rows(200).cols(288).slice(64, 192).TestBf16(__LINE__);
  Tester().num_tokens(33).rows(40).cols(64).slice(7, 7).TestBf16(__LINE__);
}
TEST(bf16_accumulates_and_goes_without_bias) {
  for (const std::size_t tokens : {7, 16, 37}) {
    Tester().num_tokens(tokens).rows(128).cols(544).accumulate().TestBf16(__LINE__);
    Tester().num_tokens(tokens).rows(128).cols(544).no_bias().TestBf16(__LINE__);
    Tester().num_tokens(tokens).rows(77).cols(544).accumulate().no_bias().TestBf16(__LINE__);
  }
}
TEST(bf16_more_activations_than_a_cache_holds) { Tester().num_tokens(200).rows(70).cols(2880).accumulate().TestBf16(__LINE__); }

TEST(mf4_one_to_forty_tokens) {
  for (std::size_t tokens = 1; tokens <= 40; ++tokens) Tester().num_tokens(tokens).rows(64).cols(96).TestMf4(__LINE__);
}
TEST(mf4_nibbles_are_halves_of_a_block) { Tester().num_tokens(18).rows(64).cols(96).halves().TestMf4(__LINE__); }
TEST(mf4_every_block_count) {
  for (std::size_t cols = 32; cols <= 576; cols += 32) Tester().num_tokens(5).rows(64).cols(cols).TestMf4(__LINE__);
}
TEST(mf4_20b_columns) { Tester().num_tokens(21).rows(128).cols(2880).TestMf4(__LINE__); }
TEST(mf4_odd_rows_and_slices) {
  for (std::size_t rows = 1; rows <= 130; rows += 7) Tester().num_tokens(9).rows(rows).cols(64).TestMf4(__LINE__);
  Tester().num_tokens(18).rows(200).cols(288).slice(3, 151).extra_stride(5).accumulate().TestMf4(__LINE__);
}
TEST(mf4_more_activations_than_a_cache_holds) { Tester().num_tokens(200).rows(70).cols(2880).no_bias().TestMf4(__LINE__); }
TEST(mf4_scales_at_the_ends_of_float32) {
  Tester().rows(64).cols(64).scales(141, 0, 20).no_bias().TestMf4(__LINE__);
  Tester().rows(64).cols(64).scales(141, 250, 255).no_bias().TestMf4(__LINE__);
  Tester().rows(64).cols(64).scales(127, 0, 5).largest_x(0x1p100f).no_bias().TestMf4(__LINE__);
  Tester().rows(64).cols(64).scales(127, 249, 254).largest_x(0x1p-100f).small_codes().no_bias().TestMf4(__LINE__);
  Tester().rows(64).cols(64).scales(127, 249, 254).largest_x(0x1p-100f).small_codes().no_bias().halves().TestMf4(__LINE__);
}

TEST(every_number_type) {
  for (const auto& type : kNumberTypes) {
    for (const std::size_t tokens : {1, 13, 16, 35}) Tester().num_tokens(tokens).rows(70).cols(512).TestType(type, __LINE__);
    Tester().num_tokens(18).rows(200).cols(1280).slice(3, 151).no_bias().accumulate().TestType(type, __LINE__);
  }
}
TEST(types_with_blocks_of_32_at_20b_columns) {
  for (const auto& type : kNumberTypes) {
    if (codexpc::BlockSizeOf(type.type).num_values <= 32) Tester().num_tokens(19).rows(64).cols(2880).TestType(type, __LINE__);
  }
}
TEST(plain_numbers_at_odd_cols) {
  for (const auto& type : kNumberTypes) {
    if (codexpc::BlockSizeOf(type.type).num_values == 1) Tester().num_tokens(19).rows(67).cols(299).TestType(type, __LINE__);
  }
}

using codexpc::kernels::testing::Q8Tester;
constexpr codexpc::kernels::testing::NamedType kQ8_0 = {codexpc::NumberType::kQ8_0, "Q8_0"};
Q8Tester WholeTiles() { return Q8Tester().tiles(); }
Q8Tester WholeTilesOfQ8() { return WholeTiles().low_nibbles_are_even_columns(false); }

TEST(whole_numbers_to_half_a_step) {
  for (const bool evens_first : {false, true}) {
    for (const std::size_t cols : {32, 64, 96, 256, 288, 2880}) WholeTiles().cols(cols).low_nibbles_are_even_columns(evens_first).TestQuantize(__LINE__);
  }
}
TEST(what_is_no_number_stays_none_in_whole_numbers) {
  for (const codexpc::kernels::KernelTable* table : codexpc::kernels::testing::TablesWithTiles()) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      alignas(64) std::int8_t values[2048];
      float scales[16];
      float x[2][64] = {};
      x[0][63] = bad;
      x[1][1] = 1.0f;
      const float* tokens[16] = {x[0], x[1]};
      table->f32_to_q16_tiles({values, scales}, 0, tokens, 64, false);
      EXPECT_EQ(std::isfinite(scales[0]), false);
      EXPECT_EQ(scales[1], 1.0f / (127.0f * 257.0f));
      EXPECT_EQ(scales[2], 0.0f);
    }
  }
}
TEST(mf4_in_whole_numbers) {
  for (std::size_t tokens = 1; tokens <= 40; ++tokens) {
    for (const bool evens_first : {false, true})
      WholeTiles().num_tokens(tokens).rows(65).cols(96).low_nibbles_are_even_columns(evens_first).TestMf4(__LINE__);
  }
  for (std::size_t cols = 32; cols <= 576; cols += 32) WholeTiles().num_tokens(5).rows(64).cols(cols).TestMf4(__LINE__);
  for (std::size_t rows = 1; rows <= 67; ++rows) WholeTiles().num_tokens(7).rows(rows).cols(64).extra_stride(1).TestMf4(__LINE__);
  WholeTiles().num_tokens(33).rows(140).cols(1056).slice(3, 138).extra_stride(5).accumulate().no_bias().TestMf4(__LINE__);
  WholeTiles().num_tokens(21).rows(64).cols(2880).accumulate().TestMf4(__LINE__);
  WholeTiles().num_tokens(7).rows(40).cols(64).slice(7, 7).TestMf4(__LINE__);
  WholeTiles().num_tokens(9).rows(17).cols(160).scale_bias(14).TestMf4(__LINE__);
  WholeTiles().num_tokens(300).rows(40).cols(2880).slice(2, 37).TestMf4(__LINE__);
}
TEST(mf4_in_whole_numbers_with_scales_near_and_far) {
  const std::vector<std::uint8_t> patterns[] = {
      {0},                        // one byte
      {0, 3, 1, 2, 0, 3, 3, 1},   // the farthest of those
      {0, 4, 0, 0, 1, 2, 0, 3},   // two
      {11, 0, 5, 7, 1, 11, 2, 0}, // the farthest that is exact
      {0, 12, 13, 4, 1, 0, 2, 12},
      {0, 90, 7, 60},
      {100, 0},
  };
  for (const std::vector<std::uint8_t>& pattern : patterns) {
    for (const std::size_t cols : {32, 64, 256, 288, 512, 736}) {
      for (const bool extremes : {false, true}) {
        Q8Tester tester = WholeTiles().num_tokens(18).rows(70).cols(cols).scale_bias(20).scales_above(pattern);
        if (extremes) tester.extremes();
        tester.TestMf4(__LINE__);
      }
    }
  }
}
TEST(whole_numbers_at_the_ends_of_the_ranges) {
  WholeTiles().num_tokens(19).rows(70).cols(544).extremes().TestMf4(__LINE__);
  WholeTilesOfQ8().num_tokens(19).rows(70).cols(544).extremes().TestType(kQ8_0, __LINE__);
}
TEST(q8_0_in_whole_numbers) {
  for (std::size_t tokens = 1; tokens <= 40; ++tokens) {
    WholeTilesOfQ8().num_tokens(tokens).rows(65).cols(96).TestType(kQ8_0, __LINE__);
    WholeTilesOfQ8().num_tokens(tokens).rows(110).cols(288).slice(5, 66 + tokens).accumulate().TestType(kQ8_0, __LINE__);
  }
  WholeTilesOfQ8().num_tokens(17).rows(33).cols(2880).TestType(kQ8_0, __LINE__);
  WholeTilesOfQ8().num_tokens(300).rows(40).cols(4096).slice(2, 37).no_bias().TestType(kQ8_0, __LINE__);
}

TEST_MAIN()
