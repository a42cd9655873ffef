#!/bin/sh
# Installs codexpc as a LaunchAgent of this user: checks the tools, fetches the GPT-OSS library's sources, builds the
# Metal backend, installs under ~/Library, starts the agent and asks it how it is. Twice is harmless.
#   packaging/install-agent.sh [--dry-run] [--label NAME] [--gptoss FOLDER] [--cpu-only]
#     --dry-run  only says what it would do
#     --label    name of the agent and of its Mach service (com.yourorg.codexpc)
#     --gptoss   a checkout of openai/gpt-oss to build against, instead of fetching one
#     --cpu-only without the Metal backend; Xcode's Metal compiler is not needed then, and no compiler at all where the
#                package brings ready-made addons (prebuilds/)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source-path=SCRIPTDIR source=agent-common.sh
. "$here/agent-common.sh"

gptoss_url=https://github.com/openai/gpt-oss
gptoss_commit=7b583341fe16729127f6d5b94a7b09ccae97e1a1
gptoss=
cpu_only=false
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --cpu-only) cpu_only=true ;;
    --label) [ $# -gt 1 ] || fail "--label needs a name."; shift; label=$1 ;;
    --gptoss) [ $# -gt 1 ] || fail "--gptoss needs a folder."; shift; gptoss=$1 ;;
    *) fail "There is no option $1; the head of packaging/install-agent.sh lists them." ;;
  esac
  shift
done
check_label
find_places
work=$root/build/agent
addons=$root/build/native/Release
ready_made=$root/prebuilds/darwin-$(uname -m | sed 's/x86_64/x64/')
if $cpu_only && [ -f "$ready_made/codexpc.node" ]; then addons=$ready_made; fi

check_tools() {
  command -v node >/dev/null || fail "Node.js is missing; install it from https://nodejs.org or with 'brew install node'."
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 17) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old; install 20.17 or newer."
  [ "$addons" != "$ready_made" ] || return 0
  xcode-select -p >/dev/null 2>&1 ||
    fail "Xcode's command-line tools are missing; install them with 'xcode-select --install', then run this again."
  command -v cmake >/dev/null || fail "CMake is missing; install it with 'brew install cmake'."
  $cpu_only || xcrun -sdk macosx --find metal >/dev/null 2>&1 ||
    fail "The Metal compiler is missing; install Xcode from the App Store and run 'sudo xcode-select -s /Applications/Xcode.app', or use --cpu-only."
}

fetch_gptoss() {
  if [ -z "$gptoss" ]; then
    gptoss=$work/gpt-oss
    if [ "$(git -C "$gptoss" rev-parse HEAD 2>/dev/null || true)" != "$gptoss_commit" ]; then
      run rm -rf "$gptoss"
      run git init --quiet "$gptoss" || fail "The folder $gptoss cannot be made; is the disk full, or $root not yours?"
      run git -C "$gptoss" fetch --quiet --depth 1 "$gptoss_url" "$gptoss_commit" ||
        fail "Fetching $gptoss_url failed; check the network, or give a checkout with --gptoss."
      run git -C "$gptoss" checkout --quiet --detach FETCH_HEAD || fail "Checking out $gptoss_commit failed; remove $gptoss and run this again."
    fi
  fi
  $dry_run || [ -f "$gptoss/gpt_oss/metal/source/model.c" ] ||
    fail "The folder $gptoss is no checkout of openai/gpt-oss: gpt_oss/metal/source/model.c is not there."
}

# The library looks for its shaders in a section of the addon first: default.metallib goes there.
build_shaders() {
  metallib=$work/default.metallib
  run mkdir -p "$work/air"
  set --
  for kernel in accumulate convert embeddings expert_routing_metadata gather_and_accumulate matmul moematmul random rmsnorm rope sample scatter sdpa topk; do
    run xcrun -sdk macosx metal -I "$gptoss/gpt_oss/metal/source/include" -c "$gptoss/gpt_oss/metal/source/$kernel.metal" \
      -o "$work/air/$kernel.air" || fail "The Metal compiler refused $kernel.metal; its message is above."
    set -- "$@" "$work/air/$kernel.air"
  done
  run xcrun -sdk macosx metallib "$@" -o "$metallib" || fail "Linking default.metallib failed; the message is above."
}

