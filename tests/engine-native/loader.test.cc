// The loader against legal, odd, truncated and hostile files. Every case works on memory; loader-files.test.cc has
// the cases that need a file system.

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "codexpc/model.h"
#include "model/layout.h"
#include "model/parse-checkpoint.h"
#include "test-checkpoint.h"

using namespace codexpc;

namespace {

// Byte offsets of the header's parts.
constexpr std::size_t kModelUuidAt = 16;
constexpr std::size_t kConfigAt = 32;
constexpr std::size_t kLayoutUuidAt = 100;
constexpr std::size_t kTokenizerUuidAt = 116;
constexpr std::size_t kTokenizerSizesAt = 132;
constexpr std::size_t kSpecialTokensAt = 148;

struct Field {
  const char* name;
  std::size_t offset;
};
constexpr Field kContextLength = {"context_length", kConfigAt};
constexpr Field kNumBlocks = {"num_blocks", kConfigAt + 4};
constexpr Field kNumExperts = {"num_experts", kConfigAt + 8};
constexpr Field kNumActiveExperts = {"num_active_experts", kConfigAt + 12};
constexpr Field kEmbeddingDim = {"embedding_dim", kConfigAt + 16};
constexpr Field kMlpDim = {"mlp_dim", kConfigAt + 20};
constexpr Field kSwigluLimit = {"swiglu_limit", kConfigAt + 24};
constexpr Field kHeadDim = {"head_dim", kConfigAt + 28};
constexpr Field kNumHeads = {"num_heads", kConfigAt + 32};
constexpr Field kNumKvHeads = {"num_kv_heads", kConfigAt + 36};
constexpr Field kAttentionWindow = {"attention_window", kConfigAt + 40};
constexpr Field kRopeTheta = {"rope_theta", kConfigAt + 44};
constexpr Field kInterpolationScale = {"interpolation_scale", kConfigAt + 48};
constexpr Field kYarnOffset = {"yarn_offset", kConfigAt + 52};
constexpr Field kYarnScale = {"yarn_scale", kConfigAt + 56};
constexpr Field kYarnMultiplier = {"yarn_multiplier", kConfigAt + 60};
constexpr Field kRmsnormEpsilon = {"rmsnorm_epsilon", kConfigAt + 64};
constexpr Field kNumSpecialTokens = {"num_special_tokens", kTokenizerSizesAt};
constexpr Field kNumTextTokens = {"num_text_tokens", kTokenizerSizesAt + 4};
constexpr Field kRegexSize = {"regex_size", kTokenizerSizesAt + 8};
constexpr Field kTokensSize = {"tokens_size", kTokenizerSizesAt + 12};

using File = std::vector<std::uint8_t>;

const File& Tiny() {
  static const File file = MakeCheckpoint(TinyCheckpoint());
  return file;
}

std::uint32_t Read(const File& file, const Field& field) {
  std::uint32_t value;
  std::memcpy(&value, file.data() + field.offset, sizeof value);
  return value;
}

template <typename T>
File With(File file, const Field& field, T value) {
  static_assert(sizeof(T) == 4);
  std::memcpy(file.data() + field.offset, &value, sizeof value);
  return file;
}

std::size_t RegexAt(const File& file) { return kSpecialTokensAt + 16 * Read(file, kNumSpecialTokens); }
std::size_t TextTokensAt(const File& file) { return RegexAt(file) + Read(file, kRegexSize); }

Status Parse(const File& file) {
  Checkpoint checkpoint;
  return ParseCheckpoint(file, &checkpoint);
}

/// Refused with `code`, in a sentence that has `mention` in it.
void ExpectRefused(const File& file, StatusCode code, const std::string& mention) {
  const Status status = Parse(file);
  if (status.code() != code || status.message().find(mention) == std::string::npos) {
    check::fail(__FILE__, __LINE__, "expected a refusal that mentions \"" + mention + "\", got code " +
                                        std::to_string(static_cast<int>(status.code())) + ": " + status.message());
  }
}

template <typename T>
void ExpectInvalid(const Field& field, std::initializer_list<T> values) {
  for (const T value : values) ExpectRefused(With(Tiny(), field, value), StatusCode::kInvalidArgument, field.name);
}

Config Published20b() {
  Config config{};
  config.num_hidden_layers = 24;
  config.num_experts = 32;
  config.hidden_size = 2880;
  config.intermediate_size = 2880;
  config.head_dim = 64;
  config.num_attention_heads = 64;
  config.num_key_value_heads = 8;
  config.vocab_size = 200014;
  return config;
}

}  // namespace

