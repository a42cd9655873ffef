// Speed of each kernel and table on one thread, beside what the machine gives: FMA from registers, and memory reads.
//   kernels_bench [table name [part of a kernel's name]]
// A row is the best of several runs of a few milliseconds of processor time, so other programs on the machine disturb
// it little. Bytes are weights or keys and values read once a call. "cache" rows go again over the same weights, "memory" rows over
// more than the last-level cache holds.

#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/testing.h"

namespace {

using namespace codexpc;
using namespace codexpc::kernels;
using codexpc::kernels::testing::Random;

/// Processor time of this thread.
double Now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds one call takes at best.
template <typename Call>
double BestSeconds(const Call& call) {
  constexpr int kRuns = 15;
  constexpr double kRunSeconds = 0.003;
  call();
  double start = Now();
  call();
  const double once = Now() - start;
  const int calls = once > kRunSeconds ? 1 : static_cast<int>(kRunSeconds / (once + 1e-9)) + 1;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    start = Now();
    for (int i = 0; i < calls; ++i) call();
    best = std::min(best, (Now() - start) / calls);
  }
  return best;
}

/// Twelve or more independent chains of multiply-add, all in registers.
template <typename Vec, int kChains>
[[gnu::always_inline]] inline float MultiplyAdd(long rounds) {
  Vec sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = Vec{} + static_cast<float>(i);
  const Vec factor = Vec{} + 0.999f;
  const Vec term = Vec{} + 0.001f;
  for (long round = 0; round < rounds; ++round) {
    asm volatile("");  // keeps the compiler from seeing that every call gives the same
    _Pragma("GCC unroll 24") for (int i = 0; i < kChains; ++i) sums[i] = sums[i] * factor + term;
  }
  float sum = 0.0f;
  for (int i = 0; i < kChains; ++i) sum += sums[i][0];
  return sum;
}
typedef float Four __attribute__((vector_size(16)));
#if defined(__x86_64__)
typedef float Eight __attribute__((vector_size(32)));
typedef float Sixteen __attribute__((vector_size(64)));
[[gnu::noinline, gnu::target("avx2,fma")]] float MultiplyAddAvx2(long rounds) { return MultiplyAdd<Eight, 12>(rounds); }
[[gnu::noinline, gnu::target("avx512f")]] float MultiplyAddAvx512(long rounds) { return MultiplyAdd<Sixteen, 12>(rounds); }
#endif
[[gnu::noinline]] float MultiplyAddFour(long rounds) { return MultiplyAdd<Four, 24>(rounds); }

volatile float sink;

/// GFLOP/s of multiply-add in the vectors that a table uses.
double FmaPeak(const KernelTable& table) {
  constexpr long kRounds = 100000;
#if defined(__x86_64__)
  if (std::strcmp(table.name, "avx2") == 0) return 2e-9 * 8 * 12 * kRounds / BestSeconds([] { sink = MultiplyAddAvx2(kRounds); });
  if (std::strncmp(table.name, "avx512", 6) == 0) return 2e-9 * 16 * 12 * kRounds / BestSeconds([] { sink = MultiplyAddAvx512(kRounds); });
#endif
  return 2e-9 * 4 * 24 * kRounds / BestSeconds([] { sink = MultiplyAddFour(kRounds); });
}

constexpr std::size_t kBeyondCaches = 192u << 20;  // bytes

/// GB/s read by memcpy from beyond the caches into one page.
double MemcpyPeak(const std::vector<std::uint8_t>& memory) {
  std::vector<std::uint8_t> page(4096);
  const double seconds = BestSeconds([&] {
    for (std::size_t at = 0; at + page.size() <= memory.size(); at += page.size()) {
      std::memcpy(page.data(), memory.data() + at, page.size());
      asm volatile("" : : "r"(page.data()) : "memory");
    }
  });
  return 1e-9 * static_cast<double>(memory.size()) / seconds;
}

const char* wanted_kernel = "";
bool Wanted(const char* kernel) { return std::strstr(kernel, wanted_kernel) != nullptr; }

struct Row {
  const char* kernel;
  const char* shape;
  std::size_t num_tokens;
  double flops;
  double bytes;
  double seconds;
};

void Print(const KernelTable& table, double fma_peak, const Row& row) {
  std::printf("%-11s %-19s %-26s %6zu %9.1f us %8.1f GFLOP/s %4.0f%% %8.1f GB/s\n", table.name, row.kernel, row.shape, row.num_tokens,
              1e6 * row.seconds, 1e-9 * row.flops / row.seconds, 1e-7 * row.flops / row.seconds / fma_peak, 1e-9 * row.bytes / row.seconds);
  std::fflush(stdout);
}

