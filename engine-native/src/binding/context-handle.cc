#include <cstring>
#include <string>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "binding/handles.h"
#include "binding/step-item.h"

namespace codexpc::binding {
namespace {

/// The open context, or null and a pending exception. Called after all arguments are read, which may run JavaScript.
Context* Open(Napi::Env env, const ContextState& state) {
  if (state.context == nullptr) Throw(env, "invalid_request", "the context is closed");
  return state.context.get();
}

Napi::Value Step(const Napi::CallbackInfo& info, ContextState& state) {
  const Napi::Env env = info.Env();
  std::vector<StepItem> items;
  if (!ReadItems(info[0], state, &items)) return {};
  Context* context = Open(env, state);
  if (context == nullptr) return {};
  std::vector<BatchItem> batch;
  for (const StepItem& item : items) batch.push_back(ToBatchItem(item));
  if (Status status = context->Forward(batch); !status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  Napi::Array results = Napi::Array::New(env, items.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const Napi::Value result = SampleItem(env, state, items[i]);
    if (result.IsEmpty()) return {};
    results.Set(i, result);
  }
  return results;
}

void BeginPromptStep(const Napi::CallbackInfo& info, ContextState& state) {
  auto item = std::make_shared<StepItem>();
  if (!ReadItem(info[0], state, state.options.max_prompt_batch_tokens, item.get())) return;
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return;
  if (Status status = context->Begin(ToBatchItem(*item)); !status.ok()) return Throw(info.Env(), status, Call::kUse);
  state.prompt_step = std::move(item);
}

Napi::Value ContinuePromptStep(const Napi::CallbackInfo& info, ContextState& state) {
  const Napi::Env env = info.Env();
  Context* context = Open(env, state);
  if (context == nullptr) return {};
  std::uint32_t num_parts_left = 0;
  if (Status status = context->Continue(&num_parts_left); !status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  Napi::Value sampled = env.Null();
  if (num_parts_left == 0) {
    const std::shared_ptr<const StepItem> item = std::move(state.prompt_step);
    sampled = SampleItem(env, state, *item);
    if (sampled.IsEmpty()) return {};
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("numPartsLeft", Napi::Number::New(env, num_parts_left));
  result.Set("sampled", sampled);
  return result;
}

void AbandonPromptStep(const Napi::CallbackInfo& info, ContextState& state) {
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return;
  context->Abandon();
  state.prompt_step.reset();
}

Napi::Value Logits(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  if (!ToUint32(info[0], "slot", &slot)) return {};
  const Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  const std::span<const float> logits = context->Logits(slot);
  if (logits.empty()) {
    Throw(info.Env(), "invalid_request",
          "slot " + std::to_string(slot) + " has no logits: its last step did not ask for them");
    return {};
  }
  Napi::Float32Array copy = Napi::Float32Array::New(info.Env(), logits.size());
  std::memcpy(copy.Data(), logits.data(), logits.size_bytes());
  return copy;
}

Napi::Value Length(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  if (!ToUint32(info[0], "slot", &slot)) return {};
  const Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  if (slot >= state.options.num_slots) {
    Throw(info.Env(), "invalid_request", "there is no slot " + std::to_string(slot) + ": the context has " +
                                             std::to_string(state.options.num_slots));
    return {};
  }
  return Napi::Number::New(info.Env(), context->Length(slot));
}

Napi::Value Truncate(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::uint32_t length = 0;
  if (!ToUint32(info[0], "slot", &slot) || !ToUint32(info[1], "length", &length)) return {};
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  std::uint32_t resume_from = 0;
  if (Status status = context->Truncate(slot, length, &resume_from); !status.ok()) {
    Throw(info.Env(), status, Call::kUse);
    return {};
  }
  return Napi::Number::New(info.Env(), resume_from);
}

Napi::Value Copy(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint32_t length = 0;
  if (!ToUint32(info[0], "from", &from) || !ToUint32(info[1], "to", &to) || !ToUint32(info[2], "length", &length)) {
    return {};
  }
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  std::uint32_t resume_from = 0;
  if (Status status = context->Copy(from, to, length, &resume_from); !status.ok()) {
    Throw(info.Env(), status, Call::kUse);
    return {};
  }
  return Napi::Number::New(info.Env(), resume_from);
}

void Checkpoint(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::uint32_t length = 0;
  if (!ToUint32(info[0], "slot", &slot) || !ToUint32(info[1], "length", &length)) return;
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return;
  if (Status status = context->Checkpoint(slot, length); !status.ok()) Throw(info.Env(), status, Call::kUse);
}

Napi::Value Checkpoints(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  if (!ToUint32(info[0], "slot", &slot)) return {};
  const Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  const std::vector<std::uint32_t> lengths = context->Checkpoints(slot);
  Napi::Array array = Napi::Array::New(info.Env(), lengths.size());
  for (std::uint32_t i = 0; i < lengths.size(); ++i) array.Set(i, Napi::Number::New(info.Env(), lengths[i]));
  return array;
}

void DropCheckpoint(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::uint32_t length = 0;
  if (!ToUint32(info[0], "slot", &slot) || !ToUint32(info[1], "length", &length)) return;
  Context* context = Open(info.Env(), state);
  if (context == nullptr) return;
  if (Status status = context->DropCheckpoint(slot, length); !status.ok()) Throw(info.Env(), status, Call::kUse);
}

Napi::Value SavedBytes(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::uint32_t length = 0;
  if (!ToUint32(info[0], "slot", &slot) || !ToUint32(info[1], "length", &length)) return {};
  const Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(context->SavedBytes(slot, length)));
}

void Save(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::uint32_t length = 0;
  std::span<std::byte> bytes;
  if (!ToUint32(info[0], "slot", &slot) || !ToUint32(info[1], "length", &length)) return;
  Context* context = Open(info.Env(), state);
  if (context == nullptr || !ToBytes(info[2], "bytes", &bytes)) return;
  if (Status status = context->Save(slot, length, bytes); !status.ok()) Throw(info.Env(), status, Call::kUse);
}

Napi::Value Restore(const Napi::CallbackInfo& info, ContextState& state) {
  std::uint32_t slot = 0;
  std::span<std::byte> bytes;
  if (!ToUint32(info[0], "slot", &slot)) return {};
  Context* context = Open(info.Env(), state);
  if (context == nullptr || !ToBytes(info[1], "bytes", &bytes)) return {};
  std::uint32_t resume_from = 0;
  if (Status status = context->Restore(slot, bytes, &resume_from); !status.ok()) {
    Throw(info.Env(), status, Call::kUse);
    return {};
  }
  return Napi::Number::New(info.Env(), resume_from);
}

Napi::Value Memory(const Napi::CallbackInfo& info, ContextState& state) {
  const Context* context = Open(info.Env(), state);
  if (context == nullptr) return {};
  return ToJs(info.Env(), context->memory());
}

}  // namespace

Napi::Value CreateContext(Napi::Env env, EngineState& engine, const ContextOptions& options) {
  auto state = std::make_shared<ContextState>();
  state->options = options;
  state->has_logits = engine.engine->capabilities().logits;
  state->vocab_size = engine.engine->model().config().vocab_size;
  if (Status status = engine.engine->CreateContext(options, &state->context); !status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  std::erase_if(engine.contexts, [](const auto& context) { return context.expired(); });
  engine.contexts.push_back(state);

  Napi::Object handle = Napi::Object::New(env);
  using Info = Napi::CallbackInfo;
  AddMethod(handle, "step", [state](const Info& info) { return Step(info, *state); });
  AddMethod(handle, "beginPromptStep", [state](const Info& info) { BeginPromptStep(info, *state); });
  AddMethod(handle, "continuePromptStep", [state](const Info& info) { return ContinuePromptStep(info, *state); });
  AddMethod(handle, "abandonPromptStep", [state](const Info& info) { AbandonPromptStep(info, *state); });
  AddMethod(handle, "logits", [state](const Info& info) { return Logits(info, *state); });
  AddMethod(handle, "length", [state](const Info& info) { return Length(info, *state); });
  AddMethod(handle, "truncate", [state](const Info& info) { return Truncate(info, *state); });
  AddMethod(handle, "copy", [state](const Info& info) { return Copy(info, *state); });
  AddMethod(handle, "checkpoint", [state](const Info& info) { Checkpoint(info, *state); });
  AddMethod(handle, "checkpoints", [state](const Info& info) { return Checkpoints(info, *state); });
  AddMethod(handle, "dropCheckpoint", [state](const Info& info) { DropCheckpoint(info, *state); });
  AddMethod(handle, "savedBytes", [state](const Info& info) { return SavedBytes(info, *state); });
  AddMethod(handle, "save", [state](const Info& info) { Save(info, *state); });
  AddMethod(handle, "restore", [state](const Info& info) { return Restore(info, *state); });
  AddMethod(handle, "memory", [state](const Info& info) { return Memory(info, *state); });
  AddMethod(handle, "close", [state](const Info&) {
    state->context.reset();
    state->prompt_step.reset();
  });
  return handle;
}

}  // namespace codexpc::binding
