#pragma once
// A small persistent pool for fork-join work measured in microseconds. The calling thread takes part; idle workers
// spin briefly, then block, so that an idle engine costs nothing.

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "codexpc/status.h"

namespace codexpc::cpu {

class ThreadPool {
 public:
  /// `num_threads` counts the caller: 1 starts no thread. kInsufficientResources if the system refuses a thread.
  static Status Create(std::uint32_t num_threads, std::unique_ptr<ThreadPool>* pool);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::uint32_t num_threads() const { return static_cast<std::uint32_t>(workers_.size()) + 1; }

  /// Calls task(index) once for every index below `num_tasks`, on any thread and in any order. Returns when all are
  /// done. Callers on several threads take turns.
  template <typename Task>
  void Run(std::size_t num_tasks, const Task& task) {
    Fork({[](const void* context, std::size_t index) { (*static_cast<const Task*>(context))(index); }, &task,
          static_cast<std::uint32_t>(num_tasks)});
  }

 private:
  struct Job {
    void (*call)(const void* context, std::size_t index) = nullptr;
    const void* context = nullptr;
    std::uint32_t num_tasks = 0;
  };

  ThreadPool() = default;
  void Fork(const Job& job);
  void Work();
  bool RunOneTask();
  void WaitForTasks();
  void WaitForLastTask(std::uint32_t num_tasks);

  // A task is claimed by lowering the ticket's low half, the number of unclaimed tasks; the high half is the job's
  // generation. Whoever has claimed a task keeps the job from ending, so `job_` may be read without a lock.
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::uint32_t> num_done_{0};
  alignas(64) Job job_;
  std::uint32_t generation_ = 0;

  std::mutex caller_turn_;
  std::mutex sleep_mutex_;
  std::condition_variable tasks_posted_;
  std::condition_variable last_task_done_;
  std::atomic<std::uint32_t> num_sleeping_{0};
  std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> stopping_{false};
  std::vector<pthread_t> workers_;
};

}  // namespace codexpc::cpu