/// `weights` holds as many matrices as fit; calls take them in turn.
void BenchMatmul(const KernelTable& table, double fma_peak, const std::vector<std::uint8_t>& weights, const char* weight_name, const char* shape,
                 std::size_t rows, std::size_t cols, std::size_t num_tokens) {
  const bool mf4 = std::strcmp(weight_name, "mf4w") == 0;
  const NumberType type = std::strcmp(weight_name, "q8w") == 0 ? NumberType::kQ8_0 : NumberType::kBf16;
  const std::string kernel = std::string("f32_") + weight_name + "_matmul";
  if (!Wanted(kernel.c_str())) return;
  Random random(1);
  const std::vector<float> x = random.Floats(num_tokens * cols, -1.0f, 1.0f);
  const std::vector<bf16> bias = random.Bf16s(rows, -1.0f, 1.0f);
  const std::vector<std::uint8_t> scales = random.Bytes(rows * cols / 32, 134, 143);
  std::vector<float> out(num_tokens * rows);
  const MatmulArgs args{.out = out.data(), .x = x.data(), .bias = {bias.data(), NumberType::kBf16}, .num_tokens = num_tokens, .cols = cols, .out_stride = rows,
                        .row_begin = 0, .row_end = rows, .accumulate = false};
  const std::size_t matrix_bytes = mf4 ? rows * cols / 2 : BytesOf(type, rows * cols);
  const std::size_t num_matrices = weights.size() / matrix_bytes;
  std::size_t next = 0;
  const double seconds = BestSeconds([&] {
    const std::uint8_t* matrix = weights.data() + next++ % num_matrices * matrix_bytes;
    if (mf4) table.f32_mf4w_matmul(args, Mf4View{.blocks = matrix, .scales = scales.data(), .scale_bias = 141});
    else table.f32_matmul(args, {matrix, type});
  });
  Print(table, fma_peak, {kernel.c_str(), shape, num_tokens, 2.0 * static_cast<double>(rows * cols * num_tokens),
                          static_cast<double>(matrix_bytes + (mf4 ? rows * cols / 32 : 0)), seconds});
}

enum class Whole { kQ8, kQ8InTwo, kQ16 };

/// The same with activations in whole numbers: MXFP4 with its scales apart or (as in GGUF) between the blocks, Q8_0, or BF16
/// brought to 8 bits in passing.
void BenchWholeMatmul(const KernelTable& table, double fma_peak, const std::vector<std::uint8_t>& weights, const char* weight_name,
                      std::size_t num_tokens, Whole whole) {
  constexpr std::size_t kRows = 2880;
  constexpr std::size_t kCols = 2880;
  const bool mf4 = std::strncmp(weight_name, "mf4w", 4) == 0;
  const bool together = std::strcmp(weight_name, "mf4w gguf") == 0;
  const NumberType type = std::strcmp(weight_name, "q8w") == 0 ? NumberType::kQ8_0 : NumberType::kBf16;
  const std::string kernel = std::string(whole == Whole::kQ16 ? "q16" : "q8") + (mf4 ? "_mf4w_matmul" : "_matmul") + (whole == Whole::kQ8InTwo ? "2" : "") +
                             (together ? " gguf" : mf4 ? "" : type == NumberType::kQ8_0 ? " q8_0" : " bf16");
  if (!Wanted(kernel.c_str()) || (!mf4 && table.q8_matmul == nullptr) || (whole == Whole::kQ16 && table.q16_matmul == nullptr)) return;
  Random random(1);
  const std::vector<float> x = random.Floats(num_tokens * kCols, -1.0f, 1.0f);
  std::vector<std::int8_t> bytes(x.size() * 2);
  std::vector<std::int16_t> words(x.size());
  std::vector<float> x_scales(x.size() / 32);
  std::vector<std::int32_t> starts(x.size() / 32);
  const Q8View q8{bytes.data(), x_scales.data(), starts.data(), whole == Whole::kQ8InTwo ? 2u : 1u};
  const Q16View q16{words.data(), x_scales.data()};
  for (std::size_t at = 0; at < x.size(); at += kCols) {
    if (whole == Whole::kQ16) table.f32_to_q16({q16.values + at, q16.scales + at / 32}, x.data() + at, kCols, mf4);
    else table.f32_to_q8({q8.values + at * q8.num_terms, q8.scales + at / 32, q8.starts + at / 32, q8.num_terms}, x.data() + at, kCols, mf4);
  }
  const std::vector<bf16> bias = random.Bf16s(kRows, -1.0f, 1.0f);
  const std::vector<std::uint8_t> scales = random.Bytes(kRows * kCols / 32, 134, 143);
  std::vector<std::uint8_t> with_scales(together ? weights : std::vector<std::uint8_t>());
  for (std::size_t i = 0; i < with_scales.size(); i += 17) with_scales[i] = scales[i / 17 % scales.size()];
  const std::uint8_t* first = together ? with_scales.data() : weights.data();
  std::vector<float> out(num_tokens * kRows);
  const std::size_t matrix_bytes = mf4 ? kRows * kCols / 32 * (together ? 17 : 16) : BytesOf(type, kRows * kCols);
  const std::size_t num_matrices = weights.size() / matrix_bytes;
  std::size_t next = 0;
  const auto multiply = [&](const auto& x_view, auto* matmul, auto* mf4_matmul) {
    const MatmulArgsOf<std::remove_cvref_t<decltype(x_view)>> args{.out = out.data(), .x = x_view, .bias = {bias.data(), NumberType::kBf16},
        .num_tokens = num_tokens, .cols = kCols, .out_stride = kRows, .row_begin = 0, .row_end = kRows, .accumulate = false};
    const std::uint8_t* matrix = first + next++ % num_matrices * matrix_bytes;
    if (together) mf4_matmul(args, Mf4View{.blocks = matrix + 1, .scales = matrix, .block_stride = 17, .scale_stride = 17, .scale_bias = 141});
    else if (mf4) mf4_matmul(args, Mf4View{.blocks = matrix, .scales = scales.data(), .scale_bias = 141});
    else matmul(args, MatrixView{matrix, type});
  };
  const double seconds = BestSeconds([&] {
    if (whole == Whole::kQ16) multiply(q16, table.q16_matmul, table.q16_mf4w_matmul);
    else multiply(q8, table.q8_matmul, table.q8_mf4w_matmul);
  });
  Print(table, fma_peak, {kernel.c_str(), "2880 x 2880, memory", num_tokens, 2.0 * static_cast<double>(kRows * kCols * num_tokens),
                          static_cast<double>(matrix_bytes + (mf4 && !together ? kRows * kCols / 32 : 0)), seconds});
}

