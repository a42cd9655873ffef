#pragma once
// The named tensors of a checkpoint, whatever container they lie in, and the views of weights made from them.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codexpc/model.h"

namespace codexpc {

/// What a container calls the type of a tensor's elements.
enum class ElementType { kNumbers, kBytes, kMf4Pairs, kMf4Halves, kOther };

struct Tensor {
  ElementType element;
  NumberType number;                  // of kNumbers
  std::vector<std::uint64_t> shape;   // outermost first
  const std::uint8_t* data;           // whole and inside its file
  std::string type_name;              // the container's, for messages
};

/// Finds tensors by name and checks their shapes. The first failure sticks; later calls then give nulls that nobody
/// looks at.
class TensorMap {
 public:
  /// False when there is one of that name already.
  bool Add(std::string name, Tensor tensor) { return tensors_.emplace(std::move(name), std::move(tensor)).second; }
  bool Has(const std::string& name) const { return tensors_.find(name) != tensors_.end(); }
  std::size_t size() const { return tensors_.size(); }

  MatrixView Matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols);
  VectorView Vector(const std::string& name, std::uint64_t size);
  /// Row `expert` of a matrix (num_experts, size).
  VectorView ExpertVector(const std::string& name, std::uint64_t num_experts, std::uint64_t expert, std::uint64_t size);
  /// Bytes of exactly this shape.
  const std::uint8_t* Bytes(const std::string& name, const std::vector<std::uint64_t>& shape);
  /// An MXFP4 tensor (num_experts, rows, cols) in ggml's blocks of 17 bytes, as one view an expert.
  Mf4View ExpertMf4(const std::string& name, std::uint64_t num_experts, std::uint64_t expert, std::uint64_t rows,
                    std::uint64_t cols, Mf4Order* order);

  const Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

 private:
  const Tensor* Find(const std::string& name, const std::vector<std::uint64_t>& shape);
  void Fail(StatusCode code, std::string message);

  std::map<std::string, Tensor> tensors_;
  Status status_;
  bool has_order_ = false;
  Mf4Order order_ = Mf4Order::kPairs;
};

/// "(32, 5760, 90)"
std::string FormatShape(const std::vector<std::uint64_t>& shape);

/// Elements of a shape; saturates.
std::uint64_t NumElements(const std::vector<std::uint64_t>& shape);

}  // namespace codexpc
