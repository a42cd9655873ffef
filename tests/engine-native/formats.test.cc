// The same weights as model.bin, safetensors and GGUF: equal logits and vocabularies, on every kernel table.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "folder.h"
#include "format-writers.h"
#include "model/byte-level.h"
#include "model/gguf.h"
#include "model/json-reader.h"
#include "model/safetensors.h"
#include "reference.h"
#include "test-checkpoint.h"
#include "test-engine.h"

using namespace codexpc;

namespace {

constexpr double kTolerance = 2e-5;

/// Seeds whose routers decide far enough from a tie for float32.
TestCheckpoint Tiny() { return TinyCheckpoint(3); }
TestCheckpoint Small() { return SmallCheckpoint(3); }

struct Parsed {
  std::vector<std::uint8_t> file;
  Checkpoint checkpoint;
};
Parsed Parse(const TestCheckpoint& wanted) {
  Parsed parsed{MakeCheckpoint(wanted), {}};
  EXPECT_EQ(ParseCheckpoint(parsed.file, &parsed.checkpoint).message(), "");
  return parsed;
}

void ExpectSameVocabulary(const TokenizerData& actual, const TokenizerData& expected) {
  EXPECT_TRUE(actual.offsets == expected.offsets);
  EXPECT_TRUE(actual.bytes == expected.bytes);
  EXPECT_EQ(CheckTextTokenizer(actual).message(), "");
  for (const SpecialToken& token : actual.special_tokens) {
    if (token.name.empty()) continue;
    const auto same = std::find_if(expected.special_tokens.begin(), expected.special_tokens.end(),
                                   [&](const SpecialToken& other) { return other.name == token.name; });
    EXPECT_TRUE(same != expected.special_tokens.end() && same->id == token.id);
  }
}

/// Opens `path` and compares it with the reference over model.bin: a prompt in chunks past the window, then token by token.
void ExpectSameModel(const TestCheckpoint& wanted, const Parsed& parsed, const std::string& path, const std::string& format,
                     double tolerance = kTolerance) {
  std::shared_ptr<const Model> model;
  EXPECT_EQ(OpenModel(path, &model).message(), "");
  if (model == nullptr) return;
  EXPECT_EQ(std::string(model->format()), format);
  ExpectSameVocabulary(model->tokenizer(), parsed.checkpoint.tokenizer);

  const auto model_bin = OpenTestModel(wanted);
  const std::vector<std::uint32_t> tokens = RandomTokens(160, model->config().vocab_size, 5);
  const ReferenceResult reference = ReferenceLogits(*model_bin, tokens);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(model, isa);
    const auto context = MakeContext(*engine, {.num_slots = 1, .context_length = 256, .max_batch_tokens = 32});
    double worst = 0.0;
    for (std::size_t at = 0; at < tokens.size();) {
      const std::size_t count = at < 120 ? 40 : 1;
      const std::vector<float> logits = Feed(*context, 0, std::span(tokens).subspan(at, count), 32);
      at += count;
      worst = std::max(worst, RelativeError(logits, reference.logits[at - 1]));
    }
    std::printf("  %s %-8s max error %.1e over max logit\n", format.c_str(), isa.c_str(), worst);
    EXPECT_TRUE(worst <= tolerance);
  }
}

void ExpectSafetensors(const TestCheckpoint& wanted, SafetensorsNames names, std::size_t num_files) {
  const Folder folder;
  const Parsed parsed = Parse(wanted);
  WriteSafetensorsDirectory(parsed.checkpoint, names, num_files, folder / "weights");
  ExpectSameModel(wanted, parsed, folder / "weights", "safetensors");
}

void ExpectGguf(const TestCheckpoint& wanted, const GgufOptions& options, double tolerance = kTolerance) {
  const Folder folder;
  const Parsed parsed = Parse(wanted);
  const auto files = MakeGguf(parsed.checkpoint, options);
  const auto name = [&](std::size_t i) {
    if (files.size() == 1) return folder / "model.gguf";
    return folder / ("model-0000" + std::to_string(i + 1) + "-of-0000" + std::to_string(files.size()) + ".gguf");
  };
  for (std::size_t i = 0; i < files.size(); ++i) WriteBytes(files[i], name(i));
  ExpectSameModel(wanted, parsed, name(0), "gguf", tolerance);
}

