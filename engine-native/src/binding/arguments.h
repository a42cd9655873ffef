#pragma once
// Values from JavaScript, checked and copied. A reader that returns false has thrown; getters may run any code, so
// nothing native is held across a read.

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace codexpc::binding {

bool ToObject(const Napi::Value& value, const char* name, Napi::Object* object);
bool ToUint32(const Napi::Value& value, const char* name, std::uint32_t* number);
/// A number of bytes; exact, so at most 2^53.
bool ToSize(const Napi::Value& value, const char* name, std::size_t* size);
bool ToFloat(const Napi::Value& value, const char* name, float* number);
bool ToString(const Napi::Value& value, const char* name, std::string* text);
/// A Uint32Array of at most `max_count` elements.
bool ToUint32s(const Napi::Value& value, const char* name, std::size_t max_count, std::vector<std::uint32_t>* numbers);
/// The bytes of a Uint8Array where they lie, also in shared memory: good until JavaScript runs again.
bool ToBytes(const Napi::Value& value, const char* name, std::span<std::byte>* bytes);
bool ToFloats(const Napi::Value& value, const char* name, std::vector<float>* numbers);

bool ReadValue(const Napi::Object& object, const char* name, Napi::Value* value);
bool ReadUint32(const Napi::Object& object, const char* name, std::uint32_t* number);
/// `fallback` where the property is not there.
bool ReadUint32Or(const Napi::Object& object, const char* name, std::uint32_t fallback, std::uint32_t* number);
bool ReadUint64(const Napi::Object& object, const char* name, std::uint64_t* number);  // a bigint
bool ReadFloat(const Napi::Object& object, const char* name, float* number);
bool ReadString(const Napi::Object& object, const char* name, std::string* text);

}  // namespace codexpc::binding
