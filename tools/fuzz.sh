#!/bin/sh
# Fuzzes the parsers of outside bytes for a bounded time, with AddressSanitizer and UndefinedBehaviorSanitizer.
#   tools/fuzz.sh [SECONDS a target, default 45]
# Needs clang with its fuzzer runtime: on Debian `sudo apt install clang-14 libclang-rt-14-dev` (or any newer pair).
# New inputs are kept in build/fuzz/corpus; a crash is written to build/fuzz and ends the run with an error.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-45}

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
for source in tests/engine-native/fuzz/*.cc; do
  target=$(basename "$source" .cc)
  cmake --build build/fuzz --parallel 2 --target "fuzz_$target" >build/fuzz/build.log 2>&1 || { cat build/fuzz/build.log >&2; exit 1; }
  mkdir -p "build/fuzz/corpus/$target"
  dictionary=tests/engine-native/fuzz/$target.dict
  build/fuzz/fuzz_"$target" "build/fuzz/corpus/$target" "tests/engine-native/fuzz/corpus/$target" \
    -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$target-" ${dictionary:+-dict="$dictionary"} 2>"build/fuzz/$target.log" || {
    tail -40 "build/fuzz/$target.log" >&2
    exit 1
  }
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")
  coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "build/fuzz/$target.log" | tail -1)
  corpus=$(ls "build/fuzz/corpus/$target" | wc -l)
  echo "fuzz $target: $executions executions in $seconds s, $coverage (edges, features), $corpus inputs kept, no fault"
done
