#include <string>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "binding/handles.h"

namespace codexpc::binding {
namespace {

constexpr napi_type_tag kSamplerTag = {0x8c1d6f0a52e94b37u, 0xa4d0f3c95b7e2861u};
// No vocabulary comes near; keeps a hostile number from reserving memory.
constexpr std::uint32_t kMaxVocabSize = 1u << 24;

bool ReadLogitBias(const Napi::Object& object, std::vector<std::pair<std::uint32_t, float>>* biases) {
  Napi::Value value;
  if (!ReadValue(object, "logitBias", &value)) return false;
  if (!value.IsArray()) {
    Throw(object.Env(), "invalid_request", "logitBias must be an array of [token, bias]");
    return false;
  }
  const Napi::Array pairs = value.As<Napi::Array>();
  const std::uint32_t count = pairs.Length();
  if (count > kMaxVocabSize) {
    Throw(object.Env(), "invalid_request", "logitBias has more entries than a vocabulary has tokens");
    return false;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    Napi::Value pair_value;
    Napi::Object pair;
    Napi::Value token_value;
    Napi::Value bias_value;
    std::uint32_t token = 0;
    float bias = 0.0f;
    if (!pairs.Get(i).UnwrapTo(&pair_value) || !ToObject(pair_value, "an entry of logitBias", &pair) ||
        !pair.Get(0u).UnwrapTo(&token_value) || !pair.Get(1u).UnwrapTo(&bias_value) ||
        !ToUint32(token_value, "a token of logitBias", &token) ||
        !ToFloat(bias_value, "a bias of logitBias", &bias)) {
      return false;
    }
    biases->emplace_back(token, bias);
  }
  return true;
}

bool ReadSamplerOptions(const Napi::Object& object, SamplerOptions* options) {
  return ReadFloat(object, "temperature", &options->temperature) && ReadUint32(object, "topK", &options->top_k) &&
         ReadFloat(object, "topP", &options->top_p) && ReadFloat(object, "minP", &options->min_p) &&
         ReadFloat(object, "repetitionPenalty", &options->repetition_penalty) &&
         ReadFloat(object, "presencePenalty", &options->presence_penalty) &&
         ReadFloat(object, "frequencyPenalty", &options->frequency_penalty) &&
         ReadLogitBias(object, &options->logit_bias) && ReadUint64(object, "seed", &options->seed);
}

/// The open sampler, or null and a pending exception. Called after all arguments are read, which may run JavaScript.
Sampler* Open(Napi::Env env, const SamplerState& state) {
  if (state.sampler == nullptr) Throw(env, "invalid_request", "the sampler is closed");
  return state.sampler.get();
}

void Accept(const Napi::CallbackInfo& info, SamplerState& state) {
  constexpr std::size_t kMaxTokens = std::size_t{1} << 28;
  std::vector<std::uint32_t> tokens;
  if (!ToUint32s(info[0], "tokens", kMaxTokens, &tokens)) return;
  Sampler* sampler = Open(info.Env(), state);
  if (sampler == nullptr) return;
  for (const std::uint32_t token : tokens) {
    if (Status status = sampler->Accept(token); !status.ok()) return Throw(info.Env(), status, Call::kUse);
  }
}

void SetMask(const Napi::CallbackInfo& info, SamplerState& state) {
  std::vector<std::uint32_t> words;
  if (!info[0].IsNull() && !ToUint32s(info[0], "words", kMaxVocabSize / 32, &words)) return;
  if (!info[0].IsNull() && words.empty()) return Throw(info.Env(), "invalid_request", "the mask has no words");
  Sampler* sampler = Open(info.Env(), state);
  if (sampler == nullptr) return;
  if (Status status = sampler->SetMask(words); !status.ok()) Throw(info.Env(), status, Call::kUse);
}

}  // namespace

Napi::Value CreateSampler(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object object;
  SamplerOptions options;
  std::uint32_t vocab_size = 0;
  if (!ToObject(info[0], "options", &object) || !ReadSamplerOptions(object, &options) ||
      !ToUint32(info[1], "vocabSize", &vocab_size)) {
    return {};
  }
  if (vocab_size > kMaxVocabSize) {
    Throw(env, "invalid_request", "vocabSize must be at most " + std::to_string(kMaxVocabSize));
    return {};
  }
  auto state = std::make_shared<SamplerState>();
  state->vocab_size = vocab_size;
  state->options = options;
  std::unique_ptr<Sampler> sampler;
  if (Status status = codexpc::CreateSampler(options, vocab_size, &sampler); !status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  state->sampler = std::move(sampler);
  Napi::Object handle = Napi::Object::New(env);
  auto* held = new std::shared_ptr<SamplerState>(state);
  const auto release = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<SamplerState>*>(data); };
  if (napi_wrap(env, handle, held, release, nullptr, nullptr) != napi_ok) {
    delete held;
    Throw(env, "invariant_violated", "cannot attach the sampler to its object");
    return {};
  }
  if (napi_type_tag_object(env, handle, &kSamplerTag) != napi_ok) {
    Throw(env, "invariant_violated", "cannot tag the sampler's object");
    return {};
  }
  AddMethod(handle, "accept", [state](const Napi::CallbackInfo& call) { Accept(call, *state); });
  AddMethod(handle, "setMask", [state](const Napi::CallbackInfo& call) { SetMask(call, *state); });
  AddMethod(handle, "close", [state](const Napi::CallbackInfo&) { state->sampler.reset(); });
  return handle;
}

std::shared_ptr<SamplerState> SamplerOf(const Napi::Value& value) {
  if (!value.IsObject()) return nullptr;
  bool is_sampler = false;
  void* held = nullptr;
  if (napi_check_object_type_tag(value.Env(), value, &kSamplerTag, &is_sampler) != napi_ok || !is_sampler ||
      napi_unwrap(value.Env(), value, &held) != napi_ok) {
    return nullptr;
  }
  return *static_cast<std::shared_ptr<SamplerState>*>(held);
}

}  // namespace codexpc::binding
