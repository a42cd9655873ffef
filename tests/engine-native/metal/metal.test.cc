// The Metal adapter over a stand-in of the GPT-OSS library: whatever was reused, cut or cancelled, its tokens are those
// of the CPU backend fed from 0.

#include <cstdlib>
#include <string>
#include <unistd.h>

#include "backends/metal/gptoss-api.h"
#include "backends/metal/metal-engine.h"
#include "backends/metal/upload-plan.h"
#include "check.h"
#include "gptoss-stand-in.h"
#include "test-engine.h"

namespace codexpc {
namespace {

using Tokens = std::vector<std::uint32_t>;

constexpr ContextOptions kOptions = {.num_slots = 1, .context_length = 256, .max_batch_tokens = 128};

struct Fixture {
  Fixture() {
    char name[] = "/tmp/codexpc-metal-XXXXXX";
    close(mkstemp(name));
    path = name;
    if (!WriteCheckpoint(SmallCheckpoint(3), path) || !OpenModel(path, &model).ok() ||
        !metal::CreateMetalEngine(model, path, &engine).ok()) {
      std::abort();
    }
    cpu = MakeEngine(model);
    context = MakeContext(*engine, kOptions);
    prompt = RandomTokens(50, model->config().vocab_size, 1);
  }
  ~Fixture() { unlink(path.c_str()); }

  /// What the CPU backend says after `tokens`, fed from 0.
  Tokens Expected(Tokens tokens, std::size_t count) const {
    const auto cold = MakeContext(*cpu, kOptions);
    Tokens expected;
    std::vector<float> logits = Feed(*cold, 0, tokens, 64);
    while (expected.size() < count) {
      expected.push_back(ArgMax(logits));
      logits = Feed(*cold, 0, {&expected.back(), 1}, 1);
    }
    return expected;
  }

  Status Step(std::span<const std::uint32_t> tokens, bool samples) {
    const BatchItem item = {0, tokens, samples};
    return context->Forward({&item, 1});
  }

  /// As the engine's loop does it: each token is fed back before the next one is sampled.
  Tokens Generate(const Tokens& tokens, std::size_t count, const SamplerOptions& sampling = {}) {
    Tokens sampled;
    EXPECT_TRUE(Step(tokens, true).ok());
    while (sampled.size() < count) {
      std::uint32_t token = 0;
      EXPECT_TRUE(context->Sample(0, sampling, &token).ok());
      sampled.push_back(token);
      if (sampled.size() < count) EXPECT_TRUE(Step({&sampled.back(), 1}, true).ok());
    }
    return sampled;
  }

  void Truncate(std::uint32_t length) {
    std::uint32_t resume_from = 0;
    EXPECT_TRUE(context->Truncate(0, length, &resume_from).ok());
    EXPECT_EQ(resume_from, length);
  }

