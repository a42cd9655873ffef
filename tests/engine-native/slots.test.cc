// Cutting, copying and rebuilding slots: whatever was reused, the logits are those of a sequence fed from 0.

#include <algorithm>
#include <string>

#include "check.h"
#include "reference.h"
#include "test-engine.h"

namespace codexpc {
namespace {

/// 5 blocks (3 with a window of 9), so that a rebuild goes back 24 positions.
TestCheckpoint FiveBlocks() {
  TestCheckpoint checkpoint = TinyCheckpoint(8);
  checkpoint.config.num_hidden_layers = 5;
  checkpoint.config.sliding_window = 9;
  checkpoint.config.hidden_size = 32;
  checkpoint.config.intermediate_size = 32;
  return checkpoint;
}
constexpr std::uint32_t kRebuild = 8 * 3;

ContextOptions Options(std::uint32_t num_slots, std::uint32_t max_batch_tokens, KvType kv_type = KvType::kF32) {
  return {.num_slots = num_slots, .context_length = 256, .max_batch_tokens = max_batch_tokens, .kv_type = kv_type};
}

/// A sequence of `length` tokens of the first source, then others.
std::vector<std::uint32_t> Branch(std::span<const std::uint32_t> source, std::size_t length,
                                  std::span<const std::uint32_t> others) {
  std::vector<std::uint32_t> tokens(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(length));
  tokens.insert(tokens.end(), others.begin(), others.end());
  return tokens;
}

struct Fixture {
  explicit Fixture(const std::string& table, KvType kv_type = KvType::kF32)
      : isa(table),
        model(OpenTestModel(FiveBlocks())),
        engine(MakeEngine(model, isa)),
        context(MakeContext(*engine, Options(3, 4, kv_type))),
        cold(MakeContext(*engine, Options(1, 4, kv_type))),
        source(RandomTokens(120, model->config().vocab_size, 1)),
        others(RandomTokens(12, model->config().vocab_size, 2)) {}

  std::uint32_t Truncate(std::uint32_t slot, std::uint32_t length) {
    std::uint32_t resume_from = 0;
    EXPECT_TRUE(context->Truncate(slot, length, &resume_from).ok());
    EXPECT_EQ(context->Length(slot), resume_from);
    return resume_from;
  }
  std::uint32_t Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length) {
    std::uint32_t resume_from = 0;
    EXPECT_TRUE(context->Copy(from, to, length, &resume_from).ok());
    EXPECT_EQ(context->Length(to), resume_from);
    return resume_from;
  }
  std::vector<float> Cold(std::span<const std::uint32_t> tokens) {
    std::uint32_t resume_from = 0;
    EXPECT_TRUE(cold->Truncate(0, 0, &resume_from).ok());
    EXPECT_EQ(resume_from, 0u);
    return Feed(*cold, 0, tokens, 4);
  }
  /// The slot, cut to `length` of `source` and resumed, continues as a cold sequence does: at every further token.
  void ExpectContinues(std::uint32_t slot, std::uint32_t length, std::uint32_t resume_from, std::size_t chunk) {
    const std::vector<std::uint32_t> tokens = Branch(source, length, others);
    const std::span<const std::uint32_t> rest = std::span(tokens).subspan(resume_from);
    FeedWithoutLogits(*context, slot, rest.first(length - resume_from), chunk);
    for (const std::size_t end : {std::size_t{length} + 1, std::size_t{length} + 5, tokens.size()}) {
      const std::span<const std::uint32_t> next =
          std::span(tokens).subspan(context->Length(slot), end - context->Length(slot));
      const std::vector<float> logits = Feed(*context, slot, next, chunk);
      const double error = RelativeError(logits, std::span<const float>(Cold(std::span(tokens).first(end))));
      if (!(error <= SplitTolerance(isa))) {
        check::fail(__FILE__, __LINE__,
                    "cut to " + std::to_string(length) + ", resumed from " + std::to_string(resume_from) + ": at " +
                        std::to_string(end) + " the error is " + std::to_string(error));
      }
    }
  }

