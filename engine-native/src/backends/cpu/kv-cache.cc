#include "backends/cpu/kv-cache.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "kernels/table.h"

namespace codexpc::cpu {
namespace {

std::size_t Bytes(std::initializer_list<std::size_t> factors) {
  std::size_t product = 1;
  for (const std::size_t factor : factors) product = SaturatingProduct(product, factor);
  return product;
}

/// Of one head's key or value.
std::size_t EntryBytes(KvType type, std::size_t head_dim) {
  switch (type) {
    case KvType::kF32: return head_dim * sizeof(float);
    case KvType::kF16: return head_dim * sizeof(f16);
    case KvType::kQ8: return kernels::kQ8KvScaleBytes + head_dim;
  }
  return 0;
}

std::size_t Aligned(std::size_t bytes) {
  Layout layout;
  layout.Add(bytes, 1);
  return layout.bytes();
}

}  // namespace

KvLayout::KvLayout(const Config& config, const ContextOptions& options)
    : head_dim(config.head_dim),
      num_key_value_heads(config.num_key_value_heads),
      num_full_blocks(config.num_hidden_layers / 2),
      num_window_blocks(config.num_hidden_layers - config.num_hidden_layers / 2),
      window(config.sliding_window),
      context_length(options.context_length),
      ring_length(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(options.context_length, std::uint64_t{window} + std::max(options.max_batch_tokens, options.max_prompt_batch_tokens)))),
      checkpoint_length(std::min(options.context_length, window - 1)),
      kv_type(options.kv_type),
      entry_bytes(EntryBytes(options.kv_type, config.head_dim)) {
  bytes_per_token = Bytes({num_full_blocks, 2, num_key_value_heads, entry_bytes});
  full_bytes = Bytes({bytes_per_token, context_length});
  ring_bytes = Bytes({num_window_blocks, 2, num_key_value_heads, ring_length, entry_bytes});
  checkpoint_bytes = Aligned(Bytes({num_window_blocks, 2, num_key_value_heads, checkpoint_length, entry_bytes}));
  Layout slot;
  slot.Add(full_bytes, 1);
  const std::size_t window_begin = slot.bytes();
  slot.Add(ring_bytes, 1);
  slot.Add(checkpoint_bytes, kCheckpointsPerSlot);
  slot_bytes = slot.bytes();
  window_bytes = slot_bytes - window_begin;
  total_bytes = Bytes({slot_bytes, options.num_slots});
}

std::size_t TokenBytes(const ContextOptions& options) {
  return Bytes({options.num_slots, options.context_length, sizeof(std::uint32_t)});
}

Status KvCache::Create(const Config& config, const ContextOptions& options, std::unique_ptr<KvCache>* cache) {
  std::unique_ptr<KvCache> made(new KvCache(KvLayout(config, options)));
  const KvLayout& layout = made->layout_;
  if (Status status = made->entries_.Allocate(layout.total_bytes, "KV cache"); !status.ok()) return status;
  if (Status status = made->tokens_.Allocate(TokenBytes(options), "slots' tokens"); !status.ok()) return status;
  made->slots_.resize(options.num_slots);
  for (std::size_t i = 0; i < made->slots_.size(); ++i) {
    Slot& slot = made->slots_[i];
    slot.tokens = made->tokens_.at<std::uint32_t>(i * layout.context_length * sizeof(std::uint32_t));
    slot.full = made->entries_.at<std::byte>(i * layout.slot_bytes);
    slot.ring = slot.full + (layout.slot_bytes - layout.window_bytes);
    slot.checkpoints = slot.full + (layout.slot_bytes - kCheckpointsPerSlot * layout.checkpoint_bytes);
  }
  *cache = std::move(made);
  return {};
}

const std::uint32_t* KvCache::KeptToken(std::uint32_t slot, std::uint32_t position) const {
  return position < slots_[slot].kept ? slots_[slot].tokens + position : nullptr;
}

bool KvCache::IsExactAt(std::uint32_t slot, std::uint32_t position) const {
  return OldestVisible(position) >= slots_[slot].ring_exact;
}

/// The oldest position that a window block's token at `position` sees.
std::uint32_t KvCache::OldestVisible(std::uint32_t position) const {
  return position >= layout_.window ? position - (layout_.window - 1) : 0;
}

