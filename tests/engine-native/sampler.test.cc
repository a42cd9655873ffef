// The sampler: each filter exactly, the whole by its distribution.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <set>
#include <string>

#include "check.h"
#include "codexpc/engine.h"
#include "sampling/softmax.h"
#include "sampling/top-k.h"

namespace codexpc {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<Sampler> Make(const SamplerOptions& options, std::uint32_t vocab_size) {
  std::unique_ptr<Sampler> sampler;
  const Status status = CreateSampler(options, vocab_size, &sampler);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.message());
  return sampler;
}

std::uint32_t SampleOne(Sampler& sampler, std::span<const float> logits) {
  TokenLogprob sampled{0, 0.0f};
  const Status status = sampler.Sample(logits, &sampled);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.message());
  return sampled.token;
}

/// How often each token came in `num_draws`.
std::vector<int> Histogram(const SamplerOptions& options, std::span<const float> logits, int num_draws) {
  const auto sampler = Make(options, static_cast<std::uint32_t>(logits.size()));
  std::vector<int> counts(logits.size());
  for (int i = 0; i < num_draws; ++i) ++counts[SampleOne(*sampler, logits)];
  return counts;
}

std::set<std::uint32_t> Support(const SamplerOptions& options, std::span<const float> logits) {
  const std::vector<int> counts = Histogram(options, logits, 3000);
  std::set<std::uint32_t> tokens;
  for (std::uint32_t token = 0; token < counts.size(); ++token) {
    if (counts[token] > 0) tokens.insert(token);
  }
  return tokens;
}

std::vector<float> Logs(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)) + 3.0f);
  return logits;
}

/// Values like a model's: normally distributed, a few far above.
std::vector<float> ManyLogits(std::size_t count, float spread = 3.0f) {
  std::vector<float> logits(count);
  std::uint64_t state = 7;
  for (float& logit : logits) {
    float sum = 0.0f;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<float>(state >> 40) * 0x1p-24f - 0.5f;
    }
    logit = sum * spread * 1.7f;
  }
  return logits;
}

TEST(greedy_takes_the_largest_and_the_lowest_id_of_a_tie) {
  const std::vector<float> logits = {1.0f, 5.0f, -2.0f, 5.0f};
  const auto sampler = Make({}, 4);
  TokenLogprob sampled{};
  EXPECT_TRUE(sampler->Sample(logits, &sampled).ok());
  EXPECT_EQ(sampled.token, 1u);
  const double sum = std::exp(-4.0) + 2.0 + std::exp(-7.0);
  EXPECT_TRUE(std::abs(sampled.logprob + std::log(sum)) < 1e-6);
}

TEST(draws_follow_the_distribution) {
  const std::vector<double> probabilities = {0.02, 0.4, 0.08, 0.25, 0.05, 0.2};
  const int num_draws = 60000;
  for (const float temperature : {1.0f, 0.5f, 2.0f}) {
    std::vector<double> expected;
    double sum = 0.0;
    for (const double p : probabilities) {
      expected.push_back(std::pow(p, 1.0 / temperature));
      sum += expected.back();
    }
    SamplerOptions plain{.temperature = temperature};
    plain.seed = 11;
    SamplerOptions filtered = plain;  // filters that keep everything take another way to the same draws
    filtered.top_k = 6;
    filtered.top_p = 0.9999999f;
    for (const SamplerOptions& options : {plain, filtered}) {
      const std::vector<int> counts = Histogram(options, Logs(probabilities), num_draws);
      double chi_squared = 0.0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const double mean = expected[i] / sum * num_draws;
        chi_squared += (counts[i] - mean) * (counts[i] - mean) / mean;
      }
      EXPECT_TRUE(chi_squared < 20.5);  // 5 degrees of freedom: p = 0.001
    }
  }
}

TEST(the_same_seed_gives_the_same_tokens) {
  const std::vector<float> logits = ManyLogits(1000);
  SamplerOptions options{.temperature = 1.0f};
  options.seed = 42;
  const auto first = Make(options, 1000);
  const auto second = Make(options, 1000);
  options.seed = 43;
  const auto other = Make(options, 1000);
  int num_different = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t token = SampleOne(*first, logits);
    EXPECT_EQ(SampleOne(*second, logits), token);
    num_different += SampleOne(*other, logits) != token;
  }
  EXPECT_TRUE(num_different > 90);
}

TEST(seeded_tokens_are_the_same_everywhere) {
  // Written down once: another platform or a changed generator shows here.
  SamplerOptions options{.temperature = 0.8f};
  options.top_k = 40;
  options.top_p = 0.95f;
  options.seed = 1;
  const auto sampler = Make(options, 500);
  const std::vector<float> logits = ManyLogits(500);
  std::string drawn;
  for (int i = 0; i < 8; ++i) drawn += std::to_string(SampleOne(*sampler, logits)) + " ";
  EXPECT_EQ(drawn, std::string("217 396 217 355 303 11 217 449 "));
}

