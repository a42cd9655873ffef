#pragma once
// Slots over one model: checks the arguments of every call, then leaves the work to the forward pass and the cache.

#include <memory>
#include <vector>

#include "backends/cpu/forward.h"
#include "backends/cpu/kv-cache.h"
#include "backends/cpu/rope.h"
#include "backends/cpu/quantized-model.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/thread-pool.h"
#include "codexpc/engine.h"
#include "kernels/table.h"

namespace codexpc::cpu {

/// What a context needs of its engine; shared, so that a context may outlive the engine's handle.
struct EngineParts {
  std::shared_ptr<const Model> model;
  const kernels::KernelTable* table;
  std::unique_ptr<ThreadPool> pool;
  Rope rope;
  std::shared_ptr<const QuantizedModel> quantized = nullptr;  // `model`, where its weights are converted
};

/// Bytes of a context, a function of the shape alone.
MemoryUse PredictMemory(const EngineParts& engine, const ContextOptions& options);

class CpuContext final : public Context {
 public:
  static Status Create(std::shared_ptr<const EngineParts> engine, const ContextOptions& options,
                       std::unique_ptr<Context>* context);

  Status Forward(std::span<const BatchItem> batch) override;
  std::span<const float> Logits(std::uint32_t slot) const override;
  std::span<const float> DraftLogits(std::uint32_t slot, std::uint32_t index) const override;
  std::uint32_t Length(std::uint32_t slot) const override;
  Status Truncate(std::uint32_t slot, std::uint32_t length, std::uint32_t* resume_from) override;
  Status Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t* resume_from) override;
  Status Checkpoint(std::uint32_t slot, std::uint32_t length) override;
  std::vector<std::uint32_t> Checkpoints(std::uint32_t slot) const override;
  Status DropCheckpoint(std::uint32_t slot, std::uint32_t length) override;
  std::size_t SavedBytes(std::uint32_t slot, std::uint32_t length) const override;
  Status Save(std::uint32_t slot, std::uint32_t length, std::span<std::byte> bytes) override;
  Status Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t* resume_from) override;
  MemoryUse memory() const override { return PredictMemory(*engine_, options_); }

 private:
  CpuContext(std::shared_ptr<const EngineParts> engine, const ContextOptions& options,
             std::unique_ptr<KvCache> cache);
  Status CheckBatch(std::span<const BatchItem> batch) const;
  Status CheckItem(const BatchItem& item) const;
  Status CheckSlot(std::uint32_t slot) const;
  void ForgetLogits(std::uint32_t slot);

  const std::shared_ptr<const EngineParts> engine_;
  const Config& config_;
  const ContextOptions options_;
  const std::unique_ptr<KvCache> cache_;
  Scratch scratch_;
  ForwardPass forward_;
  std::vector<bool> has_logits_;  // (num_slots): scratch holds the logits of the slot's last token
  std::vector<std::uint32_t> num_drafts_;  // (num_slots): scratch holds the logits before so many drafts
};

}  // namespace codexpc::cpu