TEST(reads_every_field_of_a_legal_file) {
  const TestCheckpoint wanted = OddCheckpoint();
  const File file = MakeCheckpoint(wanted);
  Checkpoint checkpoint;
  EXPECT_EQ(ParseCheckpoint(file, &checkpoint).message(), "");
  const Config& config = checkpoint.config;
  EXPECT_EQ(config.context_length, wanted.config.context_length);
  EXPECT_EQ(config.num_hidden_layers, 3u);
  EXPECT_EQ(config.num_experts, 5u);
  EXPECT_EQ(config.experts_per_token, 3u);
  EXPECT_EQ(config.hidden_size, 96u);
  EXPECT_EQ(config.intermediate_size, 160u);
  EXPECT_EQ(config.head_dim, 20u);
  EXPECT_EQ(config.num_attention_heads, 6u);
  EXPECT_EQ(config.num_key_value_heads, 2u);
  EXPECT_EQ(config.sliding_window, 37u);
  EXPECT_EQ(config.vocab_size, 363u);
  EXPECT_EQ(config.swiglu_limit, 7.0f);
  EXPECT_EQ(config.rope_theta, 150000.0f);
  EXPECT_EQ(config.rope_interpolation_scale, 1.0f / 32);
  EXPECT_EQ(config.rope_yarn_offset, wanted.config.rope_yarn_offset);
  EXPECT_EQ(config.rope_yarn_scale, wanted.config.rope_yarn_scale);
  EXPECT_EQ(config.rope_yarn_multiplier, wanted.config.rope_yarn_multiplier);
  EXPECT_EQ(config.rms_norm_eps, 1e-5f);
  EXPECT_EQ(checkpoint.weights.layers[0].experts[0].mlp1.scale_bias, 141);
}

TEST(reads_the_tokenizer) {
  Checkpoint checkpoint;
  EXPECT_EQ(Parse(Tiny()).message(), "");
  EXPECT_TRUE(ParseCheckpoint(Tiny(), &checkpoint).ok());
  const TokenizerData& tokenizer = checkpoint.tokenizer;
  EXPECT_EQ(tokenizer.offsets.size(), 305u);
  EXPECT_EQ(tokenizer.offsets[1], 1u);
  EXPECT_EQ(tokenizer.bytes[255], 255);
  EXPECT_EQ(tokenizer.offsets[257] - tokenizer.offsets[256], 2u);
  EXPECT_EQ(tokenizer.special_tokens.size(), 16u);
  EXPECT_EQ(tokenizer.special_tokens[0].name, "");
  EXPECT_EQ(tokenizer.special_tokens[4].name, "return");
  EXPECT_EQ(tokenizer.special_tokens[4].id, 308u);
  EXPECT_EQ(tokenizer.special_tokens[8].name, "start");
  EXPECT_EQ(tokenizer.special_tokens[14].name, "call");
  EXPECT_TRUE(tokenizer.regex.starts_with("[^\\r\\n"));
  EXPECT_TRUE(tokenizer.regex.ends_with("|\\s+"));
  EXPECT_EQ(CheckTextTokenizer(tokenizer).message(), "");
}

TEST(views_reach_from_the_header_to_the_last_byte) {
  for (const File& file : {Tiny(), MakeCheckpoint(OddCheckpoint())}) {
    Checkpoint checkpoint;
    EXPECT_TRUE(ParseCheckpoint(file, &checkpoint).ok());
    const Weights& weights = checkpoint.weights;
    const auto* first = static_cast<const std::uint8_t*>(weights.embedding.data);
    EXPECT_EQ((first - file.data()) % 16384, 0);
    EXPECT_EQ(weights.layers.size(), checkpoint.config.num_hidden_layers);
    const ExpertView& last = weights.layers.back().experts.back();
    EXPECT_TRUE(last.mlp2_bias.From(checkpoint.config.hidden_size).data ==
                file.data() + file.size());
    EXPECT_EQ(checkpoint.weights_bytes, static_cast<std::uint64_t>(file.data() + file.size() - first));
    for (const LayerView& layer : weights.layers) {
      EXPECT_EQ(layer.experts.size(), checkpoint.config.num_experts);
      EXPECT_EQ((layer.experts[0].mlp1.blocks - file.data()) % 16384, 0);
      for (int i = 0; i < 8; ++i) {  // gains lie in [0.5, 1.5): the view is where it should be
        const float gain = std::bit_cast<float>(std::uint32_t{static_cast<const bf16*>(layer.mlp_norm.data)[i]} << 16);
        EXPECT_TRUE(gain >= 0.5f && gain <= 1.5f);
      }
    }
  }
}

