#pragma once
// Where forward steps leave their logits, and the next ones do not disturb those of other slots.

#include <cstddef>
#include <cstdint>

#include "backends/cpu/page-buffer.h"
#include "codexpc/config.h"
#include "codexpc/engine.h"
#include "codexpc/status.h"

namespace codexpc::cpu {

struct LogitsBuffer {
  /// Assigns offsets; the buffers themselves after Allocate.
  LogitsBuffer(const Config& config, const ContextOptions& options);
  Status Allocate();
  std::size_t bytes() const { return layout_.bytes(); }

  float* last = nullptr;                 // (num_slots, vocab_size): of each slot's last token
  float* drafts = nullptr;               // (max_draft_tokens, vocab_size): before each draft, segment by segment
  std::uint32_t* first_draft = nullptr;  // (num_slots): the slot's first row of `drafts`

 private:
  Layout layout_;
  std::size_t last_at_;
  std::size_t drafts_at_;
  std::size_t first_draft_at_;
  PageBuffer buffer_;
};

}  // namespace codexpc::cpu
