#!/usr/bin/env bash
# How fast, and how carefully, does `mailthrottle resend` send? benches/README.md explains it. Everything stays on the
# loopback: the server is this project's example, or Postfix's smtp-sink, which throws everything away.
#
#   benches/resend.sh [ROWS]      rows for the fast sink (100,000 without it)
set -euo pipefail
export LC_ALL=C
unset MAILTHROTTLE_CONFIG MAILTHROTTLE_DB DATABASE_URL

here=$(cd "$(dirname "$0")" && pwd)
rows=${1:-100000}
bin=${MAILTHROTTLE_BIN:-$here/../target/release/mailthrottle}
server=$here/../target/release/examples/smtp_server
for program in "$bin" "$server"; do
  [[ -x $program ]] || { echo "resend.sh: run cargo build --release --examples && cargo build --release first" >&2; exit 1; }
done
sink=$(command -v smtp-sink || echo /usr/sbin/smtp-sink)
scratch=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2> /dev/null || true; rm -rf "$scratch"' EXIT
port=$((20000 + RANDOM % 20000))

make_log() {                         # ROWS BYTES
  rm -f "$scratch"/log.db*
  sqlite3 "$scratch/log.db" "
    CREATE TABLE email_log (id INTEGER PRIMARY KEY, status TEXT, sent_date TEXT, sender TEXT, recipient TEXT, subject TEXT,
      body TEXT, error_message TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    INSERT INTO email_log SELECT i, 'F', datetime('now', '-10 minutes'), 'reports@contoso.example',
      'user' || i || '@example.com', 'Invoice ' || i, replace(hex(zeroblob($2 / 64)), '00', 'a line of thirty-two characters\n'),
      '432 4.3.2 Concurrent connections limit exceeded' FROM n;"
}

serve() {                            # ARGUMENT...
  port=$((port + 1))
  : > "$scratch/server.log"
  "$server" --port "$port" "$@" > "$scratch/server.log" &
  pids+=($!)
  until grep -q listening "$scratch/server.log"; do sleep 0.05; done
}

# What a commit of SQLite's costs here: no figure of a ledger says anything without it
commit_cost() {
  local start
  {
    echo "PRAGMA synchronous = FULL; CREATE TABLE t (a);"
    for _ in {1..200}; do echo "INSERT INTO t VALUES (1);"; done
  } > "$scratch/commits.sql"
  rm -f "$scratch/commits.db"
  start=${EPOCHREALTIME/./}
  sqlite3 "$scratch/commits.db" < "$scratch/commits.sql"
  awk -v us=$((${EPOCHREALTIME/./} - start)) 'BEGIN { printf "a commit of SQLite'"'"'s takes %.2f ms here\n", us / 201 / 1000 }'
}

# Prints a row: what, seconds, ideal, what the program says of it, messages a second, peak memory
resend() {                           # WHAT IDEAL ARGUMENT...
  local start=${EPOCHREALTIME/./} status=0
  "$bin" --db "$scratch/log.db" -q --format json resend --smtp "smtp://127.0.0.1:$port" --yes "${@:3}" \
    > "$scratch/answer.json" &
  local run=$!
  while awk '/VmHWM/ { print $2 }' "/proc/$run/status" 2> /dev/null > "$scratch/now" && [[ -s $scratch/now ]]; do
    cp "$scratch/now" "$scratch/peak"
    sleep 0.2
  done &
  wait $run || status=$?
  local ms=$(((${EPOCHREALTIME/./} - start) / 1000))
  wait $!
  local numbers
  numbers=$(grep -E '^  "(sent|throttled|connections_opened)":' "$scratch/answer.json" | tr -dc '0-9\n' | paste -sd' ')
  awk -v what="$1" -v ms="$ms" -v ideal="$2" -v numbers="$numbers" -v status=$status -v kb="$(cat "$scratch/peak")" 'BEGIN {
    split(numbers, n, " ")
    printf "| %s | %.2f s | %s | %s | %s | %s | %d | %d | %.0f MB |\n", what, ms / 1000, ideal, n[1], n[2], n[3], status,
      n[1] * 1000 / ms, kb / 1024
  }'
}

commit_cost
echo
echo "| server | seconds | ideal | sent | refused with 432 | connections | exit | a second | peak memory |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
make_log 300 2048; serve --limit 3 --dot 50ms --freed-after 0s
resend "300 messages of 2 kB, 3 places, 50 ms at the dot" "5.0 s" --cap 3 --rate 600000/1m
make_log 300 2048; serve --limit 3 --dot 50ms --freed-after 100ms
resend "the same, a place is freed 100 ms late" "5.0 s" --cap 3 --rate 600000/1m
make_log 300 2048; serve --limit 3 --dot 50ms --round-trip 20ms
resend "the same with round trips of 20 ms, pipelined" "9.0 s" --cap 3 --rate 600000/1m
make_log 300 2048; serve --limit 2 --dot 50ms --freed-after 100ms
resend "only 2 places, which nobody told us" "7.5 s" --cap 3 --rate 600000/1m

port=$((port + 1))
"$sink" -u "$(id -un)" "127.0.0.1:$port" 1000 > /dev/null 2>&1 &
pids+=($!)
sleep 0.5
make_log "$rows" 512
resend "$rows messages to smtp-sink, 8 connections" "" --cap 8 --rate 100000000/1m
commit_cost
