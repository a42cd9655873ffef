#include "binding/errors.h"

#include <cstring>

#include "binding/status.h"

namespace codexpc::binding {
namespace {

/// The addon's only state of its own, one for each environment.
struct Environment {
  Napi::FunctionReference error_class;
};

Napi::Object PlainError(Napi::Env env, const char* code, const std::string& message) {
  Napi::Object error = Napi::Error::New(env, message).Value();
  error.Set("name", Napi::String::New(env, "CodexpcError"));
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace

void SetErrorClass(Napi::Env env, Napi::Function error_class) {
  auto* environment = new Environment{Napi::Persistent(error_class)};
  env.SetInstanceData<Environment>(environment);
}

void Throw(Napi::Env env, const char* code, const std::string& message) {
  if (env.IsExceptionPending()) return;
  const Environment* environment = env.GetInstanceData<Environment>();
  Napi::Value error;
  if (environment != nullptr) {
    Napi::Object options = Napi::Object::New(env);
    options.Set("code", Napi::String::New(env, code));
    options.Set("message", Napi::String::New(env, message));
    Napi::Object made;
    if (!environment->error_class.Value().New({options}).UnwrapTo(&made)) return;  // the class itself threw
    error = made;
  } else {
    error = PlainError(env, code, message);
  }
  napi_throw(env, error);
}

void Throw(Napi::Env env, const Status& status, Call call) {
  Throw(env, ErrorCode(status.code(), call), status.message());
}

Napi::Value ThrowErrno(Napi::Env env, const char* call, int error) {
  Napi::Error thrown = Napi::Error::New(env, std::string(call) + ": " + std::strerror(error));
  thrown.Set("syscall", call);
  thrown.Set("errno", static_cast<double>(error));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace codexpc::binding
