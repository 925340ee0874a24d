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
  "$server" --port "$port" "$@" > "$scratch/server.log" &
  pids+=($!)
  until grep -q listening "$scratch/server.log"; do sleep 0.05; done
}

# Prints a row: what, seconds, ideal, what the program says of it
resend() {                           # WHAT IDEAL ARGUMENT...
  local start=${EPOCHREALTIME/./} status=0
  "$bin" --db "$scratch/log.db" -q --format json resend --smtp "smtp://127.0.0.1:$port" --yes "${@:3}" \
    > "$scratch/answer.json" || status=$?
  local ms=$(((${EPOCHREALTIME/./} - start) / 1000))
  local numbers
  numbers=$(grep -E '^  "(sent|throttled|connections_opened)":' "$scratch/answer.json" | tr -dc '0-9\n' | paste -sd' ')
  awk -v what="$1" -v ms=$ms -v ideal="$2" -v numbers="$numbers" -v status=$status 'BEGIN {
    split(numbers, n, " ")
    printf "| %s | %.2f s | %s | %s | %s | %s | %d |\n", what, ms / 1000, ideal, n[1], n[2], n[3], status
  }'
}

echo "| server | seconds | ideal | sent | refused with 432 | connections | exit |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
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
resend "$rows messages to smtp-sink, 8 connections" "" --cap 8 --rate 100000000/1m &
run=$!
peak=0
while kill -0 $run 2> /dev/null; do
  for status in /proc/[0-9]*/status; do
    if grep -q '^Name:	mailthrottle$' "$status" 2> /dev/null; then
      now=$(awk '/VmHWM/ { print $2 }' "$status" 2> /dev/null || echo 0)
      if [[ ${now:-0} -gt $peak ]]; then peak=$now; fi
    fi
  done
  sleep 0.1
done
wait $run
awk -v kb="$peak" 'BEGIN { printf "\npeak memory of the last: %.1f MB\n", kb / 1024 }'
