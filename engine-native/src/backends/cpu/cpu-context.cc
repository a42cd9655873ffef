#include "backends/cpu/cpu-context.h"

#include <algorithm>
#include <string>

namespace codexpc::cpu {
namespace {

// Bounds that keep every size computation far from overflow; memory is the real limit.
constexpr std::uint32_t kMaxSlots = 4096;
constexpr std::uint32_t kMaxBatchTokens = 65536;

Status CheckRange(const char* name, std::uint32_t value, std::uint32_t largest) {
  if (value >= 1 && value <= largest) return {};
  return {StatusCode::kInvalidArgument,
          std::string(name) + " is " + std::to_string(value) + "; it must be between 1 and " + std::to_string(largest)};
}

/// Of a prompt step's scratch.
ContextOptions OfPromptSteps(ContextOptions options) {
  options.max_batch_tokens = options.max_prompt_batch_tokens;
  return options;
}

}  // namespace

MemoryUse PredictMemory(const EngineParts& engine, const ContextOptions& options) {
  const Model& model = *engine.model;
  const KvLayout kv(model.config(), options);
  Layout scratch_and_tokens;
  scratch_and_tokens.Add(Scratch(model.config(), options, *engine.table).bytes(), 1);
  if (options.max_prompt_batch_tokens > 0) {
    scratch_and_tokens.Add(Scratch(model.config(), OfPromptSteps(options), *engine.table).bytes(), 1);
  }
  scratch_and_tokens.Add(LogitsBuffer(model.config(), options).bytes(), 1);
  scratch_and_tokens.Add(TokenBytes(options), 1);
  return {.weights_bytes = model.weights_bytes(),
          .kv_bytes = kv.total_bytes,
          .kv_bytes_per_token = kv.bytes_per_token,
          .window_bytes = kv.window_bytes,
          .scratch_bytes = scratch_and_tokens.bytes()};
}

Status CpuContext::Create(std::shared_ptr<const EngineParts> engine, const ContextOptions& options,
                          std::unique_ptr<Context>* context) {
  const Config& config = engine->model->config();
  if (Status status = CheckRange("num_slots", options.num_slots, kMaxSlots); !status.ok()) return status;
  if (Status status = CheckRange("context_length", options.context_length, config.context_length); !status.ok()) {
    return status;
  }
  if (Status status = CheckRange("max_batch_tokens", options.max_batch_tokens, kMaxBatchTokens); !status.ok()) {
    return status;
  }
  if (options.max_prompt_batch_tokens > 0) {
    if (Status status = CheckRange("max_prompt_batch_tokens", options.max_prompt_batch_tokens, kMaxBatchTokens); !status.ok()) {
      return status;
    }
  }
  std::unique_ptr<KvCache> cache;
  if (Status status = KvCache::Create(config, options, &cache); !status.ok()) return status;
  std::unique_ptr<CpuContext> made(new CpuContext(std::move(engine), options, std::move(cache)));
  if (Status status = made->Allocate(); !status.ok()) return status;
  *context = std::move(made);
  return {};
}

CpuContext::CpuContext(std::shared_ptr<const EngineParts> engine, const ContextOptions& options,
                       std::unique_ptr<KvCache> cache)
    : engine_(std::move(engine)),
      config_(engine_->model->config()),
      options_(options),
      cache_(std::move(cache)),
      logits_(config_, options),
      scratch_(config_, options, *engine_->table),
      forward_(PassWith(scratch_)),
      has_logits_(options.num_slots),
      num_drafts_(options.num_slots) {
  if (options.max_prompt_batch_tokens > 0) prompt_steps_ = std::make_unique<PromptSteps>(*this);
}

CpuContext::PromptSteps::PromptSteps(CpuContext& context)
    : scratch(context.config_, OfPromptSteps(context.options_), *context.engine_->table), forward(context.PassWith(scratch)) {}

ForwardPass CpuContext::PassWith(Scratch& scratch) {
  return ForwardPass({*engine_->model, *engine_->table, engine_->rope, *engine_->pool, *cache_, scratch, logits_,
                      options_.kv_type, options_.precision});
}

Status CpuContext::Allocate() {
  if (Status status = logits_.Allocate(); !status.ok()) return status;
  if (Status status = scratch_.Allocate(); !status.ok()) return status;
  return prompt_steps_ == nullptr ? Status{} : prompt_steps_->scratch.Allocate();
}

Status CpuContext::Forward(std::span<const BatchItem> batch) {
  if (Status status = CheckBatch(batch); !status.ok()) return status;
  if (engine_->quantized != nullptr) engine_->quantized->Finish();
  forward_.Run(batch);
  std::fill(num_drafts_.begin(), num_drafts_.end(), 0u);
  for (const BatchItem& item : batch) {
    cache_->Append(item.slot, item.tokens);
    has_logits_[item.slot] = item.want_logits;
    num_drafts_[item.slot] = item.num_drafts;
  }
  return {};
}

Status CpuContext::Begin(const BatchItem& item) {
  if (prompt_steps_ == nullptr) return {StatusCode::kInvalidState, "the context was made without room for prompt steps (max_prompt_batch_tokens)"};
  PromptSteps& step = *prompt_steps_;
  if (!step.tokens.empty()) {
    return {StatusCode::kInvalidState, "a prompt step of slot " + std::to_string(step.slot) + " is under way; continue or abandon it first"};
  }
  if (Status status = CheckItem(item); !status.ok()) return status;
  if (item.num_drafts > 0) return {StatusCode::kInvalidArgument, "a prompt step has no drafts"};
  if (item.tokens.size() > options_.max_prompt_batch_tokens) {
    return {StatusCode::kInvalidArgument, "the prompt step has " + std::to_string(item.tokens.size()) + " tokens; at most " +
                                              std::to_string(options_.max_prompt_batch_tokens) +
                                              " fit (max_prompt_batch_tokens of the context)"};
  }
  if (engine_->quantized != nullptr) engine_->quantized->Finish();
  step.tokens.assign(item.tokens.begin(), item.tokens.end());
  step.slot = item.slot;
  step.want_logits = item.want_logits;
  ForgetLogits(step.slot);
  step.forward.Begin({&item, 1});
  cache_->Reserve(step.slot, static_cast<std::uint32_t>(step.tokens.size()));
  return {};
}

Status CpuContext::Continue(std::uint32_t* num_parts_left) {
  if (prompt_steps_ == nullptr || prompt_steps_->tokens.empty()) return Context::Continue(num_parts_left);
  PromptSteps& step = *prompt_steps_;
  step.forward.Continue();
  *num_parts_left = step.forward.num_parts_left();
  if (*num_parts_left > 0) return {};
  cache_->Append(step.slot, step.tokens);
  has_logits_[step.slot] = step.want_logits;
  step.tokens.clear();
  return {};
}

void CpuContext::Abandon() {
  if (prompt_steps_ != nullptr) prompt_steps_->tokens.clear();
}

std::span<const float> CpuContext::Logits(std::uint32_t slot) const {
  if (slot >= options_.num_slots || !has_logits_[slot]) return {};
  return {logits_.last + slot * std::size_t{config_.vocab_size}, config_.vocab_size};
}

std::span<const float> CpuContext::DraftLogits(std::uint32_t slot, std::uint32_t index) const {
  if (slot >= options_.num_slots || index >= num_drafts_[slot]) return {};
  const std::size_t row = std::size_t{logits_.first_draft[slot]} + index;
  return {logits_.drafts + row * config_.vocab_size, config_.vocab_size};
}

std::uint32_t CpuContext::Length(std::uint32_t slot) const {
  return slot < options_.num_slots ? cache_->Length(slot) : 0;
}

Status CpuContext::Truncate(std::uint32_t slot, std::uint32_t length, std::uint32_t* resume_from) {
  if (Status status = CheckChangeable(slot); !status.ok()) return status;
  if (length < cache_->Length(slot)) ForgetLogits(slot);
  *resume_from = cache_->Truncate(slot, length);
  return {};
}

Status CpuContext::Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t* resume_from) {
  if (Status status = CheckSlot(from); !status.ok()) return status;
  if (Status status = CheckChangeable(to); !status.ok()) return status;
  if (from == to) return Truncate(to, length, resume_from);
  ForgetLogits(to);
  *resume_from = cache_->Copy(from, to, length);
  return {};
}

