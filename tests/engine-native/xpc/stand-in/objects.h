#pragma once
// What an xpc_object_t points to.

#include <xpc/xpc.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace stand_in {

/// A use that libxpc's documentation forbids: the test that did it ends here.
[[noreturn]] void Misuse(const char* what);

struct Object {
  explicit Object(xpc_type_t object_type) : type(object_type) {}
  virtual ~Object() = default;
  /// Before the last reference goes.
  virtual void CheckRelease() const {}
  const xpc_type_t type;
  std::atomic<int> references{1};
};

struct Error final : Object {
  Error() : Object(XPC_TYPE_ERROR) {}
};

struct Dictionary final : Object {
  Dictionary() : Object(XPC_TYPE_DICTIONARY) {}
  ~Dictionary() override;
  std::map<std::string, std::vector<std::uint8_t>> values;
  /// Of a message that wants a reply, and of the reply: the connection and the message's number.
  xpc_object_t connection = nullptr;
  std::uint64_t id = 0;
  bool wants_reply = false;
  bool is_reply = false;
};

std::vector<std::uint8_t> Serialize(const Dictionary& dictionary);
Dictionary* Parse(const std::vector<std::uint8_t>& bytes);

}  // namespace stand_in
