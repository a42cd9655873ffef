#include <cstring>
#include <string>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "binding/handles.h"

namespace codexpc::binding {
namespace {

/// One item of a step, copied out of JavaScript.
struct StepItem {
  std::uint32_t slot;
  std::vector<std::uint32_t> tokens;
  std::shared_ptr<Sampler> sampler;                       // null: no logits wanted
  std::shared_ptr<const SamplerOptions> sampler_options;  // of the same
  std::uint32_t top_logprobs;
  std::uint32_t num_drafts;
};

/// The open context, or null and a pending exception. Called after all arguments are read, which may run JavaScript.
Context* Open(Napi::Env env, const ContextState& state) {
  if (state.context == nullptr) Throw(env, "invalid_request", "the context is closed");
  return state.context.get();
}

bool ReadItem(const Napi::Value& value, const ContextState& state, StepItem* item) {
  Napi::Object object;
  Napi::Value tokens;
  Napi::Value sampler;
  if (!ToObject(value, "an item of the batch", &object) || !ReadUint32(object, "slot", &item->slot) ||
      !ReadValue(object, "tokens", &tokens) ||
      !ToUint32s(tokens, "tokens", state.options.max_batch_tokens, &item->tokens) ||
      !ReadValue(object, "sampler", &sampler) || !ReadUint32(object, "topLogprobs", &item->top_logprobs) ||
      !ReadUint32Or(object, "numDrafts", 0, &item->num_drafts)) {
    return false;
  }
  if (sampler.IsNull()) return true;
  const std::shared_ptr<SamplerState> held = SamplerOf(sampler);
  if (held == nullptr) {
    Throw(value.Env(), "invalid_request", "sampler must be null or made by createSampler");
  } else if (held->sampler == nullptr) {
    Throw(value.Env(), "invalid_request", "the sampler is closed");
  } else if (held->vocab_size != state.vocab_size) {
    Throw(value.Env(), "invalid_request",
          "the sampler was made for " + std::to_string(held->vocab_size) + " tokens, the model has " +
              std::to_string(state.vocab_size));
  } else {
    item->sampler = held->sampler;
    item->sampler_options = {held, &held->options};
    return true;
  }
  return false;
}

bool ReadItems(const Napi::Value& value, const ContextState& state, std::vector<StepItem>* items) {
  if (!value.IsArray()) {
    Throw(value.Env(), "invalid_request", "the batch must be an array of items");
    return false;
  }
  const Napi::Array array = value.As<Napi::Array>();
  const std::uint32_t count = array.Length();
  if (count > state.options.num_slots) {
    Throw(value.Env(), "invalid_request", "the batch has " + std::to_string(count) + " items for " +
                                              std::to_string(state.options.num_slots) + " slots");
    return false;
  }
  items->resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Napi::Value item;
    if (!array.Get(i).UnwrapTo(&item) || !ReadItem(item, state, &(*items)[i])) return false;
  }
  return true;
}

/// A backend that samples itself tells the token alone; nobody is given the 0 in the log-probability's place.
Napi::Value SampleWithoutLogits(Napi::Env env, Context& context, const StepItem& item) {
  TokenLogprob sampled = {0, 0.0f};
  if (Status status = context.Sample(item.slot, *item.sampler_options, &sampled.token); !status.ok()) {
    Throw(env, status, Call::kSample);
    return {};
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("token", Napi::Number::New(env, sampled.token));
  result.Set("logprob", Napi::Number::New(env, sampled.logprob));
  result.Set("top", Napi::Array::New(env));
  result.Set("further", Napi::Array::New(env));
  return result;
}

/// Empty with a pending exception on failure.
Napi::Object SampleFrom(Napi::Env env, std::span<const float> logits, const StepItem& item, TokenLogprob* sampled) {
  std::vector<TokenLogprob> top;
  Status status = item.sampler->Sample(logits, sampled);
  if (status.ok()) status = TopLogprobs(logits, item.top_logprobs, &top);
  if (!status.ok()) {
    Throw(env, status, Call::kSample);
    return {};
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("token", Napi::Number::New(env, sampled->token));
  result.Set("logprob", Napi::Number::New(env, sampled->logprob));
  result.Set("top", ToJs(env, top));
  return result;
}

/// Null for an item without a sampler; empty with a pending exception on failure. As long as what is drawn is what was
/// drafted, the next is drawn from the logits after the draft: the sampler sees exactly what it would without drafts.
Napi::Value SampleItem(Napi::Env env, const Context& context, const StepItem& item) {
  if (item.sampler == nullptr) return env.Null();
  Napi::Object first;
  Napi::Array further = Napi::Array::New(env);
  for (std::uint32_t i = 0; i <= item.num_drafts; ++i) {
    const bool is_last = i == item.num_drafts;
    TokenLogprob sampled;
    const Napi::Object result =
        SampleFrom(env, is_last ? context.Logits(item.slot) : context.DraftLogits(item.slot, i), item, &sampled);
    if (result.IsEmpty()) return {};
    if (i == 0) {
      first = result;
    } else {
      further.Set(i - 1, result);
    }
    if (is_last || sampled.token != item.tokens[item.tokens.size() - item.num_drafts + i]) break;
  }
  first.Set("further", further);
  return first;
}

Napi::Value Step(const Napi::CallbackInfo& info, ContextState& state) {
  const Napi::Env env = info.Env();
  std::vector<StepItem> items;
  if (!ReadItems(info[0], state, &items)) return {};
  Context* context = Open(env, state);
  if (context == nullptr) return {};
  std::vector<BatchItem> batch;
  for (const StepItem& item : items) batch.push_back({item.slot, item.tokens, item.sampler != nullptr, item.num_drafts});
  if (Status status = context->Forward(batch); !status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  Napi::Array results = Napi::Array::New(env, items.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const bool samples_itself = items[i].sampler != nullptr && !state.has_logits;
    const Napi::Value result =
        samples_itself ? SampleWithoutLogits(env, *context, items[i]) : SampleItem(env, *context, items[i]);
    if (result.IsEmpty()) return {};
    results.Set(i, result);
  }
  return results;
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
  AddMethod(handle, "close", [state](const Info&) { state->context.reset(); });
  return handle;
}

}  // namespace codexpc::binding
