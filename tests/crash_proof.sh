#!/usr/bin/env bash
# Prints the tables of the crash proof: where the program was killed or its database taken away, how many mails were lost,
# sent twice, and are in doubt.
#
#   tests/crash_proof.sh           each point once, as tests/run.sh does among all its tests
#   tests/crash_proof.sh --long    each point at many of its passings, then the benchmarks of sending with 100,000 mails
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"

case ${1-} in
  "") long= ;;
  --long) long=yes ;;
  *)
    echo "usage: tests/crash_proof.sh [--long]" >&2
    exit 2
    ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
MAILTHROTTLE_LONG=$long cargo test --locked --quiet --test resend_crash -- --show-output > "$log" 2>&1 || status=$?
grep '^|' "$log" || true
if [ "$status" != 0 ]; then
  cat "$log" >&2
  exit "$status"
fi
if [ -n "$long" ]; then
  cargo build --locked --release --quiet --bins --examples
  benches/resend.sh
fi
