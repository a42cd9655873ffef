#pragma once
// Outcome of every engine call that can fail. No exception leaves the engine.

#include <string>
#include <utility>

namespace codexpc {

/// The values of the GPT-OSS Metal library's `gptoss_status`, one list for all backends.
/// The binding maps them to the codes of src/errors.ts in one table (src/binding/status.cc).
enum class StatusCode {
  kSuccess = 0,
  kInvalidArgument,
  kUnsupportedArgument,
  kInvalidState,
  kIoError,
  kInsufficientMemory,
  kInsufficientResources,
  kUnsupportedSystem,
  kContextOverflow,
};

/// A code, and for failures one sentence that names the field or argument, its value and what was expected.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kSuccess; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kSuccess;
  std::string message_;
};

}  // namespace codexpc
