// Prompt steps, computed in parts: the same logits and the same slot as a Forward, whatever other slots do in between, and
// nothing left behind by one that was abandoned.

#include <algorithm>
#include <string>

#include "check.h"
#include "test-engine.h"

namespace codexpc {
namespace {

constexpr std::uint32_t kNumLayers = 5;
constexpr std::uint32_t kStepTokens = 40;  // of a prompt step; rings of 9 + 40 wrap many times in a sequence of 200

std::shared_ptr<const Model> FiveBlocks() {
  TestCheckpoint checkpoint = TinyCheckpoint(8);
  checkpoint.config.num_hidden_layers = kNumLayers;
  checkpoint.config.sliding_window = 9;
  checkpoint.config.hidden_size = 32;
  checkpoint.config.intermediate_size = 32;
  return OpenTestModel(checkpoint);
}

ContextOptions Options(std::uint32_t max_batch_tokens, std::uint32_t max_prompt_batch_tokens, KvType kv_type = KvType::kF32) {
  return {.num_slots = 3, .context_length = 256, .max_batch_tokens = max_batch_tokens, .kv_type = kv_type,
          .max_draft_tokens = 3, .max_prompt_batch_tokens = max_prompt_batch_tokens};
}

/// One prompt step to its end; `between` runs after every part but the last.
template <typename Between>
void Step(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens, bool want_logits, const Between& between) {
  EXPECT_TRUE(context.Begin({slot, tokens, want_logits}).ok());
  const std::uint32_t length = context.Length(slot);
  std::uint32_t num_parts_left = kNumLayers;
  for (std::uint32_t expected = kNumLayers; num_parts_left > 0;) {
    EXPECT_EQ(num_parts_left, expected--);
    EXPECT_EQ(context.Length(slot), length);
    if (!context.Continue(&num_parts_left).ok()) return check::fail(__FILE__, __LINE__, "Continue failed");
    if (num_parts_left > 0) between();
  }
  EXPECT_EQ(context.Length(slot), length + tokens.size());
}

void Step(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens, bool want_logits) {
  Step(context, slot, tokens, want_logits, [] {});
}

std::vector<float> LogitsOf(const Context& context, std::uint32_t slot) {
  const std::span<const float> logits = context.Logits(slot);
  return {logits.begin(), logits.end()};
}

/// What both fed must be the same to the last bit: the next token's logits, and all that a snapshot holds.
void ExpectSame(Context& context, std::uint32_t slot, Context& other, std::uint32_t other_slot) {
  EXPECT_TRUE(!context.Logits(slot).empty());
  EXPECT_TRUE(LogitsOf(context, slot) == LogitsOf(other, other_slot));
  const std::uint32_t length = context.Length(slot);
  EXPECT_EQ(other.Length(other_slot), length);
  for (Context* each : {&context, &other}) EXPECT_TRUE(each->Checkpoint(each == &context ? slot : other_slot, length).ok());
  std::vector<std::byte> saved(context.SavedBytes(slot, length));
  std::vector<std::byte> other_saved(other.SavedBytes(other_slot, length));
  EXPECT_TRUE(context.Save(slot, length, saved).ok());
  EXPECT_TRUE(other.Save(other_slot, length, other_saved).ok());
  EXPECT_TRUE(saved == other_saved);
}

TEST(parts_compute_what_a_forward_of_the_same_tokens_does) {
  for (const std::string& isa : ExactTables()) {
    for (const KvType kv_type : {KvType::kF32, KvType::kF16, KvType::kQ8}) {
      const auto engine = MakeEngine(FiveBlocks(), isa);
      const auto parts = MakeContext(*engine, Options(4, kStepTokens, kv_type));
      const auto whole = MakeContext(*engine, Options(kStepTokens, 0, kv_type));
      const std::vector<std::uint32_t> tokens = RandomTokens(200, engine->model().config().vocab_size, 1);
      for (std::size_t done = 0; done < tokens.size(); done += kStepTokens) {
        const std::span<const std::uint32_t> next = std::span(tokens).subspan(done, kStepTokens);
        const bool want_logits = done > 0;  // and one step whose last block ends with the keys and values
        Step(*parts, 1, next, want_logits);
        const BatchItem item{2, next, want_logits};
        EXPECT_TRUE(whole->Forward({&item, 1}).ok());
        if (want_logits) ExpectSame(*parts, 1, *whole, 2);
      }
    }
  }
}

TEST(other_slots_go_on_between_the_parts_as_if_there_were_none) {
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(FiveBlocks(), isa);
    const auto mixed = MakeContext(*engine, Options(4, kStepTokens));
    const auto alone = MakeContext(*engine, Options(4, kStepTokens));
    const std::uint32_t vocab_size = engine->model().config().vocab_size;
    const std::vector<std::uint32_t> prompt = RandomTokens(160, vocab_size, 2);
    const std::vector<std::uint32_t> answer = RandomTokens(100, vocab_size, 3);
    std::size_t num_answered = 0;
    for (std::size_t done = 0; done < prompt.size(); done += kStepTokens) {
      const std::span<const std::uint32_t> next = std::span(prompt).subspan(done, kStepTokens);
      Step(*mixed, 1, next, true, [&] {
        // A draft that does not come true; and another slot is cut and begins anew.
        const std::uint32_t fed[] = {answer[num_answered], (answer[num_answered + 1] + 1) % vocab_size};
        const BatchItem item{0, fed, true, 1};
        ++num_answered;
        for (Context* context : {mixed.get(), alone.get()}) {
          std::uint32_t resume_from = 0;
          EXPECT_TRUE(context->Truncate(2, 0, &resume_from).ok());
          Feed(*context, 2, std::span(answer).first(6), 3);
          EXPECT_TRUE(context->Forward({&item, 1}).ok());
        }
        EXPECT_TRUE(LogitsOf(*mixed, 0) == LogitsOf(*alone, 0));
        EXPECT_TRUE(std::ranges::equal(mixed->DraftLogits(0, 0), alone->DraftLogits(0, 0)));
        for (Context* context : {mixed.get(), alone.get()}) {
          std::uint32_t resume_from = 0;
          EXPECT_TRUE(context->Truncate(0, static_cast<std::uint32_t>(num_answered), &resume_from).ok());
          EXPECT_EQ(resume_from, num_answered);
        }
      });
      Step(*alone, 1, next, true);
      ExpectSame(*mixed, 1, *alone, 1);
    }
    EXPECT_TRUE(LogitsOf(*mixed, 2) == LogitsOf(*alone, 2));
  }
}

TEST(an_abandoned_step_leaves_the_slot_as_it_was) {
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(FiveBlocks(), isa);
    const std::vector<std::uint32_t> tokens = RandomTokens(220, engine->model().config().vocab_size, 4);
    const std::vector<std::uint32_t> others = RandomTokens(kStepTokens, engine->model().config().vocab_size, 5);
    for (std::uint32_t num_parts = 0; num_parts < kNumLayers; ++num_parts) {
      const auto context = MakeContext(*engine, Options(4, kStepTokens));
      const auto undisturbed = MakeContext(*engine, Options(4, kStepTokens));
      for (std::size_t done = 0; done < 200; done += kStepTokens) {
        for (const std::span<const std::uint32_t> abandoned : {std::span(tokens).subspan(done, kStepTokens), std::span(others)}) {
          EXPECT_TRUE(context->Begin({1, abandoned, true}).ok());
          std::uint32_t num_parts_left = kNumLayers;
          for (std::uint32_t part = 0; part < num_parts; ++part) EXPECT_TRUE(context->Continue(&num_parts_left).ok());
          context->Abandon();
          EXPECT_EQ(context->Length(1), done);
          EXPECT_TRUE(context->Logits(1).empty());
        }
        const std::span<const std::uint32_t> next = std::span(tokens).subspan(done, kStepTokens);
        Step(*context, 1, next, true);
        Step(*undisturbed, 1, next, true);
        ExpectSame(*context, 1, *undisturbed, 1);
      }
      // Ordinary steps find it as it was too.
      EXPECT_TRUE(context->Begin({1, others, false}).ok());
      context->Abandon();
      const std::span<const std::uint32_t> rest = std::span(tokens).subspan(200);
      EXPECT_TRUE(Feed(*context, 1, rest, 4) == Feed(*undisturbed, 1, rest, 4));
    }
  }
}