TEST(top_k_keeps_the_k_best) {
  const std::vector<float> logits = {1.0f, 3.0f, 2.0f, 3.0f, 2.0f, 0.0f};
  SamplerOptions options{.temperature = 1.0f};
  options.top_k = 1;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1}));
  options.top_k = 3;  // of the tied 2 and 4 the lower id stays
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 2, 3}));
  options.top_k = 100;
  EXPECT_EQ(Support(options, logits).size(), 6u);
}

TEST(top_p_keeps_the_shortest_prefix_that_reaches_p) {
  const std::vector<float> logits = Logs({0.1, 0.4, 0.05, 0.3, 0.15});
  SamplerOptions options{.temperature = 1.0f};
  options.top_p = 0.39f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1}));
  options.top_p = 0.69f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 3}));
  options.top_p = 0.71f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 3, 4}));
  options.top_p = 1e-6f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1}));
  // After top-k, p is a share of what top-k left: 0.4 / 0.7 > 0.56.
  options.top_k = 2;
  options.top_p = 0.56f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1}));
}

TEST(top_p_of_a_flat_distribution_counts_exactly) {
  const std::vector<float> logits(10000, 0.5f);
  SamplerOptions options{.temperature = 1.0f};
  options.top_p = 0.25f;
  const auto sampler = Make(options, 10000);
  std::uint32_t largest = 0;
  for (int i = 0; i < 3000; ++i) largest = std::max(largest, SampleOne(*sampler, logits));
  EXPECT_TRUE(largest < 2501 && largest > 2450);  // ties go to the lower ids
}

TEST(min_p_keeps_what_is_near_the_best) {
  const std::vector<float> logits = Logs({0.5, 0.26, 0.24, 0.01});
  SamplerOptions options{.temperature = 1.0f};
  options.min_p = 0.5f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{0, 1}));
  options.min_p = 1.0f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{0}));
}

TEST(penalties_act_on_accepted_tokens) {
  const std::vector<float> logits = {4.0f, 3.9f, -1.0f, -1.1f};
  SamplerOptions options;
  options.repetition_penalty = 1.5f;
  auto sampler = Make(options, 4);
  EXPECT_EQ(SampleOne(*sampler, logits), 0u);  // sampling alone does not count
  EXPECT_TRUE(sampler->Accept(0).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 1u);  // 4 / 1.5
  // Negative logits are multiplied.
  const std::vector<float> negative = {-1.0f, -1.2f, -5.0f, -5.0f};
  EXPECT_EQ(SampleOne(*sampler, negative), 1u);

  options = {};
  options.presence_penalty = 0.2f;
  sampler = Make(options, 4);
  EXPECT_TRUE(sampler->Accept(0).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 1u);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sampler->Accept(1).ok());  // presence does not add up
  EXPECT_EQ(SampleOne(*sampler, logits), 0u);

  options = {};
  options.frequency_penalty = 0.03f;
  sampler = Make(options, 4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sampler->Accept(0).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 0u);
  EXPECT_TRUE(sampler->Accept(0).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 1u);
  EXPECT_TRUE(sampler->Accept(4).code() == StatusCode::kInvalidArgument);
}

TEST(log_probabilities_are_of_the_unmodified_distribution) {
  const std::vector<float> logits = Logs({0.5, 0.3, 0.2});
  SamplerOptions options{.temperature = 0.3f};
  options.top_k = 2;
  options.logit_bias = {{2, 50.0f}};
  const auto sampler = Make(options, 3);
  TokenLogprob sampled{};
  EXPECT_TRUE(sampler->Sample(logits, &sampled).ok());
  EXPECT_EQ(sampled.token, 2u);
  EXPECT_TRUE(std::abs(sampled.logprob - std::log(0.2)) < 1e-5);
}

TEST(logit_bias_adds_and_forbids) {
  const std::vector<float> logits = {2.0f, 1.0f, 0.0f};
  SamplerOptions options;
  options.logit_bias = {{2, 2.5f}};
  EXPECT_EQ(SampleOne(*Make(options, 3), logits), 2u);
  options.logit_bias = {{0, -kInfinity}};
  EXPECT_EQ(SampleOne(*Make(options, 3), logits), 1u);
  options.temperature = 5.0f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 2}));
  options.top_p = 0.999f;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 2}));
  options.top_k = 3;
  EXPECT_TRUE(Support(options, logits) == (std::set<std::uint32_t>{1, 2}));
}

