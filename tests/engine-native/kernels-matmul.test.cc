// f32_matmul and f32_mf4w_matmul. One token takes another path than several; several go in tiles of 3 or 6.

#include "kernels/matmul-tester.h"

using Tester = codexpc::kernels::testing::MatmulTester;

TEST(bf16_one_token) { Tester().rows(16).cols(256).TestBf16(__LINE__); }
TEST(bf16_one_token_pocket_shape) { Tester().rows(640).cols(256).TestBf16(__LINE__); }
TEST(bf16_one_token_20b_columns) { Tester().rows(24).cols(2880).TestBf16(__LINE__); }
TEST(bf16_one_token_cols_below_a_vector) {
  for (std::size_t cols = 1; cols <= 40; ++cols) Tester().rows(9).cols(cols).TestBf16(__LINE__);
}
TEST(bf16_one_token_odd_rows) {
  for (std::size_t rows = 1; rows <= 17; ++rows) Tester().rows(rows).cols(72).TestBf16(__LINE__);
}
TEST(bf16_one_token_slice) { Tester().rows(40).cols(64).slice(7, 31).TestBf16(__LINE__); }
TEST(bf16_one_token_empty_slice) { Tester().rows(40).cols(64).slice(7, 7).TestBf16(__LINE__); }
TEST(bf16_one_token_accumulates) { Tester().rows(19).cols(96).accumulate().TestBf16(__LINE__); }
TEST(bf16_one_token_without_bias) { Tester().rows(19).cols(96).no_bias().TestBf16(__LINE__); }
TEST(bf16_one_token_accumulates_without_bias) { Tester().rows(19).cols(96).no_bias().accumulate().TestBf16(__LINE__); }

TEST(bf16_one_to_twenty_tokens) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) Tester().num_tokens(tokens).rows(21).cols(64).TestBf16(__LINE__);
}
TEST(bf16_many_tokens_pocket_shape) { Tester().num_tokens(128).rows(64).cols(256).TestBf16(__LINE__); }
TEST(bf16_two_to_six_tokens_odd_cols_and_rows) {
  for (std::size_t tokens = 2; tokens <= 6; ++tokens) {
    Tester().num_tokens(tokens).rows(11).cols(1029).TestBf16(__LINE__);
    Tester().num_tokens(tokens).rows(40).cols(37).slice(3, 38).no_bias().accumulate().TestBf16(__LINE__);
  }
}
TEST(bf16_several_column_panels) { Tester().num_tokens(7).rows(11).cols(2880).TestBf16(__LINE__); }
TEST(bf16_several_column_panels_odd) { Tester().num_tokens(7).rows(11).cols(1029).TestBf16(__LINE__); }
TEST(bf16_more_activations_than_a_cache_holds) {
  Tester().num_tokens(40).rows(11).cols(2880).TestBf16(__LINE__);
  Tester().num_tokens(40).rows(11).cols(2885).slice(2, 10).accumulate().TestBf16(__LINE__);
}
TEST(bf16_many_tokens_odd_cols) {
  for (std::size_t cols = 1; cols <= 40; ++cols) Tester().num_tokens(7).rows(9).cols(cols).TestBf16(__LINE__);
}
TEST(bf16_many_tokens_slice) { Tester().num_tokens(7).rows(40).cols(1032).slice(3, 38).TestBf16(__LINE__); }
TEST(bf16_many_tokens_single_row_slice) { Tester().num_tokens(7).rows(40).cols(64).slice(39, 40).TestBf16(__LINE__); }
TEST(bf16_many_tokens_accumulates) { Tester().num_tokens(7).rows(19).cols(1032).accumulate().TestBf16(__LINE__); }
TEST(bf16_many_tokens_without_bias) { Tester().num_tokens(7).rows(19).cols(1032).no_bias().TestBf16(__LINE__); }
TEST(bf16_many_tokens_accumulates_without_bias) { Tester().num_tokens(7).rows(19).cols(1032).no_bias().accumulate().TestBf16(__LINE__); }
TEST(bf16_out_stride_beyond_the_rows) { Tester().num_tokens(7).rows(19).cols(64).extra_stride(5).TestBf16(__LINE__); }

