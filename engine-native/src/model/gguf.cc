#include "model/gguf.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <utility>
#include <variant>

#include "model/config-limits.h"
#include "model/layout.h"
#include "model/text-tokens.h"
#include "model/yarn.h"

namespace codexpc {
namespace {

constexpr std::size_t kMaxKeys = 65536;
constexpr std::size_t kMaxTensors = 1 << 20;
constexpr std::uint64_t kMaxString = 1 << 20;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::int32_t kTextToken = 1;  // of tokenizer.ggml.token_type; control, unused and user-defined ones are others

enum class ValueType : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status Unsupported(std::string message) { return {StatusCode::kUnsupportedArgument, std::move(message)}; }

/// Where an array lies; its elements are read when they are wanted.
struct ArrayPlace {
  ValueType type;
  std::uint64_t count;
  std::uint64_t offset;
};
using Value = std::variant<std::int64_t, double, std::string_view, ArrayPlace>;

/// Bytes of a number; 0 for strings and arrays.
std::uint64_t NumberBytes(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
    case ValueType::kBool: return 1;
    case ValueType::kU16:
    case ValueType::kI16: return 2;
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kF32: return 4;
    case ValueType::kU64:
    case ValueType::kI64:
    case ValueType::kF64: return 8;
    case ValueType::kString:
    case ValueType::kArray: return 0;
  }
  return 0;
}

/// Reads in order. The first failure sticks; later reads then give zeros that nobody looks at.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> file, std::uint64_t offset) : file_(file), offset_(offset) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  std::uint64_t offset() const { return offset_; }

  void Fail(Status status) {
    if (ok()) status_ = std::move(status);
  }

  const std::uint8_t* Bytes(std::uint64_t size) {
    if (ok() && size > file_.size() - offset_) {
      Fail(Invalid("the file ends inside its header, at byte " + std::to_string(offset_) + " of " +
                   std::to_string(file_.size()) + ": it is truncated, download or copy it again"));
    }
    if (!ok()) return nullptr;
    const std::uint8_t* bytes = file_.data() + offset_;
    offset_ += size;
    return bytes;
  }

  template <typename T>
  T Read() {
    T value{};
    if (const std::uint8_t* bytes = Bytes(sizeof value)) std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  std::string_view String() {
    const auto size = Read<std::uint64_t>();
    if (ok() && size > kMaxString) Fail(Invalid("a string of " + std::to_string(size) + " bytes at byte " + std::to_string(offset_)));
    const std::uint8_t* bytes = Bytes(size);
    return bytes == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(bytes), size);
  }

  ValueType Type() {
    const auto type = Read<std::uint32_t>();
    if (ok() && type > static_cast<std::uint32_t>(ValueType::kF64)) {
      Fail(Invalid("a value of unknown type " + std::to_string(type) + " at byte " + std::to_string(offset_)));
    }
    return ok() ? static_cast<ValueType>(type) : ValueType::kU8;
  }

  Value Number(ValueType type) {
    switch (type) {
      case ValueType::kU8:
      case ValueType::kBool: return std::int64_t{Read<std::uint8_t>()};
      case ValueType::kI8: return std::int64_t{Read<std::int8_t>()};
      case ValueType::kU16: return std::int64_t{Read<std::uint16_t>()};
      case ValueType::kI16: return std::int64_t{Read<std::int16_t>()};
      case ValueType::kU32: return std::int64_t{Read<std::uint32_t>()};
      case ValueType::kI32: return std::int64_t{Read<std::int32_t>()};
      case ValueType::kU64: return static_cast<std::int64_t>(Read<std::uint64_t>());  // above 2^63: negative, out of any range
      case ValueType::kI64: return Read<std::int64_t>();
      case ValueType::kF32: return double{Read<float>()};
      case ValueType::kF64: return Read<double>();
      case ValueType::kString:
      case ValueType::kArray: break;
    }
    return std::int64_t{0};
  }

  ArrayPlace Array() {
    const ValueType type = Type();
    const auto count = Read<std::uint64_t>();
    const ArrayPlace place{type, count, offset_};
    if (type == ValueType::kArray) {
      Fail(Unsupported("an array of arrays at byte " + std::to_string(offset_)));
    } else if (type == ValueType::kString) {
      for (std::uint64_t i = 0; ok() && i < count; ++i) String();
    } else {
      std::uint64_t bytes = 0;
      if (__builtin_mul_overflow(count, NumberBytes(type), &bytes)) bytes = kTooLarge;
      Bytes(bytes);
    }
    return place;
  }

 private:
  std::span<const std::uint8_t> file_;
  std::uint64_t offset_;
  Status status_;
};

