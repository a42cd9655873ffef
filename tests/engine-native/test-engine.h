#pragma once
// What the tests of the engine share: models from seeded checkpoints, engines of every kernel table, fed slots.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codexpc/engine.h"
#include "test-checkpoint.h"

namespace codexpc {

/// Stops the test program if the checkpoint cannot be written or opened.
std::shared_ptr<const Model> OpenTestModel(const TestCheckpoint& checkpoint);
std::unique_ptr<Engine> MakeEngine(const std::shared_ptr<const Model>& model, const std::string& isa = "",
                                   std::uint32_t num_threads = 2);
/// With dense weights in Q8_0.
std::unique_ptr<Engine> MakeQuantized(const std::shared_ptr<const Model>& model, const std::string& isa = "");
std::unique_ptr<Context> MakeContext(Engine& engine, const ContextOptions& options);
/// A sanitizer's build: slow, and no measure of speed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsInstrumented = true;
#elif defined(__has_feature)
inline constexpr bool kIsInstrumented = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kIsInstrumented = false;
#endif

/// So is one for another CPU, whose instructions a program carries out.
#if defined(CODEXPC_EMULATED)
inline constexpr bool kIsSlow = true;
#else
inline constexpr bool kIsSlow = kIsInstrumented;
#endif

/// Names of the kernel tables that this CPU can run.
std::vector<std::string> SupportedTables();
/// Of these, one of each set that has the same kernels of the exact path. Without the scalar one in a slow build, where it
/// takes ten times as long as all others together: its code is the same on every CPU and sees whole models natively, and
/// its kernels are tested here too, one by one.
std::vector<std::string> ExactTables();
/// Logits of the same tokens in other steps, over the largest: scalar sums do not depend on how tokens were split, others
/// are ordered differently; and with tiles many tokens meet the weights in two bfloat16 each, few in float32
/// (seen up to 6e-5).
double SplitTolerance(const std::string& isa);

std::vector<std::uint32_t> RandomTokens(std::size_t count, std::uint32_t vocab_size, std::uint32_t seed);

/// Feeds `tokens` in steps of at most `chunk`; the logits of the last one, copied.
std::vector<float> Feed(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens,
                        std::size_t chunk);
void FeedWithoutLogits(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens,
                       std::size_t chunk);
std::uint32_t ArgMax(std::span<const float> logits);

}  // namespace codexpc
