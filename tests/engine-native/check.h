#pragma once
// A test runner of one screen, so that the native tests need nothing but a compiler.
//   TEST(cuts_the_slot_to_a_prefix) { EXPECT_EQ(length, 3u); }

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*run)();
};

struct Suite {
  std::vector<Test> tests;
  int failures_in_test = 0;
};

inline Suite& suite() {
  static Suite the_suite;
  return the_suite;
}

struct Register {
  Register(const char* name, void (*run)()) { suite().tests.push_back({name, run}); }
};

inline void fail(const char* file, int line, const std::string& what) {
  std::printf("  %s:%d: %s\n", file, line, what.c_str());
  ++suite().failures_in_test;
}

template <typename T>
std::string show(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// Runs all tests, or those whose name contains argv[1]; exit code 1 if any failed or none ran.
inline int run_all(int argc, char** argv) {
  int passed = 0;
  int failed = 0;
  for (const Test& test : suite().tests) {
    if (argc > 1 && std::string(test.name).find(argv[1]) == std::string::npos) continue;
    suite().failures_in_test = 0;
    test.run();
    const bool ok = suite().failures_in_test == 0;
    (ok ? passed : failed) += 1;
    std::printf("%s %s\n", ok ? "ok  " : "FAIL", test.name);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                            \
  static void test_##name();                                  \
  static const check::Register register_##name(#name, test_##name); \
  static void test_##name()

#define EXPECT_TRUE(condition)                                               \
  do {                                                                       \
    if (!(condition)) check::fail(__FILE__, __LINE__, "expected " #condition); \
  } while (false)

#define EXPECT_EQ(actual, expected)                                                                       \
  do {                                                                                                    \
    const auto actual_value = (actual);                                                                   \
    const auto expected_value = (expected);                                                               \
    if (!(actual_value == expected_value))                                                                \
      check::fail(__FILE__, __LINE__,                                                                     \
                  #actual " is " + check::show(actual_value) + ", expected " + check::show(expected_value)); \
  } while (false)

#define TEST_MAIN() \
  int main(int argc, char** argv) { return check::run_all(argc, argv); }
