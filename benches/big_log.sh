#!/usr/bin/env bash
# Makes a big email_log in a new SQLite file, the same one for the same arguments.
#
#   benches/big_log.sh [--failed N] ROWS OUT.db [index]
#
# --failed is about how many rows fail (1 in 100 without it); `index` adds an index on (status, sent_date).
# Ten million rows take less than a minute and 1.2 GB.
set -euo pipefail

usage() {
  echo "usage: big_log.sh [--failed N] ROWS OUT.db [index]" >&2
  exit 2
}

failed=
if [[ ${1-} == --failed ]]; then
  failed=${2-}
  shift 2 || usage
fi
rows=${1-} out=${2-} index=${3-}
failed=${failed:-$((${rows:-0} / 100))}
[[ $rows =~ ^[1-9][0-9]*$ && $failed =~ ^[1-9][0-9]*$ && -n $out && $index =~ ^(index)?$ && $# -le 3 ]] || usage
[[ ! -e $out ]] || { echo "big_log.sh: $out exists, remove it first" >&2; exit 1; }

partial=$out.partial
trap 'rm -f "$partial"' EXIT
rm -f "$partial"
sqlite3 -bail -cmd ".parameter set :rows $rows" -cmd ".parameter set :failed $failed" "$partial" \
  < "$(dirname "$0")/big_log.sql" > /dev/null
if [[ -n $index ]]; then
  sqlite3 -bail "$partial" "CREATE INDEX email_log_status_sent_date ON email_log (status, sent_date)"
fi
mv "$partial" "$out"
