# shellcheck shell=bash
# What the benchmarks share: where things are, timing, peak memory and the table of the statements by hand. Sourced, after
# `name` was set to what the script is called in messages; `scratch` has to be a folder of the run's own.
#
# MAILTHROTTLE_BENCH_DIR  where tables and logs are kept and reused (target/bench)
# MAILTHROTTLE_BIN        the program (target/release/mailthrottle)
# MAILTHROTTLE_ROUNDS     how often each is timed (3)
export LC_ALL=C
unset MAILTHROTTLE_CONFIG MAILTHROTTLE_DB DATABASE_URL

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${MAILTHROTTLE_BENCH_DIR:-$here/../target/bench}
bin=${MAILTHROTTLE_BIN:-$here/../target/release/mailthrottle}
rounds=${MAILTHROTTLE_ROUNDS:-3}
[[ -x $bin ]] || { echo "${name:?}: no $bin, run cargo build --release first" >&2; exit 1; }
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# Appends the milliseconds that COMMAND takes to the times of NAME.
timed() {                            # NAME COMMAND...
  local start=${EPOCHREALTIME/./}
  "${@:2}"
  echo $(((${EPOCHREALTIME/./} - start) / 1000)) >> "${scratch:?}/$1.ms"
}

median() {                           # NAME
  sort -n "$scratch/$1.ms" | sed -n "$(((rounds + 1) / 2))p"
}

seconds() { awk -v ms="$1" 'BEGIN { printf "%.2f s", ms / 1000 }'; }
megabytes() { awk -v kb="$1" 'BEGIN { printf "%.1f MB", kb / 1024 }'; }
ratio() { awk -v a="$1" -v b="$2" -v digits="${3:-2}" 'BEGIN { printf "%.*f", digits, a / (b ? b : 1) }'; }

# Peak memory of COMMAND in kB: asked of time(1), or read from /proc while it runs.
peak_kb() {                          # COMMAND...
  echo 0 > "$scratch/peak"
  if [[ -x /usr/bin/time ]]; then
    /usr/bin/time -o "$scratch/peak" -f %M "$@" > "$scratch/peak.out"
  else
    "$@" > "$scratch/peak.out" &
    while grep VmHWM "/proc/$!/status" > "$scratch/now" 2> /dev/null; do
      awk '{ print $2 }' "$scratch/now" > "$scratch/peak"
      sleep 0.01
    done
    wait $!
  fi
  cat "$scratch/peak"
}

# The statements in hand_written/DIALECT, in the order they are asked.
statements() {                       # DIALECT
  printf '%s\n' "$here/hand_written/$1"/*.sql
}

# The table's lines on the statements and the report, which must have been timed.
compare() {                          # DIALECT
  local sum=0 statement part
  while read -r statement; do
    part=$(median "$(basename "$statement" .sql)")
    sum=$((sum + part))
    echo "| by hand: $(basename "$statement" .sql) | $(seconds "$part") |"
  done < <(statements "$1")
  echo "| by hand: all four | $(seconds $sum) |"
  echo "| report --since all | $(seconds "$(median report)") |"
  echo "| report / all four | $(ratio "$(median report)" $sum) |"
}
