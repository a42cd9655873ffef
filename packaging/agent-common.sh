# shellcheck shell=sh disable=SC2034
# What install-agent.sh and uninstall-agent.sh share. Sourced, not run.

label=com.yourorg.codexpc
dry_run=false

# One sentence, and the end.
fail() {
  echo "codexpc: $1" >&2
  exit 1
}

# Says what is run, and runs it unless this is a dry run.
run() {
  echo "+ $*"
  $dry_run || "$@"
}

check_label() {
  case $label in
    *[!A-Za-z0-9.-]* | '' | .* | *.) fail "The label '$label' cannot be used: letters, digits, '-' and '.' make a label such as com.yourorg.codexpc." ;;
  esac
}

# Sets everything that depends on the label and on who runs this.
find_places() {
  [ "$(uname -s)" = Darwin ] || fail "This installs a LaunchAgent and needs macOS; on Linux run 'codexpc install'."
  [ "$(id -u)" != 0 ] || fail "Run this as the user who is going to use codexpc, not as root."
  domain=gui/$(id -u)
  agents=$HOME/Library/LaunchAgents
  plist=$agents/$label.plist
  support="$HOME/Library/Application Support/codexpc"
  program=$support/program
  logs=$HOME/Library/Logs
}
