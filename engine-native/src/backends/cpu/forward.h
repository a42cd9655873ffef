#pragma once
// The gpt-oss forward pass over the kernel table. It writes scratch and the KV cache, and allocates nothing.

#include <cstdint>
#include <span>

#include "backends/cpu/kv-cache.h"
#include "backends/cpu/logits-buffer.h"
#include "backends/cpu/rope.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/thread-pool.h"
#include "codexpc/engine.h"
#include "codexpc/model.h"
#include "kernels/table.h"

namespace codexpc::cpu {

class ForwardPass {
 public:
  struct Parts {
    const Model& model;
    const kernels::KernelTable& table;
    const Rope& rope;
    ThreadPool& pool;
    KvCache& cache;
    Scratch& scratch;
    LogitsBuffer& logits;
    KvType kv_type;
    Precision precision;
  };
  explicit ForwardPass(const Parts& parts)
      : parts_(parts), config_(parts.model.config()), weights_(parts.model.weights()), scratch_(parts.scratch) {}

  /// Computes the batch, which must be valid, and writes keys, values and the wanted logits. The slots' lengths are
  /// the caller's to advance.
  void Run(std::span<const BatchItem> batch);

  /// The same in parts: after Begin, Continue computes a block of the model at a time, until none is left. The slots of the
  /// batch must not change in between.
  void Begin(std::span<const BatchItem> batch);
  void Continue();
  std::uint32_t num_parts_left() const { return config_.num_hidden_layers - next_layer_; }

 private:
  void RunLayer(std::uint32_t layer);
  void ArrangeRows(std::span<const BatchItem> batch);
  void Embed();
  void ProjectQkv(const LayerView& layer);
  void RotateAndStore(std::uint32_t layer);
  void KeepWantedRows();
  void Attend(std::uint32_t layer);
  void ProjectAttended(const LayerView& layer);
  void Route(const LayerView& layer);
  void GroupByExpert();
  void ExpertsUp(const LayerView& layer);
  void ArrangeForDown();
  void MultiplyExpert(const kernels::MatmulArgs& args, const ExpertGroup& group, const Mf4View& weight);
  void ExpertsDown(const LayerView& layer);
  void AddExperts();
  void Unembed();

  void ArrangeTiles();
  void Normalize(std::size_t row, VectorView gain);
  bool is_fast() const { return parts_.precision == Precision::kFast; }
  /// What activations are brought to before they are multiplied with a weight.
  enum class Form { kFloats, kBytes, kWords, kTiles, kWordTiles };
  static bool IsWhole(Form form) { return form == Form::kBytes || form == Form::kWords; }
  bool UsesTiles() const;
  /// Of all rows, with weights of `cols` columns in Q8_0 or not; where tiles are used.
  Form TiledForm(bool is_q8, std::size_t cols) const;
  Form UntiledForm(const MatrixView& weight, std::size_t cols, std::size_t num_tokens) const;
  /// Of a weight that whole numbers hold.
  Form WholeForm(std::size_t num_tokens) const;
  /// Of an expert with so many rows. Either all experts' are floats, or tiles, or none.
  Form ExpertForm(std::size_t num_tokens) const;
  /// To bytes or words, at that row's place.
  void Quantize(Form form, std::size_t row, const float* x, std::size_t cols, bool evens_first);
  /// To tiles: the batch's rows of `x`, `cols` apart.
  void TileRows(Form form, const float* x, std::size_t cols);
  /// For the experts: the row of `x` at each place in the routed buffers, or each place's own.
  void TilePlaces(const float* x, std::size_t cols, bool by_row);
  void ToTiles(Form form, std::size_t tile, const float* const rows[16], std::size_t cols, kernels::TileOrder order);
  kernels::Q8View BytesFrom(std::size_t row, std::size_t cols) const;
  kernels::Q16View WordsFrom(std::size_t row, std::size_t cols) const;
  kernels::TileView TilesFrom(std::size_t tile, std::size_t cols) const;
  kernels::Q16TileView WordTilesFrom(std::size_t tile, std::size_t cols) const;
  /// With the rows that were brought to `form` from `first_row` on; for tiles it is 0.
  void MultiplyDense(const kernels::MatmulArgs& args, Form form, std::size_t first_row, const MatrixView& weight);
  /// Splits `num_matrices` weights of `num_rows` rows into tasks task(matrix, row_begin, row_end).
  template <typename Task>
  void SplitRows(std::size_t num_matrices, std::size_t num_rows, const Task& task);

  const Parts parts_;
  const Config& config_;
  const Weights& weights_;
  Scratch& scratch_;
  // Of the batch at hand; the arrays are in scratch.
  std::uint32_t next_layer_ = 0;
  std::uint32_t num_rows_ = 0;
  std::uint32_t num_prompt_rows_ = 0;  // of them those whose logits are not wanted
  std::uint32_t num_segments_ = 0;
  std::uint32_t num_tiles_ = 0;
  std::uint32_t num_groups_ = 0;
  std::uint32_t num_tiled_places_ = 0;
};

}  // namespace codexpc::cpu
