#!/bin/sh
# Stops and removes the LaunchAgent and the program under ~/Library. Settings, models and logs stay. Twice is harmless.
#   packaging/uninstall-agent.sh [--dry-run] [--label NAME]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=agent-common.sh
. "$here/agent-common.sh"
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --label) [ $# -gt 1 ] || fail "--label needs a name."; shift; label=$1 ;;
    *) fail "There is no option $1; the head of packaging/uninstall-agent.sh lists them." ;;
  esac
  shift
done
check_label
find_places

if launchctl print "$domain/$label" >/dev/null 2>&1; then
  run launchctl bootout "$domain/$label" || fail "Stopping the agent failed; log out and in again, then run this again."
fi
if [ -e "$plist" ]; then run rm -f "$plist" || fail "The file $plist cannot be removed; is it yours?"; fi
if [ -e "$program" ]; then run rm -rf "$program" || fail "The folder $program cannot be removed; is it yours?"; fi
echo "codexpc is uninstalled. Settings, models and logs are left where they are."
