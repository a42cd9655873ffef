#pragma once
// Slots over one model: checks the arguments of every call, then leaves the work to the forward pass and the cache.

#include <memory>
#include <vector>

#include "backends/cpu/forward.h"
#include "backends/cpu/kv-cache.h"
#include "backends/cpu/logits-buffer.h"
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
  Status Begin(const BatchItem& item) override;
  Status Continue(std::uint32_t* num_parts_left) override;
  void Abandon() override;
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
  /// Steps of max_prompt_batch_tokens: buffers of their own, so that others can be computed between the parts of one.
  struct PromptSteps {
    explicit PromptSteps(CpuContext& context);
    Scratch scratch;
    ForwardPass forward;
    std::vector<std::uint32_t> tokens = {};  // of the step under way; empty: none is
    std::uint32_t slot = 0;
    bool want_logits = false;
  };

  CpuContext(std::shared_ptr<const EngineParts> engine, const ContextOptions& options,
             std::unique_ptr<KvCache> cache);
  Status Allocate();
  ForwardPass PassWith(Scratch& scratch);
  Status CheckBatch(std::span<const BatchItem> batch) const;
  Status CheckItem(const BatchItem& item) const;
  Status CheckSlot(std::uint32_t slot) const;
  /// Also that no prompt step is under way in it.
  Status CheckChangeable(std::uint32_t slot) const;
  void ForgetLogits(std::uint32_t slot);

  const std::shared_ptr<const EngineParts> engine_;
  const Config& config_;
  const ContextOptions options_;
  const std::unique_ptr<KvCache> cache_;
  LogitsBuffer logits_;
  Scratch scratch_;
  ForwardPass forward_;
  std::unique_ptr<PromptSteps> prompt_steps_;  // null: none can be begun
  std::vector<bool> has_logits_;  // (num_slots): logits_ has those of the slot's last token
  std::vector<std::uint32_t> num_drafts_;  // (num_slots): logits_ has those before so many drafts
};

}  // namespace codexpc::cpu
