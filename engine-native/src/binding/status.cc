// The one table from native statuses to the codes of src/errors.ts.

#include "binding/status.h"

namespace codexpc::binding {

const char* ErrorCode(StatusCode status, Call call) {
  switch (status) {
    case StatusCode::kSuccess:
      break;
    case StatusCode::kInvalidArgument:
      return call == Call::kOpen ? "model_corrupt" : "invalid_request";
    case StatusCode::kUnsupportedArgument:
      return "unsupported_option";
    case StatusCode::kInvalidState:
      return call == Call::kSample ? "model_corrupt" : "invalid_request";
    case StatusCode::kIoError:
      return "io_error";
    case StatusCode::kInsufficientMemory:
      return "insufficient_memory";
    case StatusCode::kInsufficientResources:
      return "insufficient_resources";
    case StatusCode::kUnsupportedSystem:
      return "unsupported_system";
    case StatusCode::kContextOverflow:
      return "context_overflow";
  }
  return "invariant_violated";
}

}  // namespace codexpc::binding