  const std::string isa;
  const std::shared_ptr<const Model> model;
  const std::unique_ptr<Engine> engine;
  const std::unique_ptr<Context> context;
  const std::unique_ptr<Context> cold;
  const std::vector<std::uint32_t> source;
  const std::vector<std::uint32_t> others;
};

const std::uint32_t kFed[] = {1, 3, 8, 9, 10, 13, 14, 24, 25, 33, 34, 70, 120};
const std::uint32_t kCut[] = {0, 1, 7, 8, 9, 10, 12, 20, 23, 24, 25, 26, 32, 33, 34, 57, 66, 69, 70, 107, 119, 120};

TEST(a_truncated_slot_continues_as_a_cold_one) {
  for (const std::string& isa : ExactTables()) {
    Fixture f(isa);
    int num_rebuilt = 0;
    int num_at_once = 0;
    for (const std::uint32_t fed : kFed) {
      for (const std::uint32_t length : kCut) {
        if (length > fed) continue;
        f.Truncate(0, 0);
        Feed(*f.context, 0, std::span(f.source).first(fed), 4);
        const std::uint32_t resume_from = f.Truncate(0, length);
        (resume_from == length ? num_at_once : num_rebuilt) += 1;
        // The rings keep window + max_batch_tokens positions.
        const bool rings_reach = fed <= 9 + 4 || length >= fed - (9 + 4) + (9 - 1);
        const std::uint32_t expected = rings_reach ? length : length > kRebuild ? length - kRebuild : 0;
        EXPECT_EQ(resume_from, expected);
        f.ExpectContinues(0, length, resume_from, 1 + (fed + length) % 4);
      }
    }
    EXPECT_TRUE(num_rebuilt > 50);
    EXPECT_TRUE(num_at_once > 50);
  }
}

TEST(a_copy_continues_as_a_cold_one_and_leaves_its_source_alone) {
  for (const std::string& isa : ExactTables()) {
    Fixture f(isa);
    for (const std::uint32_t fed : {10u, 34u, 120u}) {
      for (const std::uint32_t length : {0u, 5u, 10u, 25u, 33u, 34u, 80u, 116u, 120u}) {
        if (length > fed) continue;
        f.Truncate(0, 0);
        Feed(*f.context, 0, std::span(f.source).first(fed), 4);
        Feed(*f.context, 1, std::span(f.others).first(3), 4);  // what was in the target does not matter
        const std::uint32_t resume_from = f.Copy(0, 1, length);
        f.ExpectContinues(1, length, resume_from, 3);
        EXPECT_EQ(f.context->Length(0), fed);
        f.ExpectContinues(0, fed, fed, 2);
        f.Truncate(1, 0);
      }
    }
  }
}

TEST(a_copy_onto_itself_is_a_cut) {
  Fixture f("scalar");
  Feed(*f.context, 0, f.source, 4);
  f.ExpectContinues(0, 50, f.Copy(0, 0, 50), 4);
}

TEST(a_checkpoint_resumes_at_once) {
  for (const std::string& isa : ExactTables()) {
    Fixture f(isa);
    for (const std::uint32_t at : {0u, 1u, 5u, 9u, 30u, 55u}) {
      f.Truncate(0, 0);
      Feed(*f.context, 0, std::span(f.source).first(at), 4);
      EXPECT_TRUE(f.context->Checkpoint(0, f.context->Length(0)).ok());
      Feed(*f.context, 0, std::span(f.source).subspan(at), 4);
      EXPECT_EQ(f.Truncate(0, at), at);
      f.ExpectContinues(0, at, at, 4);
      // Beyond the checkpoint but nearer to it than a rebuild: resumes from it.
      f.Truncate(0, at);
      Feed(*f.context, 0, std::span(f.source).subspan(at), 4);
      EXPECT_EQ(f.Truncate(0, at + 20), at);
      f.ExpectContinues(0, at + 20, at, 4);
    }
  }
}

TEST(a_copy_takes_the_checkpoints_along) {
  Fixture f("scalar");
  Feed(*f.context, 0, std::span(f.source).first(40), 4);
  EXPECT_TRUE(f.context->Checkpoint(0, f.context->Length(0)).ok());
  Feed(*f.context, 0, std::span(f.source).subspan(40), 4);
  EXPECT_EQ(f.Copy(0, 2, 45), 40u);
  f.ExpectContinues(2, 45, 40, 4);
  EXPECT_EQ(f.Truncate(2, 40), 40u);
  f.ExpectContinues(2, 40, 40, 4);
}

TEST(the_oldest_checkpoint_goes_first_and_cut_ones_are_gone) {
  Fixture f("scalar");
  for (std::uint32_t at = 12; at <= 108; at += 12) {  // nine of them, of which eight are kept
    Feed(*f.context, 0, std::span(f.source).subspan(at - 12, 12), 4);
    EXPECT_TRUE(f.context->Checkpoint(0, at).ok());
    EXPECT_TRUE(f.context->Checkpoint(0, at).ok());  // the same length again takes no place
  }
  Feed(*f.context, 0, std::span(f.source).subspan(108), 4);
  const std::vector<std::uint32_t> kept{24, 36, 48, 60, 72, 84, 96, 108};
  EXPECT_TRUE(f.context->Checkpoints(0) == kept);
  EXPECT_EQ(f.Copy(0, 1, 24), 24u);
  EXPECT_EQ(f.Copy(0, 1, 23), 0u);  // 12 was the oldest
  // Cut below 60, other tokens follow: the checkpoints at 60 and beyond belong to another sequence.
  EXPECT_EQ(f.Truncate(0, 50), 48u);
  f.ExpectContinues(0, 50, 48, 4);
  Feed(*f.context, 0, std::span(f.source).subspan(62, 40), 4);
  EXPECT_EQ(f.Truncate(0, 60), 48u);
  f.ExpectContinues(0, 50, f.Truncate(0, 50), 4);
}

TEST(a_dropped_checkpoint_makes_room) {
  Fixture f("scalar");
  for (std::uint32_t at = 12; at <= 96; at += 12) {
    Feed(*f.context, 0, std::span(f.source).subspan(at - 12, 12), 4);
    EXPECT_TRUE(f.context->Checkpoint(0, at).ok());
  }
  EXPECT_TRUE(f.context->DropCheckpoint(0, 72).ok());
  EXPECT_TRUE(f.context->DropCheckpoint(0, 73).ok());  // nothing there
  Feed(*f.context, 0, std::span(f.source).subspan(96), 4);
  EXPECT_TRUE(f.context->Checkpoint(0, 120).ok());
  const std::vector<std::uint32_t> kept{12, 24, 36, 48, 60, 84, 96, 120};
  EXPECT_TRUE(f.context->Checkpoints(0) == kept);
  EXPECT_EQ(f.Truncate(0, 12), 12u);
  f.ExpectContinues(0, 12, 12, 4);
}

TEST(a_checkpoint_may_lie_as_far_back_as_the_rings_reach) {
  for (const std::string& isa : ExactTables()) {
    Fixture f(isa);
    Feed(*f.context, 0, std::span(f.source).first(60), 4);
    // The rings hold 13 positions, and a token at 55 sees the 8 before it.
    for (const std::uint32_t at : {61u, 54u, 55u, 58u}) EXPECT_TRUE(f.context->Checkpoint(0, at).ok());
    const std::vector<std::uint32_t> kept{55, 58};
    EXPECT_TRUE(f.context->Checkpoints(0) == kept);
    Feed(*f.context, 0, std::span(f.source).subspan(60), 4);
    EXPECT_EQ(f.Copy(0, 1, 58), 58u);
    f.ExpectContinues(1, 58, 58, 4);
    EXPECT_EQ(f.Truncate(0, 57), 55u);
    f.ExpectContinues(0, 57, 55, 4);
  }
}

std::vector<std::byte> Saved(Context& context, std::uint32_t slot, std::uint32_t length) {
  std::vector<std::byte> bytes(context.SavedBytes(slot, length));
  EXPECT_TRUE(context.Save(slot, length, bytes).ok());
  return bytes;
}

TEST(a_restored_slot_continues_as_a_cold_one_to_the_bit) {
  for (const KvType kv_type : {KvType::kF32, KvType::kF16, KvType::kQ8}) {
    Fixture f("scalar", kv_type);
    for (const std::uint32_t at : {5u, 9u, 30u, 90u}) {
      f.Truncate(0, 0);
      Feed(*f.context, 0, std::span(f.source).first(at), 4);
      EXPECT_TRUE(f.context->Checkpoint(0, at).ok());
      Feed(*f.context, 0, std::span(f.source).subspan(at), 4);
      const std::vector<std::byte> bytes = Saved(*f.context, 0, at + 10);
      // Another context of the model, with a longer context and other batches, as after a restart.
      ContextOptions options = Options(1, 7, kv_type);
      options.context_length = 300;
      f.context->Truncate(0, 0, std::make_unique<std::uint32_t>().get());
      const std::unique_ptr<Context> other = MakeContext(*f.engine, options);
      std::uint32_t resume_from = 0;
      EXPECT_TRUE(other->Restore(0, bytes, &resume_from).ok());
      EXPECT_EQ(resume_from, at);
      EXPECT_TRUE(f.context->Restore(2, bytes, &resume_from).ok());
      EXPECT_EQ(resume_from, at);
      f.ExpectContinues(2, at + 10, at, 4);
      EXPECT_TRUE(other->Truncate(0, at, &resume_from).ok());
      const std::vector<std::uint32_t> tokens = Branch(f.source, at, f.others);
      const std::vector<float> logits = Feed(*other, 0, std::span(tokens).subspan(at), 4);
      EXPECT_TRUE(logits == f.Cold(tokens));
    }
  }
}

TEST(a_slot_is_saved_with_the_checkpoints_that_its_length_covers) {
  Fixture f("scalar");
  for (const std::uint32_t at : {20u, 40u, 60u}) {
    Feed(*f.context, 0, std::span(f.source).subspan(at - 20, 20), 4);
    EXPECT_TRUE(f.context->Checkpoint(0, at).ok());
  }
  std::uint32_t resume_from = 0;
  EXPECT_TRUE(f.context->Restore(1, Saved(*f.context, 0, 45), &resume_from).ok());
  EXPECT_EQ(resume_from, 40u);
  const std::vector<std::uint32_t> kept{20, 40};
  EXPECT_TRUE(f.context->Checkpoints(1) == kept);
  EXPECT_EQ(f.Truncate(1, 20), 20u);
  f.ExpectContinues(1, 20, 20, 4);
  // Without a checkpoint the slot is rebuilt.
  Feed(*f.context, 2, f.source, 4);
  EXPECT_TRUE(f.context->Restore(1, Saved(*f.context, 2, 70), &resume_from).ok());
  EXPECT_EQ(resume_from, 70 - kRebuild);
  f.ExpectContinues(1, 70, resume_from, 4);
}

TEST(a_snapshot_of_another_shape_is_refused_and_changes_nothing) {
  Fixture f("scalar");
  Feed(*f.context, 0, std::span(f.source).first(40), 4);
  EXPECT_TRUE(f.context->Checkpoint(0, 40).ok());
  const std::vector<std::byte> bytes = Saved(*f.context, 0, 40);
  Feed(*f.context, 1, std::span(f.source).first(50), 4);
  std::uint32_t resume_from = 0;
  const auto refuses = [&](std::span<const std::byte> snapshot) {
    EXPECT_TRUE(f.context->Restore(1, snapshot, &resume_from).code() == StatusCode::kInvalidArgument);
    EXPECT_EQ(f.context->Length(1), 50u);
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{67}, bytes.size() - 1}) {
    refuses(std::span(bytes).first(size));
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back({});
  refuses(longer);
  // Every word of the header, and a token that the vocabulary does not have.
  for (std::size_t word = 0; word < 19; ++word) {
    std::vector<std::byte> other = bytes;
    for (std::size_t i = 0; i < 4; ++i) other[word * 4 + i] = std::byte{0xff};
    const bool is_unused_checkpoint = word > 10 && word < 18;
    if (!is_unused_checkpoint) refuses(other);
  }
  for (const KvType kv_type : {KvType::kF16, KvType::kQ8}) {
    Fixture other("scalar", kv_type);
    EXPECT_TRUE(other.context->Restore(0, bytes, &resume_from).code() == StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(f.context->Restore(3, bytes, &resume_from).code() == StatusCode::kInvalidArgument);
  std::vector<std::byte> too_small(bytes.size() - 1);
  EXPECT_TRUE(f.context->Save(0, 40, too_small).code() == StatusCode::kInvalidArgument);
  f.ExpectContinues(1, 50, 50, 4);
}

TEST(a_rebuild_can_be_cut_again_at_any_point) {
  Fixture f("scalar");
  for (const std::uint32_t done : {0u, 1u, 7u, 13u, 23u}) {
    for (const std::uint32_t length : {0u, 30u, 45u, 59u, 65u, 69u, 70u}) {
      f.Truncate(0, 0);
      Feed(*f.context, 0, f.source, 4);
      const std::uint32_t start = f.Truncate(0, 70);
      EXPECT_EQ(start, 70 - kRebuild);
      FeedWithoutLogits(*f.context, 0, std::span(f.source).subspan(start, done), 4);
      EXPECT_TRUE(f.context->Checkpoint(0, f.context->Length(0)).ok());  // nothing exact to keep yet
      const std::uint32_t resume_from = f.Truncate(0, length);
      EXPECT_TRUE(resume_from <= length);
      if (length == 70) EXPECT_EQ(resume_from, start + done);  // nothing lost
      f.ExpectContinues(0, length, resume_from, 4);
    }
  }
}

TEST(a_rebuild_refuses_other_tokens_and_early_logits) {
  Fixture f("scalar");
  Feed(*f.context, 0, f.source, 4);
  const std::uint32_t resume_from = f.Truncate(0, 70);
  const std::uint32_t other = (f.source[resume_from] + 1) % f.model->config().vocab_size;
  const BatchItem wrong{0, {&other, 1}, false};
  EXPECT_EQ(static_cast<int>(f.context->Forward({&wrong, 1}).code()), static_cast<int>(StatusCode::kInvalidArgument));
  const BatchItem early{0, std::span(f.source).subspan(resume_from, 4), true};
  EXPECT_EQ(static_cast<int>(f.context->Forward({&early, 1}).code()), static_cast<int>(StatusCode::kInvalidState));
  EXPECT_EQ(f.context->Length(0), resume_from);
  f.ExpectContinues(0, 70, resume_from, 4);
}

TEST(slots_of_fewer_bits_are_reused_exactly_too) {
  for (const KvType kv_type : {KvType::kF16, KvType::kQ8}) {
    Fixture f("scalar", kv_type);
    for (const std::uint32_t length : {5u, 33u, 70u, 118u}) {
      f.Truncate(0, 0);
      Feed(*f.context, 0, f.source, 4);
      f.ExpectContinues(0, length, f.Truncate(0, length), 4);
    }
  }
}

TEST(steps_with_errors_change_nothing) {
  Fixture f("scalar");
  Feed(*f.context, 0, std::span(f.source).first(20), 4);
  const std::uint32_t vocab_size = f.model->config().vocab_size;
  const std::uint32_t good[] = {1, 2, 3};
  const std::uint32_t bad[] = {1, vocab_size};
  const std::vector<std::uint32_t> many(5, 1);
  const auto code_of = [&](std::vector<BatchItem> batch) {
    const Status status = f.context->Forward(batch);
    EXPECT_TRUE(!status.message().empty());
    return status.code();
  };
  EXPECT_TRUE(code_of({}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{3, good, false}}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{0, {}, false}}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{0, good, false}, {1, bad, false}}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{0, {good, 1}, false}, {0, {good, 1}, false}}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{0, many, false}}) == StatusCode::kInvalidArgument);
  EXPECT_TRUE(code_of({{0, good, false}, {1, {good, 2}, false}}) == StatusCode::kInvalidArgument);
  EXPECT_EQ(f.context->Length(0), 20u);
  EXPECT_EQ(f.context->Length(1), 0u);
  f.ExpectContinues(0, 20, 20, 4);

  std::uint32_t resume_from = 0;
  EXPECT_TRUE(f.context->Truncate(3, 0, &resume_from).code() == StatusCode::kInvalidArgument);
  EXPECT_TRUE(f.context->Copy(0, 3, 0, &resume_from).code() == StatusCode::kInvalidArgument);
  EXPECT_TRUE(f.context->Checkpoint(99, 0).code() == StatusCode::kInvalidArgument);
}