build() {
  (cd "$root" && run npm install --no-save --ignore-scripts --no-audit --no-fund) ||
    fail "Installing the npm packages failed; check the network, then run this again."
  if [ "$addons" != "$ready_made" ]; then
    set -- compile --out build/native --config Release
    $cpu_only || set -- "$@" "--CDGPTOSS_SOURCE_DIR=$gptoss" "--CDCODEXPC_METALLIB=$metallib"
    (cd "$root" && run node node_modules/cmake-js/bin/cmake-js "$@") || fail "Building the addons failed; the compiler's message is above."
  fi
  (cd "$root" && run node node_modules/typescript/bin/tsc -p tools/build/tsconfig.src.json) || fail "Compiling TypeScript failed; the message is above."
}

# A copy of its own, so that the checkout may move or change. The old one is replaced as a whole.
install_program() {
  run mkdir -p "$support" "$agents" "$logs" || fail "The folders under $HOME/Library cannot be made; are they yours?"
  run rm -rf "$program.new"
  run mkdir -p "$program.new/build/native/Release" || fail "Nothing can be written to $support; is it yours, and is the disk full?"
  run cp -R "$root/package.json" "$root/node_modules" "$root/models" "$root/packaging" "$program.new/" || fail "Copying to $program.new failed; is the disk full?"
  run cp -R "$root/build/js" "$program.new/build/" || fail "Copying to $program.new failed; is the disk full?"
  run cp "$addons/codexpc.node" "$addons/codexpc-xpc.node" "$program.new/build/native/Release/" ||
    fail "The addons are not in $addons; the build has not made them."
  $cpu_only || run cp "$metallib" "$program.new/build/native/Release/" || fail "Copying default.metallib failed; is the disk full?"
  run rm -rf "$program"
  run mv "$program.new" "$program" || fail "Replacing $program failed; stop programs that use it, then run this again."
}

start_agent() {
  main=$program/build/js/src/cli/main.js
  echo "+ write $plist"
  if ! $dry_run; then
    { node "$here/write-plist.mjs" "$label" "$(command -v node)" "$main" "$logs" >"$plist.new" && mv "$plist.new" "$plist"; } ||
      fail "The agent's description $plist cannot be written; is $agents yours?"
  fi
  # Bootstrapping what is loaded already is an error; what was never loaded cannot be booted out.
  if launchctl print "$domain/$label" >/dev/null 2>&1; then
    run launchctl bootout "$domain/$label" || fail "Stopping the agent that runs now failed; log out and in again, then run this again."
  fi
  run launchctl bootstrap "$domain" "$plist" ||
    fail "launchd refused $plist; 'launchctl print $domain/$label' may tell why, and a login in the graphical session is needed."
}

# The commands know another label from their settings; the check brings it along.
verify() {
  set --
  if [ "$label" != com.yourorg.codexpc ]; then
    set -- --config "$work/verify.toml"
    $dry_run || { mkdir -p "$work" && printf '[daemon]\nxpc_service = "%s"\n' "$label" >"$work/verify.toml"; }
  fi
  run node "$main" health --transport xpc "$@" ||
    fail "The agent does not answer over XPC; see $logs/$label.err.log and 'codexpc doctor'."
  run node "$main" health --transport unix || fail "The agent does not answer at its socket; see $logs/$label.err.log and 'codexpc doctor'."
}

check_tools
if ! $cpu_only; then
  fetch_gptoss
  build_shaders
fi
build
install_program
start_agent
verify
if [ "$label" != com.yourorg.codexpc ]; then
  echo "For commands over XPC, write into $support/config.toml under [daemon]:  xpc_service = \"$label\""
fi
echo "codexpc is installed as $label. Next: node \"$main\" run \"Hello\""
