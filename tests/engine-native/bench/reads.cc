// How fast this machine reads memory: the limit of decoding.
//   reads_bench [threads]
// Every thread goes over memory of its own, far larger than the caches, with 1 to 16 streams side by side and nothing
// but an addition a word. Best and median of the rounds, by the clock on the wall: threads share what the memory gives.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kBytes = std::size_t{256} << 20;  // of each thread
constexpr int kRounds = 15;

typedef std::uint64_t Pair __attribute__((vector_size(16)));

// Streams begin a little off a power of two, else they meet in the same sets of the caches.
template <std::size_t kStreams>
constexpr std::size_t kStreamBytes = kBytes / kStreams - 65 * 64;

/// One line of each stream in turn.
template <std::size_t kStreams>
std::uint64_t Read(const std::uint8_t* memory) {
  Pair sums[4] = {};
  for (std::size_t at = 0; at < kStreamBytes<kStreams>; at += 64) {
    _Pragma("GCC unroll 16") for (std::size_t s = 0; s < kStreams; ++s) {
      const auto* line = reinterpret_cast<const Pair*>(memory + s * kStreamBytes<kStreams> + at);
      for (std::size_t i = 0; i < 4; ++i) sums[i] += line[i];
    }
  }
  return sums[0][0] + sums[1][0] + sums[2][0] + sums[3][0];
}

struct alignas(64) Memory {
  std::uint8_t bytes[kBytes];
};

/// GB/s of all threads in each round, which they begin together.
template <std::size_t kStreams>
std::vector<double> Rounds(const std::vector<std::unique_ptr<Memory>>& memories) {
  std::vector<double> rates;
  std::atomic<std::uint64_t> sink{0};
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<std::size_t> num_ready{0};
    std::vector<std::thread> threads;
    std::atomic<bool> go{false};
    for (const auto& memory : memories) {
      threads.emplace_back([&] {
        ++num_ready;
        while (!go.load()) std::this_thread::yield();
        sink += Read<kStreams>(memory->bytes);
      });
    }
    while (num_ready < memories.size()) std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    go = true;
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    rates.push_back(1e-9 * static_cast<double>(kStreams * kStreamBytes<kStreams> * memories.size()) / seconds.count());
  }
  std::sort(rates.begin(), rates.end());
  return rates;
}

template <std::size_t kStreams>
void Report(const std::vector<std::unique_ptr<Memory>>& memories) {
  const std::vector<double> rates = Rounds<kStreams>(memories);
  std::printf("%zu threads, %2zu streams each: %5.1f GB/s at best, %5.1f in the median\n", memories.size(), kStreams, rates.back(),
              rates[rates.size() / 2]);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t most = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : std::thread::hardware_concurrency();
  std::vector<std::unique_ptr<Memory>> memories;
  while (memories.size() < std::max<std::size_t>(1, most)) {
    memories.push_back(std::make_unique<Memory>());
    std::fill_n(memories.back()->bytes, kBytes, static_cast<std::uint8_t>(memories.size()));
    if (memories.size() > 1 && memories.size() < most) continue;
    Report<1>(memories);
    Report<2>(memories);
    Report<4>(memories);
    Report<8>(memories);
    Report<16>(memories);
  }
  return 0;
}