TEST(the_paused_slot_is_copied_and_saved_without_the_step) {
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeEngine(FiveBlocks(), isa);
    const auto context = MakeContext(*engine, Options(4, kStepTokens));
    const auto cold = MakeContext(*engine, Options(4, kStepTokens));
    const std::vector<std::uint32_t> tokens = RandomTokens(120, engine->model().config().vocab_size, 6);
    const std::span<const std::uint32_t> rest = std::span(tokens).subspan(80);
    for (std::size_t done = 0; done < 80; done += kStepTokens) {
      Step(*context, 0, std::span(tokens).subspan(done, kStepTokens), true);
      Step(*cold, 0, std::span(tokens).subspan(done, kStepTokens), true);
    }
    const std::vector<float> expected = Feed(*cold, 0, rest, 4);

    const std::vector<std::uint32_t> others = RandomTokens(kStepTokens, engine->model().config().vocab_size, 7);
    EXPECT_TRUE(context->Begin({0, others, true}).ok());
    std::uint32_t num_parts_left = 0;
    EXPECT_TRUE(context->Continue(&num_parts_left).ok());
    std::uint32_t resume_from = 0;
    EXPECT_TRUE(context->Copy(0, 1, 80, &resume_from).ok());
    EXPECT_EQ(resume_from, 80u);
    EXPECT_TRUE(context->Checkpoint(0, 80).ok());
    std::vector<std::byte> saved(context->SavedBytes(0, 200));
    EXPECT_TRUE(context->Save(0, 200, saved).ok());
    EXPECT_TRUE(context->Restore(2, saved, &resume_from).ok());
    EXPECT_EQ(resume_from, 80u);
    EXPECT_TRUE(Feed(*context, 1, rest, 4) == expected);
    EXPECT_TRUE(Feed(*context, 2, rest, 4) == expected);
    while (num_parts_left > 0) EXPECT_TRUE(context->Continue(&num_parts_left).ok());
    EXPECT_EQ(context->Length(0), 120u);
  }
}

