#include "model/safetensors.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "model/json-reader.h"
#include "model/layout.h"

namespace codexpc {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // as the reference implementation
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxTensors = 1 << 20;

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

struct Header {
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Header ReadEntry(JsonReader& json) {
  Header header;
  std::string key;
  json.BeginObject();
  while (json.NextMember(&key)) {
    if (key == "dtype") {
      header.dtype = json.String();
    } else if (key == "shape") {
      header.shape.clear();
      json.BeginArray();
      while (json.NextElement()) {
        const std::uint64_t size = json.Unsigned();
        if (header.shape.size() <= kMaxDimensions) header.shape.push_back(size);
      }
    } else if (key == "data_offsets") {
      std::uint64_t offsets[2] = {};
      std::size_t count = 0;
      json.BeginArray();
      while (json.NextElement()) {
        const std::uint64_t offset = json.Unsigned();
        if (count < 2) offsets[count] = offset;
        ++count;
      }
      header.begin = offsets[0];
      header.end = count == 2 ? offsets[1] : 0;
    } else {
      json.Skip();
    }
  }
  return header;
}

/// Bytes of one element; 0 for a type that this build does not read.
std::uint64_t ElementBytes(const std::string& dtype, Tensor* tensor) {
  tensor->type_name = dtype;
  tensor->element = ElementType::kNumbers;
  if (dtype == "BF16") return tensor->number = NumberType::kBf16, 2;
  if (dtype == "F16") return tensor->number = NumberType::kF16, 2;
  if (dtype == "F32") return tensor->number = NumberType::kF32, 4;
  tensor->element = dtype == "U8" ? ElementType::kBytes : ElementType::kOther;
  return dtype == "U8" ? 1 : 0;
}

Status AddTensor(std::span<const std::uint8_t> data, std::string name, const Header& header, TensorMap* tensors) {
  if (header.shape.size() > kMaxDimensions) return Invalid("the tensor " + name + " has too many dimensions");
  if (header.begin > header.end || header.end > data.size()) {
    return Invalid("the tensor " + name + " lies at bytes " + std::to_string(header.begin) + " to " + std::to_string(header.end) +
                   " of " + std::to_string(data.size()) + ": the file is truncated, download or copy it again");
  }
  Tensor tensor{.element = ElementType::kOther, .number = NumberType::kF32, .shape = header.shape, .data = data.data() + header.begin,
                .type_name = ""};
  const std::uint64_t element_bytes = ElementBytes(header.dtype, &tensor);
  std::uint64_t bytes = 0;
  const bool is_too_large = __builtin_mul_overflow(NumElements(header.shape), element_bytes, &bytes);
  if (element_bytes > 0 && (is_too_large || bytes != header.end - header.begin)) {
    return Invalid("the tensor " + name + " of " + header.dtype + " and shape " + FormatShape(header.shape) + " takes " +
                   std::to_string(header.end - header.begin) + " bytes, which does not fit");
  }
  if (element_bytes > 0 && reinterpret_cast<std::uintptr_t>(tensor.data) % element_bytes != 0) {
    return {StatusCode::kUnsupportedArgument, "the tensor " + name + " is not aligned to its " + std::to_string(element_bytes) +
                                                  "-byte elements; write the file again with safetensors 0.3 or newer"};
  }
  if (!tensors->Add(name, std::move(tensor))) return Invalid("the tensor " + name + " is there twice");
  return {};
}

}  // namespace

Status ReadSafetensors(std::span<const std::uint8_t> file, TensorMap* tensors) {
  std::uint64_t header_bytes = 0;
  if (file.size() >= sizeof header_bytes) std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  if (file.size() < sizeof header_bytes || header_bytes > kMaxHeaderBytes || header_bytes > file.size() - sizeof header_bytes) {
    return Invalid("the header of " + std::to_string(header_bytes) + " bytes does not fit into the file of " +
                   std::to_string(file.size()) + ": it is truncated or no safetensors file");
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + sizeof header_bytes);
  const auto data = file.subspan(sizeof header_bytes + header_bytes);

  JsonReader json(std::string_view(text, header_bytes));
  std::string name;
  json.BeginObject();
  while (json.NextMember(&name)) {
    if (name == "__metadata__") {
      json.Skip();
      continue;
    }
    const Header header = ReadEntry(json);
    if (!json.ok()) break;
    if (tensors->size() >= kMaxTensors) return Invalid("the header names more than " + std::to_string(kMaxTensors) + " tensors");
    if (Status status = AddTensor(data, std::move(name), header, tensors); !status.ok()) return status;
  }
  json.Finish();
  return json.ok() ? Status() : Invalid("the header is not valid JSON: " + json.fault());
}

}  // namespace codexpc
