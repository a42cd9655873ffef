#include "model/tensor-map.h"

#include <utility>

#include "model/layout.h"

namespace codexpc {

std::string FormatShape(const std::vector<std::uint64_t>& shape) {
  std::string text = "(";
  for (const std::uint64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + ")";
}

std::uint64_t NumElements(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) return kTooLarge;
  }
  return count;
}

void TensorMap::Fail(StatusCode code, std::string message) {
  if (ok()) status_ = {code, std::move(message)};
}

const Tensor* TensorMap::Find(const std::string& name, const std::vector<std::uint64_t>& shape) {
  if (!ok()) return nullptr;
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    Fail(StatusCode::kInvalidArgument, "the tensor " + name + " is missing: the checkpoint is not whole, or not a gpt-oss model");
    return nullptr;
  }
  if (found->second.shape != shape) {
    Fail(StatusCode::kInvalidArgument, "the tensor " + name + " has the shape " + FormatShape(found->second.shape) +
                                           ", expected " + FormatShape(shape));
    return nullptr;
  }
  return &found->second;
}

MatrixView TensorMap::Matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
  const Tensor* tensor = Find(name, {rows, cols});
  if (tensor == nullptr) return {};
  if (tensor->element != ElementType::kNumbers || cols % BlockSizeOf(tensor->number).num_values != 0) {
    Fail(StatusCode::kUnsupportedArgument, "the tensor " + name + " is of type " + tensor->type_name +
                                               ", which this build cannot read for " + FormatShape(tensor->shape));
    return {};
  }
  return {tensor->data, tensor->number};
}

VectorView TensorMap::Vector(const std::string& name, std::uint64_t size) {
  const Tensor* tensor = Find(name, {size});
  if (tensor == nullptr) return {};
  if (tensor->element != ElementType::kNumbers || BlockSizeOf(tensor->number).num_values != 1) {
    Fail(StatusCode::kUnsupportedArgument, "the tensor " + name + " is of type " + tensor->type_name +
                                               "; this build reads vectors of F32, F16 and BF16");
    return {};
  }
  return {tensor->data, tensor->number};
}

VectorView TensorMap::ExpertVector(const std::string& name, std::uint64_t num_experts, std::uint64_t expert,
                                   std::uint64_t size) {
  const MatrixView matrix = Matrix(name, num_experts, size);
  if (!ok()) return {};
  if (BlockSizeOf(matrix.type).num_values != 1) {
    Fail(StatusCode::kUnsupportedArgument, "the tensor " + name + " is quantised; this build reads biases of F32, F16 and BF16");
    return {};
  }
  return VectorView{matrix.data, matrix.type}.From(expert * size);
}

const std::uint8_t* TensorMap::Bytes(const std::string& name, const std::vector<std::uint64_t>& shape) {
  const Tensor* tensor = Find(name, shape);
  if (tensor == nullptr) return nullptr;
  if (tensor->element != ElementType::kBytes) {
    Fail(StatusCode::kUnsupportedArgument, "the tensor " + name + " is of type " + tensor->type_name + ", expected bytes (U8)");
    return nullptr;
  }
  return tensor->data;
}

Mf4View TensorMap::ExpertMf4(const std::string& name, std::uint64_t num_experts, std::uint64_t expert, std::uint64_t rows,
                             std::uint64_t cols, Mf4Order* order) {
  constexpr std::uint8_t kBlockBytes = 17;  // the scale, then 16 bytes of FP4
  const Tensor* tensor = Find(name, {num_experts, rows, cols});
  if (tensor == nullptr) return {};
  if (tensor->element != ElementType::kMf4Pairs && tensor->element != ElementType::kMf4Halves) {
    Fail(StatusCode::kUnsupportedArgument, "the tensor " + name + " is of type " + tensor->type_name +
                                               "; this build reads experts in MXFP4, as gpt-oss is published. Use a file "
                                               "whose experts were not quantised again");
    return {};
  }
  const Mf4Order found = tensor->element == ElementType::kMf4Pairs ? Mf4Order::kPairs : Mf4Order::kHalves;
  if (has_order_ && found != order_) {
    Fail(StatusCode::kInvalidArgument, "the tensor " + name + " is " + tensor->type_name + ", others are in another order of MXFP4");
    return {};
  }
  has_order_ = true;
  order_ = *order = found;
  const std::uint8_t* blocks = tensor->data + expert * rows * (cols / 32) * kBlockBytes;
  return {.blocks = blocks + 1, .scales = blocks, .block_stride = kBlockBytes, .scale_stride = kBlockBytes, .scale_bias = 127};
}

}  // namespace codexpc
