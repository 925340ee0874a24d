#!/usr/bin/env bash
# Gives what `alert` writes to those it is written for: promtool, the node exporter, the plugin `negate`, systemd's checker.
# Installs the Debian packages prometheus, prometheus-node-exporter and monitoring-plugins-basic where they are missing and
# it may; a program of theirs that is on PATH is used as it is.
#
#   tests/consumers.sh [PROGRAM]       (target/debug/mailthrottle without it)
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/usr/lib/nagios/plugins"
bin=$(realpath "${1:-target/debug/mailthrottle}")
port=${MAILTHROTTLE_TEST_PORT:-19100}
scratch=$(mktemp -d)
exporter=
trap '[ -z "$exporter" ] || kill "$exporter"; rm -rf "$scratch"' EXIT

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

need() {
  command -v "$1" >/dev/null && return
  echo "installing $2 for $1"
  if ! { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "$2"; } >/dev/null 2>&1; then
    echo "tests/consumers.sh: $1 is missing and cannot be installed here; install the package $2" >&2
    exit 1
  fi
}

# The block of docs/alerting.md that holds a text.
block() {
  awk -v text="$1" '/^```/ { if (inside && index(block, text)) { printf "%s", block; exit } inside = !inside; block = ""; next }
    inside { block = block $0 "\n" }' docs/alerting.md
}

# Runs alert on the incident; its exit code is told by who reads it.
alert() {
  "$bin" --db fixtures/incident.db "$@" --at '2026-11-18 22:00' || [ $? -le 2 ]
}

need promtool prometheus
need prometheus-node-exporter prometheus-node-exporter
need negate monitoring-plugins-basic
need curl curl

echo "promtool reads the metrics"
alert --format prometheus alert > "$scratch/mail.prom"
promtool check metrics < "$scratch/mail.prom"

echo "promtool reads those of a run that failed"
"$bin" --db /nowhere/log.db --format prometheus alert > "$scratch/failed.txt" 2> "$scratch/stderr" || [ $? = 3 ]
promtool check metrics < "$scratch/failed.txt"

echo "promtool reads the rules"
block 'alert: MailThrottled' > "$scratch/rules.yml"
promtool check rules "$scratch/rules.yml"

echo "the node exporter hands the textfile on"
alert alert --textfile "$scratch/mail.prom" > "$scratch/stdout"
prometheus-node-exporter --web.listen-address="127.0.0.1:$port" --collector.disable-defaults --collector.textfile \
  --collector.textfile.directory="$scratch" 2> "$scratch/exporter.log" &
exporter=$!
for _ in $(seq 50); do
  if curl -sf "http://127.0.0.1:$port/metrics" > "$scratch/scraped"; then break; fi
  sleep 0.1
done
grep -q '^mailthrottle_alert_state 2$' "$scratch/scraped"
grep -q '^node_textfile_scrape_error 0$' "$scratch/scraped"

echo "negate turns the states around"
turned=$(negate --critical=OK --substitute "$bin" --db fixtures/incident.db --format nagios alert --at '2026-11-18 22:00')
[[ $turned == 'MAILTHROTTLE OK - bursts 1, throttled 13'* ]]
if negate "$bin" --db /nowhere/log.db --format nagios alert; then exit 1; else [ $? = 3 ]; fi

if command -v systemd-analyze >/dev/null; then
  echo "systemd reads the units"
  block mailthrottle-alert.service | sed "s|/usr/local/bin/mailthrottle|$bin|" > "$scratch/mailthrottle-alert.service"
  block mailthrottle-alert.timer > "$scratch/mailthrottle-alert.timer"
  systemd-analyze verify "$scratch/mailthrottle-alert.service" "$scratch/mailthrottle-alert.timer"
fi
echo "all good"