TEST(lays_out_the_published_20b_to_the_byte) {
  // Its header ends at byte 1,798,4xx: 148 bytes, 16 special tokens, the regex and 1,797,666 bytes of text tokens.
  const std::uint64_t weights_offset = RoundUp(148 + 16 * 16 + 400 + 1797666, kBlockAlignment);
  EXPECT_EQ(weights_offset, 1802240u);
  EXPECT_EQ(LayOutWeights(Published20b(), weights_offset).end, 13750886400u);
  EXPECT_TRUE(13750886400u % kBlockAlignment != 0);
}

TEST(layout_saturates_instead_of_wrapping) {
  Config config = Published20b();
  config.vocab_size = config.hidden_size = 0xffffffffu;
  EXPECT_EQ(LayOutWeights(config, 16384).end, kTooLarge);
  config = Published20b();
  config.num_hidden_layers = config.num_experts = 0xffffffffu;
  EXPECT_EQ(LayOutWeights(config, 16384).end, kTooLarge);
  EXPECT_EQ(RoundUp(kTooLarge - 3, 16), kTooLarge);
  EXPECT_EQ(RoundUp(16, 16), 16u);
  EXPECT_EQ(RoundUp(17, 16), 32u);
}

TEST(refuses_counts_out_of_range) {
  const std::uint32_t most = 0xffffffffu;
  ExpectInvalid<std::uint32_t>(kContextLength, {0, (1u << 24) + 1, most});
  ExpectInvalid<std::uint32_t>(kNumBlocks, {0, 1025, most});
  ExpectInvalid<std::uint32_t>(kNumExperts, {0, 1025, most});
  ExpectInvalid<std::uint32_t>(kNumActiveExperts, {0, 5, 1025, most});
  ExpectInvalid<std::uint32_t>(kEmbeddingDim, {0, 1, 31, 33, 80, 65568, most});
  ExpectInvalid<std::uint32_t>(kMlpDim, {0, 1, 31, 33, 80, 65568, most});
  ExpectInvalid<std::uint32_t>(kHeadDim, {0, 1, 15, 1026, most});
  ExpectInvalid<std::uint32_t>(kNumHeads, {0, 3, 5, 1025, most});
  ExpectInvalid<std::uint32_t>(kNumKvHeads, {0, 3, 8, 1025, most});
  ExpectInvalid<std::uint32_t>(kAttentionWindow, {0, (1u << 24) + 1, most});
  ExpectInvalid<std::uint32_t>(kNumSpecialTokens, {65537, most});
  ExpectInvalid<std::uint32_t>(kNumTextTokens, {0, (1u << 22) + 1, most});
  ExpectInvalid<std::uint32_t>(kRegexSize, {0, 65537, most});
  ExpectInvalid<std::uint32_t>(kTokensSize, {0, 1, (1u << 28) + 1, most});
}

TEST(refuses_floats_that_are_no_sensible_number) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  ExpectInvalid<float>(kSwigluLimit, {0.0f, -7.0f, nan, infinite, -infinite});
  ExpectInvalid<float>(kRopeTheta, {0.0f, -1.0f, nan, infinite, -infinite});
  ExpectInvalid<float>(kInterpolationScale, {0.0f, -1.0f, nan, infinite, -infinite});
  ExpectInvalid<float>(kYarnOffset, {nan, infinite, -infinite});
  ExpectInvalid<float>(kYarnScale, {-1.0f, nan, infinite, -infinite});
  ExpectInvalid<float>(kYarnMultiplier, {0.0f, -1.0f, nan, infinite, -infinite});
  ExpectInvalid<float>(kRmsnormEpsilon, {-1e-5f, 1.5f, nan, infinite, -infinite});
}

TEST(every_single_change_of_a_size_field_is_refused_or_still_in_bounds) {
  // A legal value that does not fit the file has to be caught by the size check.
  for (const Field& field : {kNumBlocks, kNumExperts, kEmbeddingDim, kMlpDim, kHeadDim, kNumHeads}) {
    const std::uint32_t value = Read(Tiny(), field);
    ExpectRefused(With(Tiny(), field, value * 2), StatusCode::kInvalidArgument, "bytes, but its header describes");
  }
  ExpectRefused(With(With(Tiny(), kNumBlocks, 1024u), kNumExperts, 1024u), StatusCode::kInvalidArgument, "truncated");
  ExpectRefused(With(Tiny(), kNumBlocks, 1u), StatusCode::kInvalidArgument, "do not belong together");
}