  std::string path;
  std::shared_ptr<const Model> model;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Engine> cpu;
  std::unique_ptr<Context> context;
  Tokens prompt;
};

Tokens Joined(Tokens left, const Tokens& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::size_t Computed() { return stand_in::counters().num_computed; }

TEST(greedy_tokens_are_those_of_the_cpu_backend) {
  Fixture fixture;
  EXPECT_TRUE(fixture.Generate(fixture.prompt, 40) == fixture.Expected(fixture.prompt, 40));
  EXPECT_EQ(fixture.context->Length(0), 89u);  // the last one was sampled, not fed
}

TEST(a_prompt_may_come_in_pieces) {
  Fixture fixture;
  EXPECT_TRUE(fixture.Step(std::span(fixture.prompt).first(20), false).ok());
  EXPECT_TRUE(fixture.Step(std::span(fixture.prompt).subspan(20, 17), false).ok());
  const Tokens rest(fixture.prompt.begin() + 37, fixture.prompt.end());
  EXPECT_TRUE(fixture.Generate(rest, 10) == fixture.Expected(fixture.prompt, 10));
}

/// For each place in the group at which an answer may end: a turn that goes on from there, as after a tool call.
TEST(a_conversation_goes_on_after_any_sampled_token) {
  for (std::size_t count = 1; count <= 10; ++count) {
    Fixture fixture;
    const Tokens answer = fixture.Generate(fixture.prompt, count);
    const Tokens more = Joined({answer.back()}, RandomTokens(9, fixture.model->config().vocab_size, 7));
    Tokens all = Joined(fixture.prompt, answer);
    all.insert(all.end(), more.begin() + 1, more.end());
    EXPECT_TRUE(fixture.Generate(more, 8) == fixture.Expected(all, 8));
  }
}

TEST(a_prefix_is_cut_at_any_place_and_not_computed_again) {
  for (std::uint32_t length = 45; length <= 60; ++length) {
    Fixture fixture;
    const Tokens answer = fixture.Generate(fixture.prompt, 12);
    Tokens kept = Joined(fixture.prompt, answer);
    kept.resize(length);
    fixture.Truncate(length);
    const Tokens more = RandomTokens(5, fixture.model->config().vocab_size, length);
    const std::size_t before = Computed();
    const Tokens next = fixture.Generate(more, 1);
    EXPECT_TRUE(next == fixture.Expected(Joined(kept, more), 1));
    EXPECT_TRUE(Computed() - before <= more.size() + 1);  // and perhaps the token that never was
  }
}

TEST(the_same_text_after_a_cut_is_not_mistaken_for_a_cached_one) {
  for (std::uint32_t length = 48; length <= 59; ++length) {
    Fixture fixture;
    const Tokens answer = fixture.Generate(fixture.prompt, 10);
    const Tokens all = Joined(fixture.prompt, answer);
    fixture.Truncate(length);
    const Tokens again(all.begin() + length, all.end());
    EXPECT_TRUE(fixture.Generate(again, 6) == fixture.Expected(all, 6));
  }
}

/// That the trap is there: the library alone, used as its header suggests, says something else.
TEST(the_library_alone_forgets_the_last_sampled_token) {
  Fixture fixture;
  gptoss_model_t model = nullptr;
  gptoss_context_t context = nullptr;
  EXPECT_EQ(gptoss_model_create_from_file(fixture.path.c_str(), &model), gptoss_status_success);
  EXPECT_EQ(gptoss_context_create(model, 256, 32, &context), gptoss_status_success);
  gptoss_context_append_tokens(context, fixture.prompt.size(), fixture.prompt.data());
  Tokens answer(4);
  std::size_t num_tokens = 0;
  gptoss_context_sample(context, 0.0f, 0, answer.size(), answer.data(), &num_tokens);
  EXPECT_TRUE(answer == fixture.Expected(fixture.prompt, 4));
  const Tokens more = RandomTokens(9, fixture.model->config().vocab_size, 7);
  gptoss_context_append_tokens(context, more.size(), more.data());
  Tokens next(8);
  gptoss_context_sample(context, 0.0f, 0, next.size(), next.data(), &num_tokens);
  EXPECT_TRUE(!(next == fixture.Expected(Joined(Joined(fixture.prompt, answer), more), 8)));
  gptoss_context_release(context);
  gptoss_model_release(model);
}

TEST(a_token_that_was_not_the_sampled_one_may_be_fed) {
  Fixture fixture;
  const Tokens answer = fixture.Generate(fixture.prompt, 6);
  const Tokens forced = {(answer.back() + 1) % fixture.model->config().vocab_size};
  Tokens all = Joined(Joined(fixture.prompt, answer), forced);
  all.erase(all.end() - 2);
  EXPECT_TRUE(fixture.Generate(forced, 6) == fixture.Expected(all, 6));
}

TEST(a_cancel_waits_for_one_small_group) {
  Fixture fixture;
  const std::size_t first = Computed();
  fixture.Generate(fixture.prompt, 1);
  EXPECT_EQ(Computed() - first, fixture.prompt.size());  // the first token comes alone
  Fixture other;
  const std::size_t before = Computed();
  other.Generate(other.prompt, 2);
  EXPECT_TRUE(Computed() - before <= other.prompt.size() + 4);
}

TEST(a_seed_gives_the_same_tokens_after_a_cancel) {
  Fixture fixture;
  const SamplerOptions sampling = {.temperature = 0.8f, .seed = 42};
  const Tokens answer = fixture.Generate(fixture.prompt, 20, sampling);
  fixture.Truncate(50);
  fixture.Truncate(49);
  EXPECT_TRUE(fixture.Generate({fixture.prompt.back()}, 20, sampling) == answer);
  fixture.Truncate(49);
  EXPECT_TRUE(fixture.Generate({fixture.prompt.back()}, 3) == fixture.Expected(fixture.prompt, 3));
}

TEST(a_failed_command_buffer_is_noticed) {
  Fixture fixture;
  fixture.Generate(fixture.prompt, 5);
  fixture.Truncate(50);  // earlier tokens lie where the failed ones would be
  const Tokens more = RandomTokens(3, fixture.model->config().vocab_size, 9);
  EXPECT_TRUE(fixture.Step(more, true).ok());
  stand_in::FailNextSample();
  std::uint32_t token = 0;
  const Status status = fixture.context->Sample(0, {}, &token);
  EXPECT_TRUE(status.code() == StatusCode::kInvalidState);
  EXPECT_TRUE(status.message().find("did not finish") != std::string::npos);
}

TEST(a_full_context_is_an_overflow_and_not_a_write_past_its_end) {
  Fixture fixture;
  const Tokens full = RandomTokens(128, fixture.model->config().vocab_size, 5);
  EXPECT_TRUE(fixture.Step(full, false).ok());
  EXPECT_TRUE(fixture.Step(std::span(full).first(122), false).ok());
  const Tokens last = fixture.Generate({1}, 5);  // 251 fed, 5 sampled: 256
  EXPECT_EQ(last.size(), 5u);
  EXPECT_TRUE(fixture.Step({&last.back(), 1}, true).ok());
  std::uint32_t token = 0;
  EXPECT_TRUE(fixture.context->Sample(0, {}, &token).code() == StatusCode::kContextOverflow);
  EXPECT_TRUE(fixture.Step(last, false).code() == StatusCode::kContextOverflow);
}

TEST(what_the_library_does_not_have_is_refused_by_name) {
  Fixture fixture;
  EXPECT_TRUE(fixture.Step(fixture.prompt, true).ok());
  std::uint32_t token = 0;
  EXPECT_TRUE(fixture.context->Sample(0, {.top_p = 0.9f}, &token).code() == StatusCode::kUnsupportedArgument);
  std::unique_ptr<Context> context;
  EXPECT_TRUE(!fixture.engine->CreateContext({.num_slots = 2, .context_length = 64}, &context).ok());
  const Status q8 = fixture.engine->CreateContext({.num_slots = 1, .context_length = 64, .kv_type = KvType::kQ8}, &context);
  EXPECT_TRUE(q8.code() == StatusCode::kUnsupportedArgument && q8.message().find("engine.kv_type") != std::string::npos);
  const Capabilities capabilities = fixture.engine->capabilities();
  EXPECT_TRUE(!capabilities.logits && !capabilities.parallel_sequences && capabilities.prefix_reuse &&
              !capabilities.snapshots);
  EXPECT_TRUE(fixture.context->Logits(0).empty());
}

TEST(scores_are_kept_for_small_batches_alone) {
  Fixture fixture;
  EXPECT_EQ(stand_in::counters().max_batch_tokens, 32u);
  const auto small = MakeContext(*fixture.engine, {.num_slots = 1, .context_length = 8, .max_batch_tokens = 128});
  EXPECT_EQ(stand_in::counters().max_batch_tokens, 8u);
}

TEST(memory_is_that_of_float32_keys_and_values_in_all_blocks) {
  Fixture fixture;
  const Config& config = fixture.model->config();
  const MemoryUse use = fixture.engine->Predict(kOptions);
  EXPECT_EQ(use.kv_bytes, std::size_t{256} * 2 * config.num_hidden_layers * config.kv_size() * 4);
  EXPECT_EQ(use.weights_bytes, fixture.model->weights_bytes());
  EXPECT_TRUE(use.scratch_bytes >= std::size_t{32} * config.vocab_size * 8);
}

TEST(closing_frees_the_device) {
  { Fixture fixture; }
  EXPECT_EQ(stand_in::counters().num_contexts, 0);
  EXPECT_EQ(stand_in::counters().num_models, 0);
}

TEST(weights_are_uploaded_in_chunks_that_the_device_allows) {
  constexpr std::size_t kPage = 16384;
  EXPECT_EQ(codexpc_upload_chunk_bytes(std::size_t{9} << 30, kPage), std::size_t{256} << 20);
  EXPECT_EQ(codexpc_upload_chunk_bytes((std::size_t{64} << 20) + 5, kPage), std::size_t{64} << 20);
  EXPECT_EQ(codexpc_upload_chunk_bytes(100, kPage), std::size_t{0});
  EXPECT_EQ(codexpc_upload_num_chunks(0, kPage), std::size_t{0});
  EXPECT_EQ(codexpc_upload_num_chunks(kPage, kPage), std::size_t{1});
  EXPECT_EQ(codexpc_upload_num_chunks(kPage + 1, kPage), std::size_t{2});
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
