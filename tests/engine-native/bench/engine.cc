// End to end: prefill and decode speed on a checkpoint.
//   engine_bench CHECKPOINT [--prompt 2048] [--decode 64] [--chunk 128] [--threads 0] [--isa NAME] [--kv f16|f32|q8]
//                [--slots 1] [--precision exact|fast] [--dense stored|q8]
// tok/s by the clock on the wall, and per second of processor time and thread, which other programs on the machine
// disturb less. GB/s counts weights once a step (of the experts those that the step's tokens can have chosen at most) and
// the keys and values that it reads.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "codexpc/engine.h"

namespace {

using namespace codexpc;

struct Settings {
  std::string checkpoint;
  std::uint32_t prompt = 2048;
  std::uint32_t decode = 64;
  std::uint32_t chunk = 128;
  std::uint32_t slots = 1;  // decoded together
  EngineOptions engine;
  KvType kv_type = KvType::kF16;
  Precision precision = Precision::kFast;
};

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::exit(1);
}

bool Parse(int argc, char** argv, Settings* settings) {
  if (argc < 2 || argc % 2 != 0) return false;
  settings->checkpoint = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string flag = argv[i];
    const auto number = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    if (flag == "--prompt") {
      settings->prompt = number;
    } else if (flag == "--decode") {
      settings->decode = number;
    } else if (flag == "--chunk") {
      settings->chunk = std::max(1u, number);
    } else if (flag == "--slots") {
      settings->slots = std::max(1u, number);
    } else if (flag == "--threads") {
      settings->engine.num_threads = number;
    } else if (flag == "--isa") {
      settings->engine.isa = argv[i + 1];
    } else if (flag == "--kv") {
      const std::string type = argv[i + 1];
      settings->kv_type = type == "q8" ? KvType::kQ8 : type == "f32" ? KvType::kF32 : KvType::kF16;
    } else if (flag == "--precision") {
      settings->precision = std::strcmp(argv[i + 1], "exact") == 0 ? Precision::kExact : Precision::kFast;
    } else if (flag == "--dense") {
      settings->engine.dense_weights = std::strcmp(argv[i + 1], "q8") == 0 ? DenseWeights::kQ8 : DenseWeights::kStored;
    } else {
      return false;
    }
  }
  return true;
}

/// Bytes of weights that a step of `num_tokens` reads; the layers are of one make.
double WeightBytes(const Model& model, std::uint32_t num_tokens, std::uint32_t num_logits) {
  const Config& config = model.config();
  const LayerView& layer = model.weights().layers[0];
  const std::size_t hidden = config.hidden_size;
  const auto bytes_of = [&](NumberType type, std::size_t count) { return static_cast<double>(BytesOf(type, count)); };
  double attention = bytes_of(layer.attn_out.type, hidden * config.q_size());
  for (const ProjectionView& part : layer.qkv) attention += bytes_of(part.weight.type, hidden * part.num_rows);
  const double router = bytes_of(layer.router_weight.type, hidden * config.num_experts);
  const double num_experts = std::min(config.num_experts, config.experts_per_token * num_tokens);
  const double expert = 3.0 * static_cast<double>(hidden * config.intermediate_size) * 17 / 32;
  const double unembedding = num_logits > 0 ? bytes_of(model.weights().unembedding.type, hidden * config.vocab_size) : 0;
  return config.num_hidden_layers * (attention + router + num_experts * expert) + unembedding;
}

/// Bytes of keys and values that one token at `position` reads.
double KvBytes(const Config& config, KvType kv_type, double position) {
  const double number = kv_type == KvType::kQ8 ? 1 : kv_type == KvType::kF16 ? 2 : 4;
  const double entry = 2.0 * (config.kv_size() * number + (kv_type == KvType::kQ8 ? 2 * config.num_key_value_heads : 0));
  const double windows = config.num_hidden_layers - config.num_hidden_layers / 2;
  return entry * (config.num_hidden_layers / 2 * position + windows * std::min<double>(position, config.sliding_window));
}

std::uint32_t SomeToken(const Config& config, std::uint32_t i) { return (i * 2654435761u >> 8) % config.vocab_size; }

/// As the daemon does before its first request: else decoding meets the page faults of experts not yet used.
void PageIn(const Model& model) {
  for (std::size_t next = 0, done = SIZE_MAX; next != done;) {
    done = next;
    Require(model.PageIn(done, std::chrono::seconds(60), &next));
  }
}

