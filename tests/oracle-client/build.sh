#!/bin/sh
# Builds the stand-in: build.sh FOLDER puts libclntsh.so there. Needs a C compiler and libpq-dev.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
include=$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
${CC:-cc} -std=c11 -D_GNU_SOURCE -O0 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -pthread \
  -I "$include" -o "$1/libclntsh.so.new" "$from"/*.c -lpq -lm
mv "$1/libclntsh.so.new" "$1/libclntsh.so"
