#pragma once
// A pull reader for JSON (RFC 8259) from outside: nothing is built but what the caller asks for, depth is bounded, and
// the first fault sticks. Duplicate keys are the caller's to judge; a byte order mark is a fault.

#include <cstdint>
#include <string>
#include <string_view>

namespace codexpc {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  enum class Kind { kObject, kArray, kString, kNumber, kBool, kNull, kEnd };
  /// Of the value that comes next; kEnd at the end and after a fault.
  Kind Peek();

  /// while (NextMember(&key)) reads or Skip()s one value. False at the object's end and after a fault.
  void BeginObject();
  bool NextMember(std::string* key);
  /// while (NextElement()) reads or Skip()s one value.
  void BeginArray();
  bool NextElement();

  std::string String();
  double Number();
  /// A whole number from 0 to 2^53.
  std::uint64_t Unsigned();
  bool Bool();
  void Skip();
  /// Nothing but white space is left.
  void Finish();

  bool ok() const { return fault_ == nullptr; }
  /// "unterminated string at byte 123"
  std::string fault() const;

 private:
  static constexpr int kMaxDepth = 64;

  void SkipSpace();
  bool Take(char expected);
  bool TakeWord(std::string_view word);
  void Fail(const char* fault);
  std::string_view NumberText();
  void AppendEscape(std::string* out);
  std::uint32_t Hex4();
  bool Next(char close);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool is_first_ = false;  // of the object or array just begun
  const char* fault_ = nullptr;
  std::size_t fault_at_ = 0;
};

}  // namespace codexpc
