#!/bin/sh
# Builds the stand-in: build.sh FOLDER puts libclntsh.so there, and libclntshcore.so, which it needs and which only the
# loader's path finds, as with Instant Client. FOLDER/linked has one that finds it by itself, for a process that cannot
# change its path any more. Needs a C compiler and libpq-dev.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
core="text.c number.c datetime.c"
mkdir -p "$1/linked"
to=$(cd "$1" && pwd)
cd "$from"
include=$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)

# build FILE ARGUMENT...: a library, there at once as a whole
build() {
  file=$1
  shift
  ${CC:-cc} -std=c11 -D_GNU_SOURCE -O0 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -pthread \
    -I "$include" -o "$file.new" -Wl,-soname,"${file##*/}" "$@"
  mv "$file.new" "$file"
}

rest=$(ls ./*.c)
for file in $core; do rest=$(echo "$rest" | grep -v "/$file\$"); done
# shellcheck disable=SC2086 # a list of files
build "$to/libclntshcore.so" $core
# shellcheck disable=SC2086
build "$to/libclntsh.so" $rest -L "$to" -lclntshcore -lpq -lm
# shellcheck disable=SC2086,SC2016
build "$to/linked/libclntsh.so" $rest -L "$to" -lclntshcore -lpq -lm -Wl,-rpath,'$ORIGIN/..'
