// A slot as bytes: a header, the tokens, the full-attention entries and the checkpoints, each without the room that the
// context reserves beyond them. So a snapshot does not depend on context_length or max_batch_tokens.

#include <algorithm>
#include <cstring>
#include <string>

#include "backends/cpu/kv-cache.h"

namespace codexpc::cpu {

// Fixed-width fields only: the struct is written as it lies in memory.
struct KvCache::SnapshotHeader {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t kv_type;
  std::uint32_t entry_bytes;
  std::uint32_t num_key_value_heads;
  std::uint32_t num_full_blocks;
  std::uint32_t num_window_blocks;
  std::uint32_t window;
  std::uint32_t length;           // tokens
  std::uint32_t num_checkpoints;
  std::uint32_t checkpoints[kCheckpointsPerSlot];  // lengths, ascending; 0 beyond num_checkpoints
};

namespace {

constexpr std::uint32_t kMagic = 0x564b5843;  // "CXKV"
constexpr std::uint32_t kVersion = 2;

}  // namespace

KvCache::SnapshotHeader KvCache::HeaderOf(const Slot& slot, std::uint32_t length) const {
  SnapshotHeader header{.magic = kMagic,
                        .version = kVersion,
                        .kv_type = static_cast<std::uint32_t>(layout_.kv_type),
                        .entry_bytes = static_cast<std::uint32_t>(layout_.entry_bytes),
                        .num_key_value_heads = layout_.num_key_value_heads,
                        .num_full_blocks = layout_.num_full_blocks,
                        .num_window_blocks = layout_.num_window_blocks,
                        .window = layout_.window,
                        .length = std::min(slot.kept, length),
                        .num_checkpoints = 0,
                        .checkpoints = {}};
  for (const SavedRings& saved : slot.saved) {
    if (saved.saved_at != 0 && saved.length <= header.length) header.checkpoints[header.num_checkpoints++] = saved.length;
  }
  std::sort(header.checkpoints, header.checkpoints + header.num_checkpoints);
  return header;
}

std::size_t KvCache::SnapshotBytes(const SnapshotHeader& header) const {
  const std::size_t heads = std::size_t{2} * layout_.num_key_value_heads * layout_.entry_bytes;
  std::size_t bytes = sizeof(SnapshotHeader) + header.length * (sizeof(std::uint32_t) + layout_.num_full_blocks * heads);
  for (std::uint32_t i = 0; i < header.num_checkpoints; ++i) {
    const std::uint32_t length = header.checkpoints[i];
    bytes += layout_.num_window_blocks * heads * (length - OldestVisible(length));
  }
  return bytes;
}

bool KvCache::Fits(const SnapshotHeader& header) const {
  if (header.magic != kMagic || header.version != kVersion || header.kv_type != static_cast<std::uint32_t>(layout_.kv_type) ||
      header.entry_bytes != layout_.entry_bytes ||
      header.num_key_value_heads != layout_.num_key_value_heads || header.num_full_blocks != layout_.num_full_blocks ||
      header.num_window_blocks != layout_.num_window_blocks || header.window != layout_.window ||
      header.length > layout_.context_length || header.num_checkpoints > kCheckpointsPerSlot) {
    return false;
  }
  for (std::uint32_t i = 0; i < header.num_checkpoints; ++i) {
    if (header.checkpoints[i] > header.length) return false;
    if (i > 0 && header.checkpoints[i] <= header.checkpoints[i - 1]) return false;
  }
  return true;
}

std::size_t KvCache::SavedBytes(std::uint32_t slot, std::uint32_t length) const {
  return SnapshotBytes(HeaderOf(slots_[slot], length));
}

void KvCache::Save(std::uint32_t slot, std::uint32_t length, std::byte* bytes) const {
  const Slot& s = slots_[slot];
  const SnapshotHeader header = HeaderOf(s, length);
  const auto put = [&bytes](const void* from, std::size_t count) {
    if (count > 0) std::memcpy(bytes, from, count);
    bytes += count;
  };
  put(&header, sizeof header);
  put(s.tokens, header.length * sizeof(std::uint32_t));
  const std::size_t heads = std::size_t{2} * layout_.num_key_value_heads;
  for (std::size_t run = 0; run < layout_.num_full_blocks * heads; ++run) {
    put(s.full + run * layout_.context_length * layout_.entry_bytes, header.length * layout_.entry_bytes);
  }
  for (std::uint32_t i = 0; i < header.num_checkpoints; ++i) {
    const std::uint32_t at = header.checkpoints[i];
    const std::byte* checkpoint = CheckpointAt(s, *NearestCheckpoint(s, at));
    for (std::size_t run = 0; run < layout_.num_window_blocks * heads; ++run) {
      put(checkpoint + run * layout_.checkpoint_length * layout_.entry_bytes,
          (at - OldestVisible(at)) * layout_.entry_bytes);
    }
  }
}

Status KvCache::Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t vocab_size,
                        std::uint32_t* resume_from) {
  SnapshotHeader header;
  if (bytes.size() < sizeof header) return {StatusCode::kInvalidArgument, "the snapshot is too short to be one"};
  std::memcpy(&header, bytes.data(), sizeof header);
  if (!Fits(header)) {
    return {StatusCode::kInvalidArgument, "the snapshot is of another version, model, KV type or context length"};
  }
  if (bytes.size() != SnapshotBytes(header)) {
    return {StatusCode::kInvalidArgument, "the snapshot has " + std::to_string(bytes.size()) + " bytes instead of " +
                                              std::to_string(SnapshotBytes(header))};
  }
  std::vector<std::uint32_t> tokens(header.length);
  const std::byte* in = bytes.data() + sizeof header;
  const auto take = [&in](void* to, std::size_t count) {
    if (count > 0) std::memcpy(to, in, count);
    in += count;
  };
  take(tokens.data(), tokens.size() * sizeof(std::uint32_t));
  if (std::any_of(tokens.begin(), tokens.end(), [&](std::uint32_t token) { return token >= vocab_size; })) {
    return {StatusCode::kInvalidArgument, "the snapshot holds a token outside the vocabulary"};
  }

  Slot& s = slots_[slot];
  std::copy(tokens.begin(), tokens.end(), s.tokens);
  const std::size_t heads = std::size_t{2} * layout_.num_key_value_heads;
  for (std::size_t run = 0; run < layout_.num_full_blocks * heads; ++run) {
    take(s.full + run * layout_.context_length * layout_.entry_bytes, header.length * layout_.entry_bytes);
  }
  for (std::uint32_t i = 0; i < kCheckpointsPerSlot; ++i) {
    s.saved[i] = {};
    if (i >= header.num_checkpoints) continue;
    const std::uint32_t at = header.checkpoints[i];
    s.saved[i] = {at, ++checkpoint_clock_};
    for (std::size_t run = 0; run < layout_.num_window_blocks * heads; ++run) {
      take(CheckpointAt(s, s.saved[i]) + run * layout_.checkpoint_length * layout_.entry_bytes,
           (at - OldestVisible(at)) * layout_.entry_bytes);
    }
  }
  s.kept = header.length;
  s.length = 0;
  s.ring_first = s.ring_exact = UINT32_MAX;  // the rings themselves are not in a snapshot
  *resume_from = Truncate(slot, header.length);
  return {};
}

}  // namespace codexpc::cpu
