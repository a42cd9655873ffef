#!/bin/sh
# Builds the native tests with AddressSanitizer and UndefinedBehaviorSanitizer and runs them.
#   tools/sanitize.sh [SANITIZERS, default address,undefined; or thread] [ctest arguments]
set -eu
cd "$(dirname "$0")/.."
sanitizers=${1:-address,undefined}
[ $# -eq 0 ] || shift
build=build/sanitize-$(echo "$sanitizers" | tr ',' '-')

# Clang where it is: GCC 12 takes more than twice as long over the kernels with these checks.
for compiler in clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14 clang++ c++; do
  command -v "$compiler" >/dev/null && break
done
# -O1: a third of the time to build, and the reports keep their lines. Debug: assertions are on.
started=$(date +%s)
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DCODEXPC_TESTS=ON -DCODEXPC_SANITIZE="$sanitizers" -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_CXX_FLAGS_DEBUG=-O1 >/dev/null
cmake --build "$build" --parallel 2 >"$build/build.log" 2>&1 || { cat "$build/build.log" >&2; exit 1; }
built=$(date +%s)
code=0
ctest --test-dir "$build" --output-on-failure --parallel 2 "$@" || code=$?
echo "sanitize ($sanitizers): built in $((built - started)) s, ran in $(($(date +%s) - built)) s"

# The sum over all test programs; one that died without a sum counts as one failure.
awk -v code="$code" '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
  END { if (code != 0 && failed == 0) failed = 1; printf "%d passed, %d failed\n", passed, failed }' \
  "$build/Testing/Temporary/LastTest.log"
exit "$code"
