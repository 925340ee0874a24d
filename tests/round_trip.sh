#!/usr/bin/env bash
# Sends 5,000 random mails through a scripted server, Exim and aiosmtpd, and compares what arrived with the log, by Python's own
# reading. tests/run.sh does so with the scripted server alone, and unpacks Exim.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
  echo "tests/round_trip.sh: aiosmtpd is missing; install the package python3-aiosmtpd" >&2
  exit 1
fi
MAILTHROTTLE_LONG=yes cargo test --locked --quiet --test round_trip -- --show-output
