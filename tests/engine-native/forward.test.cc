// The CPU backend against the double-precision reference, for every kernel table that this CPU has.

#include <algorithm>
#include <string>

#include "check.h"
#include "reference.h"
#include "test-engine.h"

namespace codexpc {
namespace {

// The bar is 2e-3; float32 throughout gives up to 3e-6 here, activations in two bfloat16 (avx512-amx) up to 2e-5. Router decisions flip when two experts are closer than the
// rounding error, so the seeds are such that the reference shows a gap.
constexpr double kTolerance = 4e-5;
constexpr double kRouterGap = 2e-5;
// float16 keys and values are rounded by up to 2^-11 each; measured here 1e-3.
constexpr double kTolerance16 = 4e-3;

TestCheckpoint Shape(std::uint32_t num_layers, std::uint32_t num_experts, std::uint32_t num_active,
                     std::uint32_t hidden_size, std::uint32_t intermediate_size, std::uint32_t head_dim,
                     std::uint32_t num_heads, std::uint32_t num_kv_heads, std::uint32_t window, std::uint32_t seed) {
  TestCheckpoint checkpoint = TinyCheckpoint(seed);
  checkpoint.config.num_hidden_layers = num_layers;
  checkpoint.config.num_experts = num_experts;
  checkpoint.config.experts_per_token = num_active;
  checkpoint.config.hidden_size = hidden_size;
  checkpoint.config.intermediate_size = intermediate_size;
  checkpoint.config.head_dim = head_dim;
  checkpoint.config.num_attention_heads = num_heads;
  checkpoint.config.num_key_value_heads = num_kv_heads;
  checkpoint.config.sliding_window = window;
  return checkpoint;
}

ContextOptions Options(std::uint32_t num_slots, std::uint32_t max_batch_tokens, KvType kv_type = KvType::kF32) {
  return {.num_slots = num_slots, .context_length = 512, .max_batch_tokens = max_batch_tokens, .kv_type = kv_type};
}

/// Every table: logits at many positions of a prompt, in chunks and one by one, against the reference.
void ExpectMatchesReference(const TestCheckpoint& checkpoint, std::size_t num_tokens) {
  const auto model = OpenTestModel(checkpoint);
  const std::vector<std::uint32_t> tokens = RandomTokens(num_tokens, model->config().vocab_size, checkpoint.seed);
  const ReferenceResult reference = ReferenceLogits(*model, tokens);
  EXPECT_TRUE(reference.smallest_router_gap > kRouterGap);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    const auto context = MakeContext(*engine, Options(1, 32));
    double worst = 0.0;
    for (std::size_t at = 0; at < num_tokens;) {
      // Single tokens first, then chunks of growing size.
      const std::size_t count = std::min(at < 60 ? 1 : at / 10, num_tokens - at);
      const std::vector<float> logits = Feed(*context, 0, std::span(tokens).subspan(at, count), 32);
      at += count;
      worst = std::max(worst, RelativeError(logits, reference.logits[at - 1]));
    }
    std::printf("  %-8s max error %.1e over max logit, router gap %.1e\n", isa.c_str(), worst,
                reference.smallest_router_gap);
    EXPECT_TRUE(worst <= kTolerance);
  }
}

TEST(matches_the_reference_on_the_tiny_shape) { ExpectMatchesReference(TinyCheckpoint(3), 330); }
TEST(matches_the_reference_on_the_odd_shape) { ExpectMatchesReference(OddCheckpoint(3), 330); }
TEST(matches_the_reference_with_three_blocks_five_experts_head_64) {
  ExpectMatchesReference(Shape(3, 5, 2, 96, 64, 64, 6, 2, 128, 1), 330);
}
TEST(matches_the_reference_with_head_32_and_one_key_value_head) {
  ExpectMatchesReference(Shape(4, 8, 4, 128, 96, 32, 8, 1, 20, 1), 310);
}
TEST(matches_the_reference_with_one_block_one_expert_and_a_window_of_one) {
  ExpectMatchesReference(Shape(1, 1, 1, 32, 32, 2, 1, 1, 1, 1), 40);
}

TEST(greedy_tokens_are_the_reference_s_for_64_steps) {
  for (const TestCheckpoint& checkpoint : {TinyCheckpoint(5), OddCheckpoint(5)}) {
    const auto model = OpenTestModel(checkpoint);
    for (const std::string& isa : ExactTables()) {
      const auto engine = MakeEngine(model, isa);
      const auto context = MakeContext(*engine, Options(1, 32));
      std::vector<std::uint32_t> tokens = RandomTokens(50, model->config().vocab_size, 9);
      std::vector<float> logits = Feed(*context, 0, tokens, 32);
      for (int step = 0; step < 64; ++step) {
        tokens.push_back(ArgMax(logits));
        logits = Feed(*context, 0, std::span(tokens).last(1), 1);
      }
      const ReferenceResult reference = ReferenceLogits(*model, tokens);
      int num_compared = 0;
      for (std::size_t at = 50; at < tokens.size(); ++at) {
        const std::vector<double>& expected = reference.logits[at - 1];
        const auto best = std::max_element(expected.begin(), expected.end());
        double second = -1e300;
        for (auto other = expected.begin(); other != expected.end(); ++other) {
          if (other != best) second = std::max(second, *other);
        }
        if (*best - second <= kTolerance * std::max(*best, -*best)) continue;
        ++num_compared;
        EXPECT_EQ(tokens[at], static_cast<std::uint32_t>(best - expected.begin()));
      }
      EXPECT_TRUE(num_compared > 55);
    }
  }
}

TEST(chunk_sizes_give_the_same_logits) {
  const auto model = OpenTestModel(OddCheckpoint(4));
  const std::vector<std::uint32_t> tokens = RandomTokens(331, model->config().vocab_size, 4);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    std::vector<float> expected;
    for (const std::size_t chunk : {1, 7, 32, 128}) {
      const auto context = MakeContext(*engine, Options(1, static_cast<std::uint32_t>(chunk)));
      const std::vector<float> logits = Feed(*context, 0, tokens, chunk);
      if (expected.empty()) expected = logits;
      const double error = RelativeError(logits, std::span<const float>(expected));
      EXPECT_TRUE(error <= SplitTolerance(isa));
    }
  }
}