void ExpectMentions(const Status& status, const std::string& mention) {
  if (status.message().find(mention) == std::string::npos) {
    check::fail(__FILE__, __LINE__, "expected \"" + mention + "\" in: " + status.message());
  }
}

/// Where `text` is in `bytes`.
std::uint8_t* Find(std::vector<std::uint8_t>& bytes, const std::string& text) {
  return &*std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
}

}  // namespace

TEST(hugging_face_directory) { ExpectSafetensors(Tiny(), SafetensorsNames::kHuggingFace, 1); }
TEST(hugging_face_directory_in_three_files_head_64) { ExpectSafetensors(Small(), SafetensorsNames::kHuggingFace, 3); }
TEST(original_directory) { ExpectSafetensors(Tiny(), SafetensorsNames::kOriginal, 2); }

TEST(gguf_of_llama_cpp) { ExpectGguf(Tiny(), {}); }
TEST(gguf_of_llama_cpp_head_64) { ExpectGguf(Small(), {}); }
TEST(gguf_with_float32) { ExpectGguf(Tiny(), {.dense = NumberType::kF32}); }
TEST(gguf_with_float16_rounds_as_float16_does) { ExpectGguf(Tiny(), {.dense = NumberType::kF16}, 2e-3); }
TEST(gguf_with_gate_and_linear_in_one_tensor) { ExpectGguf(Tiny(), {.dialect = GgufDialect::kLlamaFused}); }
TEST(gguf_of_ollama) { ExpectGguf(Tiny(), {.dialect = GgufDialect::kOllama}); }
TEST(gguf_in_three_files) { ExpectGguf(Tiny(), {.num_files = 3}); }

TEST(byte_level_spelling) {
  std::vector<std::uint8_t> bytes;
  EXPECT_TRUE(AppendByteLevel("a\u0120\u010a!\u00e9", &bytes));  // GPT-2's Ġ is a space, Ċ a line feed
  EXPECT_TRUE(bytes == std::vector<std::uint8_t>({'a', ' ', '\n', '!', 0xe9}));
  EXPECT_TRUE(!AppendByteLevel(" ", &bytes));        // a space is never itself
  EXPECT_TRUE(!AppendByteLevel("\u0144", &bytes));   // one past the last
  EXPECT_TRUE(!AppendByteLevel("\xc4", &bytes));     // cut off
  EXPECT_TRUE(!AppendByteLevel("\u65e5", &bytes));   // three bytes
}

TEST(json_reader_reads_what_the_standard_allows) {
  JsonReader json(R"( {"a": [1, 2.5e3, -0.5], "\u00e9\ud83d\ude00\n": true, "n": null, "o": {}} )");
  std::string key;
  json.BeginObject();
  EXPECT_TRUE(json.NextMember(&key) && key == "a");
  json.BeginArray();
  EXPECT_TRUE(json.NextElement());
  EXPECT_EQ(json.Unsigned(), 1u);
  EXPECT_TRUE(json.NextElement());
  EXPECT_EQ(json.Number(), 2500.0);
  EXPECT_TRUE(json.NextElement());
  EXPECT_EQ(json.Number(), -0.5);
  EXPECT_TRUE(!json.NextElement());
  EXPECT_TRUE(json.NextMember(&key) && key == "\u00e9\U0001f600\n");
  EXPECT_TRUE(json.Bool());
  EXPECT_TRUE(json.NextMember(&key));
  json.Skip();
  EXPECT_TRUE(json.NextMember(&key));
  json.Skip();
  EXPECT_TRUE(!json.NextMember(&key));
  json.Finish();
  EXPECT_EQ(json.fault(), "");
}

TEST(json_reader_refuses_the_rest) {
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "{\"a\":}", "[01]", "[1.]", "[1e]", "[.5]", "[+1]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\n\"]",
                           "[tru]", "[nul]", "[1 2]", "{\"a\":1 \"b\":2}", "[] []", "\"\xff\"", "[\"abc"}) {
    JsonReader json(text);
    json.Skip();
    json.Finish();
    if (json.ok()) check::fail(__FILE__, __LINE__, std::string("accepted: ") + text);
  }
  JsonReader deep(std::string_view("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["));
  deep.Skip();
  ExpectMentions({StatusCode::kInvalidArgument, deep.fault()}, "nested too deeply");
  JsonReader large("9007199254740993");
  large.Unsigned();
  EXPECT_TRUE(!large.ok());
}

