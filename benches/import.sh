#!/usr/bin/env bash
# How fast is a Postfix log of a million lines read and taken in, beside pflogsumm? benches/README.md explains it.
#
#   benches/import.sh [LINES]      (a million without it)
set -euo pipefail
name=import.sh
lines=${1:-1000000}
[[ $lines =~ ^[1-9][0-9]{2,}$ ]] || { echo "usage: import.sh [LINES], at least 100" >&2; exit 2; }
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
command -v pflogsumm > /dev/null || { echo "$name: install the package pflogsumm" >&2; exit 1; }
scratch=$(mktemp -d -p "$dir")
trap 'rm -rf "$scratch"' EXIT

log=$dir/postfix-$lines.log
if [[ ! -s $log || $here/postfix_log.awk -nt $log ]]; then
  awk -v lines="$lines" -f "$here/postfix_log.awk" > "$log"
fi

by_pflogsumm() { pflogsumm "$log" > "$scratch/pflogsumm.txt"; }
parse() { "$bin" --format json import --dry-run "$log" > "$scratch/parsed.json"; }
whole() {
  rm -f "$scratch"/imported.db*
  "$bin" --format json --db "$scratch/imported.db" import "$log" > "$scratch/imported.json"
}

cat "$log" > /dev/null               # warm cache
for _ in $(seq "$rounds"); do
  timed pflogsumm by_pflogsumm
  timed parse parse
  timed whole whole
done

line() {                             # TITLE NAME
  local ms
  ms=$(median "$2")
  echo "| $1 | $(seconds "$ms") | $((lines * 1000 / (ms ? ms : 1))) | $(ratio "$(median pflogsumm)" "$ms" 1) |"
}
echo "| $lines lines; median of $rounds rounds | | lines a second | times pflogsumm |"
echo "| --- | ---: | ---: | ---: |"
line pflogsumm pflogsumm
line "import --dry-run: reading alone" parse
line "import into SQLite" whole
rm -f "$scratch"/imported.db*
peak=$(peak_kb "$bin" --quiet --db "$scratch/imported.db" import "$log")
echo "| peak memory of the import | $(megabytes "$peak") | | |"

# the totals must agree
of_theirs() { awk -v word="$1" '$2 == word { print $1; exit }' "$scratch/pflogsumm.txt"; }
deferrals() { sed -n 's/.* deferred *(\([0-9]*\)  *deferrals).*/\1/p' "$scratch/pflogsumm.txt"; }
of_ours() { sed -n "s/^  \"$1\": \([0-9]*\),*/\1/p" "$scratch/imported.json"; }
theirs="$(of_theirs delivered) sent, $(deferrals) deferred, $(of_theirs bounced) bounced"
ours="$(of_ours sent) sent, $(of_ours deferred) deferred, $(($(of_ours failed) - $(of_ours deferred))) bounced"
printf '\npflogsumm: %s\nimport:    %s\n' "$theirs" "$ours"
[[ $theirs == "$ours" ]]
