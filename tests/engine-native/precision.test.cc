// What rounding changes: Precision::kFast against kExact, and keys and values in 8 bits (KvType::kQ8) against 32: the logits of 2,000 positions of the pocket model on the project's own text and of a
// seeded model. Activations of 8 bits, 32 to a scale, are off by 0.4 % each, and now and then the router then chooses
// another expert. What a default would have to hold, a mean cosine of 0.9995 and the same most probable token for 99 %, it
// does not hold on these two; so kExact is the default, and the bars below are what kFast states.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

#include "check.h"
#include "test-engine.h"

namespace codexpc {
namespace {

constexpr std::size_t kNumPositions = 2000;
constexpr std::uint32_t kSequence = 400;  // tokens before the slot starts anew

struct Bars {
  double cosine;  // in the mean
  double same;    // positions with the same most probable token
};
constexpr Bars kFastPocket = {0.9985, 0.92};  // measured 0.99910 and 0.942
constexpr Bars kFastSeeded = {0.985, 0.84};   // measured 0.9913 and 0.868; random weights leave many near-ties
constexpr Bars kQ8KvPocket = {0.9995, 0.99};
constexpr Bars kQ8KvSeeded = {0.9995, 0.99};

/// The longest text token at each place: not as a tokenizer would have it, but the model's own tokens and real text.
std::vector<std::uint32_t> LongestTokens(const TokenizerData& tokenizer, std::string_view text, std::size_t count) {
  std::unordered_map<std::string_view, std::uint32_t> ids;
  std::size_t longest = 1;
  const std::string_view bytes(reinterpret_cast<const char*>(tokenizer.bytes.data()), tokenizer.bytes.size());
  for (std::uint32_t id = 0; id + 1 < tokenizer.offsets.size(); ++id) {
    const std::size_t length = tokenizer.offsets[id + 1] - tokenizer.offsets[id];
    ids.emplace(bytes.substr(tokenizer.offsets[id], length), id);
    longest = std::max(longest, length);
  }
  std::vector<std::uint32_t> tokens;
  while (tokens.size() < count && !text.empty()) {
    std::size_t length = std::min(longest, text.size());
    while (length > 1 && !ids.contains(text.substr(0, length))) --length;
    tokens.push_back(ids.at(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return tokens;
}

struct Agreement {
  double cosine_sum = 0;
  double lowest_cosine = 1;
  std::size_t num_same = 0;
  std::size_t num_positions = 0;

  void Add(std::span<const float> exact, std::span<const float> fast) {
    double dot = 0, exact_square = 0, fast_square = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      dot += static_cast<double>(exact[i]) * static_cast<double>(fast[i]);
      exact_square += static_cast<double>(exact[i]) * static_cast<double>(exact[i]);
      fast_square += static_cast<double>(fast[i]) * static_cast<double>(fast[i]);
    }
    const double cosine = dot / std::sqrt(exact_square * fast_square);
    cosine_sum += cosine;
    lowest_cosine = std::min(lowest_cosine, cosine);
    if (ArgMax(exact) == ArgMax(fast)) ++num_same;
    ++num_positions;
  }
};

ContextOptions Exact() { return {.num_slots = 1, .context_length = kSequence, .max_batch_tokens = 32, .kv_type = KvType::kF32}; }

ContextOptions Fast() {
  ContextOptions options = Exact();
  options.precision = Precision::kFast;
  return options;
}

ContextOptions Q8Kv() {
  ContextOptions options = Exact();
  options.kv_type = KvType::kQ8;
  return options;
}

/// Feeds both in the same steps, in turn one of a prefill's size (dense weights rounded too) and seven single tokens.
Agreement Compare(const std::shared_ptr<const Model>& model, const std::string& isa, std::span<const std::uint32_t> tokens,
                  std::size_t num_positions, const ContextOptions& rounded) {
  constexpr std::size_t kSteps[] = {16, 1, 1, 1, 1, 1, 1, 1};
  const auto engine = MakeEngine(model, isa);
  const auto exact = MakeContext(*engine, Exact());
  const auto other = MakeContext(*engine, rounded);
  Agreement agreement;
  std::size_t at = 0;
  for (std::size_t step = 0; agreement.num_positions < num_positions; ++step) {
    const std::size_t count = kSteps[step % std::size(kSteps)];
    if (at + count > tokens.size()) at = 0;
    if (exact->Length(0) + count > kSequence) {
      std::uint32_t resume_from = 0;
      for (Context* context : {exact.get(), other.get()}) EXPECT_TRUE(context->Truncate(0, 0, &resume_from).ok());
    }
    const auto next = tokens.subspan(at, count);
    const std::vector<float> expected = Feed(*exact, 0, next, count);
    agreement.Add(expected, Feed(*other, 0, next, count));
    at += count;
  }
  return agreement;
}

void ExpectAgrees(const char* name, const std::shared_ptr<const Model>& model, std::span<const std::uint32_t> tokens,
                  const ContextOptions& rounded, const Bars& bars) {
  for (const std::string& isa : SupportedTables()) {
    // All positions for the table that is used here; the others round alike, and sanitizers take minutes for them.
    const bool takes_all = isa == SupportedTables().front() && !kIsInstrumented;
    const std::size_t num_positions = takes_all ? kNumPositions : kNumPositions / 20;
    const Agreement agreement = Compare(model, isa, tokens, num_positions, rounded);
    const double cosine = agreement.cosine_sum / static_cast<double>(agreement.num_positions);
    const double same = static_cast<double>(agreement.num_same) / static_cast<double>(agreement.num_positions);
    std::printf("  %-11s %-6s %zu positions: cosine %.6f (lowest %.6f), same most probable token %.2f %%\n", isa.c_str(), name,
                agreement.num_positions, cosine, agreement.lowest_cosine, 100 * same);
    EXPECT_TRUE(cosine >= bars.cosine);
    EXPECT_TRUE(same >= bars.same);
  }
}

struct Case {
  std::shared_ptr<const Model> model;
  std::vector<std::uint32_t> tokens;
};

Case Pocket() {
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(CODEXPC_SOURCE_DIR "/models/pocket/model.bin", &model);
  EXPECT_TRUE(status.ok());
  if (!status.ok()) return {};
  std::ifstream file(CODEXPC_SOURCE_DIR "/README.md", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return {model, LongestTokens(model->tokenizer(), text, 3 * kNumPositions)};
}

Case Seeded() {
  const auto model = OpenTestModel(SmallCheckpoint());
  return {model, RandomTokens(3 * kNumPositions, model->config().vocab_size, 1)};
}

TEST(fast_products_agree_on_the_pocket_model) {
  const Case pocket = Pocket();
  if (pocket.model != nullptr) ExpectAgrees("pocket", pocket.model, pocket.tokens, Fast(), kFastPocket);
}
TEST(fast_products_agree_on_a_seeded_model) {
  const Case seeded = Seeded();
  ExpectAgrees("small", seeded.model, seeded.tokens, Fast(), kFastSeeded);
}
TEST(keys_and_values_in_8_bits_agree_on_the_pocket_model) {
  const Case pocket = Pocket();
  if (pocket.model != nullptr) ExpectAgrees("pocket", pocket.model, pocket.tokens, Q8Kv(), kQ8KvPocket);
}
TEST(keys_and_values_in_8_bits_agree_on_a_seeded_model) {
  const Case seeded = Seeded();
  ExpectAgrees("small", seeded.model, seeded.tokens, Q8Kv(), kQ8KvSeeded);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
