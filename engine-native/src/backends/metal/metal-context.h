#pragma once
// One sequence in the GPT-OSS library. What the library does not tell, or tells wrongly, is kept here: which tokens it
// holds, and which of them has no entry in its KV cache.
//
// The library's traps, from its context.c (https://github.com/openai/gpt-oss/blob/main/gpt_oss/metal/source/context.c):
// - After `sample` the last sampled token counts as cached, but was never computed. The next `sample` makes up for it;
//   an `append` does not, and attention would read an entry of an earlier text. A token that differs, appended at that
//   place and taken back by `reset`, makes the library forget the entry.
// - A failed command buffer in `sample` is not reported: the tokens handed out are what lay in the buffer. So a token
//   that no text contains is put there first.
// - `sample` does not check that the context has room.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/metal/gptoss-api.h"
#include "codexpc/engine.h"

namespace codexpc::metal {

/// Tokens drawn in one call, encoded into one command buffer that cannot be interrupted: what a cancel may have to wait
/// for. The first token of an answer comes alone.
inline constexpr std::size_t kSampleGroup = 4;
/// Scores take batch x vocabulary x 8 bytes, and more tokens a batch bring little.
inline constexpr std::uint32_t kMaxBatchTokens = 32;

/// Ends with the last of the engine and its contexts.
struct ModelHandle {
  std::shared_ptr<const Model> model;  // the same file: its shape and its tokenizer
  gptoss_model_t library = nullptr;
  ~ModelHandle() { gptoss_model_release(library); }
};

MemoryUse PredictMemory(const Model& model, const ContextOptions& options);
Status FromLibrary(gptoss_status status, const char* what);

class MetalContext final : public Context {
 public:
  static Status Create(std::shared_ptr<const ModelHandle> model, const ContextOptions& options,
                       std::unique_ptr<Context>* context);
  ~MetalContext() override;

  Status Forward(std::span<const BatchItem> batch) override;
  Status Sample(std::uint32_t slot, const SamplerOptions& options, std::uint32_t* token) override;
  std::span<const float> Logits(std::uint32_t) const override { return {}; }
  std::uint32_t Length(std::uint32_t slot) const override;
  Status Truncate(std::uint32_t slot, std::uint32_t length, std::uint32_t* resume_from) override;
  Status Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t* resume_from) override;
  Status Checkpoint(std::uint32_t, std::uint32_t) override { return {}; }
  std::vector<std::uint32_t> Checkpoints(std::uint32_t) const override { return {}; }
  Status DropCheckpoint(std::uint32_t, std::uint32_t) override { return {}; }
  std::size_t SavedBytes(std::uint32_t, std::uint32_t) const override { return 0; }
  Status Save(std::uint32_t slot, std::uint32_t length, std::span<std::byte> bytes) override;
  Status Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t* resume_from) override;
  MemoryUse memory() const override;

 private:
  MetalContext(std::shared_ptr<const ModelHandle> model, const ContextOptions& options);
  Status CheckItem(std::span<const BatchItem> batch) const;
  Status Append(std::span<const std::uint32_t> tokens);
  Status Settle(std::uint32_t length);
  Status Replay(std::uint32_t length);
  Status Draw(const SamplerOptions& options);
  Status Poison(std::size_t count);
  std::uint32_t vocab_size() const { return model_->model->config().vocab_size; }

  const std::shared_ptr<const ModelHandle> model_;
  const ContextOptions options_;
  const std::uint32_t poison_;  // a token of no text
  gptoss_context_t context_ = nullptr;
  // What the library holds. The caller knows the first `length_`; what lies behind was drawn ahead.
  std::vector<std::uint32_t> held_;
  std::uint32_t length_ = 0;
  bool has_stale_last_ = false;  // the last of held_ has no KV entry
  struct Drawn {
    float temperature;
    std::uint64_t seed;
  };
  std::optional<Drawn> ahead_;  // how the tokens behind length_ were drawn; nothing: they are not to be handed out
  std::size_t num_drawn_ = 0;   // since the last tokens that were no sampled ones
};

}  // namespace codexpc::metal
