#pragma once
// A checkpoint whose large dense weights are computed with in Q8_0 (8 bits, a scale in 16 bits for every 32), whatever they
// are stored in: half of the bytes that BF16 makes every token read. The rest of the file is used where it lies.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backends/cpu/page-buffer.h"
#include "backends/cpu/thread-pool.h"
#include "codexpc/model.h"
#include "kernels/table.h"

namespace codexpc::cpu {

class QuantizedModel final : public Model {
 public:
  /// Converts nothing yet. The table and the pool must outlive every use. Errors: kInsufficientMemory.
  static Status Create(std::shared_ptr<const Model> stored, const kernels::KernelTable& table, ThreadPool& pool,
                       std::shared_ptr<const QuantizedModel>* model);

  const Config& config() const override { return stored_->config(); }
  /// Converted ones in Q8_0, those that are still to be converted as they are stored.
  const Weights& weights() const override { return weights_; }
  const TokenizerData& tokenizer() const override { return stored_->tokenizer(); }
  std::size_t weights_bytes() const override;
  std::string_view format() const override { return stored_->format(); }
  std::size_t file_bytes() const override { return stored_->file_bytes() + stored_bytes_; }
  /// The files, then the conversion. Not while a Forward runs.
  Status PageIn(std::size_t offset, std::chrono::milliseconds budget, std::size_t* next) const override;

  /// Converts what is left. Forward begins with it, so that no token is computed with other weights than the next.
  void Finish() const;

 private:
  /// One matrix to convert.
  struct Part {
    MatrixView* view;  // in weights_
    std::size_t rows;
    std::size_t cols;    // a multiple of 32
    std::size_t offset;  // in buffer_
  };

  QuantizedModel(std::shared_ptr<const Model> stored, const kernels::KernelTable& table, ThreadPool& pool);
  void Add(MatrixView* view, std::size_t rows, std::size_t cols);
  bool is_done() const { return next_part_ == parts_.size(); }
  /// Some rows of the next matrix, a few milliseconds' worth.
  void ConvertSome() const;

  const std::shared_ptr<const Model> stored_;
  const kernels::KernelTable& table_;
  ThreadPool& pool_;
  std::vector<Part> parts_;
  Layout layout_;
  PageBuffer buffer_;
  std::size_t stored_bytes_ = 0;  // of the parts
  // How far the conversion is. Loading is no change that a user of the model could tell but by the time it takes.
  mutable Weights weights_;
  mutable std::size_t next_part_ = 0;
  mutable std::size_t next_row_ = 0;
  mutable std::size_t converted_bytes_ = 0;
};

}  // namespace codexpc::cpu