enum class TileForm { kBf16, kBf16InTwo, kQ16 };

/// The same over tiles: of bfloat16, with activations of one term or two, or of whole numbers.
void BenchTileMatmul(const KernelTable& table, double fma_peak, const std::vector<std::uint8_t>& weights, const char* weight_name,
                     TileForm form, std::size_t num_tokens) {
  constexpr std::size_t kRows = 2880;
  constexpr std::size_t kCols = 2880;
  const bool mf4 = std::strcmp(weight_name, "mf4w") == 0;
  const NumberType type = std::strcmp(weight_name, "q8w") == 0 ? NumberType::kQ8_0 : NumberType::kBf16;
  const std::string kernel = std::string(form == TileForm::kQ16 ? "q16_tiles" : "bf16") +
                             (mf4 ? "_mf4w_matmul" : type == NumberType::kQ8_0 ? "_matmul q8_0" : "_matmul bf16") + (form == TileForm::kBf16InTwo ? " x2" : "");
  if (table.bf16_matmul == nullptr || !Wanted(kernel.c_str())) return;
  Random random(1);
  const std::vector<float> x = random.Floats(num_tokens * kCols, -1.0f, 1.0f);
  struct alignas(64) Tile {
    bf16 values[16 * 32];
  };
  std::vector<Tile> tiles((num_tokens + 15) / 16 * (kCols / 32) * 2);
  std::vector<float> x_scales((num_tokens + 15) / 16 * 16 * (kCols / kQ16GroupSize + 1));
  const TileView view{.values = tiles.data()->values, .num_terms = form == TileForm::kBf16 ? 1u : 2u};
  const Q16TileView whole{.values = reinterpret_cast<std::int8_t*>(tiles.data()->values), .scales = x_scales.data()};
  for (std::size_t tile = 0; tile * 16 < num_tokens; ++tile) {
    const float* tokens[16] = {};
    for (std::size_t i = 0; i < 16 && tile * 16 + i < num_tokens; ++i) tokens[i] = x.data() + (tile * 16 + i) * kCols;
    if (form == TileForm::kQ16) table.f32_to_q16_tiles(whole, tile, tokens, kCols, mf4);
    else table.f32_to_tiles(view, tile, tokens, kCols, mf4 ? TileOrder::kMf4Pairs : TileOrder::kAsIs);
  }
  const std::vector<bf16> bias = random.Bf16s(kRows, -1.0f, 1.0f);
  const std::vector<std::uint8_t> scales = random.Bytes(kRows * kCols / 32, 134, 137);
  std::vector<float> out(num_tokens * kRows);
  const std::size_t matrix_bytes = mf4 ? kRows * kCols / 2 : BytesOf(type, kRows * kCols);
  const std::size_t num_matrices = weights.size() / matrix_bytes;
  std::size_t next = 0;
  const auto multiply = [&](const auto& x_view, auto* matmul, auto* mf4_matmul) {
    const MatmulArgsOf<std::remove_cvref_t<decltype(x_view)>> args{.out = out.data(), .x = x_view, .bias = {bias.data(), NumberType::kBf16},
        .num_tokens = num_tokens, .cols = kCols, .out_stride = kRows, .row_begin = 0, .row_end = kRows, .accumulate = false};
    const std::uint8_t* matrix = weights.data() + next++ % num_matrices * matrix_bytes;
    if (mf4) mf4_matmul(args, Mf4View{.blocks = matrix, .scales = scales.data(), .scale_bias = 141});
    else matmul(args, MatrixView{matrix, type});
  };
  const double seconds = BestSeconds([&] {
    if (form == TileForm::kQ16) multiply(whole, table.q16_tiles_matmul, table.q16_tiles_mf4w_matmul);
    else multiply(view, table.bf16_matmul, table.bf16_mf4w_matmul);
  });
  Print(table, fma_peak, {kernel.c_str(), "2880 x 2880, memory", num_tokens, 2.0 * static_cast<double>(kRows * kCols * num_tokens),
                          static_cast<double>(matrix_bytes + (mf4 ? kRows * kCols / 32 : 0)), seconds});
}

