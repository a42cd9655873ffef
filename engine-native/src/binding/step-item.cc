#include "binding/step-item.h"

#include <string>

#include "binding/arguments.h"
#include "binding/errors.h"

namespace codexpc::binding {
namespace {

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

}  // namespace

bool ReadItem(const Napi::Value& value, const ContextState& state, std::uint32_t max_tokens, StepItem* item) {
  Napi::Object object;
  Napi::Value tokens;
  Napi::Value sampler;
  if (!ToObject(value, "an item of the batch", &object) || !ReadUint32(object, "slot", &item->slot) ||
      !ReadValue(object, "tokens", &tokens) ||
      !ToUint32s(tokens, "tokens", max_tokens, &item->tokens) ||
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
    if (!array.Get(i).UnwrapTo(&item) || !ReadItem(item, state, state.options.max_batch_tokens, &(*items)[i])) return false;
  }
  return true;
}

BatchItem ToBatchItem(const StepItem& item) {
  return {item.slot, item.tokens, item.sampler != nullptr, item.num_drafts};
}

Napi::Value SampleItem(Napi::Env env, const ContextState& state, const StepItem& item) {
  Context& context = *state.context;
  if (item.sampler == nullptr) return env.Null();
  if (!state.has_logits) return SampleWithoutLogits(env, context, item);
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

}  // namespace codexpc::binding
