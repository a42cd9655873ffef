#pragma once

#include "binding/errors.h"
#include "codexpc/status.h"

namespace codexpc::binding {

/// The code of src/errors.ts.
const char* ErrorCode(StatusCode status, Call call);

}  // namespace codexpc::binding
