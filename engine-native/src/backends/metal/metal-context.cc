#include "backends/metal/metal-context.h"

#include <algorithm>
#include <utility>

namespace codexpc::metal {
namespace {

/// The last reserved id: no text has it, and no model says it.
std::uint32_t ReservedToken(const Model& model) {
  const std::vector<SpecialToken>& tokens = model.tokenizer().special_tokens;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
    if (token->name.empty()) return token->id;
  }
  return model.config().vocab_size - 1;
}

Status Refuse(const std::string& message) { return {StatusCode::kUnsupportedArgument, message}; }

Status CheckSampler(const SamplerOptions& options) {
  const SamplerOptions off;
  if (options.top_k != off.top_k || options.top_p != off.top_p || options.min_p != off.min_p ||
      options.repetition_penalty != off.repetition_penalty || options.presence_penalty != off.presence_penalty ||
      options.frequency_penalty != off.frequency_penalty || !options.logit_bias.empty()) {
    return Refuse("the Metal backend samples by temperature alone; use the CPU backend for other sampling options");
  }
  return {};
}

}  // namespace

Status FromLibrary(gptoss_status status, const char* what) {
  if (status == gptoss_status_success) return {};
  // The values of StatusCode are the library's own (codexpc/status.h).
  return {static_cast<StatusCode>(status), std::string("the GPT-OSS library could not ") + what + " (its status " +
                                               std::to_string(static_cast<int>(status)) + "; its log says more)"};
}

/// By the allocations of gptoss_context_create: keys and values in float32 for the whole length in all blocks.
MemoryUse PredictMemory(const Model& model, const ContextOptions& options) {
  const Config& config = model.config();
  const std::size_t per_token = std::size_t{2} * config.num_hidden_layers * config.kv_size() * sizeof(float);
  const std::size_t batch = std::min({options.max_batch_tokens, kMaxBatchTokens, options.context_length});
  const std::size_t a_token = sizeof(float) * (std::size_t{2} * config.hidden_size + config.qkv_size() + config.q_size() +
                                               3 * config.num_experts +
                                               config.experts_per_token * (2 * config.hidden_size + config.intermediate_size + 1) +
                                               2 * std::size_t{config.vocab_size});
  return {.weights_bytes = model.weights_bytes(),
          .kv_bytes = per_token * options.context_length,
          .kv_bytes_per_token = per_token,
          .window_bytes = 0,
          .scratch_bytes = batch * a_token + options.context_length * sizeof(std::uint32_t)};
}

MetalContext::MetalContext(std::shared_ptr<const ModelHandle> model, const ContextOptions& options)
    : model_(std::move(model)), options_(options), poison_(ReservedToken(*model_->model)) {
  held_.reserve(options.context_length);
}

MetalContext::~MetalContext() { gptoss_context_release(context_); }

Status MetalContext::Create(std::shared_ptr<const ModelHandle> model, const ContextOptions& options,
                            std::unique_ptr<Context>* context) {
  if (options.num_slots != 1) return Refuse("the Metal backend has one slot a context");
  if (options.context_length == 0 || options.max_batch_tokens == 0) {
    return {StatusCode::kInvalidArgument, "context_length and max_batch_tokens must be at least 1"};
  }
  if (options.kv_type == KvType::kQ8) return Refuse("the Metal backend keeps keys and values in 32 bits, not in 8: leave engine.kv_type as it is, or use the CPU backend");
  std::unique_ptr<MetalContext> made(new MetalContext(std::move(model), options));
  const std::size_t batch = std::min({options.max_batch_tokens, kMaxBatchTokens, options.context_length});
  const gptoss_status status =
      gptoss_context_create(made->model_->library, options.context_length, batch, &made->context_);
  if (status != gptoss_status_success) return FromLibrary(status, "make a context");
  *context = std::move(made);
  return {};
}

Status MetalContext::CheckItem(std::span<const BatchItem> batch) const {
  if (batch.size() != 1 || batch[0].slot != 0) {
    return {StatusCode::kInvalidArgument, "a batch must have one item, for slot 0"};
  }
  if (batch[0].num_drafts > 0) return Refuse("the Metal backend does not verify drafts");
  const std::span<const std::uint32_t> tokens = batch[0].tokens;
  if (tokens.empty() || tokens.size() > options_.max_batch_tokens) {
    return {StatusCode::kInvalidArgument, "an item has " + std::to_string(tokens.size()) + " tokens; 1 to " +
                                              std::to_string(options_.max_batch_tokens) + " are possible"};
  }
  for (const std::uint32_t token : tokens) {
    if (token >= vocab_size()) {
      return {StatusCode::kInvalidArgument, "token " + std::to_string(token) + " is outside the vocabulary of " +
                                                std::to_string(vocab_size())};
    }
  }
  if (tokens.size() > options_.context_length - length_) {
    return {StatusCode::kContextOverflow, "the slot holds " + std::to_string(length_) + " tokens of " +
                                              std::to_string(options_.context_length)};
  }
  return {};
}

Status MetalContext::Forward(std::span<const BatchItem> batch) {
  if (Status status = CheckItem(batch); !status.ok()) return status;
  std::span<const std::uint32_t> tokens = batch[0].tokens;
  // What was drawn ahead comes back as the caller's next tokens, and is there already.
  while (ahead_.has_value() && !tokens.empty() && length_ < held_.size() && held_[length_] == tokens[0]) {
    ++length_;
    tokens = tokens.subspan(1);
  }
  if (tokens.empty()) return {};
  if (Status status = Settle(length_); !status.ok()) return status;
  if (Status status = Append(tokens); !status.ok()) return status;
  if (batch[0].want_logits) return {};  // Sample computes them, in the same command buffer
  if (Status status = FromLibrary(gptoss_context_process(context_), "compute a prompt"); !status.ok()) return status;
  return {};
}

