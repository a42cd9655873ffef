// f32_to_q8, q8_mf4w_matmul and q8_matmul, and those of q16. Up to 8 tokens may take another path than more: one to four blocks and four rows
// at once, at most 4096 columns; activations of two terms always do. More go in tiles of 4 or 6, rows in panels of 8 to 64, columns in panels of 256 or 512.

#include "kernels/q8-tester.h"

using Tester = codexpc::kernels::testing::Q8Tester;

TEST(quantizes_to_half_a_step) {
  for (const bool evens_first : {false, true}) {
    for (const std::size_t cols : {32, 64, 2880}) {
      Tester().cols(cols).low_nibbles_are_even_columns(evens_first).TestQuantize(__LINE__);
      Tester().cols(cols).low_nibbles_are_even_columns(evens_first).two_terms().TestQuantize(__LINE__);
      Tester().cols(cols).low_nibbles_are_even_columns(evens_first).words().TestQuantize(__LINE__);
    }
  }
}
TEST(zeros_stay_zeros) {
  for (const codexpc::kernels::KernelTable* table : codexpc::kernels::testing::SupportedTables()) {
    const float x[32] = {};
    for (const std::size_t num_terms : {1, 2}) {
      if (num_terms == 2 && table->max_two_term_tokens == 0) continue;
      std::vector<std::int8_t> values(32 * num_terms, 1);
      float scale = 1.0f;
      std::int32_t start = 0;
      table->f32_to_q8({values.data(), &scale, &start, num_terms}, x, 32, false);
      EXPECT_EQ(scale, 0.0f);
      EXPECT_EQ(start, 0);
      for (const std::int8_t value : values) EXPECT_EQ(static_cast<int>(value), 0);
    }
    if (table->f32_to_q16 == nullptr) continue;
    std::vector<std::int16_t> words(32, 1);
    float scale = 1.0f;
    table->f32_to_q16({words.data(), &scale}, x, 32, false);
    EXPECT_EQ(scale, 0.0f);
    for (const std::int16_t word : words) EXPECT_EQ(word, 0);
  }
}

TEST(mf4_one_token) {
  for (const std::size_t cols : {32, 64, 96, 256, 1024, 1056, 2880}) Tester().rows(40).cols(cols).TestMf4(__LINE__);
}
TEST(mf4_nibbles_are_halves_of_a_block) {
  Tester().rows(40).cols(96).low_nibbles_are_even_columns(false).TestMf4(__LINE__);
  Tester().num_tokens(7).rows(40).cols(96).low_nibbles_are_even_columns(false).TestMf4(__LINE__);
}
TEST(mf4_one_to_twenty_tokens) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) Tester().num_tokens(tokens).rows(33).cols(96).TestMf4(__LINE__);
}
TEST(mf4_few_tokens_of_every_number_of_blocks) {
  for (const std::size_t cols : {32, 64, 96, 128, 160, 4096, 4128, 4224}) {
    for (const std::size_t tokens : {1, 3, 4, 5, 8}) {
      Tester().num_tokens(tokens).rows(6).cols(cols).extra_stride(3).TestMf4(__LINE__);
      Tester().num_tokens(tokens).rows(6).cols(cols).extra_stride(3).two_terms().TestMf4(__LINE__);
    }
  }
}
TEST(mf4_odd_rows) {
  for (std::size_t rows = 1; rows <= 35; ++rows) {
    Tester().rows(rows).cols(64).TestMf4(__LINE__);
    Tester().num_tokens(7).rows(rows).cols(64).TestMf4(__LINE__);
  }
}
TEST(mf4_slice) {
  Tester().rows(80).cols(64).slice(7, 71).TestMf4(__LINE__);
  Tester().num_tokens(7).rows(80).cols(1056).slice(3, 78).extra_stride(5).TestMf4(__LINE__);
  Tester().num_tokens(7).rows(40).cols(64).slice(7, 7).TestMf4(__LINE__);
}
TEST(mf4_accumulates) {
  Tester().rows(40).cols(1056).accumulate().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(40).cols(1056).accumulate().no_bias().TestMf4(__LINE__);
}
TEST(mf4_in_two_terms) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) Tester().num_tokens(tokens).rows(33).cols(96).two_terms().TestMf4(__LINE__);
  Tester().rows(40).cols(2880).low_nibbles_are_even_columns(false).two_terms().TestMf4(__LINE__);
  Tester().num_tokens(3).rows(40).cols(96).extremes().two_terms().TestMf4(__LINE__);
  Tester().num_tokens(5).rows(80).cols(1056).slice(3, 78).extra_stride(5).accumulate().no_bias().two_terms().TestMf4(__LINE__);
}
TEST(mf4_in_two_terms_odd_rows_and_slices) {
  for (std::size_t rows = 1; rows <= 9; ++rows) {
    for (const std::size_t tokens : {1, 4, 6}) Tester().num_tokens(tokens).rows(rows).cols(96).extra_stride(1).two_terms().TestMf4(__LINE__);
  }
  for (std::size_t tokens = 1; tokens <= 9; ++tokens)
    Tester().num_tokens(tokens).rows(30).cols(160).slice(5, 5 + 2 * tokens).extra_stride(2).accumulate().two_terms().TestMf4(__LINE__);
  Tester().num_tokens(2).rows(16).cols(64).slice(7, 7).two_terms().TestMf4(__LINE__);
}
TEST(mf4_scales_of_another_bias) {
  for (const std::int16_t bias : {14, 113, 141}) {
    for (const std::size_t tokens : {1, 8, 9}) {
      Tester().num_tokens(tokens).rows(17).cols(160).scale_bias(bias).TestMf4(__LINE__);
      Tester().num_tokens(tokens).rows(17).cols(160).scale_bias(bias).two_terms().TestMf4(__LINE__);
    }
  }
}
TEST(mf4_more_activations_than_a_cache_holds) { Tester().num_tokens(400).rows(9).cols(1408).slice(2, 7).TestMf4(__LINE__); }
TEST(mf4_at_the_ends_of_the_ranges) {
  Tester().rows(40).cols(96).extremes().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(40).cols(96).extremes().TestMf4(__LINE__);
}

