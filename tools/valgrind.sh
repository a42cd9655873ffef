#!/bin/sh
# Native tests under valgrind's memcheck, which finds what sanitizers do not: reads of memory that was never written.
# It has no AVX-512, so the kernels are those of AVX2 and below. Uses the tests that `npm test` has built.
#   tools/valgrind.sh [names of tests, default: those that take seconds; formats, sampler, slots, drafts and prompt-steps take minutes]
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind: missing programs; on Debian: apt-get install valgrind" >&2; exit 2; }

build=build/native-tests
[ $# -gt 0 ] || set -- loader loader-files loader-corpus formats-corpus thread-pool
# As tools/test.mjs does: the engine of the addon, where there is one.
engine=$PWD/build/native/libcodexpc_engine.a
[ -f "$engine" ] || engine=
cmake -S . -B "$build" -DCODEXPC_TESTS=ON -DCODEXPC_ENGINE_LIBRARY="$engine" >/dev/null
passed=0
failed=0
for name in "$@"; do
  started=$(date +%s)
  cmake --build "$build" --parallel 2 --target "${name}_test" >/dev/null
  code=0
  CODEXPC_ISA=avx2 valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite     "$build/${name}_test" >"$build/valgrind-$name.log" 2>&1 || code=$?
  if [ "$code" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  if [ "$code" = 0 ]; then verdict=ok; else verdict="FAILED, exit code $code"; cat "$build/valgrind-$name.log"; fi
  echo "$name: $verdict, $(($(date +%s) - started)) s"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
