#pragma once
// The objects that JavaScript holds. Their methods are closures over shared native state, so that a method taken off
// its object, or called on another one, still acts on its own; a closed handle answers with an ordinary error.

#include <napi.h>

#include <memory>
#include <vector>

#include "codexpc/engine.h"

namespace codexpc::binding {

struct SamplerState {
  std::shared_ptr<Sampler> sampler;  // null once closed; a step that has begun keeps it
  SamplerOptions options;            // for backends that sample themselves
  std::uint32_t vocab_size;
};

struct StepItem;

struct ContextState {
  std::unique_ptr<Context> context;  // null once closed
  std::shared_ptr<const StepItem> prompt_step;  // the one under way; null: none is
  ContextOptions options;
  std::uint32_t vocab_size;
  bool has_logits;
};

struct EngineState {
  std::unique_ptr<Engine> engine;  // null once closed
  std::vector<std::weak_ptr<ContextState>> contexts;
};

Napi::Value OpenEngine(const Napi::CallbackInfo& info);
Napi::Value CreateContext(Napi::Env env, EngineState& engine, const ContextOptions& options);
Napi::Value CreateSampler(const Napi::CallbackInfo& info);

/// The sampler behind an object made by CreateSampler; null for anything else.
std::shared_ptr<SamplerState> SamplerOf(const Napi::Value& value);

Napi::Array ToJs(Napi::Env env, const std::vector<TokenLogprob>& tokens);
Napi::Object ToJs(Napi::Env env, const MemoryUse& memory);

/// Puts a method on an object under construction.
template <typename Callable>
void AddMethod(Napi::Object& object, const char* name, Callable callable) {
  object.Set(name, Napi::Function::New(object.Env(), std::move(callable), name));
}

}  // namespace codexpc::binding