TEST(mf4_one_token) { Tester().rows(16).cols(256).TestMf4(__LINE__); }
TEST(mf4_one_token_pocket_shapes) {
  Tester().rows(384).cols(256).TestMf4(__LINE__);
  Tester().rows(256).cols(192).TestMf4(__LINE__);
}
TEST(mf4_one_token_20b_columns) { Tester().rows(12).cols(2880).TestMf4(__LINE__); }
TEST(mf4_one_token_one_block) { Tester().rows(5).cols(32).TestMf4(__LINE__); }
TEST(mf4_one_token_odd_blocks) { Tester().rows(5).cols(96).TestMf4(__LINE__); }
TEST(mf4_one_token_every_block_count) {
  for (std::size_t cols = 32; cols <= 480; cols += 32) Tester().rows(5).cols(cols).TestMf4(__LINE__);
}
TEST(mf4_one_token_beyond_its_buffer) {
  Tester().rows(5).cols(4096).TestMf4(__LINE__);
  Tester().rows(5).cols(4128).TestMf4(__LINE__);
  Tester().rows(5).cols(8320).accumulate().TestMf4(__LINE__);
}
TEST(mf4_one_token_odd_rows) {
  for (std::size_t rows = 1; rows <= 17; ++rows) Tester().rows(rows).cols(64).TestMf4(__LINE__);
}
TEST(mf4_one_token_slice) { Tester().rows(40).cols(64).slice(7, 30).TestMf4(__LINE__); }
TEST(mf4_one_token_accumulates) { Tester().rows(19).cols(96).accumulate().TestMf4(__LINE__); }
TEST(mf4_one_token_without_bias) { Tester().rows(19).cols(96).no_bias().TestMf4(__LINE__); }

TEST(mf4_one_to_twenty_tokens) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) Tester().num_tokens(tokens).rows(21).cols(96).TestMf4(__LINE__);
}
TEST(mf4_several_column_panels) { Tester().num_tokens(7).rows(11).cols(2880).TestMf4(__LINE__); }
TEST(mf4_more_activations_than_a_cache_holds) { Tester().num_tokens(40).rows(11).cols(2880).slice(2, 10).TestMf4(__LINE__); }
TEST(mf4_many_tokens_slice) { Tester().num_tokens(7).rows(40).cols(544).slice(3, 38).TestMf4(__LINE__); }
TEST(mf4_many_tokens_accumulates) { Tester().num_tokens(7).rows(19).cols(544).accumulate().TestMf4(__LINE__); }
TEST(mf4_many_tokens_without_bias) { Tester().num_tokens(7).rows(19).cols(544).no_bias().TestMf4(__LINE__); }

TEST(mf4_more_tokens_than_go_over_a_panel) {
  Tester().num_tokens(257).rows(101).cols(288).slice(1, 100).TestMf4(__LINE__);
  Tester().num_tokens(530).rows(49).cols(64).accumulate().TestMf4(__LINE__);
}

TEST(mf4_plain_e8m0_bias) {
  Tester().rows(8).cols(64).scale_bias(127).scale_bytes(120, 129).TestMf4(__LINE__);
  Tester().num_tokens(7).rows(8).cols(64).scale_bias(127).scale_bytes(120, 129).TestMf4(__LINE__);
}
TEST(mf4_scales_down_to_subnormal) {
  Tester().rows(8).cols(64).scale_bytes(0, 20).no_bias().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(8).cols(64).scale_bytes(0, 20).no_bias().TestMf4(__LINE__);
}
TEST(mf4_largest_scales) {
  Tester().rows(8).cols(64).scale_bytes(250, 255).no_bias().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(8).cols(64).scale_bytes(250, 255).no_bias().TestMf4(__LINE__);
}

TEST(every_number_type_one_token) {
  for (const auto& type : codexpc::kernels::testing::kNumberTypes) {
    Tester().rows(19).cols(512).TestType(type, __LINE__);
    Tester().rows(40).cols(768).slice(7, 30).no_bias().accumulate().TestType(type, __LINE__);
  }
}
TEST(every_number_type_several_tokens) {
  for (const auto& type : codexpc::kernels::testing::kNumberTypes) {
    for (const std::size_t tokens : {2, 5, 6, 7, 13}) Tester().num_tokens(tokens).rows(21).cols(512).TestType(type, __LINE__);
    Tester().num_tokens(7).rows(11).cols(2816).slice(2, 9).accumulate().TestType(type, __LINE__);
  }
}
TEST(types_with_blocks_of_32_at_20b_columns) {
  for (const auto& type : codexpc::kernels::testing::kNumberTypes) {
    if (codexpc::BlockSizeOf(type.type).num_values > 32) continue;
    Tester().rows(9).cols(2880).TestType(type, __LINE__);
    Tester().num_tokens(7).rows(9).cols(2880).TestType(type, __LINE__);
  }
}

TEST_MAIN()
