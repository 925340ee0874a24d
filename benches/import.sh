#!/usr/bin/env bash
# How fast is a Postfix log of a million lines read and taken in, beside pflogsumm? benches/import.sh [LINES]
set -euo pipefail
cd "$(dirname "$0")/.."
lines="${1:-1000000}"
dir="${MAILTHROTTLE_BENCH_DIR:-target/bench}"
bin="${MAILTHROTTLE_BIN:-target/release/mailthrottle}"
rounds="${MAILTHROTTLE_ROUNDS:-3}"
log="$dir/postfix-$lines.log"
mkdir -p "$dir"
command -v pflogsumm >/dev/null || { echo "benches/import.sh: install the package pflogsumm" >&2; exit 1; }
[ -x "$bin" ] || { echo "benches/import.sh: first cargo build --release" >&2; exit 1; }
if [ ! -s "$log" ] || [ benches/postfix_log.awk -nt "$log" ]; then
  awk -v lines="$lines" -f benches/postfix_log.awk >"$log"
fi

# seconds that a command takes
seconds() {
  local start
  start=$(date +%s%N)
  "$@"
  echo $((($(date +%s%N) - start) / 1000000)) | awk '{ printf "%.3f\n", $1 / 1000 }'
}
by_pflogsumm() { pflogsumm "$log" >"$dir/pflogsumm.txt"; }
parse() { "$bin" --format json import --dry-run "$log" >"$dir/import-parsed.json"; }
whole() {
  rm -f "$dir"/imported.db*
  "$bin" --format json --db "$dir/imported.db" import "$log" >"$dir/imported.json"
}
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

cat "$log" >/dev/null
rm -f "$dir"/import-*.times
for _ in $(seq "$rounds"); do
  seconds by_pflogsumm >>"$dir/import-pflogsumm.times"
  seconds parse >>"$dir/import-parse.times"
  seconds whole >>"$dir/import-whole.times"
done

# the most memory the whole import holds, in MB
rm -f "$dir"/imported.db*
"$bin" --quiet --db "$dir/imported.db" import "$log" >/dev/null &
pid=$!
peak=0
while kill -0 "$pid" 2>/dev/null; do
  now=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
  if [ "${now:-0}" -gt "$peak" ]; then peak=$now; fi
  sleep 0.02
done
wait "$pid"

theirs=$(median "$dir/import-pflogsumm.times")
parsed=$(median "$dir/import-parse.times")
taken=$(median "$dir/import-whole.times")
awk -v n="$lines" -v a="$theirs" -v b="$parsed" -v c="$taken" -v m="$peak" -v r="$rounds" 'BEGIN {
  printf "| %d lines; median of %d rounds | | lines a second | times pflogsumm |\n| --- | ---: | ---: | ---: |\n", n, r
  printf "| pflogsumm | %.2f s | %d | 1.0 |\n", a, n / a
  printf "| import --dry-run: reading alone | %.2f s | %d | %.1f |\n", b, n / b, a / b
  printf "| import into SQLite | %.2f s | %d | %.1f |\n", c, n / c, a / c
  printf "| peak memory of the import | %.1f MB | | |\n", m / 1024
}'

# the totals must agree
of_theirs() { awk -v word="$1" '$2 == word { print $1; exit }' "$dir/pflogsumm.txt"; }
deferrals() { sed -n 's/.* deferred *(\([0-9]*\)  *deferrals).*/\1/p' "$dir/pflogsumm.txt"; }
of_ours() { sed -n "s/^  \"$1\": \([0-9]*\),*/\1/p" "$dir/imported.json"; }
bounced=$(($(of_ours failed) - $(of_ours deferred)))
printf '\npflogsumm: %s delivered, %s deferrals, %s bounced\n' "$(of_theirs delivered)" "$(deferrals)" "$(of_theirs bounced)"
printf 'import:    %s sent, %s deferred, %s bounced\n' "$(of_ours sent)" "$(of_ours deferred)" "$bounced"
[ "$(of_theirs delivered) $(deferrals) $(of_theirs bounced)" = "$(of_ours sent) $(of_ours deferred) $bounced" ]
