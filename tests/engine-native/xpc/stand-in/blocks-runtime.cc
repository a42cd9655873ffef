// Blocks for Linux, as far as the tests need them: copying and releasing blocks that capture values, C++ objects and
// other blocks. The layout is that of https://clang.llvm.org/docs/Block-ABI-Apple.html.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kHasCopyDispose = 1 << 25;
constexpr int kIsGlobal = 1 << 28;
constexpr int kFieldIsBlock = 7;

struct Descriptor {
  unsigned long reserved;
  unsigned long size;
  void (*copy)(void* to, const void* from);
  void (*dispose)(const void* block);
};

struct Block {
  void* isa;
  int flags;
  int reserved;
  void (*invoke)(void*);
  Descriptor* descriptor;
};

/// Lies before each block on the heap.
struct alignas(16) Header {
  std::atomic<long> references;
};

Header* HeaderOf(const void* block) {
  return reinterpret_cast<Header*>(const_cast<char*>(static_cast<const char*>(block)) - sizeof(Header));
}

[[noreturn]] void Refuse(const char* what) {
  std::fprintf(stderr, "blocks runtime: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" {

void* _NSConcreteStackBlock[32];
void* _NSConcreteGlobalBlock[32];
static void* heap_block_isa[32];

void* _Block_copy(const void* argument) {
  const auto* block = static_cast<const Block*>(argument);
  if (block == nullptr || (block->flags & kIsGlobal) != 0) return const_cast<void*>(argument);
  if (block->isa == heap_block_isa) {
    HeaderOf(block)->references.fetch_add(1);
    return const_cast<void*>(argument);
  }
  auto* memory = static_cast<char*>(std::aligned_alloc(16, (sizeof(Header) + block->descriptor->size + 15) / 16 * 16));
  auto* header = new (memory) Header{1};
  auto* copy = reinterpret_cast<Block*>(memory + sizeof(*header));
  std::memcpy(static_cast<void*>(copy), block, block->descriptor->size);
  copy->isa = heap_block_isa;
  if ((block->flags & kHasCopyDispose) != 0) block->descriptor->copy(copy, block);
  return copy;
}

void _Block_release(const void* argument) {
  const auto* block = static_cast<const Block*>(argument);
  if (block == nullptr || block->isa != heap_block_isa) return;
  if (HeaderOf(block)->references.fetch_sub(1) != 1) return;
  if ((block->flags & kHasCopyDispose) != 0) block->descriptor->dispose(block);
  std::free(HeaderOf(block));
}

void _Block_object_assign(void* to, const void* object, int flags) {
  if (flags != kFieldIsBlock) Refuse("only blocks and C++ objects can be captured");
  *static_cast<void**>(to) = _Block_copy(object);
}

void _Block_object_dispose(const void* object, int flags) {
  if (flags != kFieldIsBlock) Refuse("only blocks and C++ objects can be captured");
  _Block_release(object);
}

}  // extern "C"
