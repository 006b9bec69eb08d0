#!/usr/bin/env bash
# What somebody sees who has just cloned this: an empty HOME, nothing installed, the two commands of the README.
# Then both again without a network, where the kernel lets us take it away.
#
# Clones HEAD: uncommitted changes are not seen. Usage: bash scripts/fresh-clone.sh

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git clone --quiet . "$scratch/clone"
mkdir "$scratch/home"
cd "$scratch/clone"

failed=0
summary=""

# try NAME COMMAND...: runs the command with the empty HOME; prints its output only if it fails.
try() {
  local name=$1 start=$SECONDS verdict=ok
  shift
  if ! env HOME="$scratch/home" "$@" </dev/null >"$scratch/log" 2>&1; then
    verdict=FAILED
    failed=1
    cat "$scratch/log"
  fi
  summary+=$(printf '%-28s %-6s %4d s' "$name" "$verdict" $((SECONDS - start)))$'\n'
}

try "npm test, first" npm test
try "npm run demo, first" npm run demo
if unshare --user --map-root-user --net true 2>/dev/null; then
  # Tests of the workspace are never cached, so this really runs some; loopback is up because tools may listen on it.
  offline=(unshare --user --map-root-user --net sh -c 'ip link set lo up 2>/dev/null; exec "$@"' sh)
  try "npm test, offline" "${offline[@]}" npm test
  try "npm run demo, offline" "${offline[@]}" npm run demo
else
  summary+="offline: skipped, no right to make a network namespace"$'\n'
fi

printf '\n%s' "$summary"
exit "$failed"
