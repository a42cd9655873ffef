// A process keeps little of what it has freed, however many threads it has.

#include "process/allocator.h"

#include <malloc.h>
#include <unistd.h>

#include <barrier>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

namespace codexpc::process {
namespace {

std::size_t NumArenas() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  malloc_info(0, stream);
  std::fclose(stream);
  const std::string info(text, size);
  std::free(text);
  std::size_t count = 0;
  for (std::size_t at = info.find("<heap "); at != std::string::npos; at = info.find("<heap ", at + 1)) ++count;
  return count;
}

std::size_t ResidentBytes() {
  std::size_t size = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(many_threads_share_few_arenas) {
  KeepLittleFreeMemory();
  constexpr int kNumThreads = 12;
  std::barrier all_have_allocated(kNumThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kNumThreads; ++i) {
    threads.emplace_back([&] {
      const auto block = std::make_unique<std::vector<char>>(1000);
      all_have_allocated.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(NumArenas() <= 2);
}

#ifndef CODEXPC_EMULATED  // whose resident memory is the emulator's
TEST(free_memory_between_blocks_in_use_is_returned) {
  constexpr std::size_t kNumBlocks = 64;
  constexpr std::size_t kBlockBytes = 256 << 10;
  std::vector<std::unique_ptr<std::vector<char>>> large;
  std::vector<std::unique_ptr<std::vector<char>>> small;  // keep the heap from shrinking by itself
  for (std::size_t i = 0; i < kNumBlocks; ++i) {
    large.push_back(std::make_unique<std::vector<char>>(kBlockBytes, 'x'));
    small.push_back(std::make_unique<std::vector<char>>(100, 'x'));
  }
  large.clear();
  const std::size_t before = ResidentBytes();
  const std::size_t allocated = ReturnFreeMemory();
  EXPECT_TRUE(ResidentBytes() + kNumBlocks * kBlockBytes / 2 <= before);
  EXPECT_TRUE(allocated >= kNumBlocks * 100 && allocated < kNumBlocks * kBlockBytes / 2);
}
#endif

}  // namespace
}  // namespace codexpc::process

TEST_MAIN()
