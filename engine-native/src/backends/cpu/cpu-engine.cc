// The embedded engine: chooses the kernel table, starts the threads, makes contexts.

#include <cstdlib>
#include <memory>
#include <string>

#include "backends/cpu/cores.h"
#include "backends/cpu/cpu-context.h"
#include "codexpc/engine.h"
#include "kernels/table.h"

namespace codexpc {
namespace {

constexpr std::uint32_t kMaxThreads = 256;

class CpuEngine final : public Engine {
 public:
  explicit CpuEngine(std::shared_ptr<const cpu::EngineParts> parts) : parts_(std::move(parts)) {}

  std::string_view backend() const override { return "cpu"; }
  std::string_view kernels() const override { return parts_->table->name; }
  std::uint32_t num_threads() const override { return parts_->pool->num_threads(); }
  Capabilities capabilities() const override {
    return {.logits = true, .parallel_sequences = true, .prefix_reuse = true, .snapshots = true, .drafts = true,
            .prompt_steps = true};
  }
  const Model& model() const override { return *parts_->model; }
  Status CreateContext(const ContextOptions& options, std::unique_ptr<Context>* context) override {
    return cpu::CpuContext::Create(parts_, options, context);
  }
  MemoryUse Predict(const ContextOptions& options) const override {
    return cpu::PredictMemory(*parts_, options);
  }

 private:
  const std::shared_ptr<const cpu::EngineParts> parts_;
};

std::string SupportedTableNames() {
  std::string names;
  for (const KernelTableInfo& table : CpuKernelTables()) {
    if (table.supported) names += (names.empty() ? "" : ", ") + std::string(table.name);
  }
  return names;
}

/// `isa`, else the environment's CODEXPC_ISA, else the best.
Status ChooseTable(std::string isa, const kernels::KernelTable** table) {
  if (const char* forced = std::getenv("CODEXPC_ISA"); isa.empty() && forced != nullptr) isa = forced;
  *table = kernels::SelectKernelTable(isa.c_str());
  if (*table != nullptr) return {};
  return {StatusCode::kUnsupportedArgument,
          "no kernels called \"" + isa + "\" for this CPU; it has " + SupportedTableNames()};
}

}  // namespace

std::span<const float> Context::DraftLogits(std::uint32_t, std::uint32_t) const { return {}; }

Status Context::Begin(const BatchItem&) {
  return {StatusCode::kUnsupportedArgument, "this backend computes a step at once: use Forward"};
}

Status Context::Continue(std::uint32_t*) { return {StatusCode::kInvalidState, "no prompt step is under way"}; }

void Context::Abandon() {}

Status Context::Sample(std::uint32_t, const SamplerOptions&, std::uint32_t*) {
  return {StatusCode::kUnsupportedArgument, "this backend has logits: use a sampler"};
}

Status CreateCpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options,
                       std::unique_ptr<Engine>* engine) {
  if (options.num_threads > kMaxThreads) {
    return {StatusCode::kUnsupportedArgument, "num_threads is " + std::to_string(options.num_threads) +
                                                  "; at most " + std::to_string(kMaxThreads) + " are supported"};
  }
  const kernels::KernelTable* table = nullptr;
  if (Status status = ChooseTable(options.isa, &table); !status.ok()) return status;
  const std::uint32_t num_threads = options.num_threads > 0 ? options.num_threads : cpu::AvailablePhysicalCores();
  std::unique_ptr<cpu::ThreadPool> pool;
  if (Status status = cpu::ThreadPool::Create(num_threads, &pool); !status.ok()) return status;
  std::shared_ptr<const cpu::QuantizedModel> quantized;
  if (options.dense_weights == DenseWeights::kQ8) {
    if (Status status = cpu::QuantizedModel::Create(std::move(model), *table, *pool, &quantized); !status.ok()) return status;
    model = quantized;
  }
  cpu::Rope rope(model->config());
  *engine = std::make_unique<CpuEngine>(std::make_shared<const cpu::EngineParts>(
      cpu::EngineParts{std::move(model), table, std::move(pool), std::move(rope), std::move(quantized)}));
  return {};
}

std::vector<KernelTableInfo> CpuKernelTables() {
  const kernels::KernelTables all = kernels::AllKernelTables();
  std::vector<KernelTableInfo> infos;
  for (std::size_t i = 0; i < all.count; ++i) infos.push_back({all.tables[i]->name, all.tables[i]->supported()});
  return infos;
}

}  // namespace codexpc