TEST(truncated_gguf_is_refused_at_every_length) {
  const Parsed parsed = Parse(Tiny());
  const std::vector<std::uint8_t> whole = MakeGguf(parsed.checkpoint, {})[0];
  std::size_t num_refused = 0;
  for (std::size_t size = 0; size < whole.size(); size += size < 30000 ? 7 : 4999) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    GgufContents contents;
    const Status status = ReadGguf(cut, &contents);
    EXPECT_TRUE(!status.ok() && !status.message().empty());
    ++num_refused;
  }
  EXPECT_TRUE(num_refused > 1000);
}

TEST(gguf_names_what_is_wrong) {
  const Parsed parsed = Parse(Tiny());
  const auto refused = [&](const char* find, const char* replace, const std::string& mention) {
    std::vector<std::uint8_t> file = MakeGguf(parsed.checkpoint, {})[0];
    std::memcpy(Find(file, find), replace, std::strlen(replace));
    const Folder folder;
    WriteBytes(file, folder / "model.gguf");
    std::shared_ptr<const Model> model;
    const Status status = OpenModel(folder / "model.gguf", &model);
    EXPECT_TRUE(model == nullptr);
    ExpectMentions(status, mention);
    ExpectMentions(status, folder / "model.gguf");
  };
  refused("GGUF\x03", "GGUF\x09", "GGUF version 9");
  refused("gpt-oss", "llama-4", "architecture \"llama-4\"");
  refused("gpt-oss.block_count", "gpt-oss.block_cXunt", "the key gpt-oss.block_count is missing");
  refused("blk.1.attn_norm", "blk.1.attn_xorm", "the tensor blk.1.attn_norm.weight is missing");
  refused("blk.1.ffn_up_exps.bias", "blk.0.ffn_up_exps.bias", "the tensor blk.0.ffn_up_exps.bias is there twice");
  refused("tokenizer.ggml.token_type", "tokenizer.ggml.token_kind", "the key tokenizer.ggml.token_type is missing");
}

TEST(gguf_with_experts_in_another_type_says_so) {
  const Parsed parsed = Parse(Tiny());
  std::vector<std::uint8_t> file = MakeGguf(parsed.checkpoint, {})[0];
  const std::string name = "blk.0.ffn_gate_exps.weight";
  std::uint8_t* type = Find(file, name) + name.size() + 4 + 3 * 8;
  EXPECT_EQ(int{*type}, 39);
  *type = 2;  // Q4_0: as many values, 18 bytes for 17
  const Folder folder;
  WriteBytes(file, folder / "model.gguf");
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(folder / "model.gguf", &model);
  EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(StatusCode::kUnsupportedArgument));
  ExpectMentions(status, "is of type Q4_0; this build reads experts in MXFP4");
}

TEST(gguf_with_vectors_in_another_type_says_so) {
  const Parsed parsed = Parse(Tiny());
  std::vector<std::uint8_t> file = MakeGguf(parsed.checkpoint, {.dense = NumberType::kF32})[0];
  const std::string name = "blk.0.attn_norm.weight";
  std::uint8_t* type = Find(file, name) + name.size() + 4 + 8;
  EXPECT_EQ(int{*type}, 0);
  *type = 8;  // Q8_0: as many values, in a quarter of the bytes
  const Folder folder;
  WriteBytes(file, folder / "model.gguf");
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(folder / "model.gguf", &model);
  EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(StatusCode::kUnsupportedArgument));
  ExpectMentions(status, "is of type Q8_0; this build reads vectors of F32, F16 and BF16");
}

TEST(second_file_of_a_gguf_alone_is_refused) {
  const Folder folder;
  const auto files = MakeGguf(Parse(Tiny()).checkpoint, {.num_files = 2});
  WriteBytes(files[0], folder / "m-00001-of-00002.gguf");
  std::shared_ptr<const Model> model;
  ExpectMentions(OpenModel(folder / "m-00001-of-00002.gguf", &model), "m-00002-of-00002.gguf: there is no such file");
  WriteBytes(files[0], folder / "renamed.gguf");
  ExpectMentions(OpenModel(folder / "renamed.gguf", &model), "its name does not end in");
  WriteBytes(files[1], folder / "m-00002-of-00002.gguf");
  ExpectMentions(OpenModel(folder / "m-00002-of-00002.gguf", &model), "name the one that ends in -00001-of-");
}

