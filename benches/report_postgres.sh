#!/usr/bin/env bash
# Holds `mailthrottle report` on PostgreSQL against the four statements an operator would write by hand in psql;
# benches/README.md explains it. Starts a server of its own on a socket and stops it at the end.
#
#   benches/report_postgres.sh [ROWS]      (10 million without it)
set -euo pipefail
name=report_postgres.sh
rows=${1:-10000000}
[[ $rows =~ ^[1-9][0-9]{3,}$ ]] || { echo "usage: report_postgres.sh [ROWS], at least 1000" >&2; exit 2; }
. "$(dirname "$0")/lib.sh"
pg=$(pg_config --bindir 2> /dev/null || find /usr/lib/postgresql -name initdb -printf '%h\n' | sort | tail -n 1)
[[ -x $pg/initdb ]] || { echo "report_postgres.sh: no PostgreSQL server, install the package postgresql" >&2; exit 1; }

data=$dir/postgres-$rows
scratch=$(mktemp -d)
user=()
[[ $(id -u) != 0 ]] || user=(setpriv --reuid nobody --regid nogroup --clear-groups)

# a server may not run as root; its data stays in DIR
as_server() { (cd / && exec "${user[@]}" "$@"); }

start_server() {
  if [[ ! -e $data/PG_VERSION ]]; then
    rm -rf "$data"
    install -d -m 700 ${user:+-o nobody -g nogroup} "$data"
    as_server "$pg/initdb" -D "$data" -U postgres -A trust --locale=C -E UTF8 --no-sync > /dev/null
  fi
  chmod 777 "$scratch"
  as_server "$pg/postgres" -D "$data" -k "$scratch" -c listen_addresses= -c fsync=off -c max_wal_size=8GB \
    -c shared_buffers=1GB > "$scratch/server.log" 2>&1 &
  server=$!
  # what was started is a shell around the server, whose own number stands in its folder
  trap 'kill -INT "$(head -n 1 "$data/postmaster.pid")"; wait $server || true; rm -rf "$scratch"' EXIT
  until "$pg/pg_isready" -q -h "$scratch"; do
    kill -0 $server || { cat "$scratch/server.log" >&2; exit 1; }
    sleep 0.1
  done
}

sql() { psql -X -h "$scratch" -U postgres -qAt -v ON_ERROR_STOP=1 "$@"; }

make_tables() {
  sql -c "SELECT 1 FROM pg_class WHERE relname = 'made'" | grep -q 1 && return
  local log=$dir/email_log-$rows.db
  [[ -e $log ]] || { echo "making $log" >&2; "$here/big_log.sh" "$rows" "$log"; }
  echo "copying it to PostgreSQL" >&2
  sql -q <<'SQL'
SET client_min_messages = warning;
DROP TABLE IF EXISTS email_log;
DROP SCHEMA IF EXISTS indexed CASCADE;
CREATE UNLOGGED TABLE email_log (id bigint PRIMARY KEY, status text NOT NULL, sent_date timestamp NOT NULL, sender text,
  recipient text, subject text, body text, error_message text);
SQL
  sqlite3 -readonly -csv "$log" 'SELECT * FROM email_log' | sql -c '\copy email_log FROM STDIN CSV'
  sql <<'SQL'
CREATE SCHEMA indexed;
CREATE UNLOGGED TABLE indexed.email_log AS SELECT * FROM email_log;
CREATE INDEX ON indexed.email_log (status, sent_date);
VACUUM ANALYZE email_log;
VACUUM ANALYZE indexed.email_log;
CREATE TABLE made ();
SQL
}

url() { echo "postgres:///postgres?host=$scratch&user=postgres"; }

report() { "$bin" --db "$(url)" --format json "$@" > "$scratch/report.json"; }

# what it finds is its exit code; 3 would be an error
alert() {
  "$bin" --db "$(url)" --table indexed.email_log alert --at '2026-11-12 12:00' > "$scratch/alert.txt" || [ $? -le 2 ]
}

by_hand() { sql -f "$1" > "$scratch/rows.txt"; }

start_server
make_tables
sql -c 'SELECT sum(length(recipient)) FROM email_log' > /dev/null      # warm cache
for _ in $(seq "$rounds"); do
  while read -r statement; do
    timed "$(basename "$statement" .sql)" by_hand "$statement"
  done < <(statements postgres)
  timed report report report --since all
  timed day report --table indexed.email_log report --since 2026-11-10 --until 2026-11-11
  timed alert alert
  timed connect report --table indexed.email_log failures --since 2030-01-01
done

echo "| PostgreSQL, $rows rows, median of $rounds rounds | |"
echo "| --- | ---: |"
compare postgres
peak=$(peak_kb "$bin" --db "$(url)" --format json report --since all)
echo "| peak memory of the report | $(megabytes "$peak") |"
echo "| one day, index on (status, sent_date) | $(median day) ms |"
echo "| alert with its usual checks, the same index | $(median alert) ms |"
echo "| connecting, and no failure found | $(median connect) ms |"
