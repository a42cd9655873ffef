#include "model/json-reader.h"

#include <cstdlib>

#include "model/utf8.h"

namespace codexpc {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(std::string* out, std::uint32_t code_point) {
  const auto byte = [out](std::uint32_t value) { out->push_back(static_cast<char>(value)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xc0 | code_point >> 6);
    byte(0x80 | (code_point & 63));
  } else if (code_point < 0x10000) {
    byte(0xe0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 63));
    byte(0x80 | (code_point & 63));
  } else {
    byte(0xf0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 63));
    byte(0x80 | (code_point >> 6 & 63));
    byte(0x80 | (code_point & 63));
  }
}

}  // namespace

std::string JsonReader::fault() const {
  return fault_ == nullptr ? "" : std::string(fault_) + " at byte " + std::to_string(fault_at_);
}

void JsonReader::Fail(const char* fault) {
  if (fault_ != nullptr) return;
  fault_ = fault;
  fault_at_ = at_;
}

void JsonReader::SkipSpace() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
}

bool JsonReader::Take(char expected) {
  if (!ok() || at_ >= text_.size() || text_[at_] != expected) return false;
  ++at_;
  return true;
}

bool JsonReader::TakeWord(std::string_view word) {
  if (!ok() || text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

JsonReader::Kind JsonReader::Peek() {
  SkipSpace();
  if (!ok() || at_ >= text_.size()) return Kind::kEnd;
  switch (text_[at_]) {
    case '{': return Kind::kObject;
    case '[': return Kind::kArray;
    case '"': return Kind::kString;
    case 't':
    case 'f': return Kind::kBool;
    case 'n': return Kind::kNull;
    default: return Kind::kNumber;
  }
}

void JsonReader::BeginObject() {
  SkipSpace();
  if (!Take('{')) return Fail("expected an object");
  if (++depth_ > kMaxDepth) Fail("nested too deeply");
  is_first_ = true;
}

void JsonReader::BeginArray() {
  SkipSpace();
  if (!Take('[')) return Fail("expected an array");
  if (++depth_ > kMaxDepth) Fail("nested too deeply");
  is_first_ = true;
}

/// Passes the comma before every value but the first, or the closing bracket.
bool JsonReader::Next(char close) {
  SkipSpace();
  if (Take(close)) {
    --depth_;
    is_first_ = false;
    return false;
  }
  if (!is_first_ && !Take(',')) Fail("expected a comma or the end");
  is_first_ = false;
  SkipSpace();
  return ok();
}

bool JsonReader::NextMember(std::string* key) {
  if (!Next('}')) return false;
  *key = String();
  SkipSpace();
  if (!Take(':')) Fail("expected a colon");
  return ok();
}

bool JsonReader::NextElement() { return Next(']'); }

std::uint32_t JsonReader::Hex4() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!IsDigit(c) && !is_letter) {
      Fail("bad \\u escape");
      return 0;
    }
    value = value * 16 + static_cast<std::uint32_t>(IsDigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    ++at_;
  }
  return value;
}

/// Behind the backslash.
void JsonReader::AppendEscape(std::string* out) {
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  switch (c) {
    case '"':
    case '\\':
    case '/': out->push_back(c); return;
    case 'b': out->push_back('\b'); return;
    case 'f': out->push_back('\f'); return;
    case 'n': out->push_back('\n'); return;
    case 'r': out->push_back('\r'); return;
    case 't': out->push_back('\t'); return;
    case 'u': break;
    default: return Fail("unknown escape");
  }
  std::uint32_t code_point = Hex4();
  if (code_point >= 0xdc00 && code_point < 0xe000) return Fail("lone surrogate");
  if (code_point >= 0xd800 && code_point < 0xdc00) {
    if (!TakeWord("\\u")) return Fail("lone surrogate");
    const std::uint32_t low = Hex4();
    if (low < 0xdc00 || low >= 0xe000) return Fail("lone surrogate");
    code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
  }
  AppendUtf8(out, code_point);
}

std::string JsonReader::String() {
  SkipSpace();
  std::string out;
  if (!Take('"')) {
    Fail("expected a string");
    return out;
  }
  while (ok()) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && static_cast<unsigned char>(text_[at_]) >= 0x20) ++at_;
    out.append(text_.substr(begin, at_ - begin));
    if (Take('"')) break;
    if (Take('\\')) {
      AppendEscape(&out);
    } else {
      Fail(at_ < text_.size() ? "control character in a string" : "unterminated string");
    }
  }
  if (ok() && !IsUtf8(out)) Fail("a string that is not UTF-8");
  return out;
}

std::string_view JsonReader::NumberText() {
  SkipSpace();
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - first;
  };
  Take('-');
  const bool leads_with_zero = at_ < text_.size() && text_[at_] == '0';
  const std::size_t num_digits = digits();
  if (num_digits == 0 || (leads_with_zero && num_digits > 1)) Fail("expected a value");
  if (Take('.') && digits() == 0) Fail("expected digits");
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    if (digits() == 0) Fail("expected digits");
  }
  return text_.substr(begin, at_ - begin);
}

double JsonReader::Number() {
  const std::string text(NumberText());
  return ok() ? std::strtod(text.c_str(), nullptr) : 0.0;
}

std::uint64_t JsonReader::Unsigned() {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 53;
  const std::string_view text = NumberText();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!IsDigit(c) || value > kLargest / 10) {
      Fail("expected a whole number from 0 to 2^53");
      return 0;
    }
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > kLargest) Fail("expected a whole number from 0 to 2^53");
  return ok() ? value : 0;
}

bool JsonReader::Bool() {
  SkipSpace();
  if (TakeWord("true")) return true;
  if (!TakeWord("false")) Fail("expected true or false");
  return false;
}

void JsonReader::Skip() {
  switch (Peek()) {
    case Kind::kObject: {
      std::string key;
      BeginObject();
      while (NextMember(&key)) Skip();
      return;
    }
    case Kind::kArray:
      BeginArray();
      while (NextElement()) Skip();
      return;
    case Kind::kString: String(); return;
    case Kind::kBool: Bool(); return;
    case Kind::kNull:
      if (!TakeWord("null")) Fail("expected a value");
      return;
    case Kind::kNumber: NumberText(); return;
    case Kind::kEnd: Fail("the text ends where a value should be"); return;
  }
}

void JsonReader::Finish() {
  SkipSpace();
  if (ok() && at_ != text_.size()) Fail("more text after the value");
}

}  // namespace codexpc
