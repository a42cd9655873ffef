#pragma once
// The engine seam: what every backend offers. A backend declares its capabilities; callers ask before they use one.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codexpc/model.h"
#include "codexpc/status.h"

namespace codexpc {

struct Capabilities {
  bool logits;              // Context::logits works
  bool parallel_sequences;  // more than one slot
  bool prefix_reuse;        // Truncate keeps a prefix
  bool snapshots;           // Save and Restore work
  bool drafts = false;      // BatchItem::num_drafts may be more than 0
  bool maps_weights = true; // Forward reads them where the checkpoint is mapped; else CreateEngine has copied them
  bool prompt_steps = false; // Context::Begin works
};

/// kQ8: 8 bits a number and a scale in 16 bits for each key or value.
enum class KvType { kF32, kF16, kQ8 };

/// kExact multiplies in float32, or with activations that are sums of two terms: of bfloat16 in batches on a CPU with AMX,
/// of 8-bit whole numbers in small steps where keys and values are rounded to 16 bits or fewer, which costs more.
/// kFast multiplies in 8-bit whole numbers where the CPU gains by it: activations are rounded to 8 bits, 32 values to a
/// scale, and in batches dense weights too; with AMX batches are multiplied in bfloat16 instead.
/// tests/engine-native/precision.test.cc holds what that may change.
enum class Precision { kExact, kFast };

struct ContextOptions {
  std::uint32_t num_slots = 1;          // independent sequences
  std::uint32_t context_length = 4096;  // positions a slot; at most config.context_length
  std::uint32_t max_batch_tokens = 128; // tokens in one Forward, over all items
  KvType kv_type = KvType::kF32;
  std::uint32_t max_draft_tokens = 0;   // guessed ones among those of a Forward (BatchItem::num_drafts)
  Precision precision = Precision::kExact;
  std::uint32_t max_prompt_batch_tokens = 0;  // tokens in one prompt step (Context::Begin); 0: none can be begun
};

/// Sampling of one sequence. Defaults are greedy. Filters apply in this order: penalties, logit bias, the mask,
/// temperature, top-k, top-p (of what top-k left), min-p (relative to the most probable token).
struct SamplerOptions {
  float temperature = 0.0f;         // 0 = greedy (lowest id wins a tie)
  std::uint32_t top_k = 0;          // 0 = off
  float top_p = 1.0f;               // 1 = off
  float min_p = 0.0f;               // 0 = off
  float repetition_penalty = 1.0f;  // over the tokens of `Accept`
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  std::vector<std::pair<std::uint32_t, float>> logit_bias = {};  // (token, added logit; -infinity forbids it)
  std::uint64_t seed = 0;           // same seed, same tokens
};

struct TokenLogprob {
  std::uint32_t token;
  float logprob;
};

/// Samples from raw logits; owns its random state and the token counts for the penalties.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// The next token for `logits` (vocab_size). Log-probabilities are of the unmodified distribution.
  /// Errors: kInvalidArgument (size), kInvalidState (a logit is NaN or +inf, or no token is allowed).
  virtual Status Sample(std::span<const float> logits, TokenLogprob* sampled) = 0;
  /// Counts a token (prompt or sampled) for the penalties. Sample() does not count by itself.
  /// Errors: kInvalidArgument (outside the vocabulary).
  virtual Status Accept(std::uint32_t token) = 0;
  /// Only tokens whose bit is set (bit i % 32 of word i / 32; a copy is kept) may be sampled until the next call; empty
  /// lifts the mask. Where the bias forbids all that the mask allows, penalties and bias do not count.
  /// Errors: kInvalidArgument (number of words, or no bit is set).
  virtual Status SetMask(std::span<const std::uint32_t> words) = 0;
};
/// Errors: kInvalidArgument (names the option), kInsufficientMemory.
Status CreateSampler(const SamplerOptions& options, std::uint32_t vocab_size, std::unique_ptr<Sampler>* sampler);
/// The `n` most probable tokens, best first (ties: lower id), log-probabilities by log-softmax over all of `logits`.
/// Fewer if there are not as many. Errors: kInvalidState (a logit is NaN or +inf, or all are -inf).
Status TopLogprobs(std::span<const float> logits, std::size_t n, std::vector<TokenLogprob>* top);

