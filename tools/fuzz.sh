#!/bin/sh
# Fuzzes what reads outside bytes: the native readers (libFuzzer, AddressSanitizer, UndefinedBehaviorSanitizer), then the
# parsers in TypeScript (tests/fuzz).
#   npm run fuzz [-- --minutes N | --seconds N] [--seed N] [--target NAME] [--native]
#   --minutes is for all targets together, --seconds for each (45 by default).
# Needs clang with its fuzzer runtime: on Debian `sudo apt install clang-14 libclang-rt-14-dev` (or any newer pair).
# New inputs are kept in build/fuzz; a native crash is written there and ends the run with an error.
set -eu
cd "$(dirname "$0")/.."
minutes='' seconds=45 seed=1 chosen='' native_only=''
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) minutes=${2:?fuzz: --minutes needs a number}; shift ;;
    --seconds) seconds=${2:?fuzz: --seconds needs a number}; shift ;;
    --seed) seed=${2:?fuzz: --seed needs a number}; shift ;;
    --target) chosen=${2:?fuzz: --target needs a name}; shift ;;
    --native) native_only=yes ;;
    --help) sed -n 's/^#   //p' "$0"; exit 0 ;;
    *) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

natives=$(basename -s .cc tests/engine-native/fuzz/*.cc)
scripts=''
if [ -z "$native_only" ]; then
  node tools/build.mjs --quiet
  scripts=$(node build/js/tests/fuzz/run.js --list)
fi
if [ -n "$chosen" ]; then
  natives=$(echo "$natives" | grep -x -- "$chosen" || true)
  scripts=$(echo "$scripts" | grep -x -- "$chosen" || true)
  [ -n "$natives$scripts" ] || { echo "fuzz: no target is named $chosen" >&2; exit 2; }
fi
[ -z "$minutes" ] || seconds=$((minutes * 60 / $(echo "$natives" "$scripts" | wc -w)))

passed=0
failed=0
if [ -n "$natives" ]; then
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
  # Every target has a dictionary and seeds beside it.
  for target in $natives; do
    cmake --build build/fuzz --parallel 2 --target "fuzz_$target" >build/fuzz/build.log 2>&1 || { cat build/fuzz/build.log >&2; exit 1; }
    mkdir -p "build/fuzz/corpus/$target"
    build/fuzz/fuzz_"$target" "build/fuzz/corpus/$target" "tests/engine-native/fuzz/corpus/$target" \
      -max_total_time="$seconds" -seed="$seed" -max_len=8192 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
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
fi
if [ -n "$scripts" ]; then
  # shellcheck disable=SC2086 # names, one word each
  output=$(node build/js/tests/fuzz/run.js --seconds "$seconds" --seed "$seed" $scripts) || failed=1
  echo "$output" | grep -v ' passed, '
  figures=$(echo "$output" | tail -n 1)
  passed=$((passed + ${figures%% passed*}))
  [ "$failed" = 0 ] || failed=$(echo "$figures" | sed 's/.*, \([0-9]*\) failed/\1/')
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
