#!/bin/sh
# Builds the XPC sources over the stand-in of libxpc and runs their tests under AddressSanitizer with
# UndefinedBehaviorSanitizer, and under ThreadSanitizer. Installs nothing; says what is missing.
#   tools/test-xpc.sh [clang++, default clang++-19]
set -eu
cd "$(dirname "$0")/.."
compiler=${1:-clang++-19}

missing=""
command -v cmake >/dev/null || missing="$missing cmake"
command -v "$compiler" >/dev/null || missing="$missing clang-19 libclang-rt-19-dev"
if [ -n "$missing" ]; then
  echo "test-xpc: missing programs; on Debian: apt-get install$missing" >&2
  exit 2
fi

passed=0
failed=0
for sanitizers in address,undefined thread; do
  build=build/xpc-stand-in-$(echo "$sanitizers" | tr ',' '-')
  cmake -S tests/engine-native/xpc -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DCODEXPC_SANITIZE="$sanitizers" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O1 >/dev/null
  cmake --build "$build" --parallel 2 --target xpc_test >"$build/build.log" 2>&1 || { cat "$build/build.log" >&2; exit 1; }
  echo "-- $sanitizers"
  code=0
  timeout 120 "$build/xpc_test" >"$build/test.log" 2>&1 || code=$?
  cat "$build/test.log"
  figures=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$build/test.log" | tail -n 1)
  # It died, or a sanitizer spoke after the last test.
  if [ -z "$figures" ] || { [ "$code" != 0 ] && [ "${figures##*passed, }" = "0 failed" ]; }; then figures="0 passed, 1 failed"; fi
  passed=$((passed + ${figures%% passed*}))
  figures=${figures#* passed, }
  failed=$((failed + ${figures%% failed*}))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
