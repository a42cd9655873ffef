#!/bin/sh
# The thread pool's tests under ThreadSanitizer; it and its test alone, which takes seconds. The whole engine takes
# minutes: npm run test:sanitize -- thread -R 'thread-pool|forward|slots|drafts'
# The XPC sources run under ThreadSanitizer in tools/test-xpc.sh.
set -eu
cd "$(dirname "$0")/.."
for compiler in clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14 clang++; do
  command -v "$compiler" >/dev/null && break
done
command -v "$compiler" >/dev/null || { echo "test-threads: missing programs; on Debian: apt-get install clang-19 libclang-rt-19-dev" >&2; exit 2; }

mkdir -p build/threads
"$compiler" -std=c++20 -O1 -g -fsanitize=thread -fno-omit-frame-pointer -pthread \
  -Iengine-native/include -Iengine-native/src -Itests/engine-native \
  tests/engine-native/thread-pool.test.cc engine-native/src/backends/cpu/thread-pool.cc engine-native/src/backends/cpu/cores.cc \
  -o build/threads/thread_pool_test
TSAN_OPTIONS=halt_on_error=1 timeout 300 build/threads/thread_pool_test
