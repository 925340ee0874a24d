#!/usr/bin/env bash
# The one test command: installs what is missing where it may, then checks form, lints, tests, docs and dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# the Debian package that a missing program comes from
need() {
  command -v "$1" >/dev/null && return
  echo "installing $2 for $1"
  if ! { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2"; } \
    >/dev/null 2>&1; then
    echo "tests/run.sh: $1 is missing and cannot be installed here; install the package $2" >&2
    exit 1
  fi
}

# the server's programs lie outside the search path
need_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql
}

# it comes with a mail system, which without a configuration does not start
need_smtp_sink() {
  if ! command -v smtp-sink >/dev/null; then
    echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections || true
  fi
  need smtp-sink postfix
}

# the headers and the library that the stand-in for Oracle's client is built with
need_libpq() {
  [ -f "$(pg_config --includedir 2>/dev/null)/libpq-fe.h" ] || [ -f /usr/include/postgresql/libpq-fe.h ] ||
    need libpq-fe.h libpq-dev
}

# Debian installs one mail server at a time, so this one is unpacked; its users come from a library that goes with it
need_exim() {
  local unpacked=target/exim packages
  [ -x $unpacked/usr/sbin/exim4 ] && return
  packages=$(mktemp -d)
  if ! (cd "$packages" && { as_root apt-get update -qq || true; } &&
    apt-get download -qq exim4-daemon-light exim4-base libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 libdb5.3 libnss-wrapper) \
    >/dev/null 2>&1; then
    echo "tests/run.sh: Exim cannot be had here; unpack the packages exim4-daemon-light, exim4-base and libnss-wrapper into $unpacked" >&2
    exit 1
  fi
  for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$packages/root"; done
  # as who starts it
  chmod u-s "$packages/root/usr/sbin/exim4"
  # whole or not at all
  mkdir -p target
  rm -rf $unpacked
  mv "$packages/root" $unpacked
  rm -rf "$packages"
}

# two independent grammars parse what the tests sent to the stand-in for Oracle; what one of them accepts, the other may not
oracle_sql() {
  local status=0
  first_grammar || status=1
  second_grammar || status=1
  return "$status"
}

# ANTLR's; it needs node, which need not be there
first_grammar() {
  if [ "${CI:-}" = true ]; then
    need node nodejs
    need npm npm
  elif ! { command -v node && command -v npm; } >/dev/null; then
    echo "no node or no npm here, not checked by the first grammar"
    return
  fi
  local modules=target/oracle-sql
  mkdir -p "$modules" &&
    cp tests/oracle-sql/package.json tests/oracle-sql/package-lock.json "$modules" &&
    npm ci --prefix "$modules" --no-audit --no-fund --silent &&
    node tests/oracle-sql/check.mjs "$modules" queries "$trace"
}

# sqlglot's; it needs pip, which need not be there either. Installed anew, since pip leaves an older version in the folder as it is
second_grammar() {
  if [ "${CI:-}" = true ]; then
    need pip3 python3-pip
  elif ! command -v pip3 >/dev/null; then
    echo "no python3 with pip here, not checked by the second grammar"
    return
  fi
  local packages=target/oracle-sql/python
  rm -rf "$packages" &&
    PIP_ROOT_USER_ACTION=ignore pip3 install --target "$packages" --require-hashes --no-deps --only-binary :all: --quiet \
      --disable-pip-version-check --requirement tests/oracle-sql/requirements.txt &&
    python3 tests/oracle-sql/check.py "$packages" queries "$trace"
}

# everything is kept in a log; what is shown is the tables that tests print, and on a failure all of it. Most tests wait
# for servers, so there may be more of them than processors.
tests() {
  local log=target/tests.log status=0
  RUST_TEST_THREADS=4 ORACLE_STANDIN_TRACE="$trace" cargo test --locked --quiet --no-fail-fast -- --show-output 2>&1 | tee "$log" |
    grep --line-buffered -E '^(\||test result:)' || status=$?
  if [ "$status" != 0 ]; then
    cat "$log" >&2
  fi
  return "$status"
}

# the tables of sending, in their short form; what the tests were built with is fast enough for it
sending() {
  MAILTHROTTLE_BIN=target/debug/mailthrottle MAILTHROTTLE_SERVER=target/debug/examples/smtp_server benches/resend.sh 2000
}

# waits for what was started before, and shows what it said
finished() {
  local status=0
  wait "$1" || status=$?
  cat "$3"
  return "$status"
}

step() {
  printf '\n== %s (%s s)\n' "$*" "$SECONDS"
  "$@"
}

# cargo-deny's data on advisories lies outside the package registries, so only what needs none is checked where it
# cannot be had
dependencies() {
  if ! command -v cargo-deny >/dev/null; then
    cargo install --quiet --locked cargo-deny --version 0.20.2
  fi
  cargo deny --locked --log-level error check licenses bans sources
  if cargo deny --log-level error fetch db >/dev/null 2>&1; then
    cargo deny --log-level error check advisories
  else
    echo "advisories: their data cannot be had here, not checked"
  fi
}

# the toolchain here is the stated minimum or newer, and no dependency wants a newer one than stated
msrv() {
  local stated there wanted
  stated=$(sed -n 's/^rust-version = "\([0-9.]*\)"/\1/p' Cargo.toml).0
  there=$(rustc --version | cut -d' ' -f2)
  wanted=$(cargo metadata --format-version 1 --locked | tr ',' '\n' |
    sed -n 's/.*"rust_version":"\([0-9.]*\)".*/\1/p' | sort -V | tail -n 1)
  echo "stated $stated, rustc here $there, most wanted by a dependency $wanted"
  in_order "$wanted" "$stated" && in_order "$stated" "$there"
}

in_order() {
  if [ "$(printf '%s\n' "$@" | sort -V | head -n 1)" != "$1" ] && [ "$1" != "$2" ]; then
    echo "tests/run.sh: Rust $2 is older than $1" >&2
    return 1
  fi
}

need sqlite3 sqlite3
need bzip2 bzip2
need cc gcc
need setpriv util-linux
need python3 python3
need pgbouncer pgbouncer
need_smtp_sink
need_exim
need shellcheck shellcheck
need pflogsumm pflogsumm
need_postgres
need_libpq

# every statement that a test sends to the stand-in for Oracle
trace=$PWD/target/oracle-trace
mkdir -p target
rm -f "$trace"

step cargo fmt --all --check
step shellcheck tests/run.sh tests/crash_proof.sh tests/oracle-client/build.sh .github/workflows/*.sh .ci/run benches/*.sh
step cargo clippy --locked --all-targets --quiet -- -D warnings
step tests
# it takes one processor for minutes, beside the other steps
oracle_sql > target/oracle-sql.log 2>&1 &
checking=$!
step sending
step env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet
step msrv
step dependencies
step finished "$checking" oracle_sql target/oracle-sql.log
printf '\nall good after %s s\n' "$SECONDS"
