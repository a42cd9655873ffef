// What rounding changes, against float32 throughout: keys and values in 16 bits (the daemon's default, where small steps go
// through activations of two terms besides) and in 8 (KvType::kQ8), dense weights in 8 bits (DenseWeights::kQ8), and
// Precision::kFast, on the logits of 2,000 positions of the pocket model, which reads a text that stays as it is, and of a
// seeded model. Where the router's choices lie close together, any rounding now and then flips an expert, and the logits
// with it. A default should hold a mean cosine of 0.9995 and the same most probable token for 99 %. None of the 8-bit ones
// holds it on these two models, so they are off unless asked for, and the bars below are what they state. Nor would a part of
// kFast: with the dense weights exact the pocket model gave 0.99935 and 95.2 %, with the experts exact 0.99945 and 96.2 %, on
// a text where both rounded gave 0.99912 and 94.3 %.

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
constexpr std::size_t kMaxTokens = 3 * kNumPositions;
constexpr std::uint32_t kSequence = 400;  // tokens before the slot starts anew

struct Bars {
  double cosine;  // in the mean
  double same;    // positions with the same most probable token
};
// Measured with AVX-512 VNNI; in brackets at the fewest positions.
constexpr Bars kFastPocket = {0.9985, 0.92};   // 0.99935 and 0.940 (0.93)
constexpr Bars kFastSeeded = {0.982, 0.82};    // 0.98703 and 0.849; random weights leave many near-ties
constexpr Bars kF16KvPocket = {0.9995, 0.98};  // 0.99998 and 0.998 (0.99)
constexpr Bars kF16KvSeeded = {0.9990, 0.96};  // 0.99981 and 0.998
constexpr Bars kQ8DensePocket = {0.9990, 0.90};  // 0.99965 and 0.957 (0.93)
constexpr Bars kQ8DenseSeeded = {0.982, 0.85};   // 0.99049 and 0.918 (0.89)
constexpr Bars kQ8KvPocket = {0.9990, 0.90};   // 0.99964 and 0.956
constexpr Bars kQ8KvSeeded = {0.988, 0.88};    // 0.99234 and 0.917

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
  }
};

ContextOptions Exact() { return {.num_slots = 1, .context_length = kSequence, .max_batch_tokens = 32, .kv_type = KvType::kF32}; }

ContextOptions Fast() {
  ContextOptions options = Exact();
  options.precision = Precision::kFast;
  return options;
}

ContextOptions KeysAndValuesIn(KvType kv_type) {
  ContextOptions options = Exact();
  options.kv_type = kv_type;
  return options;
}

struct Rounding {
  const char* name;
  ContextOptions options;
  Bars bars;
  DenseWeights dense_weights = DenseWeights::kStored;
};

void Restart(Context& context) {
  std::uint32_t resume_from = 0;
  EXPECT_TRUE(context.Truncate(0, 0, &resume_from).ok());
}

/// Feeds all in the same steps, in turn one of a prefill's size (dense weights rounded too; enough tokens for AMX tiles)
/// and seven single tokens.
std::vector<Agreement> Compare(const std::shared_ptr<const Model>& model, const std::string& isa,
                               std::span<const std::uint32_t> tokens, std::size_t num_positions,
                               std::span<const Rounding> roundings) {
  constexpr std::size_t kSteps[] = {24, 1, 1, 1, 1, 1, 1, 1};
  const auto engine = MakeEngine(model, isa);
  const auto exact = MakeContext(*engine, Exact());
  std::vector<std::unique_ptr<Context>> rounded;
  for (const Rounding& rounding : roundings) {
    std::unique_ptr<Engine> other;  // a context outlives its engine's handle
    EXPECT_TRUE(CreateCpuEngine(model, {.isa = isa, .num_threads = 2, .dense_weights = rounding.dense_weights}, &other).ok());
    rounded.push_back(MakeContext(*other, rounding.options));
  }
  std::vector<Agreement> agreements(roundings.size());
  std::size_t at = 0;
  for (std::size_t step = 0; step < num_positions; ++step) {
    const std::size_t count = kSteps[step % std::size(kSteps)];
    if (at + count > tokens.size()) at = 0;
    if (exact->Length(0) + count > kSequence) {
      Restart(*exact);
      for (const auto& context : rounded) Restart(*context);
    }
    const auto next = tokens.subspan(at, count);
    const std::vector<float> expected = Feed(*exact, 0, next, count);
    for (std::size_t i = 0; i < rounded.size(); ++i) agreements[i].Add(expected, Feed(*rounded[i], 0, next, count));
    at += count;
  }
  return agreements;
}

void ExpectAgree(const char* name, const std::shared_ptr<const Model>& model, std::span<const std::uint32_t> tokens,
                 std::span<const Rounding> roundings) {
  for (const std::string& isa : SupportedTables()) {
    // All positions for the table that is used here. The others round alike, and sanitizers, which take minutes for them,
    // see their kernels in the tests of these. The scalar ones would take longer than all the rest; they are what the
    // tests of kernels hold the others to.
    const bool is_used_here = isa == SupportedTables().front();
    if (!is_used_here && (kIsInstrumented || isa == "scalar")) continue;
    const bool takes_all = is_used_here && !kIsInstrumented;
    const std::size_t num_positions = takes_all ? kNumPositions : kNumPositions / 20;
    const std::vector<Agreement> agreements = Compare(model, isa, tokens, num_positions, roundings);
    for (std::size_t i = 0; i < roundings.size(); ++i) {
      const Agreement& agreement = agreements[i];
      const double cosine = agreement.cosine_sum / static_cast<double>(num_positions);
      const double same = static_cast<double>(agreement.num_same) / static_cast<double>(num_positions);
      std::printf("  %-11s %-6s %-4s %zu positions: cosine %.6f (lowest %.6f), same most probable token %.2f %%\n",
                  isa.c_str(), name, roundings[i].name, num_positions, cosine, agreement.lowest_cosine, 100 * same);
      EXPECT_TRUE(cosine >= roundings[i].bars.cosine);
      EXPECT_TRUE(same >= roundings[i].bars.same);
    }
  }
}

TEST(roundings_agree_on_the_pocket_model) {
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(CODEXPC_SOURCE_DIR "/models/pocket/model.bin", &model);
  EXPECT_TRUE(status.ok());
  if (!status.ok()) return;
  std::ifstream file(CODEXPC_SOURCE_DIR "/tests/fixtures/plain-text.md", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::uint32_t> tokens = LongestTokens(model->tokenizer(), text, kMaxTokens);
  const Rounding roundings[] = {{"fast", Fast(), kFastPocket},
                                {"f16", KeysAndValuesIn(KvType::kF16), kF16KvPocket},
                                {"q8", KeysAndValuesIn(KvType::kQ8), kQ8KvPocket},
                                {"dense", Exact(), kQ8DensePocket, DenseWeights::kQ8}};
  ExpectAgree("pocket", model, tokens, roundings);
}

TEST(roundings_agree_on_a_seeded_model) {
  const auto model = OpenTestModel(SmallCheckpoint());
  const std::vector<std::uint32_t> tokens = RandomTokens(kMaxTokens, model->config().vocab_size, 1);
  const Rounding roundings[] = {{"fast", Fast(), kFastSeeded},
                                {"f16", KeysAndValuesIn(KvType::kF16), kF16KvSeeded},
                                {"q8", KeysAndValuesIn(KvType::kQ8), kQ8KvSeeded},
                                {"dense", Exact(), kQ8DenseSeeded, DenseWeights::kQ8}};
  ExpectAgree("small", model, tokens, roundings);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
