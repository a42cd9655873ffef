// The GPT-OSS library's calls over our CPU backend, with what its context.c does to whoever trusts it: the last sampled
// token counts as cached without having been computed, a failed command buffer leaves the token buffer as it was, sample
// does not look whether there is room, reset keeps the cache. What cannot be imitated ends the test: another thread, and
// writing past the end.

#include "gptoss-stand-in.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "backends/metal/gptoss-api.h"
#include "backends/metal/metal-engine.h"

namespace {

using namespace codexpc;

stand_in::Counters the_counters = {};
bool fails_next = false;

[[noreturn]] void Refuse(const char* what) {
  std::fprintf(stderr, "GPT-OSS stand-in: %s\n", what);
  std::abort();
}

constexpr std::uint32_t kChunk = 64;  // of the CPU backend

}  // namespace

struct gptoss_model {
  std::unique_ptr<Engine> engine;
};

struct gptoss_context {
  std::unique_ptr<Context> cpu;
  std::vector<std::uint32_t> fed;     // what the CPU's slot holds
  std::vector<std::uint32_t> tokens;  // the token buffer
  std::vector<std::uint32_t> cached;  // of which token each position's KV entry is; 0 where there never was one
  std::size_t num_tokens = 0;
  std::size_t num_kv_tokens = 0;
  std::uint32_t vocab_size = 0;
  std::thread::id owner = std::this_thread::get_id();
};

namespace {

void CheckThread(const gptoss_context* context) {
  if (context->owner != std::this_thread::get_id()) Refuse("a context was used by two threads");
}

/// Runs tokens [begin, end) over whatever entries lie before them. Logits of the last one.
std::span<const float> Compute(gptoss_context* context, std::size_t begin, std::size_t end) {
  std::copy(context->tokens.begin() + static_cast<std::ptrdiff_t>(begin),
            context->tokens.begin() + static_cast<std::ptrdiff_t>(end),
            context->cached.begin() + static_cast<std::ptrdiff_t>(begin));
  the_counters.num_computed += end - begin;
  const std::span<const std::uint32_t> wanted(context->cached.data(), end);
  const std::size_t limit = std::min(context->fed.size(), end - 1);
  const auto differs = std::mismatch(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(limit), context->fed.begin());
  std::uint32_t at = static_cast<std::uint32_t>(differs.first - wanted.begin());
  if (!context->cpu->Truncate(0, at, &at).ok()) Refuse("the CPU backend refused to truncate");
  while (at < end) {
    const std::size_t count = std::min<std::size_t>(kChunk, end - at);
    const BatchItem item = {0, wanted.subspan(at, count), at + count == end};
    if (!context->cpu->Forward({&item, 1}).ok()) Refuse("the CPU backend refused a step");
    at += static_cast<std::uint32_t>(count);
  }
  context->fed.assign(wanted.begin(), wanted.end());
  return context->cpu->Logits(0);
}

std::uint32_t Draw(std::span<const float> logits, float temperature, std::uint64_t seed, std::uint32_t vocab_size) {
  std::unique_ptr<Sampler> sampler;
  TokenLogprob drawn = {};
  const SamplerOptions options = {.temperature = temperature, .seed = seed};
  if (!CreateSampler(options, vocab_size, &sampler).ok() || !sampler->Sample(logits, &drawn).ok()) Refuse("no sample");
  return drawn.token;
}

}  // namespace

namespace stand_in {
Counters counters() { return the_counters; }
void FailNextSample() { fails_next = true; }
}  // namespace stand_in

/// Here any model will do.
Status codexpc::metal::CheckLibrarySupports(const Config&) { return {}; }

gptoss_status gptoss_model_create_from_file(const char* path, gptoss_model_t* model_out) {
  std::shared_ptr<const Model> model;
  auto made = std::make_unique<gptoss_model>();
  if (!OpenModel(path, &model).ok()) return gptoss_status_invalid_argument;
  if (!CreateCpuEngine(std::move(model), {.isa = {}, .num_threads = 2}, &made->engine).ok())
    return gptoss_status_insufficient_resources;
  *model_out = made.release();
  ++the_counters.num_models;
  return gptoss_status_success;
}