/// The keys of a file by name, with checked access.
class Metadata {
 public:
  explicit Metadata(std::span<const std::uint8_t> file) : file_(file) {}

  void Read(Reader& reader, std::uint64_t count) {
    if (count > kMaxKeys) return reader.Fail(Invalid("it has " + std::to_string(count) + " keys"));
    for (std::uint64_t i = 0; reader.ok() && i < count; ++i) {
      const std::string_view key = reader.String();
      const ValueType type = reader.Type();
      Value value = type == ValueType::kString  ? Value(reader.String())
                    : type == ValueType::kArray ? Value(reader.Array())
                                                : reader.Number(type);
      if (reader.ok() && !values_.emplace(key, std::move(value)).second) {
        reader.Fail(Invalid("the key " + std::string(key.substr(0, 100)) + " is there twice"));
      }
    }
  }

  bool Has(const std::string& key) const { return values_.find(key) != values_.end(); }

  std::string_view String(const std::string& key) {
    const auto* value = Get<std::string_view>(key, "a string");
    return value == nullptr ? std::string_view() : *value;
  }

  std::uint32_t U32(const std::string& key) {
    const auto* value = Get<std::int64_t>(key, "a whole number");
    if (value == nullptr) return 0;
    if (*value < 0 || *value > INT32_MAX) {
      Fail(Invalid(key + " is out of range"));
      return 0;
    }
    return static_cast<std::uint32_t>(*value);
  }

  double Float(const std::string& key, double min, double max) {
    const auto* value = Get<double>(key, "a number");
    if (value == nullptr) return min;
    if (!(*value >= min && *value <= max)) Fail(Invalid(key + " is out of range"));
    return *value;
  }

  const ArrayPlace* Array(const std::string& key) { return Get<ArrayPlace>(key, "an array"); }
  Reader At(const ArrayPlace& place) const { return {file_, place.offset}; }

  const Status& status() const { return status_; }

 private:
  template <typename T>
  const T* Get(const std::string& key, const char* what) {
    const auto found = values_.find(key);
    if (found == values_.end()) {
      Fail(Invalid("the key " + key + " is missing"));
      return nullptr;
    }
    const T* value = std::get_if<T>(&found->second);
    if (value == nullptr) Fail(Invalid("the key " + key + " is not " + what));
    return value;
  }

  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  std::span<const std::uint8_t> file_;
  std::map<std::string, Value, std::less<>> values_;
  Status status_;
};

struct GgmlType {
  std::uint32_t id;
  const char* name;
  ElementType element;
  NumberType number;
};

/// By the ids of ggml's enum. 4 was Q4_2, never in GGUF; Ollama uses it for MXFP4 in OpenAI's order.
constexpr GgmlType kTypes[] = {
    {0, "F32", ElementType::kNumbers, NumberType::kF32},       {1, "F16", ElementType::kNumbers, NumberType::kF16},
    {2, "Q4_0", ElementType::kNumbers, NumberType::kQ4_0},     {3, "Q4_1", ElementType::kNumbers, NumberType::kQ4_1},
    {6, "Q5_0", ElementType::kNumbers, NumberType::kQ5_0},     {7, "Q5_1", ElementType::kNumbers, NumberType::kQ5_1},
    {8, "Q8_0", ElementType::kNumbers, NumberType::kQ8_0},     {12, "Q4_K", ElementType::kNumbers, NumberType::kQ4_K},
    {13, "Q5_K", ElementType::kNumbers, NumberType::kQ5_K},    {14, "Q6_K", ElementType::kNumbers, NumberType::kQ6_K},
    {20, "IQ4_NL", ElementType::kNumbers, NumberType::kIq4Nl}, {30, "BF16", ElementType::kNumbers, NumberType::kBf16},
    {4, "MXFP4 (Ollama)", ElementType::kMf4Pairs, {}},         {39, "MXFP4", ElementType::kMf4Halves, {}}};

constexpr BlockSize kMf4Block = {32, 17};