TEST(a_full_context_overflows) {
  Fixture f("scalar");
  const std::vector<std::uint32_t> tokens = RandomTokens(256, f.model->config().vocab_size, 3);
  Feed(*f.context, 0, tokens, 4);
  const BatchItem one_more{0, std::span(tokens).first(1), false};
  EXPECT_TRUE(f.context->Forward({&one_more, 1}).code() == StatusCode::kContextOverflow);
  EXPECT_EQ(f.context->Length(0), 256u);
  EXPECT_EQ(f.Truncate(0, 1000), 256u);
}

TEST(logits_are_there_until_the_slot_moves_on) {
  Fixture f("scalar");
  EXPECT_TRUE(f.context->Logits(0).empty());
  EXPECT_TRUE(f.context->Logits(99).empty());
  Feed(*f.context, 0, std::span(f.source).first(3), 4);
  const std::vector<float> before(f.context->Logits(0).begin(), f.context->Logits(0).end());
  Feed(*f.context, 1, std::span(f.source).first(7), 4);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), f.context->Logits(0).begin()));
  f.Truncate(0, 2);
  EXPECT_TRUE(f.context->Logits(0).empty());
}

TEST(window_blocks_do_not_grow_with_the_context) {
  const auto model = OpenTestModel(FiveBlocks());
  const auto engine = MakeEngine(model);
  const Config& config = model->config();
  for (const auto& [kv_type, name] : {std::pair{KvType::kF32, "f32"}, {KvType::kF16, "f16"}, {KvType::kQ8, "q8"}}) {
    const std::size_t entry = kv_type == KvType::kQ8 ? 2 + config.head_dim : config.head_dim * (kv_type == KvType::kF16 ? 2 : 4);
    const std::size_t entries = 2 * config.num_key_value_heads;
    ContextOptions options = Options(2, 4, kv_type);
    options.context_length = 1000;
    const MemoryUse small = engine->Predict(options);
    options.context_length = 4000;
    const MemoryUse large = engine->Predict(options);
    EXPECT_EQ(large.window_bytes, small.window_bytes);
    EXPECT_EQ(large.kv_bytes_per_token, 2 /* full blocks */ * entries * entry);
    EXPECT_EQ(large.kv_bytes - small.kv_bytes, 2 /* slots */ * 3000 * large.kv_bytes_per_token);
    EXPECT_EQ(large.kv_bytes, 2 * (4000 * large.kv_bytes_per_token + large.window_bytes));
    // 3 window blocks: a ring of window + max_batch_tokens positions, 8 checkpoints of window - 1.
    const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    EXPECT_EQ(large.window_bytes, aligned(3 * entries * entry * (9 + 4)) + 8 * aligned(3 * entries * entry * (9 - 1)));
    std::printf("  %s: %zu bytes a token, %zu bytes of rings and checkpoints a slot\n",
                name, large.kv_bytes_per_token, large.window_bytes);

    const auto context = MakeContext(*engine, options);
    const MemoryUse actual = context->memory();
    EXPECT_EQ(actual.kv_bytes, large.kv_bytes);
    EXPECT_EQ(actual.scratch_bytes, large.scratch_bytes);
    EXPECT_EQ(actual.weights_bytes, model->weights_bytes());
  }
}

