#include "binding/arguments.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "binding/errors.h"

namespace codexpc::binding {
namespace {

bool Refuse(const Napi::Value& value, const char* name, const std::string& expected) {
  Throw(value.Env(), "invalid_request", std::string(name) + " must be " + expected);
  return false;
}

/// The bytes of a typed array; an array over a detached buffer is empty.
template <typename Element>
bool ToElements(const Napi::Value& value, const char* name, napi_typedarray_type type, const char* type_name,
                std::size_t max_count, std::vector<Element>* elements) {
  if (!value.IsTypedArray()) return Refuse(value, name, std::string("a ") + type_name);
  napi_typedarray_type actual_type;
  std::size_t count = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &actual_type, &count, &data, nullptr, nullptr);
  if (status != napi_ok || actual_type != type) return Refuse(value, name, std::string("a ") + type_name);
  if (count > max_count) return Refuse(value, name, "no longer than " + std::to_string(max_count));
  if (data == nullptr) count = 0;
  elements->resize(count);
  if (count > 0) std::memcpy(elements->data(), data, count * sizeof(Element));
  return true;
}

}  // namespace

bool ToObject(const Napi::Value& value, const char* name, Napi::Object* object) {
  if (!value.IsObject()) return Refuse(value, name, "an object");
  *object = value.As<Napi::Object>();
  return true;
}

bool ToUint32(const Napi::Value& value, const char* name, std::uint32_t* number) {
  constexpr double kLargest = std::numeric_limits<std::uint32_t>::max();
  if (value.IsNumber()) {
    const double wanted = value.As<Napi::Number>().DoubleValue();
    if (wanted >= 0.0 && wanted <= kLargest && wanted == std::floor(wanted)) {
      *number = static_cast<std::uint32_t>(wanted);
      return true;
    }
  }
  return Refuse(value, name, "a whole number from 0 to 4294967295");
}

bool ToSize(const Napi::Value& value, const char* name, std::size_t* size) {
  constexpr double kLargest = 9007199254740992.0;
  if (value.IsNumber()) {
    const double wanted = value.As<Napi::Number>().DoubleValue();
    if (wanted >= 0.0 && wanted <= kLargest && wanted == std::floor(wanted)) {
      *size = static_cast<std::size_t>(wanted);
      return true;
    }
  }
  return Refuse(value, name, "a whole number of bytes");
}

bool ToFloat(const Napi::Value& value, const char* name, float* number) {
  if (!value.IsNumber()) return Refuse(value, name, "a number");
  const double wanted = value.As<Napi::Number>().DoubleValue();
  constexpr double kLargest = std::numeric_limits<float>::max();
  // Out-of-range casts are undefined; infinities and NaN are left to the engine's own checks.
  *number = std::fabs(wanted) <= kLargest || std::isnan(wanted) ? static_cast<float>(wanted)
            : wanted > 0.0                                      ? std::numeric_limits<float>::infinity()
                                                                : -std::numeric_limits<float>::infinity();
  return true;
}

bool ToString(const Napi::Value& value, const char* name, std::string* text) {
  if (!value.IsString()) return Refuse(value, name, "a string");
  *text = value.As<Napi::String>().Utf8Value();
  if (text->find('\0') != std::string::npos) return Refuse(value, name, "a string without NUL characters");
  return true;
}

bool ToUint32s(const Napi::Value& value, const char* name, std::size_t max_count,
               std::vector<std::uint32_t>* numbers) {
  return ToElements(value, name, napi_uint32_array, "Uint32Array", max_count, numbers);
}

bool ToBytes(const Napi::Value& value, const char* name, std::span<std::byte>* bytes) {
  if (!value.IsTypedArray()) return Refuse(value, name, "a Uint8Array");
  napi_typedarray_type type;
  std::size_t count = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &type, &count, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return Refuse(value, name, "a Uint8Array");
  }
  *bytes = {static_cast<std::byte*>(data), data == nullptr ? 0 : count};
  return true;
}

bool ToFloats(const Napi::Value& value, const char* name, std::vector<float>* numbers) {
  constexpr std::size_t kMaxCount = std::size_t{1} << 28;
  return ToElements(value, name, napi_float32_array, "Float32Array", kMaxCount, numbers);
}

bool ReadValue(const Napi::Object& object, const char* name, Napi::Value* value) {
  return object.Get(name).UnwrapTo(value);  // false: the getter's own exception is pending
}

bool ReadUint32(const Napi::Object& object, const char* name, std::uint32_t* number) {
  Napi::Value value;
  return ReadValue(object, name, &value) && ToUint32(value, name, number);
}

bool ReadUint32Or(const Napi::Object& object, const char* name, std::uint32_t fallback, std::uint32_t* number) {
  Napi::Value value;
  if (!ReadValue(object, name, &value)) return false;
  *number = fallback;
  return value.IsUndefined() || ToUint32(value, name, number);
}

bool ReadUint64(const Napi::Object& object, const char* name, std::uint64_t* number) {
  Napi::Value value;
  if (!ReadValue(object, name, &value)) return false;
  bool lossless = false;
  if (value.IsBigInt()) *number = value.As<Napi::BigInt>().Uint64Value(&lossless);
  return lossless || Refuse(value, name, "a bigint from 0 to 18446744073709551615");
}

bool ReadFloat(const Napi::Object& object, const char* name, float* number) {
  Napi::Value value;
  return ReadValue(object, name, &value) && ToFloat(value, name, number);
}

bool ReadString(const Napi::Object& object, const char* name, std::string* text) {
  Napi::Value value;
  return ReadValue(object, name, &value) && ToString(value, name, text);
}

}  // namespace codexpc::binding
