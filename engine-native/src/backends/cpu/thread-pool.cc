#include "backends/cpu/thread-pool.h"

#include <csignal>
#include <cstring>
#include <string>

namespace codexpc::cpu {
namespace {

// About 50 us on a 3 GHz core: longer than the serial steps between two forks, shorter than a scheduler's time slice.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

std::uint32_t num_unclaimed(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); }

}  // namespace

Status ThreadPool::Create(std::uint32_t num_threads, std::unique_ptr<ThreadPool>* pool) {
  std::unique_ptr<ThreadPool> made(new ThreadPool);
  // Signals stay with the host's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = 0;
  for (std::uint32_t thread = 1; thread < num_threads && failure == 0; ++thread) {
    pthread_t worker;
    failure = pthread_create(
        &worker, nullptr,
        [](void* self) -> void* {
          static_cast<ThreadPool*>(self)->Work();
          return nullptr;
        },
        made.get());
    if (failure == 0) made->workers_.push_back(worker);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0) {
    return {StatusCode::kInsufficientResources, "cannot start " + std::to_string(num_threads) +
                                                    " engine threads: " + std::strerror(failure) +
                                                    "; lower the number of threads"};
  }
  *pool = std::move(made);
  return {};
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(sleep_mutex_);
    stopping_.store(true);
  }
  tasks_posted_.notify_all();
  for (const pthread_t worker : workers_) pthread_join(worker, nullptr);
}

void ThreadPool::Fork(const Job& job) {
  if (workers_.empty() || job.num_tasks <= 1) {
    for (std::uint32_t index = 0; index < job.num_tasks; ++index) job.call(job.context, index);
    return;
  }
  std::lock_guard turn(caller_turn_);
  job_ = job;
  num_done_.store(0, std::memory_order_relaxed);
  // Pairs with WaitForTasks: either the sleeper sees the ticket or this thread sees the sleeper. An exchange, here and
  // in WaitForLastTask, where the language asks for a store only: under qemu-user 7.2 both threads were once found
  // asleep for ever, as if a load (LDAR) had overtaken the store (STLR) before it; that cause is inferred, not proven.
  // It is the same instruction on x86-64.
  ticket_.exchange(std::uint64_t{++generation_} << 32 | job.num_tasks);
  if (num_sleeping_.load() > 0) {
    { std::lock_guard lock(sleep_mutex_); }
    tasks_posted_.notify_all();
  }
  while (RunOneTask()) {
  }
  WaitForLastTask(job.num_tasks);
}

void ThreadPool::Work() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!RunOneTask()) WaitForTasks();
  }
}

/// False if no task was left to claim.
bool ThreadPool::RunOneTask() {
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  do {
    if (num_unclaimed(ticket) == 0) return false;
  } while (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  const std::uint32_t num_tasks = job_.num_tasks;
  job_.call(job_.context, num_tasks - num_unclaimed(ticket));
  if (num_done_.fetch_add(1) + 1 == num_tasks && caller_sleeps_.load()) {
    { std::lock_guard lock(sleep_mutex_); }
    last_task_done_.notify_one();
  }
  return true;
}

void ThreadPool::WaitForTasks() {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (num_unclaimed(ticket_.load(std::memory_order_relaxed)) > 0 || stopping_.load(std::memory_order_relaxed)) return;
    Pause();
  }
  std::unique_lock lock(sleep_mutex_);
  num_sleeping_.fetch_add(1);
  tasks_posted_.wait(lock, [this] { return num_unclaimed(ticket_.load()) > 0 || stopping_.load(); });
  num_sleeping_.fetch_sub(1);
}

void ThreadPool::WaitForLastTask(std::uint32_t num_tasks) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (num_done_.load(std::memory_order_acquire) == num_tasks) return;
    Pause();
  }
  std::unique_lock lock(sleep_mutex_);
  caller_sleeps_.exchange(true);
  last_task_done_.wait(lock, [this, num_tasks] { return num_done_.load() == num_tasks; });
  caller_sleeps_.store(false);
}

}  // namespace codexpc::cpu
