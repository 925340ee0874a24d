#!/usr/bin/env bash
# Holds `mailthrottle report` against the four statements an operator would write by hand; benches/README.md explains it.
#
#   benches/report.sh [ROWS]      (10 million without it)
set -euo pipefail
name=report.sh
rows=${1:-10000000}
[[ $rows =~ ^[1-9][0-9]{3,}$ ]] || { echo "usage: report.sh [ROWS], at least 1000" >&2; exit 2; }
failed=$((rows / 100))
. "$(dirname "$0")/lib.sh"
scratch=$(mktemp -d -p "$dir")
trap 'rm -rf "$scratch"' EXIT

big=$dir/email_log-$rows.db
small=$dir/email_log-$((rows / 10))-same-failed.db
indexed=$dir/email_log-$rows-index.db

make_table() {                       # FILE ROWS [index]
  [[ -e $1 ]] && return
  echo "making $1" >&2
  "$here/big_log.sh" --failed "$failed" "$2" "$1" "${@:3}"
}

report() {                           # DB ARGUMENT...
  "$bin" --db "sqlite:$1" --format json report "${@:2}" > "$scratch/report.json"
}

hand_written() {                     # DB FILE
  sqlite3 -readonly "$1" < "$2" > "$scratch/rows.txt"
}

one_round() {
  local statement
  while read -r statement; do
    timed "$(basename "$statement" .sql)" hand_written "$big" "$statement"
  done < <(statements sqlite)
  timed report report "$big" --since all
}

one_day_ms() {
  local day=(--since 2026-11-10 --until 2026-11-11)
  report "$indexed" "${day[@]}"
  if command -v hyperfine > /dev/null; then
    hyperfine -N --warmup 3 --runs 20 --style none --export-csv "$scratch/day.csv" \
      "$bin --db sqlite:$indexed --format json report ${day[*]}" > /dev/null
    awk -F, 'NR == 2 { printf "%.1f", $4 * 1000 }' "$scratch/day.csv"
  else
    for _ in $(seq "$rounds"); do timed day report "$indexed" "${day[@]}"; done
    median day
  fi
}

# what it finds is its exit code; 3 would be an error
alert() {
  "$bin" --db "sqlite:$indexed" alert --at '2026-11-12 12:00' > "$scratch/alert.txt" || [ $? -le 2 ]
}

alert_ms() {
  for _ in $(seq "$rounds"); do timed alert alert; done
  median alert
}

count_failed() {                     # DB
  sqlite3 -readonly "$1" "SELECT count(*) FROM email_log WHERE status = 'F'"
}

peak() { megabytes "$(peak_kb "$bin" --db "sqlite:$1" --format json report --since all)"; }

make_table "$big" "$rows"
make_table "$small" $((rows / 10))
make_table "$indexed" "$rows" index
cat "$big" > /dev/null               # warm cache

for _ in $(seq "$rounds"); do one_round; done

echo "| $rows rows, $(count_failed "$big") of them failed; median of $rounds rounds | |"
echo "| --- | ---: |"
compare sqlite
echo "| peak memory of the report | $(peak "$big") |"
echo "| the same, $((rows / 10)) rows, $(count_failed "$small") of them failed | $(peak "$small") |"
echo "| one day, index on (status, sent_date) | $(one_day_ms) ms |"
echo "| alert with its usual checks, the same index | $(alert_ms) ms |"