/// One sequence's part of a batch: `tokens` are appended to `slot`.
struct BatchItem {
  std::uint32_t slot;
  std::span<const std::uint32_t> tokens;
  bool want_logits;  // of the last token
  /// With logits: how many of the last tokens are guesses. The logits of the token before each are wanted too; a guess
  /// that turns out wrong is cut off by Truncate, which resumes at once (kv-cache.h).
  std::uint32_t num_drafts = 0;
};

/// Weights, kv and scratch add up to everything; the other two say what is in kv.
struct MemoryUse {
  std::size_t weights_bytes;
  std::size_t kv_bytes;            // all slots
  std::size_t kv_bytes_per_token;  // growth of a slot with one more position (full-attention blocks only)
  std::size_t window_bytes;        // per slot, constant: rings of the sliding-window blocks and their checkpoints
  std::size_t scratch_bytes;
};

/// Tokens, KV cache and scratch of `num_slots` sequences over one model. All memory is allocated up front.
/// Not thread-safe: one thread owns a context.
class Context {
 public:
  virtual ~Context() = default;

  /// One forward step for a batch; at most max_batch_tokens tokens. Either all items advance or none.
  /// Errors: kInvalidArgument (slot, token id, empty item, slot twice, too many tokens; while a slot is being rebuilt
  /// after Truncate or Copy: a token other than the one it held), kInvalidState (logits wanted of a token before the
  /// length it was cut to), kContextOverflow.
  virtual Status Forward(std::span<const BatchItem> batch) = 0;
  /// Begins a prompt step: a Forward of one item, without drafts, of up to max_prompt_batch_tokens tokens, that Continue
  /// computes part by part. In between, other slots take Forward and everything else. The step's own slot holds the tokens
  /// it had before until the last part: they can be copied and saved, and calls that would change it are refused with
  /// kInvalidState. Errors: Forward's, kInvalidState (a prompt step is under way).
  virtual Status Begin(const BatchItem& item);
  /// Computes the next part, about a block of the model, and gives how many are left: after the last one the slot is as
  /// after a Forward. Errors: kInvalidState (no prompt step is under way).
  virtual Status Continue(std::uint32_t* num_parts_left);
  /// Ends a prompt step before its time; the slot's tokens are those it had before. Harmless where none is under way.
  virtual void Abandon();

  /// Logits (vocab_size) of the slot's last token; valid until the next Forward that includes the slot. Empty if they
  /// were not wanted or the slot has been cut since.
  virtual std::span<const float> Logits(std::uint32_t slot) const = 0;
  /// Logits (vocab_size) after which draft `index` of the slot's item was guessed; valid until the next Forward or cut.
  /// Empty where the last Forward had no such draft.
  virtual std::span<const float> DraftLogits(std::uint32_t slot, std::uint32_t index) const;

  /// For backends without logits: the token after the slot's last one, whose Forward wanted logits. It is not appended.
  /// Errors: kUnsupportedArgument (a sampling option that the backend does not have), kInvalidState (nothing to sample
  /// after, or the device failed).
  virtual Status Sample(std::uint32_t slot, const SamplerOptions& options, std::uint32_t* token);

