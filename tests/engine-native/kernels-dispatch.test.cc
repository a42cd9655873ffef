// The choice of a kernel table: by priority, by name, and refusal.

#include "check.h"
#include "kernels/table.h"

#include <cstring>
#include <string>

using namespace codexpc::kernels;

TEST(scalar_is_last_and_always_supported) {
  const KernelTables all = AllKernelTables();
  EXPECT_EQ(std::string(all.tables[all.count - 1]->name), "scalar");
  EXPECT_TRUE(all.tables[all.count - 1]->supported());
}

TEST(build_has_the_tables_of_its_architecture) {
  std::string names;
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) names += std::string(all.tables[i]->name) + " ";
#if defined(__x86_64__) && defined(__linux__)
  EXPECT_EQ(names, "avx512-amx avx512-vnni avx512 avx2 scalar ");
#elif defined(__x86_64__)
  EXPECT_EQ(names, "avx512-vnni avx512 avx2 scalar ");
#elif defined(__aarch64__)
  EXPECT_EQ(names, "neon-dot neon scalar ");
#else
  EXPECT_EQ(names, "scalar ");
#endif
}

TEST(empty_name_gives_the_first_supported_table) {
  const KernelTables all = AllKernelTables();
  std::size_t first = 0;
  while (!all.tables[first]->supported()) ++first;
  EXPECT_TRUE(SelectKernelTable("") == all.tables[first]);
}

TEST(a_supported_name_gives_that_table) {
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) {
    if (all.tables[i]->supported()) EXPECT_TRUE(SelectKernelTable(all.tables[i]->name) == all.tables[i]);
  }
}

TEST(an_unsupported_name_gives_none) {
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) {
    if (!all.tables[i]->supported()) EXPECT_TRUE(SelectKernelTable(all.tables[i]->name) == nullptr);
  }
}

TEST(an_unknown_name_gives_none) {
  for (const char* name : {"doesnotexist", "AVX2", "avx", "scalar ", " "}) EXPECT_TRUE(SelectKernelTable(name) == nullptr);
}

TEST(every_table_has_kernels_of_its_own) {
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) {
    for (std::size_t other = 0; other < i; ++other) {
      const KernelTable& a = *all.tables[i];
      const KernelTable& b = *all.tables[other];
      // What a name has after a dash changes the q8 kernels or adds those over tiles; the others are shared.
      const auto family = [](const KernelTable& table) { return std::string(table.name).substr(0, std::string(table.name).find('-')); };
      const bool is_variant = family(a) == family(b);
      EXPECT_EQ(a.f32_mf4w_matmul == b.f32_mf4w_matmul, is_variant);
      EXPECT_EQ(a.f32_f32kv_sdpa == b.f32_f32kv_sdpa, is_variant);
      EXPECT_EQ(a.f32_f16kv_sdpa == b.f32_f16kv_sdpa, is_variant);
      if (is_variant) EXPECT_TRUE(a.q8_mf4w_matmul != b.q8_mf4w_matmul || a.bf16_mf4w_matmul != b.bf16_mf4w_matmul);
    }
  }
}

TEST_MAIN()
