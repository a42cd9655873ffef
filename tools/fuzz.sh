#!/bin/sh
# Fuzzes the parsers of outside bytes for a bounded time, with AddressSanitizer and UndefinedBehaviorSanitizer.
#   tools/fuzz.sh [--seconds N]   for each target, 45 by default
# Needs clang with its fuzzer runtime: on Debian `sudo apt install clang-14 libclang-rt-14-dev` (or any newer pair).
# New inputs are kept in build/fuzz/corpus; a crash is written to build/fuzz and ends the run with an error.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
  '') seconds=45 ;;
  --seconds) seconds=${2:?fuzz: --seconds needs a number} ;;
  *) echo 'usage: tools/fuzz.sh [--seconds N]' >&2; exit 2 ;;
esac

for compiler in clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14; do
  command -v "$compiler" >/dev/null && break
  compiler=
done
if [ -z "$compiler" ]; then
  echo 'fuzz: clang++ is missing: on Debian `sudo apt install clang-14 libclang-rt-14-dev`' >&2
  exit 1
fi

cmake -S . -B build/fuzz -DCODEXPC_FUZZ=ON -DCODEXPC_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_C_COMPILER="$(echo "$compiler" | sed 's/++//')" >/dev/null
passed=0 # every target has a dictionary and seeds beside it
for source in tests/engine-native/fuzz/*.cc; do
  target=$(basename "$source" .cc)
  cmake --build build/fuzz --parallel 2 --target "fuzz_$target" >build/fuzz/build.log 2>&1 || { cat build/fuzz/build.log >&2; exit 1; }
  mkdir -p "build/fuzz/corpus/$target"
  build/fuzz/fuzz_"$target" "build/fuzz/corpus/$target" "tests/engine-native/fuzz/corpus/$target" \
    -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$target-" -dict="tests/engine-native/fuzz/$target.dict" 2>"build/fuzz/$target.log" || {
    tail -40 "build/fuzz/$target.log" >&2
    echo "$passed passed, 1 failed"
    exit 1
  }
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")
  coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "build/fuzz/$target.log" | tail -1)
  corpus=$(ls "build/fuzz/corpus/$target" | wc -l)
  echo "fuzz $target: $executions executions in $seconds s, $coverage (edges, features), $corpus inputs kept, no fault"
  passed=$((passed + 1))
done
echo "$passed passed, 0 failed"