TEST(numbers_of_threads_give_the_same_logits) {
  const auto model = OpenTestModel(OddCheckpoint(4));
  const std::vector<std::uint32_t> tokens = RandomTokens(90, model->config().vocab_size, 4);
  for (const std::string& isa : ExactTables()) {
    std::vector<float> expected;
    for (const std::uint32_t num_threads : {1u, 2u, 3u, 8u}) {
      const auto engine = MakeEngine(model, isa, num_threads);
      EXPECT_EQ(engine->num_threads(), num_threads);
      const auto context = MakeContext(*engine, Options(1, 32));
      const std::vector<float> logits = Feed(*context, 0, tokens, 32);
      if (expected.empty()) expected = logits;
      EXPECT_TRUE(RelativeError(logits, std::span<const float>(expected)) <= SplitTolerance(isa));
    }
  }
}

TEST(a_batch_of_slots_equals_single_runs) {
  const auto model = OpenTestModel(OddCheckpoint(6));
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    const auto context = MakeContext(*engine, Options(4, 64));
    const auto alone = MakeContext(*engine, Options(1, 64));
    // Slot 0 decodes, slot 2 prefills in chunks of 30, slot 3 joins later; in changing order.
    std::vector<std::vector<std::uint32_t>> fed(4);
    const std::vector<std::uint32_t> source = RandomTokens(400, model->config().vocab_size, 6);
    for (std::size_t step = 0; step < 6; ++step) {
      std::vector<BatchItem> batch;
      const auto add = [&](std::uint32_t slot, std::size_t count) {
        const std::span<const std::uint32_t> tokens = std::span(source).subspan(fed[slot].size() + slot, count);
        fed[slot].insert(fed[slot].end(), tokens.begin(), tokens.end());
        batch.push_back({slot, tokens, true});
      };
      if (step % 2 == 0) add(0, 1);
      add(2, 30);
      if (step > 2) add(3, 5 + step);
      if (step % 2 == 1) add(0, 2);
      EXPECT_TRUE(context->Forward(batch).ok());
      for (const BatchItem& item : batch) {
        std::uint32_t resume_from = 0;
        EXPECT_TRUE(alone->Truncate(0, 0, &resume_from).ok());
        const std::vector<float> expected = Feed(*alone, 0, fed[item.slot], 64);
        const double error = RelativeError(context->Logits(item.slot), std::span<const float>(expected));
        EXPECT_TRUE(error <= SplitTolerance(isa));
      }
    }
  }
}

TEST(float16_keys_and_values_stay_within_their_tolerance) {
  // All experts active: no router decision to flip.
  TestCheckpoint checkpoint = OddCheckpoint(7);
  checkpoint.config.experts_per_token = checkpoint.config.num_experts;
  const auto model = OpenTestModel(checkpoint);
  const std::vector<std::uint32_t> tokens = RandomTokens(330, model->config().vocab_size, 7);
  const ReferenceResult reference = ReferenceLogits(*model, tokens);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    const auto context = MakeContext(*engine, Options(1, 32, KvType::kF16));
    double worst = 0.0;
    for (std::size_t at = 0; at < tokens.size(); at += 33) {
      const std::vector<float> logits = Feed(*context, 0, std::span(tokens).subspan(at, 33), 11);
      worst = std::max(worst, RelativeError(logits, reference.logits[at + 32]));
    }
    std::printf("  %-8s max error %.1e over max logit\n", isa.c_str(), worst);
    EXPECT_TRUE(worst <= kTolerance16);
  }
}

/// Beside keys and values in 16 bits activations go through whole numbers, of two terms in small steps and of 16 bits in
/// larger ones: of the same rounding of keys and values by the scalar kernels, over floats, they may differ by less than
/// that rounding costs.
TEST(steps_beside_16_bit_keys_are_as_good_as_float32) {
  TestCheckpoint checkpoint = OddCheckpoint(7);
  checkpoint.config.experts_per_token = checkpoint.config.num_experts;
  const auto model = OpenTestModel(checkpoint);
  const std::vector<std::uint32_t> tokens = RandomTokens(120, model->config().vocab_size, 8);
  const auto scalar = MakeEngine(model, "scalar");
  const auto expected = MakeContext(*scalar, Options(1, 32, KvType::kF16));
  std::vector<std::vector<float>> reference;
  for (std::size_t at = 0; at < tokens.size(); at += 3) reference.push_back(Feed(*expected, 0, std::span(tokens).subspan(at, 3), 3));
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    for (const std::size_t step : {1, 3, 12, 120}) {
      const auto context = MakeContext(*engine, Options(1, 128, KvType::kF16));
      const std::size_t between = std::max<std::size_t>(step, 3);
      double worst = 0.0;
      for (std::size_t at = 0; at < tokens.size(); at += between) {
        const std::vector<float> logits = Feed(*context, 0, std::span(tokens).subspan(at, between), step);
        worst = std::max(worst, RelativeError(logits, std::span<const float>(reference[(at + between) / 3 - 1])));
      }
      std::printf("  %-8s steps of %zu: max difference %.1e over max logit\n", isa.c_str(), step, worst);
      EXPECT_TRUE(worst <= kTolerance16 / 4);
    }
  }
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