KvCache::Entry KvCache::At(std::uint32_t slot, std::uint32_t layer, std::uint32_t head, std::uint32_t position) const {
  const Slot& s = slots_[slot];
  const bool is_window = layer % 2 == 0;
  if (!is_window && position < s.kept) return {nullptr, nullptr};
  const std::size_t length = is_window ? layout_.ring_length : layout_.context_length;
  const std::size_t heads = std::size_t{layer / 2} * 2 * layout_.num_key_value_heads;  // before this layer
  const std::size_t at = (heads + head) * length + position % length;
  std::byte* k = (is_window ? s.ring : s.full) + at * layout_.entry_bytes;
  return {k, k + layout_.num_key_value_heads * length * layout_.entry_bytes};
}

KvRuns KvCache::Visible(std::uint32_t slot, std::uint32_t layer, std::uint32_t head, std::uint32_t first,
                        std::uint32_t last) const {
  const Slot& s = slots_[slot];
  const bool is_window = layer % 2 == 0;
  const std::size_t length = is_window ? layout_.ring_length : layout_.context_length;
  const std::size_t heads = std::size_t{layer / 2} * 2 * layout_.num_key_value_heads;
  const std::byte* k = (is_window ? s.ring : s.full) + (heads + head) * length * layout_.entry_bytes;
  const std::byte* v = k + layout_.num_key_value_heads * length * layout_.entry_bytes;
  const std::size_t oldest = is_window ? std::max(OldestVisible(first), s.ring_first) : 0;
  const std::size_t begin = oldest % length;
  const std::size_t count = last + 1 - oldest;
  const std::size_t unwrapped = std::min(count, length - begin);
  return {{k + begin * layout_.entry_bytes, k}, {v + begin * layout_.entry_bytes, v}, {unwrapped, count - unwrapped}};
}

void KvCache::Reserve(std::uint32_t slot, std::uint32_t num_tokens) {
  Overwrite(slots_[slot], slots_[slot].length + num_tokens);
}

/// The rings are written up to `length`.
void KvCache::Overwrite(Slot& slot, std::uint32_t length) const {
  const std::uint32_t overwritten = length - std::min(length, layout_.ring_length);
  slot.ring_first = std::max(slot.ring_first, overwritten);
  slot.ring_exact = std::max(slot.ring_exact, overwritten);
}

void KvCache::Append(std::uint32_t slot, std::span<const std::uint32_t> tokens) {
  Slot& s = slots_[slot];
  std::copy(tokens.begin(), tokens.end(), s.tokens + s.length);
  s.length += static_cast<std::uint32_t>(tokens.size());
  s.kept = std::max(s.kept, s.length);
  Overwrite(s, s.length);
}

/// Whether a token fed at `length` finds exact rings.
bool KvCache::RingsReach(const Slot& slot, std::uint32_t length) const {
  return OldestVisible(length) >= slot.ring_exact;
}

std::uint32_t KvCache::Truncate(std::uint32_t slot, std::uint32_t length) {
  Slot& s = slots_[slot];
  s.kept = std::min(s.kept, length);
  for (SavedRings& saved : s.saved) {
    if (saved.length > s.kept) saved.saved_at = 0;
  }
  const bool rings_reach = RingsReach(s, s.kept);
  const std::uint32_t by_rings = rings_reach ? std::min(s.kept, s.length) : 0;
  const SavedRings* checkpoint = NearestCheckpoint(s, s.kept);
  const std::uint32_t by_checkpoint = checkpoint != nullptr ? checkpoint->length : 0;
  const std::uint64_t rebuild = std::uint64_t{layout_.window - 1} * layout_.num_window_blocks;
  const std::uint32_t by_feeding = s.kept > rebuild ? s.kept - static_cast<std::uint32_t>(rebuild) : 0;

  if (rings_reach && by_rings >= std::max(by_checkpoint, by_feeding)) {
    s.length = by_rings;
  } else if (checkpoint != nullptr && by_checkpoint >= by_feeding) {
    CopyCheckpoint(s, *checkpoint, false);
    s.length = by_checkpoint;
    s.ring_first = s.ring_exact = OldestVisible(s.length);
  } else {
    s.length = s.ring_first = by_feeding;
    s.ring_exact = by_feeding == 0 ? 0 : s.kept - (layout_.window - 1);
  }
  return s.length;
}