class Stopwatch {
 public:
  Stopwatch() : cpu_(std::clock()), wall_(std::chrono::steady_clock::now()) {}

  void Report(const char* phase, double num_tokens, double bytes, std::uint32_t num_threads) const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
    const double cpu = static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC;
    std::printf("%-8s %7.0f tok  %8.2f s  %8.1f tok/s  %6.2f GB/s   %8.1f tok a core-second x %u\n", phase, num_tokens,
                wall.count(), num_tokens / wall.count(), bytes / wall.count() * 1e-9, num_tokens / cpu, num_threads);
  }

 private:
  std::clock_t cpu_;
  std::chrono::steady_clock::time_point wall_;
};

int Run(const Settings& settings) {
  std::shared_ptr<const Model> model;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Context> context;
  Require(OpenModel(settings.checkpoint, &model));
  Require(CreateCpuEngine(model, settings.engine, &engine));
  const Model& in_use = engine->model();  // whose dense weights may be others than the file's
  PageIn(in_use);
  const Config& config = in_use.config();
  Require(engine->CreateContext({.num_slots = settings.slots,
                                 .context_length = settings.prompt + settings.decode + 1,
                                 .max_batch_tokens = std::max(settings.chunk, settings.slots),
                                 .kv_type = settings.kv_type,
                                 .precision = settings.precision},
                                &context));
  const MemoryUse memory = context->memory();
  std::printf("%s: kernels %s, %s, %u threads, chunk %u, %u slots; weights %.1f MB, KV %.1f MB (%zu bytes a token), scratch %.1f MB\n",
              settings.checkpoint.c_str(), std::string(engine->kernels()).c_str(),
              settings.precision == Precision::kFast ? "fast" : "exact", engine->num_threads(),
              settings.chunk, settings.slots, memory.weights_bytes * 1e-6, memory.kv_bytes * 1e-6,
              memory.kv_bytes_per_token, memory.scratch_bytes * 1e-6);

  std::vector<std::uint32_t> prompt(settings.prompt);
  for (std::uint32_t i = 0; i < settings.prompt; ++i) prompt[i] = SomeToken(config, i);

  double bytes = 0;
  const Stopwatch prefill;
  for (std::uint32_t at = 0; at < settings.prompt; at += settings.chunk) {
    const std::uint32_t count = std::min(settings.chunk, settings.prompt - at);
    const BatchItem item{0, std::span(prompt).subspan(at, count), at + count == settings.prompt};
    Require(context->Forward({&item, 1}));
    bytes += WeightBytes(in_use, count, item.want_logits) + KvBytes(config, settings.kv_type, at + count);
  }
  if (settings.prompt > 0) prefill.Report("prefill", settings.prompt, bytes, engine->num_threads());

  for (std::uint32_t slot = 1; slot < settings.slots; ++slot) {
    std::uint32_t resume_from = 0;
    Require(context->Copy(0, slot, settings.prompt, &resume_from));
  }
  // Other tokens in every slot and step: each takes its own way through the experts, as different answers would.
  std::vector<std::uint32_t> tokens(settings.slots);
  std::vector<BatchItem> batch;
  for (std::uint32_t slot = 0; slot < settings.slots; ++slot) batch.push_back({slot, {&tokens[slot], 1}, true});
  bytes = 0;
  const Stopwatch decode;
  for (std::uint32_t step = 0; step < settings.decode; ++step) {
    for (std::uint32_t slot = 0; slot < settings.slots; ++slot) tokens[slot] = SomeToken(config, step * settings.slots + slot);
    Require(context->Forward(batch));
    bytes += WeightBytes(in_use, settings.slots, settings.slots) +
             settings.slots * KvBytes(config, settings.kv_type, settings.prompt + step);
  }
  decode.Report("decode", 1.0 * settings.decode * settings.slots, bytes, engine->num_threads());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!Parse(argc, argv, &settings)) {
    std::fprintf(stderr,
                 "engine_bench CHECKPOINT [--prompt N] [--decode N] [--chunk N] [--threads N] [--isa NAME] [--kv f16|f32|q8] "
                 "[--slots N] [--precision exact|fast] [--dense stored|q8]\n");
    return 2;
  }
  return Run(settings);
}
