// f32_to_tiles, bf16_matmul and bf16_mf4w_matmul: tiles of 16 tokens, panels of 32 rows and 256 columns, at
// most 192 tokens at once.

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

TEST_MAIN()
