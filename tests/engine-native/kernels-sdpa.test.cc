// f32_f32kv_sdpa, f32_f16kv_sdpa, and f32_q8kv_sdpa with f32_to_q8kv. Keys go in blocks of 32 or 64, queries (tokens x heads) in rounds of 32.

#include <cstring>

#include "kernels/sdpa-tester.h"

using Tester = codexpc::kernels::testing::SdpaTester;

namespace {
void TestBoth(const Tester& tester, int line) {
  tester.TestF32Kv(line);
  tester.TestF16Kv(line);
  tester.TestQ8Kv(line);
}
}  // namespace

/// Of numbers and not of what is read back: here an entry holds them.
TEST(q8_entries_hold_numbers_to_half_a_step) {
  using namespace codexpc::kernels;
  using codexpc::f16;
  for (const float largest : {0.0f, 1e-9f, 3e-6f, 1e-3f, 1.0f, 60.0f, 8e6f}) {
    for (const std::size_t n : {1u, 7u, 16u, 64u, 100u}) {
      const std::vector<float> x = testing::Random(static_cast<std::uint32_t>(n)).Floats(n, -largest, largest);
      std::vector<std::uint8_t> first;
      for (const KernelTable* table : testing::SupportedTables()) {
        std::vector<std::uint8_t> entry(kQ8KvScaleBytes + n);
        table->f32_to_q8kv(entry.data(), x.data(), n);
        if (first.empty()) first = entry;
        EXPECT_TRUE(entry == first);  // every table rounds alike
        f16 bits;
        std::memcpy(&bits, entry.data(), sizeof bits);
        const double scale = F16ToFloat(bits);
        testing::Comparison comparison(__FILE__, __LINE__, std::string(table->name) + " f32_to_q8kv");
        // A number beyond 127 steps of the rounded scale is cut to that: a scale in f16 is off by 2^-12 at most, or where
        // it is subnormal by 2^-25.
        for (std::size_t i = 0; i < n; ++i)
          comparison.Near("number " + std::to_string(i), scale * static_cast<std::int8_t>(entry[kQ8KvScaleBytes + i]), x[i],
                          0.501 * scale + 127 * 0x1p-25 + 127 * scale * 0x1p-11);
      }
    }
  }
}

TEST(first_token_sees_itself_and_the_sink) { TestBoth(Tester().runs(1), __LINE__); }
TEST(every_length_up_to_two_blocks) {
  for (std::size_t length = 1; length <= 130; ++length) TestBoth(Tester().group(2).runs(length), __LINE__);
}
TEST(long_context) { TestBoth(Tester().runs(1000), __LINE__); }
TEST(wrapped_ring) { TestBoth(Tester().runs(101, 27), __LINE__); }
TEST(empty_first_run) { TestBoth(Tester().runs(0, 77), __LINE__); }
TEST(empty_middle_run) { TestBoth(Tester().runs(40, 0, 9), __LINE__); }
TEST(three_runs) { TestBoth(Tester().runs(33, 50, 7), __LINE__); }
TEST(every_group_size) {
  for (std::size_t group = 1; group <= 9; ++group) TestBoth(Tester().group(group).runs(50), __LINE__);
}
TEST(more_heads_than_a_round) { TestBoth(Tester().group(40).runs(50), __LINE__); }
TEST(every_head_dim_up_to_136) {
  for (std::size_t head_dim = 2; head_dim <= 136; head_dim += 2) TestBoth(Tester().group(3).head_dim(head_dim).runs(37), __LINE__);
}
TEST(head_dim_beyond_the_wide_kernels) { TestBoth(Tester().group(3).head_dim(256).runs(5, 40), __LINE__); }
TEST(sharp_softmax) { TestBoth(Tester().query_scale(4.0f).runs(200), __LINE__); }
TEST(sink_takes_nearly_all) { TestBoth(Tester().sinks(60.0f, 80.0f).runs(70), __LINE__); }
TEST(sink_takes_nothing) { TestBoth(Tester().sinks(-200.0f, -150.0f).runs(70), __LINE__); }

TEST(tokens_see_up_to_themselves) { TestBoth(Tester().num_tokens(7).runs(7), __LINE__); }
TEST(tokens_after_a_prefix) { TestBoth(Tester().num_tokens(7).runs(100), __LINE__); }
TEST(tokens_are_a_run_of_their_own) { TestBoth(Tester().num_tokens(16).runs(101, 27, 16), __LINE__); }
TEST(more_tokens_than_a_round) { TestBoth(Tester().num_tokens(33).runs(150), __LINE__); }
TEST(round_that_splits_a_token) { TestBoth(Tester().num_tokens(9).group(5).runs(90), __LINE__); }
TEST(window_over_one_token) { TestBoth(Tester().window(128).runs(300), __LINE__); }
TEST(window_longer_than_the_context) { TestBoth(Tester().num_tokens(7).window(128).runs(100), __LINE__); }
TEST(window_slides_over_the_tokens) { TestBoth(Tester().num_tokens(40).window(128).runs(128, 60, 40), __LINE__); }
TEST(window_of_one_position) { TestBoth(Tester().num_tokens(7).window(1).runs(50), __LINE__); }
TEST(window_over_many_tokens) {
  for (std::size_t window = 2; window <= 70; window += 17) TestBoth(Tester().num_tokens(70).group(2).window(window).runs(5, 70), __LINE__);
}
TEST(strides_beyond_the_heads) { TestBoth(Tester().num_tokens(7).extra_stride(13).runs(60), __LINE__); }
TEST(tokens_with_odd_head_dim) { TestBoth(Tester().num_tokens(7).group(3).head_dim(42).window(20).runs(33), __LINE__); }

TEST_MAIN()
