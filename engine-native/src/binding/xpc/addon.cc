// The XPC addon's face: src/ipc/transports/xpc-addon.ts. Everything that happens comes through one function,
// `emit(kind, connection, value)`; a connection is a number, unique for its listener, and 0 is the listener itself or the
// one connection of a client.

#include <napi.h>

#include <atomic>
#include <memory>
#include <string>

#include "binding/xpc/bridge.h"
#include "ipc/connection.h"
#include "ipc/listener.h"

namespace codexpc::binding {
namespace {

Napi::Value Describe(Napi::Env env, xpc::Peer peer) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("euid", Napi::Number::New(env, peer.euid));
  object.Set("pid", Napi::Number::New(env, peer.pid));
  return object;
}

/// A value is made on JavaScript's thread.
using MakeValue = std::function<Napi::Value(Napi::Env)>;

void Emit(const std::shared_ptr<Bridge>& bridge, const char* kind, std::uint32_t id, MakeValue value) {
  bridge->Post([kind, id, value = std::move(value)](Napi::Env env, Napi::Function emit) {
    emit.Call({Napi::String::New(env, kind), Napi::Number::New(env, id), value(env)});
  });
}

xpc::ConnectionEvents EventsOf(const std::shared_ptr<Bridge>& bridge, std::uint32_t id) {
  return {
      .received =
          [=](xpc::Frame frame) {
            Emit(bridge, "received", id, [frame = std::move(frame)](Napi::Env env) -> Napi::Value {
              return Napi::Buffer<std::uint8_t>::Copy(env, frame.bytes.data(), frame.bytes.size());
            });
          },
      .acknowledged =
          [=](std::size_t bytes) {
            Emit(bridge, "acknowledged", id,
                 [bytes](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(bytes)); });
          },
      .faulted =
          [=](std::string reason) {
            Emit(bridge, "faulted", id, [reason](Napi::Env env) { return Napi::String::New(env, reason); });
          },
      .ended =
          [=](xpc::End end) {
            const char* const how = end == xpc::End::kInterrupted ? "interrupted" : "closed";
            Emit(bridge, "ended", id, [how](Napi::Env env) { return Napi::String::New(env, how); });
          },
  };
}

/// Holds no reference: a connection that has ended lets the process end, whoever still has its handle.
Napi::Object HandleOf(Napi::Env env, const std::weak_ptr<xpc::Connection>& weak) {
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("send", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      Napi::TypeError::New(info.Env(), "expected a Uint8Array").ThrowAsJavaScriptException();
      return;
    }
    const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
    if (const auto connection = weak.lock()) connection->Send({bytes.Data(), bytes.ByteLength()});
  }));
  handle.Set("acknowledge", Napi::Function::New(env, [weak](const Napi::CallbackInfo&) {
    if (const auto connection = weak.lock()) connection->Acknowledge();
  }));
  handle.Set("cancel", Napi::Function::New(env, [weak](const Napi::CallbackInfo&) {
    if (const auto connection = weak.lock()) connection->Cancel();
  }));
  return handle;
}

struct Arguments {
  std::string service;
  std::string requirement;
  xpc::ConnectionLimits limits;
  Napi::Object options;
  std::shared_ptr<Bridge> bridge;
};

bool ReadSize(const Napi::Object& options, const char* name, std::size_t* size) {
  const Napi::Value value = options.Get(name).UnwrapOr(Napi::Value());
  if (value.IsEmpty() || !value.IsNumber() || value.As<Napi::Number>().Int64Value() < 0) return false;
  *size = static_cast<std::size_t>(value.As<Napi::Number>().Int64Value());
  return true;
}

bool ReadString(const Napi::Object& options, const char* name, std::string* text) {
  const Napi::Value value = options.Get(name).UnwrapOr(Napi::Value());
  if (value.IsEmpty() || !value.IsString()) return false;
  *text = value.As<Napi::String>().Utf8Value();
  return true;
}

bool ReadArguments(const Napi::CallbackInfo& info, Arguments* arguments) {
  if (info[0].IsObject() && info[1].IsFunction()) {
    arguments->options = info[0].As<Napi::Object>();
    xpc::ConnectionLimits& limits = arguments->limits;
    if (ReadString(arguments->options, "service", &arguments->service) &&
        ReadString(arguments->options, "requirement", &arguments->requirement) &&
        ReadSize(arguments->options, "maxFrameBytes", &limits.max_frame_bytes) &&
        ReadSize(arguments->options, "maxUnreadBytes", &limits.max_unread_bytes) &&
        ReadSize(arguments->options, "maxUnreadFrames", &limits.max_unread_frames)) {
      arguments->bridge = Bridge::Create(info.Env(), info[1].As<Napi::Function>());
      return arguments->bridge != nullptr;
    }
  }
  if (!info.Env().IsExceptionPending())
    Napi::TypeError::New(info.Env(), "expected options and a function").ThrowAsJavaScriptException();
  return false;
}

// connect(options, emit): null when the requirement cannot be understood.
Napi::Value Connect(const Napi::CallbackInfo& info) {
  Arguments arguments;
  if (!ReadArguments(info, &arguments)) return info.Env().Undefined();
  const auto connection = xpc::Connection::Connect(arguments.service, arguments.requirement, arguments.limits,
                                                   EventsOf(arguments.bridge, 0));
  if (connection == nullptr) return info.Env().Null();
  Napi::Object handle = HandleOf(info.Env(), connection);
  connection->Start();
  return handle;
}

// listen(options, emit)
Napi::Value Listen(const Napi::CallbackInfo& info) {
  Arguments arguments;
  if (!ReadArguments(info, &arguments)) return info.Env().Undefined();
  std::size_t euid = 0;
  if (!ReadSize(arguments.options, "uid", &euid)) {
    Napi::TypeError::New(info.Env(), "expected a uid").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const auto bridge = arguments.bridge;
  const auto last_id = std::make_shared<std::uint32_t>(0);  // of the listener's queue
  const std::shared_ptr<xpc::Listener> listener = xpc::Listener::Listen(
      {arguments.service, arguments.requirement, static_cast<uid_t>(euid), arguments.limits},
      {
          .accepting = [=] { return EventsOf(bridge, ++*last_id); },
          .connected =
              [=](const std::shared_ptr<xpc::Connection>& connection, xpc::Peer peer) {
                const std::weak_ptr<xpc::Connection> weak = connection;
                Emit(bridge, "connected", *last_id, [weak, peer](Napi::Env env) {
                  Napi::Object value = Describe(env, peer).As<Napi::Object>();
                  value.Set("handle", HandleOf(env, weak));
                  return value;
                });
              },
          .refused =
              [=](xpc::Peer peer) {
                Emit(bridge, "refused", 0, [peer](Napi::Env env) { return Describe(env, peer); });
              },
          .ended = [=] { Emit(bridge, "ended", 0, [](Napi::Env env) { return Napi::String::New(env, "closed"); }); },
      });
  const std::weak_ptr<xpc::Listener> weak = listener;
  Napi::Object handle = Napi::Object::New(info.Env());
  handle.Set("cancel", Napi::Function::New(info.Env(), [weak](const Napi::CallbackInfo&) {
    if (const auto open = weak.lock()) open->Cancel();
  }));
  return handle;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("connect", Napi::Function::New(env, Connect, "connect"));
  exports.Set("listen", Napi::Function::New(env, Listen, "listen"));
  return exports;
}

NODE_API_MODULE(codexpc_xpc, Init)

}  // namespace
}  // namespace codexpc::binding
