#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh FOLDER: what the pool is set beside, a program a runtime; what this machine has no compiler or library for is not
# built, and forkpool-bench says so.
set -eu
here=$(dirname "$0")
out=$1
flags="-O2 -g -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion"
rm -rf "$out"
mkdir -p "$out"

can() { # LANGUAGE LIBRARY COMPILER FLAGS...: the source on standard input compiles and links
    language=$1 library=$2
    shift 2
    command -v "$1" >/dev/null && "$@" -o "$out/probe" -x "$language" - "$library" >/dev/null 2>&1
}
# shellcheck disable=SC2086 # words on purpose
c() { gcc -std=c11 $flags "$@"; }

openmp() { # NAME COMPILER FLAG
    # shellcheck disable=SC2086
    "$2" -std=c11 $flags "$3" -o "$out/$1" "$here/main.c" "$here/openmp.c" "$here/../tools.c" -lm
}
openmp libgomp gcc -fopenmp
if echo 'int main(void) { return 0; }' | can c -lm clang -fopenmp=libomp; then openmp libomp clang -fopenmp=libomp; fi
if printf '#include <oneapi/tbb.h>\nint main() { return tbb::this_task_arena::max_concurrency() < 1; }\n' | can c++ -ltbb g++; then
    c -c -o "$out/main.o" "$here/main.c"
    c -c -o "$out/tools.o" "$here/../tools.c"
    # shellcheck disable=SC2086
    g++ -std=c++17 $flags -o "$out/tbb" "$here/tbb.cc" "$out/main.o" "$out/tools.o" -ltbb -lm
fi
if command -v python3 >/dev/null; then cp "$here/python.py" "$out/"; fi
if command -v mpicc >/dev/null; then mpicc -O2 -o "$out/mpi" "$here/mpi.c"; fi
rm -f "$out"/*.o "$out/probe"
