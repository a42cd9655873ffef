#include "test-engine.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kernels/table.h"

namespace codexpc {
namespace {

void Require(const Status& status, const char* what) {
  if (status.ok()) return;
  std::printf("%s: %s\n", what, status.message().c_str());
  std::exit(1);
}

void FeedInChunks(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens, std::size_t chunk,
                  bool want_logits) {
  while (!tokens.empty()) {
    const std::size_t count = std::min(chunk, tokens.size());
    const BatchItem item{slot, tokens.first(count), want_logits && count == tokens.size()};
    Require(context.Forward({&item, 1}), "forward");
    tokens = tokens.subspan(count);
  }
}

}  // namespace

std::shared_ptr<const Model> OpenTestModel(const TestCheckpoint& checkpoint) {
  const char* directory = std::getenv("TMPDIR");
  std::string path = std::string(directory != nullptr ? directory : "/tmp") + "/codexpc-test-XXXXXX";
  const int file = mkstemp(path.data());
  if (file >= 0) close(file);
  if (file < 0 || !WriteCheckpoint(checkpoint, path)) {
    Require({StatusCode::kIoError, "cannot write " + path}, "test checkpoint");
  }
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(path, &model);
  unlink(path.c_str());
  Require(status, "test checkpoint");
  return model;
}

std::unique_ptr<Engine> MakeEngine(const std::shared_ptr<const Model>& model, const std::string& isa,
                                   std::uint32_t num_threads) {
  std::unique_ptr<Engine> engine;
  Require(CreateCpuEngine(model, {.isa = isa, .num_threads = num_threads}, &engine), "engine");
  return engine;
}

std::unique_ptr<Engine> MakeQuantized(const std::shared_ptr<const Model>& model, const std::string& isa) {
  std::unique_ptr<Engine> engine;
  Require(CreateCpuEngine(model, {.isa = isa, .num_threads = 2, .dense_weights = DenseWeights::kQ8}, &engine), "engine");
  return engine;
}

std::unique_ptr<Context> MakeContext(Engine& engine, const ContextOptions& options) {
  std::unique_ptr<Context> context;
  Require(engine.CreateContext(options, &context), "context");
  return context;
}

std::vector<std::string> SupportedTables() {
  std::vector<std::string> names;
  for (const KernelTableInfo& table : CpuKernelTables()) {
    if (table.supported) names.emplace_back(table.name);
  }
  return names;
}

std::vector<std::string> ExactTables() {
  std::vector<std::string> names;
  std::vector<const kernels::KernelTable*> seen;
  for (const std::string& name : SupportedTables()) {
    const kernels::KernelTable* table = kernels::SelectKernelTable(name.c_str());
    const bool is_new = std::none_of(seen.begin(), seen.end(), [table](const kernels::KernelTable* other) {
      return other->f32_matmul == table->f32_matmul && other->bf16_matmul == table->bf16_matmul;
    });
    const bool is_left_out = kIsSlow && name == "scalar" && !names.empty();
    if (!is_new || is_left_out) continue;
    seen.push_back(table);
    names.push_back(name);
  }
  return names;
}

double SplitTolerance(const std::string& isa) {
  if (isa == "scalar") return 0.0;
  return kernels::SelectKernelTable(isa.c_str())->bf16_matmul != nullptr ? 1.5e-4 : 1e-5;
}

std::vector<std::uint32_t> RandomTokens(std::size_t count, std::uint32_t vocab_size, std::uint32_t seed) {
  std::vector<std::uint32_t> tokens(count);
  std::uint64_t state = seed;
  for (std::uint32_t& token : tokens) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<std::uint32_t>(state >> 33) % vocab_size;
  }
  return tokens;
}

std::vector<float> Feed(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens,
                        std::size_t chunk) {
  FeedInChunks(context, slot, tokens, chunk, true);
  const std::span<const float> logits = context.Logits(slot);
  return {logits.begin(), logits.end()};
}

void FeedWithoutLogits(Context& context, std::uint32_t slot, std::span<const std::uint32_t> tokens,
                       std::size_t chunk) {
  FeedInChunks(context, slot, tokens, chunk, false);
}

std::uint32_t ArgMax(std::span<const float> logits) {
  return static_cast<std::uint32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace codexpc
