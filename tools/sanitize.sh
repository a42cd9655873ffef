#!/bin/sh
# Builds the native tests with AddressSanitizer and UndefinedBehaviorSanitizer and runs them.
#   tools/sanitize.sh [SANITIZERS, default address,undefined; or thread] [ctest arguments]
set -eu
cd "$(dirname "$0")/.."
sanitizers=${1:-address,undefined}
[ $# -eq 0 ] || shift
build=build/sanitize-$(echo "$sanitizers" | tr ',' '-')

started=$(date +%s)
cmake -S . -B "$build" -DCODEXPC_TESTS=ON -DCODEXPC_SANITIZE="$sanitizers" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
cmake --build "$build" --parallel 2 >"$build/build.log" 2>&1 || { cat "$build/build.log" >&2; exit 1; }
built=$(date +%s)
ctest --test-dir "$build" --output-on-failure "$@"
echo "sanitize ($sanitizers): built in $((built - started)) s, ran in $(($(date +%s) - built)) s"