/// Errors unless all its bytes lie in `data`. A type that this build does not know is kept without data.
Status AddTensor(std::span<const std::uint8_t> data, std::string name, std::vector<std::uint64_t> shape, std::uint32_t type_id,
                 std::uint64_t offset, TensorMap* tensors) {
  const GgmlType* type = nullptr;
  for (const GgmlType& known : kTypes) {
    if (known.id == type_id) type = &known;
  }
  Tensor tensor{.element = ElementType::kOther, .number = NumberType::kF32, .shape = std::move(shape), .data = nullptr,
                .type_name = type == nullptr ? "number " + std::to_string(type_id) + " of ggml" : type->name};
  if (type != nullptr) {
    const BlockSize block = type->element == ElementType::kNumbers ? BlockSizeOf(type->number) : kMf4Block;
    const std::uint64_t count = NumElements(tensor.shape);
    if (count == kTooLarge || tensor.shape.back() % block.num_values != 0) {
      return Invalid("the tensor " + name + " of " + tensor.type_name + " cannot have the shape " + FormatShape(tensor.shape));
    }
    std::uint64_t bytes = 0;
    const bool is_too_large = __builtin_mul_overflow(count / block.num_values, std::uint64_t{block.num_bytes}, &bytes);
    if (is_too_large || offset > data.size() || bytes > data.size() - offset) {
      return Invalid("the tensor " + name + " reaches past the end of the file: it is truncated, download or copy it again");
    }
    tensor.element = type->element;
    tensor.number = type->number;
    tensor.data = data.data() + offset;
  }
  if (!tensors->Add(name, std::move(tensor))) return Invalid("the tensor " + name + " is there twice");
  return {};
}

struct TensorInfo {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint32_t type_id;
  std::uint64_t offset;
};

TensorInfo ReadInfo(Reader& reader) {
  TensorInfo info;
  info.name = reader.String();
  const auto num_dimensions = reader.Read<std::uint32_t>();
  if (reader.ok() && (num_dimensions < 1 || num_dimensions > kMaxDimensions)) {
    reader.Fail(Invalid("the tensor " + info.name.substr(0, 100) + " has " + std::to_string(num_dimensions) + " dimensions"));
  }
  for (std::uint32_t i = 0; reader.ok() && i < num_dimensions; ++i) info.shape.insert(info.shape.begin(), reader.Read<std::uint64_t>());
  info.type_id = reader.Read<std::uint32_t>();
  info.offset = reader.Read<std::uint64_t>();
  return info;
}

/// Header, keys and tensors of one file.
Status ReadFile(std::span<const std::uint8_t> file, Metadata* metadata, TensorMap* tensors) {
  Reader reader(file, 0);
  const std::uint8_t* magic = reader.Bytes(4);
  if (magic == nullptr || std::memcmp(magic, "GGUF", 4) != 0) return Invalid("the magic is not \"GGUF\"");
  const auto version = reader.Read<std::uint32_t>();
  if (reader.ok() && version != 2 && version != 3) return Unsupported("it is GGUF version " + std::to_string(version) + "; this build reads 2 and 3");
  const auto num_tensors = reader.Read<std::uint64_t>();
  const auto num_keys = reader.Read<std::uint64_t>();
  metadata->Read(reader, num_keys);
  if (reader.ok() && num_tensors > kMaxTensors) return Invalid("it has " + std::to_string(num_tensors) + " tensors");

  std::vector<TensorInfo> infos;
  for (std::uint64_t i = 0; reader.ok() && i < num_tensors; ++i) infos.push_back(ReadInfo(reader));
  if (!reader.ok()) return reader.status();

  const std::uint32_t alignment = metadata->Has("general.alignment") ? metadata->U32("general.alignment") : 32;
  if (!metadata->status().ok()) return metadata->status();
  if (alignment < 8 || alignment > (1u << 20) || (alignment & (alignment - 1)) != 0) {
    return Invalid("general.alignment is " + std::to_string(alignment) + ", expected a power of two from 8");
  }
  const std::uint64_t data_begin = std::min<std::uint64_t>(RoundUp(reader.offset(), alignment), file.size());
  for (TensorInfo& info : infos) {
    if (info.offset % alignment != 0) return Invalid("the tensor " + info.name + " is not aligned to " + std::to_string(alignment) + " bytes");
    if (Status status = AddTensor(file.subspan(data_begin), std::move(info.name), std::move(info.shape), info.type_id, info.offset, tensors);
        !status.ok()) {
      return status;
    }
  }
  return {};
}