TEST(contexts_of_impossible_size_are_refused) {
  const auto engine = MakeEngine(OpenTestModel(FiveBlocks()));
  std::unique_ptr<Context> context;
  const auto code_of = [&](ContextOptions options) { return engine->CreateContext(options, &context).code(); };
  ContextOptions options = Options(1, 4);
  options.num_slots = 0;
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  options.num_slots = 4097;
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  options = Options(1, 4);
  options.context_length = 4097;
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  options.context_length = 0;
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  options = Options(1, 0);
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  options = Options(1, 70000);
  EXPECT_TRUE(code_of(options) == StatusCode::kInvalidArgument);
  // Predictions of nonsense are large, never small.
  const std::uint32_t huge = 0xffffffffu;
  EXPECT_TRUE(engine->Predict({huge, huge, huge, KvType::kF32}).kv_bytes > (std::size_t{1} << 60));
}

TEST(engines_refuse_unknown_kernels_and_absurd_thread_counts) {
  const auto model = OpenTestModel(FiveBlocks());
  std::unique_ptr<Engine> engine;
  EXPECT_TRUE(CreateCpuEngine(model, {.isa = "sse9"}, &engine).code() == StatusCode::kUnsupportedArgument);
  EXPECT_TRUE(CreateCpuEngine(model, {.num_threads = 100000}, &engine).code() == StatusCode::kUnsupportedArgument);
  for (const std::string& isa : ExactTables()) EXPECT_EQ(std::string(MakeEngine(model, isa)->kernels()), isa);
  EXPECT_TRUE(MakeEngine(model, "", 0)->num_threads() >= 1);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
