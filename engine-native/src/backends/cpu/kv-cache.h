#pragma once
// Keys and values of all slots, and what of them is exact.
//
// Full-attention blocks keep every position. Sliding-window blocks keep a ring of the last positions, a little longer
// than the window so that one batch can be written before it is read. Cutting a slot deeper than its rings reach leaves
// three ways back to exact rings, the cheapest is taken:
//   - a checkpoint: the rings as they were at an earlier length;
//   - feeding tokens again from s = length - (window - 1) * number_of_window_blocks, while the full-attention entries
//     below `length` are kept and not written. The k-th window block's entries are then exact from s + k * (window - 1)
//     on: its input at p is exact once every earlier window block has seen an exact window at p, and full attention
//     reads only kept, exact entries. So the last window block is exact from length - (window - 1), the first position
//     that the token at `length` can see;
//   - feeding from 0.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backends/cpu/page-buffer.h"
#include "codexpc/config.h"
#include "codexpc/engine.h"
#include "codexpc/status.h"

namespace codexpc::cpu {

/// Checkpoints a slot keeps at most: the shared beginning, the last turns' and the last round's.
constexpr std::uint32_t kCheckpointsPerSlot = 8;

/// Where everything lies, a function of the shape alone. Offsets and sizes in bytes.
struct KvLayout {
  KvLayout(const Config& config, const ContextOptions& options);

  std::uint32_t head_dim;
  std::uint32_t num_key_value_heads;
  std::uint32_t num_full_blocks;
  std::uint32_t num_window_blocks;
  std::uint32_t window;            // positions a token of a window block sees
  std::uint32_t context_length;    // positions of a full block
  std::uint32_t ring_length;       // positions of a window block: window + a step's tokens, or the context if shorter
  std::uint32_t checkpoint_length; // positions a checkpoint keeps of a window block: window - 1
  KvType kv_type;
  std::size_t entry_bytes;         // a key or value of one head
  std::size_t full_bytes;          // per slot: (num_full_blocks, k and v, num_key_value_heads, context_length)
  std::size_t ring_bytes;          // per slot: (num_window_blocks, k and v, num_key_value_heads, ring_length)
  std::size_t checkpoint_bytes;    // each: (num_window_blocks, k and v, num_key_value_heads, checkpoint_length)
  std::size_t slot_bytes;          // full, ring and checkpoints, each 64-byte aligned
  std::size_t total_bytes;         // all slots
  std::size_t bytes_per_token;     // of the full blocks
  std::size_t window_bytes;        // per slot: ring and checkpoints
};

/// Up to two runs of positions, oldest first.
struct KvRuns {
  const std::byte* k[2];
  const std::byte* v[2];
  std::size_t length[2];
};

class KvCache {
 public:
  static Status Create(const Config& config, const ContextOptions& options, std::unique_ptr<KvCache>* cache);

  std::uint32_t Length(std::uint32_t slot) const { return slots_[slot].length; }

  /// The token of a full-attention entry that the next tokens would meet again, while a slot is being rebuilt;
  /// null beyond. Feeding another token there would mix two sequences.
  const std::uint32_t* KeptToken(std::uint32_t slot, std::uint32_t position) const;
  /// Whether the activations of a token fed at `position` equal those of a sequence fed from 0.
  bool IsExactAt(std::uint32_t slot, std::uint32_t position) const;

  /// Where to write the key or value of `head` at `position`; null where a full-attention entry is kept.
  struct Entry {
    std::byte* k;
    std::byte* v;
  };
  Entry At(std::uint32_t slot, std::uint32_t layer, std::uint32_t head, std::uint32_t position) const;
  /// What tokens first..last, fed together, see of `head`: the oldest position that `first` sees up to `last`.
  KvRuns Visible(std::uint32_t slot, std::uint32_t layer, std::uint32_t head, std::uint32_t first,
                 std::uint32_t last) const;
  /// Begins a prompt step of `num_tokens`: what they may overwrite in the rings is no longer there. What the slot holds of
  /// earlier tokens is right while the step is under way, and if it is abandoned.
  void Reserve(std::uint32_t slot, std::uint32_t num_tokens);
  /// Ends a forward step: `tokens` are in the slot.
  void Append(std::uint32_t slot, std::span<const std::uint32_t> tokens);

  /// The calls of Context, arguments checked.
  std::uint32_t Truncate(std::uint32_t slot, std::uint32_t length);
  std::uint32_t Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length);
  void Checkpoint(std::uint32_t slot, std::uint32_t length);
  std::vector<std::uint32_t> Checkpoints(std::uint32_t slot) const;
  void DropCheckpoint(std::uint32_t slot, std::uint32_t length);
  std::size_t SavedBytes(std::uint32_t slot, std::uint32_t length) const;
  void Save(std::uint32_t slot, std::uint32_t length, std::byte* bytes) const;
  Status Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t vocab_size,
                 std::uint32_t* resume_from);

 private:
  struct SavedRings {
    std::uint32_t length = 0;
    std::uint64_t saved_at = 0;  // 0 = free
  };
  struct Slot {
    std::uint32_t length = 0;      // tokens fed
    std::uint32_t kept = 0;        // full-attention entries, tokens: exact below; larger than `length` in a rebuild
    std::uint32_t ring_first = 0;  // oldest position in the rings
    std::uint32_t ring_exact = 0;  // oldest position from which every window block's entries are exact
    std::uint32_t* tokens = nullptr;  // (context_length)
    std::byte* full = nullptr;
    std::byte* ring = nullptr;
    std::byte* checkpoints = nullptr;  // (kCheckpointsPerSlot)
    SavedRings saved[kCheckpointsPerSlot];
  };

  explicit KvCache(const KvLayout& layout) : layout_(layout) {}
  std::uint32_t OldestVisible(std::uint32_t position) const;
  void Overwrite(Slot& slot, std::uint32_t length) const;
  bool RingsReach(const Slot& slot, std::uint32_t length) const;
  const SavedRings* NearestCheckpoint(const Slot& slot, std::uint32_t length) const;
  void CopyCheckpoint(const Slot& slot, const SavedRings& saved, bool save) const;
  struct SnapshotHeader;
  SnapshotHeader HeaderOf(const Slot& slot, std::uint32_t length) const;
  std::size_t SnapshotBytes(const SnapshotHeader& header) const;
  bool Fits(const SnapshotHeader& header) const;
  std::byte* CheckpointAt(const Slot& slot, const SavedRings& saved) const;

  const KvLayout layout_;
  PageBuffer entries_;
  PageBuffer tokens_;
  std::vector<Slot> slots_;
  std::uint64_t checkpoint_clock_ = 0;
};

/// Bytes of the tokens that all slots remember.
std::size_t TokenBytes(const ContextOptions& options);

}  // namespace codexpc::cpu
