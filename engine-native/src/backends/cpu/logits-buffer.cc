#include "backends/cpu/logits-buffer.h"

namespace codexpc::cpu {

LogitsBuffer::LogitsBuffer(const Config& config, const ContextOptions& options)
    : last_at_(layout_.Add(SaturatingProduct(options.num_slots, config.vocab_size), sizeof(float))),
      drafts_at_(layout_.Add(SaturatingProduct(options.max_draft_tokens, config.vocab_size), sizeof(float))),
      first_draft_at_(layout_.Add(options.num_slots, sizeof(std::uint32_t))) {}

Status LogitsBuffer::Allocate() {
  if (Status status = buffer_.Allocate(layout_.bytes(), "logits of the slots"); !status.ok()) return status;
  last = buffer_.at<float>(last_at_);
  drafts = buffer_.at<float>(drafts_at_);
  first_draft = buffer_.at<std::uint32_t>(first_draft_at_);
  return {};
}

}  // namespace codexpc::cpu