Status CpuContext::Checkpoint(std::uint32_t slot, std::uint32_t length) {
  if (Status status = CheckSlot(slot); !status.ok()) return status;
  cache_->Checkpoint(slot, length);
  return {};
}

std::vector<std::uint32_t> CpuContext::Checkpoints(std::uint32_t slot) const {
  if (slot >= options_.num_slots) return {};
  return cache_->Checkpoints(slot);
}

Status CpuContext::DropCheckpoint(std::uint32_t slot, std::uint32_t length) {
  if (Status status = CheckSlot(slot); !status.ok()) return status;
  cache_->DropCheckpoint(slot, length);
  return {};
}

std::size_t CpuContext::SavedBytes(std::uint32_t slot, std::uint32_t length) const {
  return slot < options_.num_slots ? cache_->SavedBytes(slot, length) : 0;
}

Status CpuContext::Save(std::uint32_t slot, std::uint32_t length, std::span<std::byte> bytes) {
  if (Status status = CheckSlot(slot); !status.ok()) return status;
  if (const std::size_t needed = cache_->SavedBytes(slot, length); bytes.size() != needed) {
    return {StatusCode::kInvalidArgument, "the snapshot takes " + std::to_string(needed) + " bytes, not " +
                                              std::to_string(bytes.size())};
  }
  cache_->Save(slot, length, bytes.data());
  return {};
}

