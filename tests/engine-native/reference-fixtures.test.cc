// The CPU backend against what transformers and a float64 numpy program computed (tests/fixtures/reference, made by
// tools/reference), for every kernel table that this CPU has. Natively, so that it runs under qemu and sanitizers too.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "test-engine.h"

namespace codexpc {
namespace {

// Of the largest |logit|; the bar is 2e-3. Seen: 4e-6 and less.
constexpr double kTolerance = 5e-5;
constexpr std::uint32_t kContextLength = 512;

struct Prompt {
  std::string title;
  std::vector<std::uint32_t> tokens;
  double largest_logit;
  std::vector<float> plain;         // (vocab_size), float64 rounded
  std::vector<float> transformers;  // (vocab_size)
  std::vector<std::uint32_t> greedy;
  std::vector<double> greedy_gaps;  // between the two best logits at each step
};

// --- the fixtures: JSON that one program wrote, with known keys in a known order ---

/// What follows `"key": ` after `*at`; moves `*at` there.
std::string_view ValueOf(std::string_view json, std::string_view key, std::size_t* at) {
  std::string quoted = "\"";
  quoted.append(key).append("\": ");
  *at = json.find(quoted, *at);
  if (*at == std::string_view::npos) {
    std::printf("the fixture has no %s\n", quoted.c_str());
    std::exit(1);
  }
  *at += quoted.size();
  return json.substr(*at);
}

std::string Text(std::string_view json, std::string_view key, std::size_t* at) {
  const std::string_view value = ValueOf(json, key, at).substr(1);
  return std::string(value.substr(0, value.find('"')));
}

template <typename T>
std::vector<T> Numbers(std::string_view json, std::string_view key, std::size_t* at) {
  const std::string_view value = ValueOf(json, key, at);
  std::vector<T> numbers;
  const char* next = value.data() + 1;
  while (true) {
    while (*next == ' ' || *next == '\n' || *next == ',') ++next;
    if (*next == ']') return numbers;
    char* end = nullptr;
    numbers.push_back(static_cast<T>(std::strtod(next, &end)));
    next = end;
  }
}

std::vector<float> Floats(const std::string& base64) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
    num_bits += 6;
    if (num_bits >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> (num_bits -= 8)));
  }
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return floats;
}

std::vector<Prompt> ReadPrompts(const std::string& name) {
  std::ifstream file(CODEXPC_SOURCE_DIR "/tests/fixtures/reference/" + name + ".json");
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  std::vector<Prompt> prompts;
  for (std::size_t at = 0; json.find("\"title\": ", at) != std::string::npos;) {
    Prompt prompt;
    prompt.title = Text(json, "title", &at);
    prompt.tokens = Numbers<std::uint32_t>(json, "tokens", &at);
    prompt.largest_logit = std::strtod(ValueOf(json, "largest_logit", &at).data(), nullptr);
    prompt.plain = Floats(Text(json, "plain", &at));
    prompt.transformers = Floats(Text(json, "transformers", &at));
    prompt.greedy = Numbers<std::uint32_t>(json, "greedy", &at);
    prompt.greedy_gaps = Numbers<double>(json, "greedy_gaps", &at);
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

// --- the comparison ---

double Distance(const std::vector<float>& logits, const std::vector<float>& expected, const Prompt& prompt) {
  if (logits.size() != expected.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(logits[i]) - static_cast<double>(expected[i])));
  }
  return worst / prompt.largest_logit;
}

/// Feeds the reference's tokens, so that one near-tie does not end the comparison.
void ExpectSameGreedyTokens(Context& context, const Prompt& prompt, std::vector<float> logits) {
  const double smallest_gap = 2 * kTolerance * prompt.largest_logit;
  std::size_t compared = 0;
  for (std::size_t step = 0; step < prompt.greedy.size(); ++step) {
    if (prompt.greedy_gaps[step] > smallest_gap) {
      EXPECT_EQ(ArgMax(logits), prompt.greedy[step]);
      ++compared;
    }
    logits = Feed(context, 0, std::span(prompt.greedy).subspan(step, 1), 1);
  }
  EXPECT_EQ(prompt.greedy.size(), std::size_t{64});
  EXPECT_TRUE(compared > 60);
}

void ExpectMatchesFixture(const std::string& name, const TestCheckpoint& checkpoint) {
  const std::vector<Prompt> prompts = ReadPrompts(name);
  EXPECT_EQ(prompts.size(), std::size_t{6});
  const auto model = OpenTestModel(checkpoint);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    double worst = 0;
    for (const Prompt& prompt : prompts) {
      const auto context = MakeContext(*engine, {.num_slots = 1, .context_length = kContextLength, .max_batch_tokens = 100,
                                                 .kv_type = KvType::kF32});
      const std::vector<float> logits = Feed(*context, 0, prompt.tokens, 100);
      worst = std::max({worst, Distance(logits, prompt.plain, prompt), Distance(logits, prompt.transformers, prompt)});
      ExpectSameGreedyTokens(*context, prompt, logits);
    }
    std::printf("  %-8s %-5s max error %.1e over max logit\n", isa.c_str(), name.c_str(), worst);
    EXPECT_TRUE(worst < kTolerance);
  }
}

TEST(tiny_matches_transformers_and_float64) { ExpectMatchesFixture("tiny", TinyCheckpoint()); }
TEST(odd_sizes_match_transformers_and_float64) { ExpectMatchesFixture("odd", OddCheckpoint()); }
TEST(published_heads_and_window_match_transformers_and_float64) { ExpectMatchesFixture("small", SmallCheckpoint()); }

}  // namespace
}  // namespace codexpc

TEST_MAIN()
