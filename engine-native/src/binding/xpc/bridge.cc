#include "binding/xpc/bridge.h"

#include <utility>

namespace codexpc::binding {
namespace {

void Deliver(napi_env env, napi_value emit, void*, void* data) {
  const std::unique_ptr<Bridge::Delivery> delivery(static_cast<Bridge::Delivery*>(data));
  if (env == nullptr) return;  // torn down: the delivery's objects are released, and that is all
  (*delivery)(Napi::Env(env), Napi::Function(env, emit));
}

}  // namespace

std::shared_ptr<Bridge> Bridge::Create(Napi::Env env, Napi::Function emit) {
  std::shared_ptr<Bridge> bridge(new Bridge);
  const napi_status status = napi_create_threadsafe_function(
      env, emit, nullptr, Napi::String::New(env, "codexpc.xpc"), 0, 1, nullptr, nullptr, nullptr, Deliver, &bridge->function_);
  if (status == napi_ok) return bridge;
  Napi::Error::New(env, "cannot make a thread-safe function").ThrowAsJavaScriptException();
  return nullptr;
}

Bridge::~Bridge() {
  if (function_ != nullptr) napi_release_threadsafe_function(function_, napi_tsfn_release);
}

void Bridge::Post(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  auto* const data = new Delivery(std::move(delivery));
  const napi_status status = napi_call_threadsafe_function(function_, data, napi_tsfn_nonblocking);
  if (status == napi_ok) return;
  delete data;
  // Closing: our share of the function went with this very call, and it must not be touched again.
  if (status == napi_closing) function_ = nullptr;
}

}  // namespace codexpc::binding