void BenchSdpa(const KernelTable& table, double fma_peak, bool half, const char* shape, std::size_t length, std::size_t num_tokens) {
  const char* kernel = half ? "f32_f16kv_sdpa" : "f32_f32kv_sdpa";
  if (!Wanted(kernel)) return;
  constexpr std::size_t kGroup = 8;
  constexpr std::size_t kHeadDim = 64;
  Random random(2);
  const std::vector<float> q = random.Floats(num_tokens * kGroup * kHeadDim, -1.0f, 1.0f);
  const std::vector<bf16> sinks = random.Bf16s(kGroup, -1.0f, 1.0f);
  const std::vector<float> kv = random.Floats(length * kHeadDim, -1.0f, 1.0f);
  std::vector<f16> kv_half(kv.size());
  for (std::size_t i = 0; i < kv.size(); ++i) kv_half[i] = FloatToF16(kv[i]);
  std::vector<float> out(q.size());
  SdpaArgs args{.out = out.data(), .q = q.data(), .sinks = {sinks.data(), NumberType::kBf16}, .group = kGroup, .head_dim = kHeadDim, .num_tokens = num_tokens,
                .out_stride = kGroup * kHeadDim, .q_stride = kGroup * kHeadDim};
  args.k[0] = half ? static_cast<const void*>(kv_half.data()) : kv.data();
  args.v[0] = args.k[0];
  args.length[0] = length;
  const double seconds = BestSeconds([&] { (half ? table.f32_f16kv_sdpa : table.f32_f32kv_sdpa)(args); });
  Print(table, fma_peak, {kernel, shape, num_tokens,
                          4.0 * static_cast<double>(kGroup * kHeadDim * num_tokens) * (static_cast<double>(length) - static_cast<double>(num_tokens - 1) / 2),
                          static_cast<double>(2 * length * kHeadDim * (half ? sizeof(f16) : sizeof(float))), seconds});
}

/// `flops` and `bytes` are of one element.
template <typename Call>
void BenchElements(const KernelTable& table, double fma_peak, const char* kernel, std::size_t n, double flops, double bytes, const Call& call) {
  if (!Wanted(kernel)) return;
  const double elements = static_cast<double>(n);
  Print(table, fma_peak, {kernel, "2880 elements, cache", 1, flops * elements, bytes * elements, BestSeconds(call)});
}

