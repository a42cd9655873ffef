// The addon's face: src/actors/engine-addon.ts, in the same order. Several environments may load it at once; what they
// share is code.

#include <napi.h>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "binding/handles.h"
#include "binding/processes.h"
#include "binding/system.h"
#include "process/allocator.h"

namespace codexpc::binding {
namespace {

void UseErrorClass(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) return Throw(info.Env(), "invalid_request", "the error class must be a constructor");
  SetErrorClass(info.Env(), info[0].As<Napi::Function>());
}

Napi::Value TopLogprobsOf(const Napi::CallbackInfo& info) {
  std::vector<float> logits;
  std::uint32_t n = 0;
  if (!ToFloats(info[0], "logits", &logits) || !ToUint32(info[1], "n", &n)) return {};
  std::vector<TokenLogprob> top;
  if (Status status = TopLogprobs(logits, n, &top); !status.ok()) {
    Throw(info.Env(), status, Call::kUse);
    return {};
  }
  return ToJs(info.Env(), top);
}

Napi::Value KernelTables(const Napi::CallbackInfo& info) {
  const std::vector<KernelTableInfo> tables = CpuKernelTables();
  Napi::Array array = Napi::Array::New(info.Env(), tables.size());
  for (std::uint32_t i = 0; i < tables.size(); ++i) {
    Napi::Object table = Napi::Object::New(info.Env());
    table.Set("name", Napi::String::New(info.Env(), std::string(tables[i].name)));
    table.Set("supported", Napi::Boolean::New(info.Env(), tables[i].supported));
    array.Set(i, table);
  }
  return array;
}

Napi::Value ReturnFreeMemory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(process::ReturnFreeMemory()));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  process::KeepLittleFreeMemory();
  exports.Set("setErrorClass", Napi::Function::New(env, UseErrorClass, "setErrorClass"));
  exports.Set("openEngine", Napi::Function::New(env, OpenEngine, "openEngine"));
  exports.Set("createSampler", Napi::Function::New(env, CreateSampler, "createSampler"));
  exports.Set("topLogprobs", Napi::Function::New(env, TopLogprobsOf, "topLogprobs"));
  exports.Set("kernelTables", Napi::Function::New(env, KernelTables, "kernelTables"));
  exports.Set("returnFreeMemory", Napi::Function::New(env, ReturnFreeMemory, "returnFreeMemory"));
  RegisterSystem(env, exports);
  RegisterProcesses(env, exports);
  return exports;
}

}  // namespace

Napi::Array ToJs(Napi::Env env, const std::vector<TokenLogprob>& tokens) {
  Napi::Array array = Napi::Array::New(env, tokens.size());
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    Napi::Object token = Napi::Object::New(env);
    token.Set("token", Napi::Number::New(env, tokens[i].token));
    token.Set("logprob", Napi::Number::New(env, tokens[i].logprob));
    array.Set(i, token);
  }
  return array;
}

Napi::Object ToJs(Napi::Env env, const MemoryUse& memory) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, std::size_t bytes) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(bytes)));
  };
  set("weightsBytes", memory.weights_bytes);
  set("kvBytes", memory.kv_bytes);
  set("kvBytesPerToken", memory.kv_bytes_per_token);
  set("windowBytes", memory.window_bytes);
  set("scratchBytes", memory.scratch_bytes);
  return object;
}

NODE_API_MODULE(codexpc, Init)

}  // namespace codexpc::binding