Status CpuContext::Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t* resume_from) {
  if (Status status = CheckChangeable(slot); !status.ok()) return status;
  if (Status status = cache_->Restore(slot, bytes, config_.vocab_size, resume_from); !status.ok()) return status;
  ForgetLogits(slot);
  return {};
}

void CpuContext::ForgetLogits(std::uint32_t slot) {
  has_logits_[slot] = false;
  num_drafts_[slot] = 0;
}

Status CpuContext::CheckBatch(std::span<const BatchItem> batch) const {
  if (batch.empty()) return {StatusCode::kInvalidArgument, "the batch is empty"};
  std::size_t num_tokens = 0;
  std::size_t num_drafts = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (Status status = CheckItem(batch[i]); !status.ok()) return status;
    for (std::size_t other = 0; other < i; ++other) {
      if (batch[other].slot == batch[i].slot) {
        return {StatusCode::kInvalidArgument, "slot " + std::to_string(batch[i].slot) + " is in the batch twice"};
      }
    }
    num_tokens += batch[i].tokens.size();
    num_drafts += batch[i].num_drafts;
  }
  if (num_drafts > options_.max_draft_tokens) {
    return {StatusCode::kInvalidArgument, "the batch has " + std::to_string(num_drafts) + " drafts; at most " +
                                              std::to_string(options_.max_draft_tokens) +
                                              " fit (max_draft_tokens of the context)"};
  }
  if (num_tokens > options_.max_batch_tokens) {
    return {StatusCode::kInvalidArgument, "the batch has " + std::to_string(num_tokens) + " tokens; at most " +
                                              std::to_string(options_.max_batch_tokens) +
                                              " fit (max_batch_tokens of the context)"};
  }
  return {};
}

Status CpuContext::CheckItem(const BatchItem& item) const {
  if (Status status = CheckChangeable(item.slot); !status.ok()) return status;
  const std::string slot = "slot " + std::to_string(item.slot);
  if (item.tokens.empty()) return {StatusCode::kInvalidArgument, slot + " has no tokens in the batch"};
  if (item.num_drafts > 0 && (!item.want_logits || item.num_drafts >= item.tokens.size())) {
    return {StatusCode::kInvalidArgument, slot + " has " + std::to_string(item.num_drafts) + " drafts among " +
                                              std::to_string(item.tokens.size()) +
                                              " tokens; one more is needed, and logits must be wanted"};
  }
  const std::uint32_t length = cache_->Length(item.slot);
  if (item.tokens.size() > options_.context_length - length) {
    return {StatusCode::kContextOverflow, slot + " holds " + std::to_string(length) + " tokens and cannot take " +
                                              std::to_string(item.tokens.size()) + " more: its context is " +
                                              std::to_string(options_.context_length)};
  }
  for (std::size_t i = 0; i < item.tokens.size(); ++i) {
    const std::uint32_t position = length + static_cast<std::uint32_t>(i);
    if (item.tokens[i] >= config_.vocab_size) {
      return {StatusCode::kInvalidArgument, "token " + std::to_string(item.tokens[i]) + " of " + slot +
                                                " is outside the vocabulary of " + std::to_string(config_.vocab_size)};
    }
    const std::uint32_t* kept = cache_->KeptToken(item.slot, position);
    if (kept != nullptr && *kept != item.tokens[i]) {
      return {StatusCode::kInvalidArgument,
              slot + " is being rebuilt and expects token " + std::to_string(*kept) + " at position " +
                  std::to_string(position) + ", not " + std::to_string(item.tokens[i]) + "; truncate it there first"};
    }
  }
  const std::uint32_t first = length + static_cast<std::uint32_t>(item.tokens.size()) - 1 - item.num_drafts;
  if (item.want_logits && !cache_->IsExactAt(item.slot, first)) {
    return {StatusCode::kInvalidState, slot + " is being rebuilt and has no logits at position " +
                                           std::to_string(first) + "; truncate it to that length first"};
  }
  return {};
}

Status CpuContext::CheckSlot(std::uint32_t slot) const {
  if (slot < options_.num_slots) return {};
  return {StatusCode::kInvalidArgument,
          "there is no slot " + std::to_string(slot) + ": the context has " + std::to_string(options_.num_slots)};
}

Status CpuContext::CheckChangeable(std::uint32_t slot) const {
  if (Status status = CheckSlot(slot); !status.ok()) return status;
  if (prompt_steps_ == nullptr || prompt_steps_->tokens.empty() || prompt_steps_->slot != slot) return {};
  return {StatusCode::kInvalidState,
          "a prompt step of slot " + std::to_string(slot) + " is under way; continue it to its end, or abandon it"};
}

}  // namespace codexpc::cpu