Status ReadConfig(const std::string& arch, Metadata* metadata, Config* config) {
  const auto key = [&arch](const char* name) { return arch + "." + name; };
  config->context_length = metadata->U32(key("context_length"));
  config->num_hidden_layers = metadata->U32(key("block_count"));
  config->hidden_size = metadata->U32(key("embedding_length"));
  config->intermediate_size = metadata->U32(
      metadata->Has(key("expert_feed_forward_length")) ? key("expert_feed_forward_length") : key("feed_forward_length"));
  config->num_attention_heads = metadata->U32(key("attention.head_count"));
  config->num_key_value_heads = metadata->U32(key("attention.head_count_kv"));
  config->head_dim = metadata->U32(key("attention.key_length"));
  config->sliding_window = metadata->U32(key("attention.sliding_window"));
  config->num_experts = metadata->U32(key("expert_count"));
  config->experts_per_token = metadata->U32(key("expert_used_count"));
  config->rms_norm_eps = static_cast<float>(metadata->Float(key("attention.layer_norm_rms_epsilon"), 0, 1));
  config->swiglu_limit = 7.0f;  // no key: llama.cpp has it as a constant of the architecture
  YarnSettings yarn;
  yarn.theta = metadata->Float(key("rope.freq_base"), 2, 1e30);
  yarn.factor = metadata->Float(key("rope.scaling.factor"), 1, 1e6);
  yarn.initial_context_length = metadata->U32(key("rope.scaling.original_context_length"));
  if (!metadata->status().ok()) return metadata->status();
  if (yarn.initial_context_length < 64 || yarn.initial_context_length > kMaxContextLength) {
    return Invalid(key("rope.scaling.original_context_length") + " is out of range");
  }
  constexpr ConfigNames kNames = {"context_length",   "block_count",          "expert_count",
                                  "expert_used_count", "embedding_length",     "feed_forward_length",
                                  "attention.key_length", "attention.head_count", "attention.head_count_kv",
                                  "attention.sliding_window"};
  if (Status status = CheckSizes(*config, kNames); !status.ok()) return status;
  ApplyYarn(yarn, config);
  return {};
}

Status ReadVocabulary(Metadata* metadata, Config* config, TokenizerData* tokenizer) {
  const ArrayPlace* tokens = metadata->Array("tokenizer.ggml.tokens");
  const ArrayPlace* types = metadata->Array("tokenizer.ggml.token_type");
  if (!metadata->status().ok()) return metadata->status();
  if (tokens->type != ValueType::kString || NumberBytes(types->type) != 4 || types->count != tokens->count) {
    return Invalid("tokenizer.ggml.tokens and tokenizer.ggml.token_type do not belong together");
  }
  if (tokens->count < 1 || tokens->count > kMaxTextTokens) return Invalid("tokenizer.ggml.tokens has " + std::to_string(tokens->count) + " tokens");
  config->vocab_size = static_cast<std::uint32_t>(tokens->count);

  Reader token_reader = metadata->At(*tokens);
  Reader type_reader = metadata->At(*types);
  TextTokensBuilder builder(tokenizer);
  for (std::uint64_t i = 0; i < tokens->count; ++i) {
    const std::string_view token = token_reader.String();
    if (type_reader.Read<std::int32_t>() != kTextToken) {
      builder.AddSpecial(token);
    } else if (Status status = builder.AddText(token); !status.ok()) {
      return status;
    }
  }
  return {};
}

}  // namespace

Status ReadGguf(std::span<const std::uint8_t> file, GgufContents* contents) {
  Metadata metadata(file);
  if (Status status = ReadFile(file, &metadata, &contents->tensors); !status.ok()) return status;
  // Before all else: the later files of a checkpoint have little more than this.
  if (metadata.Has("split.no") && metadata.U32("split.no") != 0) {
    return Invalid("this is not the first file of the checkpoint: name the one that ends in -00001-of-….gguf");
  }
  const std::string arch(metadata.String("general.architecture"));
  if (!metadata.status().ok()) return metadata.status();
  if (arch != "gpt-oss" && arch != "gptoss") {
    return Unsupported("this is a GGUF file of the architecture \"" + arch.substr(0, 100) + "\"; this build runs gpt-oss models");
  }
  contents->is_ollama = arch == "gptoss";
  if (metadata.Has("split.count")) {
    contents->num_files = std::max(1u, metadata.U32("split.count"));
    if (contents->num_files > 1000) return Invalid("split.count is " + std::to_string(contents->num_files));
  }
  if (Status status = ReadConfig(arch, &metadata, &contents->config); !status.ok()) return status;
  return ReadVocabulary(&metadata, &contents->config, &contents->tokenizer);
}

Status ReadGgufShard(std::span<const std::uint8_t> file, std::uint32_t index, TensorMap* tensors) {
  Metadata metadata(file);
  if (Status status = ReadFile(file, &metadata, tensors); !status.ok()) return status;
  const std::uint32_t number = metadata.U32("split.no");
  if (!metadata.status().ok()) return metadata.status();
  if (number != index) return Invalid("split.no is " + std::to_string(number) + ", expected " + std::to_string(index));
  return {};
}

std::string GgufShardPath(const std::string& path, std::uint32_t index, std::uint32_t num_files) {
  char first[32], wanted[32];
  std::snprintf(first, sizeof first, "-%05u-of-%05u.gguf", 1u, num_files);
  std::snprintf(wanted, sizeof wanted, "-%05u-of-%05u.gguf", index + 1, num_files);
  if (!path.ends_with(first)) return {};
  return path.substr(0, path.size() - std::strlen(first)) + wanted;
}

}  // namespace codexpc