TEST(every_number_type_one_token) {
  for (const auto& type : codexpc::kernels::testing::kNumberTypes) Tester().low_nibbles_are_even_columns(false).rows(40).cols(512).TestType(type, __LINE__);
}
TEST(every_number_type_several_tokens) {
  for (const auto& type : codexpc::kernels::testing::kNumberTypes) {
    Tester().low_nibbles_are_even_columns(false).num_tokens(7).rows(41).cols(1280).slice(3, 40).accumulate().TestType(type, __LINE__);
  }
}
constexpr codexpc::kernels::testing::NamedType kQ8_0 = {codexpc::NumberType::kQ8_0, "Q8_0"};
TEST(q8_0_few_tokens_of_every_number_of_blocks) {
  for (const std::size_t cols : {32, 64, 96, 128, 160, 4096, 4128, 4224}) {
    for (const std::size_t tokens : {1, 3, 4, 5, 8}) {
      Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(6).cols(cols).accumulate().extra_stride(3).TestType(kQ8_0, __LINE__);
      Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(6).cols(cols).extra_stride(3).two_terms().TestType(kQ8_0, __LINE__);
    }
  }
}
TEST(q8_0_few_tokens_odd_rows_and_slices) {
  for (std::size_t rows = 1; rows <= 9; ++rows) {
    for (const std::size_t tokens : {1, 4, 6}) {
      Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(rows).cols(96).extra_stride(1).TestType(kQ8_0, __LINE__);
      Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(rows).cols(96).extra_stride(1).two_terms().TestType(kQ8_0, __LINE__);
    }
  }
  for (std::size_t tokens = 1; tokens <= 9; ++tokens) {
    const Tester slice = Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(30).cols(160).slice(5, 5 + 2 * tokens).accumulate();
    slice.TestType(kQ8_0, __LINE__);
    Tester(slice).no_bias().two_terms().TestType(kQ8_0, __LINE__);
  }
}
TEST(q8_0_at_20b_columns) {
  for (const std::size_t tokens : {1, 2, 3, 4, 5, 6, 13}) {
    Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(33).cols(2880).TestType(kQ8_0, __LINE__);
  }
}

TEST(mf4_in_words) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) {
    for (const bool evens_first : {false, true})
      Tester().num_tokens(tokens).rows(65).cols(96).low_nibbles_are_even_columns(evens_first).words().TestMf4(__LINE__);
  }
  for (std::size_t rows = 1; rows <= 67; ++rows) Tester().num_tokens(7).rows(rows).cols(64).extra_stride(1).words().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(140).cols(1056).slice(3, 138).extra_stride(5).accumulate().no_bias().words().TestMf4(__LINE__);
  Tester().num_tokens(13).rows(64).cols(2880).accumulate().words().TestMf4(__LINE__);
  Tester().num_tokens(7).rows(40).cols(64).slice(7, 7).words().TestMf4(__LINE__);
  Tester().num_tokens(9).rows(17).cols(160).scale_bias(14).words().TestMf4(__LINE__);
  Tester().num_tokens(200).rows(9).cols(1408).slice(2, 7).words().TestMf4(__LINE__);
}
TEST(mf4_in_words_with_scales_near_and_far) {
  const std::vector<std::uint8_t> patterns[] = {
      {0},                       // eight blocks in a sum
      {0, 1, 2, 0, 3, 1, 0, 2},
      {0, 0, 5, 0, 7, 1, 2, 0},  // with scales that come to 170 times the smallest: the most that fits in 32 bits
      {0, 0, 5, 1, 7, 1, 2, 0},  // 171: four
      {0, 7, 0, 7, 0, 7, 0, 7},  // two
      {0, 8, 0, 8, 0, 8, 0, 8},  // one
      {0, 90, 7, 60},
  };
  for (const std::vector<std::uint8_t>& pattern : patterns) {
    for (const std::size_t cols : {64, 256, 288, 512, 736}) {
      for (const bool extremes : {false, true}) {
        Tester tester = Tester().num_tokens(8).rows(70).cols(cols).scale_bias(20).scales_above(pattern).words();
        if (extremes) tester.extremes();
        tester.TestMf4(__LINE__);
      }
    }
  }
}
TEST(words_at_the_ends_of_the_ranges) {
  Tester().num_tokens(7).rows(70).cols(96).extremes().words().TestMf4(__LINE__);
  Tester().low_nibbles_are_even_columns(false).num_tokens(7).rows(70).cols(96).extremes().words().TestType(kQ8_0, __LINE__);
}
TEST(q8_0_in_words) {
  for (std::size_t tokens = 1; tokens <= 20; ++tokens) {
    Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(65).cols(96).words().TestType(kQ8_0, __LINE__);
    Tester().low_nibbles_are_even_columns(false).num_tokens(tokens).rows(90).cols(288).slice(5, 66 + tokens).accumulate().words().TestType(kQ8_0, __LINE__);
  }
  Tester().low_nibbles_are_even_columns(false).num_tokens(17).rows(33).cols(2880).words().TestType(kQ8_0, __LINE__);
}

TEST_MAIN()
