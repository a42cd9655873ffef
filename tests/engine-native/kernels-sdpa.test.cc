// f32_f32kv_sdpa and f32_f16kv_sdpa. Keys go in blocks of 32 or 64, queries (tokens x heads) in rounds of 32.

#include "kernels/sdpa-tester.h"

using Tester = codexpc::kernels::testing::SdpaTester;

namespace {
void TestBoth(const Tester& tester, int line) {
  tester.TestF32Kv(line);
  tester.TestF16Kv(line);
}
}  // namespace

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