  /// Tokens the slot holds.
  virtual std::uint32_t Length(std::uint32_t slot) const = 0;
  /// Cuts the slot to at most `length` tokens and gives the length from which the caller has to go on feeding:
  /// `length` itself if the window rings still cover it, else the nearest earlier position from which the rings
  /// can be rebuilt exactly: a checkpoint, or length - (sliding_window - 1) * number_of_window_blocks, or 0.
  /// Full-attention entries between the two are kept and not written again, so the same tokens must be fed there.
  virtual Status Truncate(std::uint32_t slot, std::uint32_t length, std::uint32_t* resume_from) = 0;
  /// Makes `to` a copy of `from` cut to `length`, with the same meaning of `resume_from`.
  virtual Status Copy(std::uint32_t from, std::uint32_t to, std::uint32_t length, std::uint32_t* resume_from) = 0;
  /// Keeps the window rings as they were at `length`, so that a later Truncate to it resumes at once. Does nothing where
  /// the rings no longer reach back to `length`, or are not exact there. A bounded number a slot; the oldest goes first.
  virtual Status Checkpoint(std::uint32_t slot, std::uint32_t length) = 0;
  /// Lengths of the slot's checkpoints, ascending.
  virtual std::vector<std::uint32_t> Checkpoints(std::uint32_t slot) const = 0;
  /// Gives up the checkpoint at `length`, if there is one.
  virtual Status DropCheckpoint(std::uint32_t slot, std::uint32_t length) = 0;

  /// Bytes of `Save`; 0 for a slot that does not exist.
  virtual std::size_t SavedBytes(std::uint32_t slot, std::uint32_t length) const = 0;
  /// Writes what the slot holds of its first `length` tokens, checkpoints included, into exactly SavedBytes bytes. They
  /// are for contexts of the same model, KV type and kernels; in the machine's byte order.
  virtual Status Save(std::uint32_t slot, std::uint32_t length, std::span<std::byte> bytes) = 0;
  /// Replaces what the slot holds by what `Save` wrote, and gives the length from which the caller has to go on feeding,
  /// as Truncate does. Errors: kInvalidArgument (bytes of another shape or size; the slot keeps what it had).
  virtual Status Restore(std::uint32_t slot, std::span<const std::byte> bytes, std::uint32_t* resume_from) = 0;

  virtual MemoryUse memory() const = 0;
};

/// kQ8: projections around attention and the unembedding are computed with in Q8_0 where they are stored in 16 or 32 bits:
/// half of their bytes to read for every token, and for every weight a rounding by up to 1/254 of the largest of 32.
enum class DenseWeights { kStored, kQ8 };

struct EngineOptions {
  std::string isa = {};          // "" = CODEXPC_ISA, else best; a kernel table's name: scalar, avx2, avx512, avx512-vnni, avx512-amx, neon, neon-dot
  std::uint32_t num_threads = 0; // 0 = one per physical core available to the process
  DenseWeights dense_weights = DenseWeights::kStored;  // converted in Model::PageIn, at the latest in the first Forward
};

/// A model made ready on one backend: kernel table or device chosen, threads started.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view backend() const = 0;  // "cpu"
  virtual std::string_view kernels() const = 0;  // name of the kernel table
  virtual std::uint32_t num_threads() const = 0;
  virtual Capabilities capabilities() const = 0;
  virtual const Model& model() const = 0;
  virtual Status CreateContext(const ContextOptions& options, std::unique_ptr<Context>* context) = 0;
  /// Bytes a context with these options would take, without making it: for the memory guard.
  virtual MemoryUse Predict(const ContextOptions& options) const = 0;
};

/// The engine for a checkpoint: `backend` is "cpu", "metal", or "auto": Metal where this build has it and its kernels run
/// the model, else CPU. Defined where the backends are put together (src/backends/create-engine.cc). Errors: OpenModel's,
/// the backend's, kUnsupportedSystem (this build has no such backend).
Status CreateEngine(const std::string& path, const std::string& backend, const EngineOptions& options,
                    std::unique_ptr<Engine>* engine);

/// Errors: kUnsupportedArgument (isa, num_threads), kInsufficientResources (threads), kInsufficientMemory (dense_weights).
Status CreateCpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options, std::unique_ptr<Engine>* engine);

/// Names of the kernel tables in this build, in priority order, with whether this CPU has what they need.
struct KernelTableInfo {
  std::string_view name;
  bool supported;
};
std::vector<KernelTableInfo> CpuKernelTables();

}  // namespace codexpc
