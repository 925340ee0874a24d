#!/usr/bin/env bash
# How fast, and how carefully, does `mailthrottle resend` send? benches/README.md explains it. Everything stays on the
# loopback: the server is this project's example, or Postfix's smtp-sink, which throws everything away.
#
#   benches/resend.sh [ROWS]      rows for the fast sink (100,000 without it)
#
# MAILTHROTTLE_BIN        the program (target/release/mailthrottle)
# MAILTHROTTLE_SERVER     the server (target/release/examples/smtp_server)
#
# A mail that is not sent, a refusal or a connection that need not be ends it with 1. How long things take is only shown.
set -euo pipefail
export LC_ALL=C
unset MAILTHROTTLE_CONFIG MAILTHROTTLE_DB DATABASE_URL

here=$(cd "$(dirname "$0")" && pwd)
rows=${1:-100000}
bin=${MAILTHROTTLE_BIN:-$here/../target/release/mailthrottle}
server=${MAILTHROTTLE_SERVER:-$here/../target/release/examples/smtp_server}
for program in "$bin" "$server"; do
  [[ -x $program ]] || { echo "resend.sh: run cargo build --release --examples && cargo build --release first" >&2; exit 1; }
done
sink=$(command -v smtp-sink || echo /usr/sbin/smtp-sink)
scratch=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2> /dev/null || true; rm -rf "$scratch"' EXIT

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
  # emptied here, for what is started in the background may do so late, and the last one's port would be taken
  : > "$scratch/server.log"
  "$server" --port 0 "$@" >> "$scratch/server.log" &
  serving=$!
  pids+=("$serving")
  until grep -q listening "$scratch/server.log"; do sleep 0.05; done
  port=$(sed -n 's/^listening on 127.0.0.1://p' "$scratch/server.log")
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

# Prints a row: what, seconds of the program and of its sending, ideal, what it says of it, messages a second, peak memory. What is sent and refused
# otherwise than expected ends the script; `any` expects nothing.
resend() {                           # WHAT IDEAL SENT REFUSED CONNECTIONS ARGUMENT...
  local start=${EPOCHREALTIME/./} status=0
  "$bin" --db "$scratch/log.db" -q --format json resend --smtp "smtp://127.0.0.1:$port" --yes "${@:6}" \
    > "$scratch/answer.json" &
  local run=$!
  while awk '/VmHWM/ { print $2 }' "/proc/$run/status" 2> /dev/null > "$scratch/now" && [[ -s $scratch/now ]]; do
    cp "$scratch/now" "$scratch/peak"
    sleep 0.2
  done &
  wait $run || status=$?
  local ms=$(((${EPOCHREALTIME/./} - start) / 1000))
  wait $!
  local sent throttled connections sending
  read -r sent throttled connections sending < <(
    grep -E '^  "(sent|throttled|connections_opened|duration_ms)":' "$scratch/answer.json" | tr -dc '0-9\n' | paste -sd' ')
  awk -v what="$1" -v ms="$ms" -v sending="$sending" -v ideal="$2" -v n="$sent" -v kb="$(cat "$scratch/peak")" \
    -v numbers="$sent | $throttled | $connections | $status" 'BEGIN {
      printf "| %s | %.2f s | %.2f s | %s | %s | %d | %.0f MB |\n", what, ms / 1000, sending / 1000, ideal, numbers,
        n * 1000 / ms, kb / 1024
  }'
  expect "$1: exit" 0 "$status"
  expect "$1: sent" "$3" "$sent"
  expect "$1: refused with 432" "$4" "$throttled"
  expect "$1: connections" "$5" "$connections"
}

expect() {                           # WHAT EXPECTED FOUND
  [[ $2 = any || $2 = "$3" ]] || { echo "resend.sh: $1: $3, expected $2" >&2; exit 1; }
}

# Sends 300 mails to the example, which says itself what it took.
resend_to_example() {                # WHAT IDEAL REFUSED CONNECTIONS SERVER_ARGUMENT...
  make_log 300 2048
  serve "${@:5}"
  resend "$1" "$2" 300 "$3" "$4" --cap 3 --rate 600000/1m
  kill -INT "$serving"
  wait "$serving" || true
  expect "$1: the server says" "300 accepted, 0 of them more than once" \
    "$(sed -n '$s/\(, 0 of them more than once\).*/\1/p' "$scratch/server.log")"
}

commit_cost
echo
echo "| server | program | sending | ideal | sent | refused with 432 | connections | exit | a second | peak memory |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
resend_to_example "300 messages of 2 kB, 3 places, 50 ms at the dot" "5.0 s" 0 3 --limit 3 --dot 50ms --freed-after 0s
resend_to_example "the same, a place is freed 100 ms late" "5.0 s" 0 3 --limit 3 --dot 50ms --freed-after 100ms
resend_to_example "the same with round trips of 20 ms, pipelined" "9.0 s" 0 3 --limit 3 --dot 50ms --round-trip 20ms
resend_to_example "only 2 places, which nobody told us" "7.5 s" any any --limit 2 --dot 50ms --freed-after 100ms

port=$((20000 + RANDOM % 10000))
"$sink" -u "$(id -un)" "127.0.0.1:$port" 1000 > /dev/null 2>&1 &
pids+=($!)
sleep 0.5
kill -0 $! || { echo "resend.sh: smtp-sink did not start on port $port" >&2; exit 1; }
make_log "$rows" 512
resend "$rows messages to smtp-sink, 8 connections" "" "$rows" 0 8 --cap 8 --rate 100000000/1m
commit_cost