TEST(safetensors_directory_names_what_is_wrong) {
  const Parsed parsed = Parse(Tiny());
  const auto refused = [&](const std::function<void(const std::string&)>& damage, const std::string& mention) {
    const Folder folder;
    WriteSafetensorsDirectory(parsed.checkpoint, SafetensorsNames::kHuggingFace, 2, folder.path());
    damage(folder.path());
    std::shared_ptr<const Model> model;
    ExpectMentions(OpenModel(folder.path(), &model), mention);
    EXPECT_TRUE(model == nullptr);
  };
  const auto replace = [](const std::string& file, const std::string& from, const std::string& to) {
    return [=](const std::string& folder) {
      std::ifstream in(folder + file, std::ios::binary);
      std::string text((std::istreambuf_iterator<char>(in)), {});
      const std::size_t at = text.find(from);
      EXPECT_TRUE(at != std::string::npos);
      std::ofstream(folder + file, std::ios::binary) << text.replace(at, from.size(), to);
    };
  };
  refused([](const std::string& folder) { std::filesystem::remove(folder + "/model-1.safetensors"); }, "is missing: the checkpoint is not whole");
  refused([](const std::string& folder) { std::filesystem::remove(folder + "/tokenizer.json"); }, "tokenizer.json: there is no such file");
  refused([](const std::string& folder) { std::filesystem::resize_file(folder + "/model-0.safetensors", 20000); }, "model-0.safetensors: the tensor");
  refused(replace("/config.json", "\"head_dim\": 16", "\"head_dim\": 15"), "config.json: head_dim is 15, expected a multiple of 2");
  refused(replace("/config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"), "model.layers.2.");
  refused(replace("/config.json", "gpt_oss", "llama"), "model_type is \"llama\"");
  refused(replace("/config.json", "{", "{\"layer_types\": [\"full_attention\", \"sliding_attention\"], "), "layer_types does not alternate");
  refused(replace("/config.json", "\"rope_theta\": 150000.0", "\"rope_theta\": 1.0"), "rope_theta is out of range");
  refused(replace("/config.json", "\"beta_slow\": 1.0", "\"beta_slow\": 64.0"), "ends of the YaRN ramp");
  refused(replace("/config.json", "\"factor\": 32.0", "\"factor\": 0.5"), "rope scaling factor is out of range");
  refused(replace("/config.json", "original_max_position_embeddings\": 4096", "original_max_position_embeddings\": 1"), "initial context length is out of range");
  refused(replace("/config.json", "\"swiglu_limit\": 7.0", "\"swiglu_limit\": 0.0"), "swiglu_limit is out of range");
  refused(replace("/config.json", "{", "["), "config.json: it is not valid JSON");
  refused(replace("/config.json", "\"hidden_size\": 64", "\"hidden_size\": 96"), "has the shape");
  refused(replace("/tokenizer.json", "\"id\":304", "\"id\":999"), "outside the model's vocabulary");
}

TEST(safetensors_headers_that_lie_are_refused) {
  const auto refused = [](const std::string& header, const std::string& mention, std::size_t data_bytes = 64) {
    std::vector<std::uint8_t> file(8);
    const std::uint64_t size = header.size();
    std::memcpy(file.data(), &size, sizeof size);
    file.insert(file.end(), header.begin(), header.end());
    file.resize(file.size() + data_bytes);
    TensorMap tensors;
    ExpectMentions(ReadSafetensors(file, &tensors), mention);
  };
  refused(R"({"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,9]}})", "does not fit");
  refused(R"({"a":{"dtype":"BF16","shape":[40],"data_offsets":[0,80]}})", "truncated");
  refused(R"({"a":{"dtype":"BF16","shape":[4],"data_offsets":[9,1]}})", "truncated");
  refused(R"({"a":{"dtype":"U8","shape":[9007199254740992,9007199254740992],"data_offsets":[0,0]}})", "does not fit");
  refused(R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", "too many dimensions");
  refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "there twice");
  refused(R"({"a":)", "not valid JSON");
  std::vector<std::uint8_t> file = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{'};
  TensorMap tensors;
  ExpectMentions(ReadSafetensors(file, &tensors), "does not fit into the file");
}

TEST_MAIN()