TEST(extreme_temperatures_are_no_trouble) {
  const std::vector<float> logits = {1.0f, 1.5f, -3e38f, 3e38f, -kInfinity};
  for (const float temperature : {1e-45f, 1e-30f, 1e-6f, 1e6f}) {
    EXPECT_EQ(SampleOne(*Make({.temperature = temperature}, 5), logits), 3u);
  }
  const std::vector<float> close = {1.0f, 1.0f + 1e-6f};
  EXPECT_EQ(SampleOne(*Make({.temperature = 1e-40f}, 2), close), 1u);
}

TEST(logits_that_are_no_numbers_are_an_error) {
  TokenLogprob sampled{};
  std::vector<TokenLogprob> top;
  for (const float bad : {kNan, kInfinity}) {
    for (const float temperature : {0.0f, 1.0f}) {
      const std::vector<float> logits = {1.0f, bad, 2.0f};
      EXPECT_TRUE(Make({.temperature = temperature}, 3)->Sample(logits, &sampled).code() == StatusCode::kInvalidState);
      EXPECT_TRUE(TopLogprobs(logits, 2, &top).code() == StatusCode::kInvalidState);
    }
  }
  const std::vector<float> none(3, -kInfinity);
  EXPECT_TRUE(Make({}, 3)->Sample(none, &sampled).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(TopLogprobs(none, 2, &top).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(Make({}, 3)->Sample(std::vector<float>(2), &sampled).code() == StatusCode::kInvalidArgument);
}

TEST(options_out_of_range_are_refused) {
  std::unique_ptr<Sampler> sampler;
  const auto refused = [&](auto change, const std::string& name) {
    SamplerOptions options;
    change(options);
    const Status status = CreateSampler(options, 10, &sampler);
    EXPECT_TRUE(status.code() == StatusCode::kInvalidArgument);
    EXPECT_TRUE(status.message().find(name) != std::string::npos);
  };
  for (const float bad : {-0.1f, kNan, kInfinity}) {
    refused([&](SamplerOptions& o) { o.temperature = bad; }, "temperature");
    refused([&](SamplerOptions& o) { o.top_p = bad; }, "top_p");
    refused([&](SamplerOptions& o) { o.min_p = bad; }, "min_p");
    refused([&](SamplerOptions& o) { o.repetition_penalty = bad; }, "repetition_penalty");
  }
  refused([](SamplerOptions& o) { o.top_p = 0.0f; }, "top_p");
  refused([](SamplerOptions& o) { o.min_p = 1.1f; }, "min_p");
  refused([](SamplerOptions& o) { o.presence_penalty = kNan; }, "presence_penalty");
  refused([](SamplerOptions& o) { o.frequency_penalty = kInfinity; }, "frequency_penalty");
  refused([](SamplerOptions& o) { o.logit_bias = {{10, 1.0f}}; }, "logit_bias");
  refused([](SamplerOptions& o) { o.logit_bias = {{1, kNan}}; }, "logit_bias");
  refused([](SamplerOptions& o) { o.logit_bias = {{1, kInfinity}}; }, "logit_bias");
  refused(
      [](SamplerOptions& o) {
        for (std::uint32_t token = 0; token < 10; ++token) o.logit_bias.emplace_back(token, -kInfinity);
      },
      "logit_bias");
  EXPECT_TRUE(!CreateSampler({}, 0, &sampler).ok());
}

TEST(top_logprobs_are_the_best_in_order) {
  const std::vector<float> logits = Logs({0.1, 0.4, 0.1, 0.3, 0.1});
  std::vector<TokenLogprob> top;
  EXPECT_TRUE(TopLogprobs(logits, 3, &top).ok());
  EXPECT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].token, 1u);
  EXPECT_EQ(top[1].token, 3u);
  EXPECT_EQ(top[2].token, 0u);
  EXPECT_TRUE(std::abs(top[1].logprob - std::log(0.3)) < 1e-5);
  EXPECT_TRUE(TopLogprobs(logits, 99, &top).ok());
  EXPECT_EQ(top.size(), 5u);
  EXPECT_TRUE(TopLogprobs(logits, 0, &top).ok());
  EXPECT_EQ(top.size(), 0u);
  EXPECT_TRUE(TopLogprobs({}, 3, &top).ok());
}