TEST(the_paused_slot_refuses_what_would_change_it) {
  const auto engine = MakeEngine(FiveBlocks(), "scalar");
  const auto context = MakeContext(*engine, Options(4, kStepTokens));
  const std::vector<std::uint32_t> tokens = RandomTokens(kStepTokens, engine->model().config().vocab_size, 8);
  Step(*context, 0, tokens, true);
  std::vector<std::byte> saved(context->SavedBytes(0, kStepTokens));
  EXPECT_TRUE(context->Save(0, kStepTokens, saved).ok());
  EXPECT_TRUE(context->Begin({0, tokens, true}).ok());
  std::uint32_t num_parts_left = 0;
  EXPECT_TRUE(context->Continue(&num_parts_left).ok());
  const BatchItem item{0, {tokens.data(), 1}, true};
  std::uint32_t resume_from = 0;
  EXPECT_TRUE(context->Forward({&item, 1}).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(context->Begin(item).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(context->Begin({1, {tokens.data(), 1}, true}).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(context->Truncate(0, 1, &resume_from).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(context->Copy(1, 0, 1, &resume_from).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(context->Restore(0, saved, &resume_from).code() == StatusCode::kInvalidState);
  while (num_parts_left > 0) EXPECT_TRUE(context->Continue(&num_parts_left).ok());
  EXPECT_EQ(context->Length(0), 2 * kStepTokens);
  EXPECT_TRUE(!context->Logits(0).empty());
  EXPECT_TRUE(context->Truncate(0, 1, &resume_from).ok());
}

TEST(impossible_prompt_steps_are_refused) {
  const auto engine = MakeEngine(FiveBlocks(), "scalar");
  const std::vector<std::uint32_t> tokens = RandomTokens(250, engine->model().config().vocab_size, 9);
  std::uint32_t num_parts_left = 0;
  const auto without = MakeContext(*engine, Options(4, 0));
  EXPECT_TRUE(without->Begin({0, {tokens.data(), 1}, true}).code() == StatusCode::kInvalidState);
  EXPECT_TRUE(without->Continue(&num_parts_left).code() == StatusCode::kInvalidState);
  without->Abandon();

  const auto context = MakeContext(*engine, Options(4, kStepTokens));
  const auto code_of = [&](const BatchItem& item) { return context->Begin(item).code(); };
  EXPECT_TRUE(code_of({0, {tokens.data(), kStepTokens + 1}, true}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({0, {}, true}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({3, {tokens.data(), 1}, true}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({0, {tokens.data(), 2}, true, 1}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(context->Continue(&num_parts_left).code() == StatusCode::kInvalidState);
  FeedWithoutLogits(*context, 0, tokens, 4);
  EXPECT_TRUE(code_of({0, {tokens.data(), 7}, true}) == StatusCode::kContextOverflow);
  EXPECT_TRUE(code_of({0, {tokens.data(), 6}, true}) == StatusCode::kSuccess);
  context->Abandon();
  context->Abandon();
}

TEST(prompt_steps_are_in_the_memory_prediction) {
  const auto engine = MakeEngine(FiveBlocks());
  const MemoryUse without = engine->Predict(Options(4, 0));
  const MemoryUse with = engine->Predict(Options(4, kStepTokens));
  const MemoryUse large = engine->Predict(Options(kStepTokens, 0));
  EXPECT_TRUE(with.scratch_bytes > large.scratch_bytes && with.scratch_bytes < without.scratch_bytes + large.scratch_bytes);
  EXPECT_EQ(with.kv_bytes, large.kv_bytes);  // rings are as long as the larger step asks
  EXPECT_TRUE(with.kv_bytes > without.kv_bytes);
  EXPECT_EQ(MakeContext(*engine, Options(4, kStepTokens))->memory().scratch_bytes, with.scratch_bytes);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
