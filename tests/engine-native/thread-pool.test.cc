// The pool under the conditions that break pools: many tiny jobs, uneven tasks, sleepers, several callers.

#include "backends/cpu/thread-pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "backends/cpu/cores.h"
#include "check.h"

namespace codexpc::cpu {
namespace {

std::unique_ptr<ThreadPool> MakePool(std::uint32_t num_threads) {
  std::unique_ptr<ThreadPool> pool;
  EXPECT_TRUE(ThreadPool::Create(num_threads, &pool).ok());
  return pool;
}

TEST(every_task_runs_once) {
  for (const std::uint32_t num_threads : {1u, 2u, 3u, 8u}) {
    const auto pool = MakePool(num_threads);
    EXPECT_EQ(pool->num_threads(), num_threads);
    for (const std::size_t num_tasks : {0, 1, 2, 7, 1000}) {
      std::vector<int> runs(num_tasks);  // plain ints: a task that ran twice would be a race
      pool->Run(num_tasks, [&](std::size_t index) { ++runs[index]; });
      for (const int count : runs) EXPECT_EQ(count, 1);
    }
  }
}

TEST(results_are_visible_after_the_run) {
  const auto pool = MakePool(3);
  std::vector<std::size_t> values(5);
  for (std::size_t round = 0; round < 20000; ++round) {
    pool->Run(values.size(), [&](std::size_t index) { values[index] += index + round; });
  }
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], 20000 * i + 19999u * 10000u);
}

TEST(sleeping_workers_and_callers_wake_up) {
  const auto pool = MakePool(4);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // workers fall asleep
    std::atomic<int> done{0};
    pool->Run(4, [&](std::size_t index) {
      if (index == 3) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // and so does the caller
      ++done;
    });
    EXPECT_EQ(done.load(), 4);
  }
}

TEST(callers_take_turns) {
  const auto pool = MakePool(2);
  std::vector<std::thread> callers;
  std::vector<std::size_t> sums(3);
  for (std::size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 2000; ++round) {
        std::size_t parts[4] = {};
        pool->Run(4, [&](std::size_t index) { parts[index] = index + 1; });
        for (const std::size_t part : parts) sums[caller] += part;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const std::size_t sum : sums) EXPECT_EQ(sum, 20000u);
}

TEST(pools_come_and_go) {
  for (int round = 0; round < 100; ++round) {
    const auto pool = MakePool(3);
    if (round % 2 == 0) pool->Run(3, [](std::size_t) {});
  }
}

TEST(a_fork_costs_microseconds) {
  const auto pool = MakePool(AvailablePhysicalCores());
  constexpr int kRounds = 20000;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round) pool->Run(8, [](std::size_t) {});
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
  std::printf("  %.2f us a fork and join over %u threads\n", spent.count() / kRounds, pool->num_threads());
}

TEST(the_core_count_is_sensible) {
  const std::uint32_t cores = AvailablePhysicalCores();
  EXPECT_TRUE(cores >= 1 && cores <= 64 && cores <= std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace codexpc::cpu

TEST_MAIN()
