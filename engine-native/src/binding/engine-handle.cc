#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "binding/handles.h"

namespace codexpc::binding {
namespace {

Engine* Open(Napi::Env env, const EngineState& state) {
  if (state.engine == nullptr) Throw(env, "invalid_request", "the engine is closed");
  return state.engine.get();
}

bool ReadContextOptions(const Napi::Value& value, ContextOptions* options) {
  Napi::Object object;
  std::string kv_type;
  std::string precision;
  if (!ToObject(value, "options", &object) || !ReadUint32(object, "numSlots", &options->num_slots) ||
      !ReadUint32(object, "contextLength", &options->context_length) ||
      !ReadUint32(object, "maxBatchTokens", &options->max_batch_tokens) ||
      !ReadUint32Or(object, "maxDraftTokens", 0, &options->max_draft_tokens) ||
      !ReadUint32Or(object, "maxPromptBatchTokens", 0, &options->max_prompt_batch_tokens) || !ReadString(object, "kvType", &kv_type) ||
      !ReadString(object, "precision", &precision)) {
    return false;
  }
  if (kv_type != "f32" && kv_type != "f16" && kv_type != "q8") {
    Throw(value.Env(), "unsupported_option", "kvType must be \"f32\", \"f16\" or \"q8\"");
    return false;
  }
  if (precision != "exact" && precision != "fast") {
    Throw(value.Env(), "unsupported_option", "precision must be \"exact\" or \"fast\"");
    return false;
  }
  options->kv_type = kv_type == "q8" ? KvType::kQ8 : kv_type == "f16" ? KvType::kF16 : KvType::kF32;
  options->precision = precision == "fast" ? Precision::kFast : Precision::kExact;
  return true;
}

Napi::Object DescribeConfig(Napi::Env env, const Config& config) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, std::uint32_t value) { object.Set(name, Napi::Number::New(env, value)); };
  set("contextLength", config.context_length);
  set("numHiddenLayers", config.num_hidden_layers);
  set("numExperts", config.num_experts);
  set("expertsPerToken", config.experts_per_token);
  set("hiddenSize", config.hidden_size);
  set("intermediateSize", config.intermediate_size);
  set("headDim", config.head_dim);
  set("numAttentionHeads", config.num_attention_heads);
  set("numKeyValueHeads", config.num_key_value_heads);
  set("slidingWindow", config.sliding_window);
  set("vocabSize", config.vocab_size);
  return object;
}

Napi::Object DescribeCapabilities(Napi::Env env, const Capabilities& capabilities) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("logits", Napi::Boolean::New(env, capabilities.logits));
  object.Set("parallelSequences", Napi::Boolean::New(env, capabilities.parallel_sequences));
  object.Set("prefixReuse", Napi::Boolean::New(env, capabilities.prefix_reuse));
  object.Set("snapshots", Napi::Boolean::New(env, capabilities.snapshots));
  object.Set("drafts", Napi::Boolean::New(env, capabilities.drafts));
  object.Set("promptSteps", Napi::Boolean::New(env, capabilities.prompt_steps));
  object.Set("mapsWeights", Napi::Boolean::New(env, capabilities.maps_weights));
  return object;
}

Napi::Value CopyTokenizer(Napi::Env env, const TokenizerData& tokenizer) {
  Napi::Uint32Array offsets = Napi::Uint32Array::New(env, tokenizer.offsets.size());
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, tokenizer.bytes.size());
  if (env.IsExceptionPending()) return {};
  if (!tokenizer.offsets.empty()) {
    std::memcpy(offsets.Data(), tokenizer.offsets.data(), tokenizer.offsets.size() * sizeof(std::uint32_t));
  }
  if (!tokenizer.bytes.empty()) std::memcpy(bytes.Data(), tokenizer.bytes.data(), tokenizer.bytes.size());
  Napi::Object special_tokens = Napi::Object::New(env);
  for (const SpecialToken& token : tokenizer.special_tokens) {
    if (!token.name.empty()) special_tokens.Set(token.name, Napi::Number::New(env, token.id));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("pattern", Napi::String::New(env, tokenizer.regex.data(), tokenizer.regex.size()));
  object.Set("offsets", offsets);
  object.Set("bytes", bytes);
  object.Set("specialTokens", special_tokens);
  return object;
}

