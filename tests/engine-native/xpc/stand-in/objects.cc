#include "objects.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using stand_in::Dictionary;
using stand_in::Error;
using stand_in::Object;

const struct _xpc_type_s _xpc_type_connection = {"connection"};
const struct _xpc_type_s _xpc_type_dictionary = {"dictionary"};
const struct _xpc_type_s _xpc_type_error = {"error"};

static Error interrupted, invalid;
void* const _xpc_error_connection_interrupted = static_cast<Object*>(&interrupted);
void* const _xpc_error_connection_invalid = static_cast<Object*>(&invalid);

namespace stand_in {

void Misuse(const char* what) {
  std::fprintf(stderr, "libxpc stand-in: API misuse: %s\n", what);
  std::abort();
}

Dictionary::~Dictionary() {
  if (connection != nullptr) xpc_release(connection);
}

std::vector<std::uint8_t> Serialize(const Dictionary& dictionary) {
  std::vector<std::uint8_t> bytes;
  const auto put = [&](const void* data, std::uint64_t length) {
    const auto* size = reinterpret_cast<const std::uint8_t*>(&length);
    bytes.insert(bytes.end(), size, size + sizeof(length));
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes.insert(bytes.end(), begin, begin + length);
  };
  for (const auto& [key, value] : dictionary.values) {
    put(key.data(), key.size());
    put(value.data(), value.size());
  }
  return bytes;
}

Dictionary* Parse(const std::vector<std::uint8_t>& bytes) {
  auto* dictionary = new Dictionary;
  std::size_t at = 0;
  const auto take = [&] {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    at += sizeof(length) + length;
    return std::vector<std::uint8_t>(bytes.data() + at - length, bytes.data() + at);
  };
  while (at < bytes.size()) {
    const std::vector<std::uint8_t> key = take();
    dictionary->values[std::string(key.begin(), key.end())] = take();
  }
  return dictionary;
}

}  // namespace stand_in

xpc_object_t xpc_retain(xpc_object_t object) {
  static_cast<Object*>(object)->references.fetch_add(1);
  return object;
}

void xpc_release(xpc_object_t object) {
  auto* const released = static_cast<Object*>(object);
  const int before = released->references.fetch_sub(1);
  if (before < 1) stand_in::Misuse("over-release of an object");
  if (before != 1) return;
  released->CheckRelease();
  delete released;
}

xpc_type_t xpc_get_type(xpc_object_t object) { return static_cast<Object*>(object)->type; }

xpc_object_t xpc_dictionary_create(const char* const*, const xpc_object_t*, size_t count) {
  if (count != 0) stand_in::Misuse("only empty dictionaries can be created here");
  return static_cast<Object*>(new Dictionary);
}

xpc_object_t xpc_dictionary_create_reply(xpc_object_t original) {
  auto* const message = static_cast<Dictionary*>(static_cast<Object*>(original));
  if (!message->wants_reply) return nullptr;
  message->wants_reply = false;
  auto* const reply = new Dictionary;
  reply->connection = xpc_retain(message->connection);
  reply->id = message->id;
  reply->is_reply = true;
  return static_cast<Object*>(reply);
}

void xpc_dictionary_set_data(xpc_object_t dictionary, const char* key, const void* bytes, size_t length) {
  const auto* const begin = static_cast<const std::uint8_t*>(bytes);
  static_cast<Dictionary*>(static_cast<Object*>(dictionary))->values[key].assign(begin, begin + length);
}

const void* xpc_dictionary_get_data(xpc_object_t dictionary, const char* key, size_t* length) {
  const auto& values = static_cast<Dictionary*>(static_cast<Object*>(dictionary))->values;
  const auto found = values.find(key);
  if (found == values.end()) return nullptr;
  *length = found->second.size();
  static const std::uint8_t nothing = 0;
  return found->second.empty() ? &nothing : found->second.data();
}