TEST(refuses_other_uuids_as_unsupported) {
  const auto with_byte = [](std::size_t at) {
    File file = Tiny();
    file[at] ^= 1;
    return file;
  };
  ExpectRefused(with_byte(kModelUuidAt), StatusCode::kUnsupportedArgument, "model UUID is de52dc86-1789");
  ExpectRefused(with_byte(kLayoutUuidAt + 15), StatusCode::kUnsupportedArgument, "layout UUID is 229177a8-5775");
  ExpectRefused(with_byte(kTokenizerUuidAt), StatusCode::kUnsupportedArgument, "tokenizer UUID is 7501aded-2a95");
}

TEST(refuses_a_file_cut_anywhere) {
  const File& whole = Tiny();
  std::vector<std::size_t> lengths = {0, whole.size() - 1, whole.size() - 64, whole.size() / 2};
  for (std::size_t n = 1; n <= TextTokensAt(whole) + 8; ++n) lengths.push_back(n);
  for (std::size_t n = 16384 - 2; n <= 16384 + 2; ++n) lengths.push_back(n);
  for (const std::size_t length : lengths) {
    const File cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const Status status = Parse(cut);
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(StatusCode::kInvalidArgument));
  }
  ExpectRefused(File(whole.begin(), whole.begin() + 40), StatusCode::kInvalidArgument, "the file ends inside num_experts");
  ExpectRefused(File(), StatusCode::kInvalidArgument, "empty");
}

TEST(takes_padding_after_the_last_weight_and_no_more) {
  File file = Tiny();
  file.resize(RoundUp(file.size(), 16384));
  EXPECT_EQ(Parse(file).message(), "");
  file.push_back(0);
  ExpectRefused(file, StatusCode::kInvalidArgument, "do not belong together");
}

TEST(says_what_a_foreign_file_is) {
  const auto bytes = [](std::string_view text) { return File(text.begin(), text.end()); };
  ExpectRefused(bytes("{\"model_type\": \"gpt_oss\"}"), StatusCode::kUnsupportedArgument, "JSON");
  ExpectRefused(bytes(std::string("\x08\0\0\0\0\0\0\0{\"a\":{}}", 16)), StatusCode::kUnsupportedArgument, "safetensors");
  ExpectRefused(bytes("PK\x03\x04"), StatusCode::kUnsupportedArgument, "ZIP");
  ExpectRefused(bytes("version https://git-lfs.github.com/spec/v1\n"), StatusCode::kUnsupportedArgument, "git lfs pull");
  ExpectRefused(bytes("<!DOCTYPE html>"), StatusCode::kUnsupportedArgument, "HTML");
  ExpectRefused(bytes("GPT-OSS v2.0\0\0\0\0"), StatusCode::kUnsupportedArgument, "another version");
  ExpectRefused(File(1 << 20, 0), StatusCode::kInvalidArgument, "magic");
  ExpectRefused(bytes("GPT-OSS"), StatusCode::kInvalidArgument, "ends inside magic");
  for (const char* text : {"GGUF", "nonsense"}) ExpectRefused(bytes(text), Parse(bytes(text)).code(), "model.bin");
  File reserved = Tiny();
  reserved[12] = 1;
  ExpectRefused(reserved, StatusCode::kInvalidArgument, "reserved word");
}

TEST(refuses_a_broken_token_table) {
  const std::size_t table = TextTokensAt(Tiny());
  File long_token = Tiny();
  long_token[table] = 0xff;
  long_token[table + 1] = 0xff;
  ExpectRefused(long_token, StatusCode::kInvalidArgument, "text token 0 reaches past tokens_size");
  File shifted = Tiny();
  shifted[table] = 2;  // takes the next entry's first byte along
  ExpectRefused(shifted, StatusCode::kInvalidArgument, "text token");
  ExpectRefused(With(Tiny(), kNumTextTokens, Read(Tiny(), kNumTextTokens) - 1), StatusCode::kInvalidArgument,
                "tokens_size");
  ExpectRefused(With(Tiny(), kNumTextTokens, Read(Tiny(), kNumTextTokens) + 1), StatusCode::kInvalidArgument,
                "text token 304");
  ExpectRefused(With(Tiny(), kNumTextTokens, 1u << 20), StatusCode::kInvalidArgument, "too small");
}