Status MetalContext::Append(std::span<const std::uint32_t> tokens) {
  const gptoss_status status = gptoss_context_append_tokens(context_, tokens.size(), tokens.data());
  if (status != gptoss_status_success) return FromLibrary(status, "take tokens");
  held_.insert(held_.end(), tokens.begin(), tokens.end());
  length_ = static_cast<std::uint32_t>(held_.size());
  num_drawn_ = 0;
  return {};
}

/// Makes the library hold the first `length` tokens and believe nothing that is not so.
Status MetalContext::Settle(std::uint32_t length) {
  ahead_.reset();
  if (has_stale_last_) {
    const auto stale = static_cast<std::uint32_t>(held_.size() - 1);
    const std::uint32_t other = (held_[stale] + 1) % vocab_size();
    if (Status status = Replay(stale); !status.ok()) return status;
    const gptoss_status status = gptoss_context_append_tokens(context_, 1, &other);
    if (status != gptoss_status_success) return FromLibrary(status, "forget a token");
    has_stale_last_ = false;
  } else if (length == held_.size()) {
    return {};
  }
  if (Status status = Replay(length); !status.ok()) return status;
  held_.resize(length);
  return {};
}

/// The library compares with what it has cached, and computes nothing that it has.
Status MetalContext::Replay(std::uint32_t length) {
  gptoss_context_reset(context_);
  return FromLibrary(gptoss_context_append_tokens(context_, length, held_.data()), "take tokens again");
}

Status MetalContext::Sample(std::uint32_t slot, const SamplerOptions& options, std::uint32_t* token) {
  if (slot != 0 || length_ == 0) return {StatusCode::kInvalidState, "there is nothing to sample after"};
  if (Status status = CheckSampler(options); !status.ok()) return status;
  const bool fits = ahead_.has_value() && ahead_->temperature == options.temperature && ahead_->seed == options.seed;
  if (length_ == held_.size() || !fits) {
    if (Status status = Draw(options); !status.ok()) return status;
  }
  *token = held_[length_];
  return {};
}

Status MetalContext::Draw(const SamplerOptions& options) {
  if (length_ < held_.size()) {
    if (Status status = Settle(length_); !status.ok()) return status;
  }
  const std::size_t room = options_.context_length - held_.size();
  if (room == 0) {
    return {StatusCode::kContextOverflow,
            "the slot holds all of its " + std::to_string(options_.context_length) + " tokens"};
  }
  const std::size_t count = std::min(num_drawn_ == 0 ? 1 : kSampleGroup, room);
  if (Status status = Poison(count); !status.ok()) return status;
  std::vector<std::uint32_t> drawn(count);
  std::size_t num_drawn = 0;
  const gptoss_status sampled = gptoss_context_sample(context_, options.temperature, options.seed, count, drawn.data(), &num_drawn);
  if (sampled != gptoss_status_success) return FromLibrary(sampled, "sample");
  const auto impossible = std::find_if(drawn.begin(), drawn.end(), [this](std::uint32_t token) {
    return token >= vocab_size() || token == poison_;
  });
  if (num_drawn != count || impossible != drawn.end()) {
    return {StatusCode::kInvalidState,
            "the GPU did not finish a command buffer: " + std::to_string(num_drawn) + " of " + std::to_string(count) +
                " tokens came" + (impossible == drawn.end() ? "" : ", among them " + std::to_string(*impossible))};
  }
  held_.insert(held_.end(), drawn.begin(), drawn.end());
  has_stale_last_ = true;
  ahead_ = Drawn{options.temperature, options.seed};
  num_drawn_ += count;
  return {};
}

/// Where the sampled tokens are going to be, so that those of a failed command buffer are known. It is never computed:
/// `reset` takes it back, and sampling writes over it.
Status MetalContext::Poison(std::size_t count) {
  const std::vector<std::uint32_t> poison(count, poison_);
  const gptoss_status status = gptoss_context_append_tokens(context_, count, poison.data());
  if (status != gptoss_status_success) return FromLibrary(status, "take tokens");
  return Replay(static_cast<std::uint32_t>(held_.size()));
}

std::uint32_t MetalContext::Length(std::uint32_t slot) const { return slot == 0 ? length_ : 0; }

Status MetalContext::Truncate(std::uint32_t slot, std::uint32_t length, std::uint32_t* resume_from) {
  if (slot != 0) return {StatusCode::kInvalidArgument, "there is no slot " + std::to_string(slot)};
  ahead_.reset();
  length_ = std::min(length_, length);
  *resume_from = length_;
  return {};
}

Status MetalContext::Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t* resume_from) {
  if (from != 0 || to != 0) return {StatusCode::kInvalidArgument, "the Metal backend has one slot"};
  return Truncate(0, length, resume_from);
}

Status MetalContext::Save(std::uint32_t, std::uint32_t, std::span<std::byte>) {
  return Refuse("the Metal backend cannot save a slot");
}

Status MetalContext::Restore(std::uint32_t, std::span<const std::byte>, std::uint32_t*) {
  return Refuse("the Metal backend cannot restore a slot");
}

MemoryUse MetalContext::memory() const { return PredictMemory(*model_->model, options_); }

}  // namespace codexpc::metal
