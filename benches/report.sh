#!/usr/bin/env bash
# Holds `mailthrottle report` against the four statements an operator would write by hand; benches/README.md explains it.
#
#   benches/report.sh [ROWS]      (10 million without it)
#
# MAILTHROTTLE_BENCH_DIR  where the tables are kept and reused (target/bench)
# MAILTHROTTLE_BIN        the program (target/release/mailthrottle)
# MAILTHROTTLE_ROUNDS     how often each is timed (3)
set -euo pipefail
export LC_ALL=C
unset MAILTHROTTLE_CONFIG MAILTHROTTLE_DB DATABASE_URL

here=$(cd "$(dirname "$0")" && pwd)
rows=${1:-10000000}
[[ $rows =~ ^[1-9][0-9]{3,}$ ]] || { echo "usage: report.sh [ROWS], at least 1000" >&2; exit 2; }
failed=$((rows / 100))
dir=${MAILTHROTTLE_BENCH_DIR:-$here/../target/bench}
bin=${MAILTHROTTLE_BIN:-$here/../target/release/mailthrottle}
rounds=${MAILTHROTTLE_ROUNDS:-3}
[[ -x $bin ]] || { echo "report.sh: no $bin, run cargo build --release first" >&2; exit 1; }

mkdir -p "$dir"
scratch=$(mktemp -d "$dir/run.XXXXXX")
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

# Appends the milliseconds that COMMAND takes to the times of NAME.
timed() {                            # NAME COMMAND...
  local start=${EPOCHREALTIME/./}
  "${@:2}"
  echo $(((${EPOCHREALTIME/./} - start) / 1000)) >> "$scratch/$1.ms"
}

median() {                           # NAME
  sort -n "$scratch/$1.ms" | sed -n "$(((rounds + 1) / 2))p"
}

one_round() {
  local statement
  for statement in "$here"/hand_written/sqlite/*.sql; do
    timed "$(basename "$statement" .sql)" hand_written "$big" "$statement"
  done
  timed report report "$big" --since all
}

# Peak memory in kB: asked of time(1), or read from /proc while the program runs.
peak_kb() {                          # DB
  echo 0 > "$scratch/peak"
  local command=("$bin" --db "sqlite:$1" --format json report --since all)
  if [[ -x /usr/bin/time ]]; then
    /usr/bin/time -o "$scratch/peak" -f %M "${command[@]}" > "$scratch/report.json"
  else
    "${command[@]}" > "$scratch/report.json" &
    while grep VmHWM "/proc/$!/status" > "$scratch/now" 2> /dev/null; do
      awk '{ print $2 }' "$scratch/now" > "$scratch/peak"
      sleep 0.01
    done
    wait $!
  fi
  cat "$scratch/peak"
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

seconds() { awk -v ms="$1" 'BEGIN { printf "%.2f s", ms / 1000 }'; }
megabytes() { awk -v kb="$1" 'BEGIN { printf "%.1f MB", kb / 1024 }'; }

make_table "$big" "$rows"
make_table "$small" $((rows / 10))
make_table "$indexed" "$rows" index
cat "$big" > /dev/null               # warm cache

for _ in $(seq "$rounds"); do one_round; done

echo "| $rows rows, $(count_failed "$big") of them failed; median of $rounds rounds | |"
echo "| --- | ---: |"
sum=0
for statement in "$here"/hand_written/sqlite/*.sql; do
  name=$(basename "$statement" .sql)
  sum=$((sum + $(median "$name")))
  echo "| by hand: $name | $(seconds "$(median "$name")") |"
done
echo "| by hand: all four | $(seconds $sum) |"
echo "| report --since all | $(seconds "$(median report)") |"
echo "| report / all four | $(awk -v r="$(median report)" -v s=$sum 'BEGIN { printf "%.2f", r / (s ? s : 1) }') |"
echo "| peak memory of the report | $(megabytes "$(peak_kb "$big")") |"
echo "| the same, $((rows / 10)) rows, $(count_failed "$small") of them failed | $(megabytes "$(peak_kb "$small")") |"
echo "| one day, index on (status, sent_date) | $(one_day_ms) ms |"
echo "| alert with its usual checks, the same index | $(alert_ms) ms |"
