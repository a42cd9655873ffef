// Serial queues. A thread runs while a queue has blocks, and ends with the last of them.

#include <dispatch/dispatch.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

extern "C" void* _Block_copy(const void* block);
extern "C" void _Block_release(const void* block);

struct dispatch_queue_s {
  std::atomic<int> references{1};
  std::mutex mutex;
  std::deque<dispatch_block_t> blocks;
  bool is_running = false;
};

namespace {

dispatch_block_t Next(dispatch_queue_t queue) {
  const std::lock_guard lock(queue->mutex);
  if (queue->blocks.empty()) {
    queue->is_running = false;
    return nullptr;
  }
  dispatch_block_t block = queue->blocks.front();
  queue->blocks.pop_front();
  return block;
}

void Run(dispatch_queue_t queue) {
  while (dispatch_block_t block = Next(queue)) {
    block();
    _Block_release(reinterpret_cast<const void*>(block));
  }
  dispatch_release(queue);
}

}  // namespace

dispatch_queue_t dispatch_queue_create(const char*, void*) { return new dispatch_queue_s; }

void dispatch_async(dispatch_queue_t queue, dispatch_block_t block) {
  auto copy = reinterpret_cast<dispatch_block_t>(_Block_copy(reinterpret_cast<const void*>(block)));
  const std::lock_guard lock(queue->mutex);
  queue->blocks.push_back(copy);
  if (queue->is_running) return;
  queue->is_running = true;
  dispatch_retain(queue);
  std::thread(Run, queue).detach();
}

void dispatch_retain(dispatch_queue_t queue) { queue->references.fetch_add(1); }

void dispatch_release(dispatch_queue_t queue) {
  if (queue->references.fetch_sub(1) == 1) delete queue;
}