TEST(refuses_a_broken_regex) {
  const std::size_t regex = RegexAt(Tiny());
  const std::size_t nul = TextTokensAt(Tiny()) - 1;
  File unterminated = Tiny();
  unterminated[nul] = 'x';
  ExpectRefused(unterminated, StatusCode::kInvalidArgument, "regex does not end in a NUL");
  File embedded = Tiny();
  embedded[regex + 5] = 0;
  ExpectRefused(embedded, StatusCode::kInvalidArgument, "NUL byte at 5");
  for (const std::vector<int>& bad : {std::vector{0x80}, {0xc0, 0x80}, {0xe0, 0x80, 0x80}, {0xed, 0xa0, 0x80},
                                      {0xf0, 0x80, 0x80, 0x80}, {0xf4, 0x90, 0x80, 0x80}, {0xf5}, {0xc3, 0x28}}) {
    File file = Tiny();
    for (std::size_t i = 0; i < bad.size(); ++i) file[regex + i] = static_cast<std::uint8_t>(bad[i]);
    ExpectRefused(file, StatusCode::kInvalidArgument, "UTF-8");
  }
  File cut = Tiny();
  cut[nul - 1] = 0xc3;  // a lead byte with nothing behind it
  ExpectRefused(cut, StatusCode::kInvalidArgument, "UTF-8");
  File accented = Tiny();
  accented[regex] = 0xc3;
  accented[regex + 1] = 0xa9;
  EXPECT_EQ(Parse(accented).message(), "");
}

TEST(refuses_a_special_token_that_is_there_twice) {
  File file = Tiny();
  std::memcpy(&file[kSpecialTokensAt], &file[kSpecialTokensAt + 8 * 16], 16);  // start again, in a reserved place
  ExpectRefused(file, StatusCode::kInvalidArgument, "special tokens 0 and 8 are both \"start\"");
}

TEST(an_unknown_special_token_is_reserved) {
  File file = Tiny();
  file[kSpecialTokensAt] = 7;
  Checkpoint checkpoint;
  EXPECT_TRUE(ParseCheckpoint(file, &checkpoint).ok());
  EXPECT_EQ(checkpoint.tokenizer.special_tokens[0].name, "");
}

TEST(text_needs_every_byte_and_every_harmony_token) {
  Checkpoint checkpoint;
  EXPECT_TRUE(ParseCheckpoint(Tiny(), &checkpoint).ok());
  const auto expect = [&checkpoint](void (*spoil)(TokenizerData&), const std::string& mention) {
    TokenizerData tokenizer = checkpoint.tokenizer;
    spoil(tokenizer);
    const Status status = CheckTextTokenizer(tokenizer);
    EXPECT_TRUE(status.code() == StatusCode::kInvalidArgument);
    if (status.message().find(mention) == std::string::npos) {
      check::fail(__FILE__, __LINE__, "expected \"" + mention + "\" in: " + status.message());
    }
  };
  expect([](TokenizerData& t) { t.bytes[65] = 'B'; }, "no text token is the single byte 65");
  expect([](TokenizerData& t) { t.bytes[t.offsets[257]] = 'a', t.bytes[t.offsets[257] + 1] = 'a'; },
         "text tokens 256 and 257 are the same bytes");
  expect([](TokenizerData& t) { t.offsets[300] = t.offsets[301]; }, "text token 300 is empty");
  expect([](TokenizerData& t) { t.special_tokens[7].name = ""; }, "\"channel\" is missing");
  expect([](TokenizerData& t) { t.special_tokens.clear(); }, "\"start\" is missing");
  expect([](TokenizerData& t) { t.regex = {}; }, "regex is empty");
}

TEST(test_checkpoints_are_the_same_bytes_on_every_machine) {
  const auto fnv1a = [](const File& file) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const std::uint8_t byte : file) hash = (hash ^ byte) * 0x100000001b3u;
    return hash;
  };
  EXPECT_EQ(fnv1a(MakeCheckpoint(TinyCheckpoint(1))), 3793090780484155610u);
  EXPECT_EQ(fnv1a(MakeCheckpoint(OddCheckpoint(1))), 15477837995326646547u);
  EXPECT_EQ(fnv1a(MakeCheckpoint(SmallCheckpoint(1))), 15598036393466165847u);
  EXPECT_TRUE(fnv1a(MakeCheckpoint(TinyCheckpoint(2))) != fnv1a(MakeCheckpoint(TinyCheckpoint(1))));
}

TEST_MAIN()
