#include "backends/cpu/quantized-model.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "model/page-in.h"

namespace codexpc::cpu {
namespace {

constexpr std::size_t kTaskRows = 64;
constexpr std::size_t kRowsAtOnce = 4096;

bool IsPlain(NumberType type) { return type == NumberType::kBf16 || type == NumberType::kF16 || type == NumberType::kF32; }

/// A row's Q8_0 blocks: as llama.cpp writes them, scale = largest magnitude / 127 in float16 before the 32 numbers.
class RowQuantizer {
 public:
  RowQuantizer(const kernels::KernelTable& table, std::size_t cols)
      : table_(table), cols_(cols), floats_(cols), values_(cols), scales_(cols / 32), starts_(cols / 32), halves_(cols / 32) {}

  void Quantize(const MatrixView& row, std::byte* out) {
    table_.f32_embed(floats_.data(), row, cols_);
    table_.f32_to_q8({.values = values_.data(), .scales = scales_.data(), .starts = starts_.data()}, floats_.data(), cols_, false);
    table_.f32_to_f16(halves_.data(), scales_.data(), scales_.size());
    for (std::size_t block = 0; block < scales_.size(); ++block, out += sizeof(f16) + 32) {
      std::memcpy(out, &halves_[block], sizeof(f16));
      std::memcpy(out + sizeof(f16), values_.data() + block * 32, 32);
    }
  }

 private:
  const kernels::KernelTable& table_;
  const std::size_t cols_;
  std::vector<float> floats_;
  std::vector<std::int8_t> values_;
  std::vector<float> scales_;
  std::vector<std::int32_t> starts_;
  std::vector<f16> halves_;
};

}  // namespace

Status QuantizedModel::Create(std::shared_ptr<const Model> stored, const kernels::KernelTable& table, ThreadPool& pool,
                              std::shared_ptr<const QuantizedModel>* model) {
  std::shared_ptr<QuantizedModel> made(new QuantizedModel(std::move(stored), table, pool));
  if (Status status = made->buffer_.Allocate(made->layout_.bytes(), "dense weights in 8 bits"); !status.ok()) return status;
  *model = std::move(made);
  return {};
}

QuantizedModel::QuantizedModel(std::shared_ptr<const Model> stored, const kernels::KernelTable& table, ThreadPool& pool)
    : stored_(std::move(stored)), table_(table), pool_(pool), weights_(stored_->weights()) {
  const Config& config = stored_->config();
  for (LayerView& layer : weights_.layers) {
    for (ProjectionView& projection : layer.qkv) Add(&projection.weight, projection.num_rows, config.hidden_size);
    Add(&layer.attn_out, config.hidden_size, config.q_size());
  }
  Add(&weights_.unembedding, config.vocab_size, config.hidden_size);
}

void QuantizedModel::Add(MatrixView* view, std::size_t rows, std::size_t cols) {
  if (!IsPlain(view->type) || cols % 32 != 0) return;
  parts_.push_back({view, rows, cols, layout_.Add(BytesOf(NumberType::kQ8_0, rows * cols), 1)});
  stored_bytes_ += BytesOf(view->type, rows * cols);
}

std::size_t QuantizedModel::weights_bytes() const { return stored_->weights_bytes() - stored_bytes_ + layout_.bytes(); }

Status QuantizedModel::PageIn(std::size_t offset, std::chrono::milliseconds budget, std::size_t* next) const {
  if (offset < stored_->file_bytes()) return stored_->PageIn(offset, budget, next);
  if (offset > file_bytes()) {
    return {StatusCode::kInvalidArgument, "offset " + std::to_string(offset) + " lies behind the " + std::to_string(file_bytes()) +
                                              " bytes of the checkpoint and its conversion"};
  }
  const auto until = std::chrono::steady_clock::now() + budget;
  do {
    if (!is_done()) ConvertSome();
  } while (!is_done() && std::chrono::steady_clock::now() < until);
  *next = stored_->file_bytes() + converted_bytes_;
  return {};
}

void QuantizedModel::Finish() const {
  while (!is_done()) ConvertSome();
}

void QuantizedModel::ConvertSome() const {
  const Part& part = parts_[next_part_];
  const std::size_t row_bytes = BytesOf(NumberType::kQ8_0, part.cols);
  const std::size_t end_row = std::min(part.rows, next_row_ + kRowsAtOnce);
  pool_.Run((end_row - next_row_ + kTaskRows - 1) / kTaskRows, [&](std::size_t task) {
    RowQuantizer quantizer(table_, part.cols);
    const std::size_t begin = next_row_ + task * kTaskRows;
    for (std::size_t row = begin; row < std::min(begin + kTaskRows, end_row); ++row)
      quantizer.Quantize(part.view->FromRow(row, part.cols), buffer_.at<std::byte>(part.offset + row * row_bytes));
  });
  const std::size_t stored_row_bytes = BytesOf(part.view->type, part.cols);
  converted_bytes_ += (end_row - next_row_) * stored_row_bytes;
  next_row_ = end_row;
  if (next_row_ < part.rows) return;
  PageOut({static_cast<const std::uint8_t*>(part.view->data), part.rows * stored_row_bytes});
  *part.view = {buffer_.at<std::byte>(part.offset), NumberType::kQ8_0};
  ++next_part_;
  next_row_ = 0;
}

}  // namespace codexpc::cpu
