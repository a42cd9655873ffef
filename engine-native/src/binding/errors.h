#pragma once
// Failures become CodexpcError, the class that JavaScript hands over once (setErrorClass).

#include <napi.h>

#include <string>

#include "codexpc/status.h"

namespace codexpc::binding {

/// What a status means depends on what was asked for: a bad field of a checkpoint is no mistake of the caller.
enum class Call { kOpen, kUse, kSample };

/// Keeps the class for this environment; `error_class` is a constructor of { code, message }.
void SetErrorClass(Napi::Env env, Napi::Function error_class);

/// Makes the exception pending, unless one already is. The caller returns to JavaScript at once.
void Throw(Napi::Env env, const char* code, const std::string& message);
void Throw(Napi::Env env, const Status& status, Call call);
/// An ordinary Error, with the system call and its errno for whoever words it.
Napi::Value ThrowErrno(Napi::Env env, const char* call, int error);

}  // namespace codexpc::binding
