#!/bin/sh
# Builds the native tests for AArch64 with Debian's cross compiler into build/neon and runs them under qemu-user, so
# that the NEON kernels are tested on an x86-64 machine. Installs nothing; says what is missing.
#   tools/test-neon.sh [ctest arguments, e.g. -R kernels]
set -eu
cd "$(dirname "$0")/.."

missing=""
command -v cmake >/dev/null || missing="$missing cmake"
command -v aarch64-linux-gnu-g++ >/dev/null || missing="$missing g++-aarch64-linux-gnu"
command -v qemu-aarch64 >/dev/null || missing="$missing qemu-user"
if [ -n "$missing" ]; then
  echo "test-neon: missing programs; on Debian: apt-get install$missing" >&2
  exit 2
fi

# Static, so that qemu needs no AArch64 system libraries.
cmake -S . -B build/neon -DCODEXPC_TESTS=ON -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
  -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64
# Only what is asked for: each test is linked with everything that it needs.
targets=$(ctest --test-dir build/neon -N "$@" | sed -n 's/^ *Test *#[0-9]*: \(.*\)$/\1_test/p')
# shellcheck disable=SC2086 # names, one word each
cmake --build build/neon --parallel 2 --target $targets
ctest --test-dir build/neon --output-on-failure --parallel 2 "$@"