TEST(selection_agrees_with_a_full_sort) {
  std::vector<float> logits = ManyLogits(5000);
  for (std::size_t i = 0; i < logits.size(); i += 3) logits[i] = std::round(logits[i]);  // many ties
  std::vector<std::uint32_t> sorted(logits.size());
  for (std::uint32_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
  std::sort(sorted.begin(), sorted.end(), sampling::Better{logits.data()});
  for (const std::size_t k : {1, 2, 50, 1024, 1025, 4999, 5000}) {
    std::vector<std::uint32_t> tokens(logits.size());
    sampling::SelectTopK(tokens.data(), logits, k);
    std::sort(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(k), sampling::Better{logits.data()});
    EXPECT_TRUE(std::equal(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(k), sorted.begin()));
  }
}

TEST(our_exponential_is_exact_to_float_rounding) {
  std::vector<float> logits;
  for (int i = 0; i <= 7900; ++i) logits.push_back(static_cast<float>(-i) * 0.01f);
  std::vector<float> weights(logits.size());
  double sum = 0.0;
  double worst = 0.0;
  const double total = sampling::ExpWeights(weights.data(), logits, 0.0f, 1.0f);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double expected = std::exp(static_cast<double>(logits[i]));
    worst = std::max(worst, std::abs(weights[i] - expected) / expected);
    sum += expected;
  }
  EXPECT_TRUE(worst < 3e-7);
  EXPECT_TRUE(std::abs(total - sum) / sum < 3e-7);
}

std::vector<std::uint32_t> MaskOf(std::size_t vocab_size, const std::vector<std::uint32_t>& tokens) {
  std::vector<std::uint32_t> words((vocab_size + 31) / 32);
  for (const std::uint32_t token : tokens) words[token / 32] |= 1u << (token % 32);
  return words;
}

TEST(a_mask_leaves_only_its_tokens) {
  const std::vector<float> logits = ManyLogits(100);
  const auto allowed = MaskOf(100, {7, 31, 32, 99});
  for (const SamplerOptions& options :
       {SamplerOptions{}, SamplerOptions{.temperature = 100.0f}, SamplerOptions{.temperature = 100.0f, .top_k = 3},
        SamplerOptions{.temperature = 100.0f, .top_p = 0.99f}, SamplerOptions{.temperature = 100.0f, .min_p = 0.01f}}) {
    const auto sampler = Make(options, 100);
    EXPECT_TRUE(sampler->SetMask(allowed).ok());
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 300; ++i) seen.insert(SampleOne(*sampler, logits));
    for (const std::uint32_t token : seen) EXPECT_TRUE(token == 7 || token == 31 || token == 32 || token == 99);
    if (options.temperature > 0.0f && options.top_k == 0) EXPECT_EQ(seen.size(), std::size_t{4});
  }
}

TEST(a_mask_changes_no_log_probability_and_can_be_lifted) {
  const std::vector<float> logits = Logs({0.5, 0.3, 0.2});
  const auto sampler = Make({}, 3);
  EXPECT_TRUE(sampler->SetMask(MaskOf(3, {2})).ok());
  TokenLogprob sampled{0, 0.0f};
  EXPECT_TRUE(sampler->Sample(logits, &sampled).ok());
  EXPECT_EQ(sampled.token, 2u);
  EXPECT_TRUE(std::abs(sampled.logprob - std::log(0.2f)) < 1e-5f);
  EXPECT_TRUE(sampler->SetMask({}).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 0u);
}

TEST(a_mask_wins_over_a_bias_that_forbids_all_it_allows) {
  const std::vector<float> logits = Logs({0.5, 0.3, 0.2});
  const auto sampler = Make({.logit_bias = {{1, -kInfinity}, {2, -kInfinity}}}, 3);
  EXPECT_TRUE(sampler->SetMask(MaskOf(3, {1, 2})).ok());
  EXPECT_EQ(SampleOne(*sampler, logits), 1u);
}

TEST(a_mask_of_the_wrong_size_or_without_tokens_is_refused) {
  const auto sampler = Make({}, 40);
  const std::vector<std::uint32_t> short_mask{1};
  const std::vector<std::uint32_t> empty_mask{0, 0};
  const std::vector<std::uint32_t> beyond{0, 1u << 8};  // token 40 does not exist
  for (const auto& mask : {short_mask, empty_mask, beyond}) {
    EXPECT_TRUE(sampler->SetMask(mask).code() == StatusCode::kInvalidArgument);
  }
}

TEST(a_large_vocabulary_takes_little_time) {
  for (const float spread : {3.0f, 0.01f}) {
    const std::vector<float> logits = ManyLogits(201088, spread);
    SamplerOptions greedy;
    SamplerOptions plain{.temperature = 1.0f};
    SamplerOptions top_k = plain;
    top_k.top_k = 50;
    SamplerOptions top_p = plain;
    top_p.top_p = 0.95f;
    for (const auto& [name, options] : {std::pair{"greedy", greedy}, {"plain", plain}, {"top-k", top_k}, {"top-p", top_p}}) {
      const auto sampler = Make(options, 201088);
      SampleOne(*sampler, logits);
      const std::clock_t begin = std::clock();
      for (int i = 0; i < 10; ++i) SampleOne(*sampler, logits);
      const double spent_ms = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
      std::printf("  %-6s %.2f ms over 201,088 tokens, spread %g\n", name, spent_ms / 10, spread);
    }
  }
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