Napi::Value Tokenizer(const Napi::CallbackInfo& info, EngineState& state) {
  const Engine* engine = Open(info.Env(), state);
  if (engine == nullptr) return {};
  const TokenizerData& tokenizer = engine->model().tokenizer();
  if (Status status = CheckTextTokenizer(tokenizer); !status.ok()) {
    Throw(info.Env(), "model_corrupt", "this checkpoint cannot read or write text: " + status.message());
    return {};
  }
  return CopyTokenizer(info.Env(), tokenizer);
}

Napi::Value Predict(const Napi::CallbackInfo& info, EngineState& state) {
  ContextOptions options;
  if (!ReadContextOptions(info[0], &options)) return {};
  const Engine* engine = Open(info.Env(), state);
  if (engine == nullptr) return {};
  return ToJs(info.Env(), engine->Predict(options));
}

Napi::Value NewContext(const Napi::CallbackInfo& info, EngineState& state) {
  ContextOptions options;
  if (!ReadContextOptions(info[0], &options) || Open(info.Env(), state) == nullptr) return {};
  return CreateContext(info.Env(), state, options);
}

Napi::Value PageIn(const Napi::CallbackInfo& info, EngineState& state) {
  const Napi::Env env = info.Env();
  std::size_t offset = 0;
  std::uint32_t budget_ms = 0;
  if (!ToSize(info[0], "offset", &offset) || !ToUint32(info[1], "budgetMs", &budget_ms)) return {};
  const Engine* engine = Open(env, state);
  if (engine == nullptr) return {};
  std::size_t next = 0;
  const Status status = engine->model().PageIn(offset, std::chrono::milliseconds(budget_ms), &next);
  if (!status.ok()) {
    Throw(env, status, Call::kUse);
    return {};
  }
  return Napi::Number::New(env, static_cast<double>(next));
}

/// Contexts first: what they hold of the engine goes with them.
void Close(EngineState& state) {
  for (const auto& context : state.contexts) {
    if (const auto open = context.lock()) open->context.reset();
  }
  state.contexts.clear();
  state.engine.reset();
}

}  // namespace

Napi::Value OpenEngine(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object options;
  std::string path;
  EngineOptions engine_options;
  if (!ToObject(info[0], "options", &options) || !ReadString(options, "path", &path) ||
      !ReadString(options, "isa", &engine_options.isa) ||
      !ReadUint32(options, "numThreads", &engine_options.num_threads)) {
    return {};
  }
  std::string backend = "auto";
  if (options.Has("backend").UnwrapOr(false) && !ReadString(options, "backend", &backend)) return {};
  std::string dense_weights = "stored";
  if (options.Has("denseWeights").UnwrapOr(false) && !ReadString(options, "denseWeights", &dense_weights)) return {};
  if (dense_weights != "stored" && dense_weights != "q8") {
    Throw(env, "unsupported_option", "denseWeights must be \"stored\" or \"q8\"");
    return {};
  }
  engine_options.dense_weights = dense_weights == "q8" ? DenseWeights::kQ8 : DenseWeights::kStored;
  auto state = std::make_shared<EngineState>();
  if (Status status = CreateEngine(path, backend, engine_options, &state->engine); !status.ok()) {
    Throw(env, status, Call::kOpen);
    return {};
  }

  const Engine& engine = *state->engine;
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("backend", Napi::String::New(env, std::string(engine.backend())));
  handle.Set("kernels", Napi::String::New(env, std::string(engine.kernels())));
  handle.Set("numThreads", Napi::Number::New(env, engine.num_threads()));
  handle.Set("format", Napi::String::New(env, std::string(engine.model().format())));
  handle.Set("config", DescribeConfig(env, engine.model().config()));
  handle.Set("capabilities", DescribeCapabilities(env, engine.capabilities()));
  handle.Set("weightsBytes", Napi::Number::New(env, static_cast<double>(engine.model().weights_bytes())));
  handle.Set("fileBytes", Napi::Number::New(env, static_cast<double>(engine.model().file_bytes())));
  using Info = Napi::CallbackInfo;
  AddMethod(handle, "tokenizer", [state](const Info& call) { return Tokenizer(call, *state); });
  AddMethod(handle, "predict", [state](const Info& call) { return Predict(call, *state); });
  AddMethod(handle, "createContext", [state](const Info& call) { return NewContext(call, *state); });
  AddMethod(handle, "pageIn", [state](const Info& call) { return PageIn(call, *state); });
  AddMethod(handle, "close", [state](const Info&) { Close(*state); });
  return handle;
}

}  // namespace codexpc::binding
