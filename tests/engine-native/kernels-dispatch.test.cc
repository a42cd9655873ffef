// The choice of a kernel table: by priority, by name, and refusal.

#include "check.h"
#include "kernels/table.h"

#include <cstring>
#include <set>
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
#if defined(__x86_64__)
  EXPECT_EQ(names, "avx512 avx2 scalar ");
#elif defined(__aarch64__)
  EXPECT_EQ(names, "neon scalar ");
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
  std::set<void (*)(const MatmulArgs&, const codexpc::Mf4View&)> matmuls;
  std::set<void (*)(const SdpaArgs&)> sdpas;
  const KernelTables all = AllKernelTables();
  for (std::size_t i = 0; i < all.count; ++i) {
    matmuls.insert(all.tables[i]->f32_mf4w_matmul);
    sdpas.insert(all.tables[i]->f32_f32kv_sdpa);
    sdpas.insert(all.tables[i]->f32_f16kv_sdpa);
  }
  EXPECT_EQ(matmuls.size(), all.count);
  EXPECT_EQ(sdpas.size(), 2 * all.count);
}

TEST_MAIN()
