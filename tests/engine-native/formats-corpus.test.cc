// Replays the fuzzing corpus with whatever compiler is at hand; tools/fuzz.sh looks for new inputs.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "check.h"
#include "fuzz/formats.cc"

TEST(the_corpus_is_parsed_without_a_fault) {
  int num_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CODEXPC_SOURCE_DIR "/tests/engine-native/fuzz/corpus/formats")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++num_files;
  }
  EXPECT_TRUE(num_files >= 5);
}

TEST_MAIN()