void BenchTable(const KernelTable& table, const std::vector<std::uint8_t>& memory) {
  const double fma_peak = FmaPeak(table);
  std::printf("\n%s: multiply-add from registers %.1f GFLOP/s\n", table.name, fma_peak);
  const bool slow = std::strcmp(table.name, "scalar") == 0;
  const std::vector<std::uint8_t> cached(memory.begin(), memory.begin() + (8 << 20));

  for (const char* weight : {"bf16w", "q8w", "mf4w"}) {
    const bool mf4 = std::strcmp(weight, "mf4w") == 0;
    const std::size_t rows = mf4 ? 384 : 640;  // pocket: mlp1 of an expert, or QKV
    const char* pocket = mf4 ? "384 x 256, cache" : "640 x 256, cache";
    const std::vector<std::uint8_t> one(cached.begin(), cached.begin() + static_cast<std::ptrdiff_t>(rows * 256 * 2));
    for (const std::size_t num_tokens : {1u, 2u, 4u, 16u, 128u}) BenchMatmul(table, fma_peak, one, weight, pocket, rows, 256, num_tokens);
    for (const std::size_t num_tokens : {1u, 9u, 17u, 33u, 64u, 128u, 512u}) {
      if (!slow || num_tokens == 1) BenchMatmul(table, fma_peak, memory, weight, "2880 x 2880, memory", 2880, 2880, num_tokens);
    }
  }
  for (const char* weight : {"mf4w", "mf4w gguf", "q8w", "bf16w"}) {
    const bool is_rounded = std::strcmp(weight, "bf16w") == 0;
    for (const std::size_t num_tokens : {1u, 2u, 4u, 8u, 9u, 17u, 33u, 64u, 128u, 512u}) {
      if (slow && num_tokens > 1) continue;
      BenchWholeMatmul(table, fma_peak, memory, weight, num_tokens, Whole::kQ8);
      if (is_rounded) continue;
      if (table.max_two_term_tokens > 0 && num_tokens <= 17) BenchWholeMatmul(table, fma_peak, memory, weight, num_tokens, Whole::kQ8InTwo);
      if (num_tokens >= 8) BenchWholeMatmul(table, fma_peak, memory, weight, num_tokens, Whole::kQ16);
    }
  }
  for (const char* weight : {"mf4w", "q8w", "bf16w"}) {
    for (const TileForm form : {TileForm::kBf16, TileForm::kBf16InTwo, TileForm::kQ16}) {
      if (form == TileForm::kQ16 && std::strcmp(weight, "bf16w") == 0) continue;
      for (const std::size_t num_tokens : {1u, 8u, 16u, 64u, 128u, 512u}) BenchTileMatmul(table, fma_peak, memory, weight, form, num_tokens);
    }
  }
  for (const bool half : {false, true}) {
    BenchSdpa(table, fma_peak, half, "128 positions", 128, 1);
    BenchSdpa(table, fma_peak, half, "8192 positions", 8192, 1);
    BenchSdpa(table, fma_peak, half, "128 positions", 128, 16);
    BenchSdpa(table, fma_peak, half, "8192 positions", 8192, 16);
  }

  constexpr std::size_t kN = 2880;
  Random random(3);
  const std::vector<float> x = random.Floats(2 * kN, -2.0f, 2.0f);
  const std::vector<bf16> gain = random.Bf16s(kN, -2.0f, 2.0f);
  std::vector<float> out(2 * kN);
  std::vector<f16> halves(kN);
  BenchElements(table, fma_peak, "f32_embed", kN, 0, 6, [&] { table.f32_embed(out.data(), {gain.data(), NumberType::kBf16}, kN); });
  BenchElements(table, fma_peak, "f32_rmsnorm", kN, 4, 10, [&] { table.f32_rmsnorm(out.data(), x.data(), {gain.data(), NumberType::kBf16}, kN, 1e-5f); });
  BenchElements(table, fma_peak, "f32_swiglu", kN, 0, 12, [&] { table.f32_swiglu(out.data(), x.data(), kN, 7.0f); });
  BenchElements(table, fma_peak, "f32_rope", kN, 3, 8, [&] { table.f32_rope(out.data(), x.data(), x.data(), kN / 64, 64); });
  BenchElements(table, fma_peak, "f32_to_f16", kN, 0, 6, [&] { table.f32_to_f16(halves.data(), x.data(), kN); });
  BenchElements(table, fma_peak, "f32_axpy", kN, 2, 12, [&] { table.f32_axpy(out.data(), x.data(), 1e-6f, kN); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::uint8_t> memory = [] {
    std::vector<std::uint8_t> bytes(kBeyondCaches);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 2 == 0 ? i * 37 : 0x3f + (i & 0x80));  // small as bf16
    return bytes;
  }();
  std::printf("memcpy from beyond the caches, one stream: %.1f GB/s read\n", MemcpyPeak(memory));
  if (argc > 2) wanted_kernel = argv[2];
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) {
    if (argc > 1 && std::strcmp(argv[1], all.tables[i]->name) != 0) continue;
    if (all.tables[i]->supported()) BenchTable(*all.tables[i], memory);
    else std::printf("\n%s: not supported by this CPU\n", all.tables[i]->name);
  }
  return 0;
}