gptoss_status gptoss_model_release(gptoss_model_t model) {
  if (model != nullptr) --the_counters.num_models;
  delete model;
  return gptoss_status_success;
}

gptoss_status gptoss_context_create(gptoss_model_t model, size_t context_length, size_t max_batch_tokens,
                                    gptoss_context_t* context_out) {
  const Config& config = model->engine->model().config();
  if (context_length > config.context_length || max_batch_tokens > context_length) return gptoss_status_invalid_argument;
  auto context = std::make_unique<gptoss_context>();
  const ContextOptions options = {.num_slots = 1, .context_length = static_cast<std::uint32_t>(context_length),
                                  .max_batch_tokens = kChunk, .kv_type = KvType::kF32};
  if (!model->engine->CreateContext(options, &context->cpu).ok()) return gptoss_status_insufficient_memory;
  context->tokens.resize(context_length);
  context->cached.resize(context_length);
  context->vocab_size = config.vocab_size;
  the_counters.max_batch_tokens = max_batch_tokens;
  ++the_counters.num_contexts;
  *context_out = context.release();
  return gptoss_status_success;
}

gptoss_status gptoss_context_append_tokens(gptoss_context_t context, size_t num_tokens, const uint32_t* tokens) {
  CheckThread(context);
  for (size_t i = 0; i < num_tokens; ++i) {
    if (tokens[i] >= context->vocab_size) return gptoss_status_invalid_argument;
  }
  for (size_t i = 0; i < num_tokens; ++i) {
    if (context->num_tokens == context->tokens.size()) return gptoss_status_context_overflow;
    const bool is_cached = context->num_kv_tokens > context->num_tokens;
    if (is_cached && context->tokens[context->num_tokens] != tokens[i]) context->num_kv_tokens = context->num_tokens;
    context->tokens[context->num_tokens++] = tokens[i];
  }
  return gptoss_status_success;
}

gptoss_status gptoss_context_process(gptoss_context_t context) {
  CheckThread(context);
  if (context->num_tokens > context->num_kv_tokens) Compute(context, context->num_kv_tokens, context->num_tokens);
  context->num_kv_tokens = std::max(context->num_kv_tokens, context->num_tokens);
  return gptoss_status_success;
}

gptoss_status gptoss_context_sample(gptoss_context_t context, float temperature, uint64_t seed, size_t max_tokens,
                                    uint32_t* tokens_out, size_t* num_tokens_out) {
  CheckThread(context);
  const size_t begin = context->num_tokens;
  const bool fails = std::exchange(fails_next, false);
  for (size_t i = 0; i < max_tokens; ++i) {
    if (context->num_tokens == context->tokens.size()) Refuse("sample wrote past the end of the token buffer");
    const size_t from = context->num_kv_tokens < context->num_tokens ? context->num_kv_tokens : context->num_tokens - 1;
    if (!fails) {
      const std::span<const float> logits = Compute(context, from, context->num_tokens);
      context->tokens[context->num_tokens] = Draw(logits, temperature, seed + context->num_tokens, context->vocab_size);
    }
    context->num_kv_tokens = ++context->num_tokens;
  }
  std::copy(context->tokens.begin() + static_cast<std::ptrdiff_t>(begin),
            context->tokens.begin() + static_cast<std::ptrdiff_t>(context->num_tokens), tokens_out);
  *num_tokens_out = context->num_tokens - begin;
  return gptoss_status_success;
}

gptoss_status gptoss_context_reset(gptoss_context_t context) {
  CheckThread(context);
  context->num_tokens = 0;
  return gptoss_status_success;
}

gptoss_status gptoss_context_release(gptoss_context_t context) {
  if (context != nullptr) --the_counters.num_contexts;
  delete context;
  return gptoss_status_success;
}
