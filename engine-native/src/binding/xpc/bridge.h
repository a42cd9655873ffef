#pragma once
// From libdispatch's threads to JavaScript's. Whoever may still have something to tell holds the bridge; with the last of
// them it lets the event loop go.

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

namespace codexpc::binding {

class Bridge {
 public:
  /// Runs on JavaScript's thread with the function that the bridge leads to.
  using Delivery = std::function<void(Napi::Env, Napi::Function)>;

  /// Null, with an exception pending, when Node refuses.
  static std::shared_ptr<Bridge> Create(Napi::Env env, Napi::Function emit);
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge();

  /// Any thread; in order. Nothing happens once the environment is being torn down.
  void Post(Delivery delivery);

 private:
  Bridge() = default;
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once Node has taken it back
};

}  // namespace codexpc::binding
