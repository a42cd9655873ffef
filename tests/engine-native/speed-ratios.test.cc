// A guard against kernels that become slow by accident: ratios of what is measured in one run, one after the other, in
// processor time of one thread. No absolute time: a slow or busy machine is slow in both. The bounds are far
// below what was seen (docs/performance.md), so that only a lost fast path fails, not a noisy minute.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "check.h"
#include "test-engine.h"

namespace codexpc {
namespace {

/// About 40 MB of weights in the proportions of the published models: larger than a core's own caches.
TestCheckpoint Proportioned() {
  TestCheckpoint checkpoint = SmallCheckpoint();
  checkpoint.config.hidden_size = 512;
  checkpoint.config.intermediate_size = 512;
  checkpoint.config.num_experts = 16;
  checkpoint.num_text_tokens = 4000;
  return checkpoint;
}

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The best of several: what disturbs only ever adds.
template <typename Work>
double BestSeconds(int rounds, const Work& work) {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const double begin = ThreadSeconds();
    work();
    best = std::min(best, ThreadSeconds() - begin);
  }
  return best;
}

struct Speed {
  double prefill;  // seconds for 64 tokens
  double decode;   // for one
  double drafts;   // for one and 7 drafts
};

Speed Measure(const std::shared_ptr<const Model>& model, const std::string& isa) {
  const auto engine = MakeEngine(model, isa, 1);
  const auto context = MakeContext(
      *engine, {.num_slots = 1, .context_length = 1024, .max_batch_tokens = 64, .kv_type = KvType::kF16, .max_draft_tokens = 7});
  const std::vector<std::uint32_t> tokens = RandomTokens(64, model->config().vocab_size, 7);
  const auto step = [&](std::size_t count, std::uint32_t num_drafts) {
    std::uint32_t resume_from = 0;
    const BatchItem item{0, std::span(tokens).first(count), true, num_drafts};
    EXPECT_TRUE(context->Forward({&item, 1}).ok());
    EXPECT_TRUE(context->Truncate(0, 64, &resume_from).ok());
  };
  const int rounds = isa == "scalar" ? 2 : 8;
  Speed speed{};
  speed.prefill = BestSeconds(rounds, [&] { step(64, 0); });
  speed.decode = BestSeconds(4 * rounds, [&] { step(1, 0); });
  speed.drafts = BestSeconds(2 * rounds, [&] { step(8, 7); });
  return speed;
}

/// Reading as many bytes as the weights have, plainly: eight sums, which the compiler may make vectors of.
double ReadSeconds(std::size_t num_bytes) {
  const std::vector<std::uint64_t> words(num_bytes / sizeof(std::uint64_t), 3);
  std::uint64_t total = 0;
  const double seconds = BestSeconds(5, [&] {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 8 <= words.size(); i += 8) {
      for (std::size_t j = 0; j < 8; ++j) sums[j] += words[i + j];
    }
    for (const std::uint64_t sum : sums) total += sum;
  });
  EXPECT_TRUE(total > 0);
  return seconds;
}

void ExpectAtLeast(const char* what, double ratio, double least) {
  std::printf("  %s: %.2f (at least %.2f)\n", what, ratio, least);
  if (!(ratio >= least)) check::fail(__FILE__, __LINE__, std::string(what) + " is too slow");
}

TEST(the_best_kernels_keep_their_distance) {
  if (kIsInstrumented) {
    std::printf("  skipped: a sanitizer's build has other speeds\n");
    return;
  }
  const auto model = OpenTestModel(Proportioned());
  const std::string best = SupportedTables().front();
  if (best == "scalar") {
    std::printf("  skipped: this processor has no other kernels\n");
    return;
  }
  const Speed scalar = Measure(model, "scalar");
  const Speed fast = Measure(model, best);
  std::printf("  %s: %zu bytes of weights\n", best.c_str(), model->weights_bytes());
  ExpectAtLeast("prefill, times the scalar kernels", scalar.prefill / fast.prefill, 12.0);
  ExpectAtLeast("decode, times the scalar kernels", scalar.decode / fast.decode, 4.0);
  // Lookup decoding lives on this: 8 tokens in far less than 8 steps.
  ExpectAtLeast("8 tokens one by one, times the same in one step", 8 * fast.decode / fast.drafts, 1.2);
  // A decode step reads a quarter of the experts and everything else once.
  ExpectAtLeast("a plain read of all weights, times a decode step", ReadSeconds(model->weights_bytes()) / fast.decode, 0.5);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