std::uint32_t KvCache::Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length) {
  if (from == to) return Truncate(to, length);
  const Slot& source = slots_[from];
  Slot& target = slots_[to];
  const std::uint32_t kept = std::min(source.kept, length);
  const std::size_t runs = std::size_t{layout_.num_full_blocks} * 2 * layout_.num_key_value_heads;
  for (std::size_t run = 0; run < runs; ++run) {
    const std::size_t at = run * layout_.context_length * layout_.entry_bytes;
    std::memcpy(target.full + at, source.full + at, kept * layout_.entry_bytes);
  }
  std::memcpy(target.ring, source.ring, layout_.ring_bytes);
  for (std::size_t i = 0; i < kCheckpointsPerSlot; ++i) {
    target.saved[i] = source.saved[i];
    if (source.saved[i].saved_at == 0) continue;
    const std::size_t at = i * layout_.checkpoint_bytes;
    std::memcpy(target.checkpoints + at, source.checkpoints + at, layout_.checkpoint_bytes);
  }
  std::copy_n(source.tokens, kept, target.tokens);
  target.length = source.length;
  target.kept = source.kept;
  target.ring_first = source.ring_first;
  target.ring_exact = source.ring_exact;
  return Truncate(to, length);
}

void KvCache::Checkpoint(std::uint32_t slot, std::uint32_t length) {
  Slot& s = slots_[slot];
  if (length > s.length || !RingsReach(s, length)) return;
  SavedRings* place = nullptr;
  for (SavedRings& saved : s.saved) {
    if (saved.saved_at != 0 && saved.length == length) return;
    if (place == nullptr || saved.saved_at < place->saved_at) place = &saved;
  }
  *place = {length, ++checkpoint_clock_};
  CopyCheckpoint(s, *place, true);
}

std::vector<std::uint32_t> KvCache::Checkpoints(std::uint32_t slot) const {
  std::vector<std::uint32_t> lengths;
  for (const SavedRings& saved : slots_[slot].saved) {
    if (saved.saved_at != 0) lengths.push_back(saved.length);
  }
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

void KvCache::DropCheckpoint(std::uint32_t slot, std::uint32_t length) {
  for (SavedRings& saved : slots_[slot].saved) {
    if (saved.length == length) saved.saved_at = 0;
  }
}

const KvCache::SavedRings* KvCache::NearestCheckpoint(const Slot& slot, std::uint32_t length) const {
  const SavedRings* nearest = nullptr;
  for (const SavedRings& saved : slot.saved) {
    if (saved.saved_at == 0 || saved.length > length) continue;
    if (nearest == nullptr || saved.length > nearest->length) nearest = &saved;
  }
  return nearest;
}

std::byte* KvCache::CheckpointAt(const Slot& slot, const SavedRings& saved) const {
  return slot.checkpoints + static_cast<std::size_t>(&saved - slot.saved) * layout_.checkpoint_bytes;
}

/// Moves the positions that a token at `saved.length` sees between the rings and the checkpoint.
void KvCache::CopyCheckpoint(const Slot& slot, const SavedRings& saved, bool save) const {
  const std::size_t first = OldestVisible(saved.length);
  const std::size_t count = saved.length - first;
  const std::size_t begin = first % layout_.ring_length;
  const std::size_t unwrapped = std::min(count, layout_.ring_length - begin);
  const std::size_t runs = std::size_t{layout_.num_window_blocks} * 2 * layout_.num_key_value_heads;
  std::byte* checkpoint = CheckpointAt(slot, saved);
  const auto copy = [&](std::byte* ring, std::byte* kept, std::size_t positions) {
    std::memcpy(save ? kept : ring, save ? ring : kept, positions * layout_.entry_bytes);
  };
  for (std::size_t run = 0; run < runs; ++run) {
    std::byte* ring = slot.ring + run * layout_.ring_length * layout_.entry_bytes;
    std::byte* kept = checkpoint + run * layout_.checkpoint_length * layout_.entry_bytes;
    copy(ring + begin * layout_.entry_bytes, kept, unwrapped);
    copy(ring, kept + unwrapped * layout_.entry_bytes, count - unwrapped);
  }
}

}  // namespace codexpc::cpu
