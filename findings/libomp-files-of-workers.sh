#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a forked child that uses OpenMP and ends by _exit(2), as children of process pools do, leaves nothing behind.
# Truth:  LLVM's runtime registers each process in a file /dev/shm/__KMP_REGISTERED_LIB_<pid>_<uid> of 1 KiB, and removes it in a
#         destructor, which _exit and signals skip: one file a worker stays, until the machine restarts. GNU's makes none.
# Seen:   libomp 14.0.6 (Debian 12's libomp5-14), with gcc 12's code and with clang's, 2026-11-29.
# Do:     unlink it by the worker's pid when it has ended, or in what it runs last.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
command -v cc >/dev/null || { echo "needs a C compiler"; exit 77; }
(cd "$work" && apt-get -qq download libomp5-14 && dpkg-deb -x libomp5-14_*.deb .) 2>/dev/null || { echo "cannot fetch libomp5-14"; exit 77; }
libomp=$(find "$work" -name 'libomp.so.5' | head -n 1)
[ -n "$libomp" ] || { echo "no libomp.so.5 in libomp5-14"; exit 77; }
cat >"$work/worker.c" <<'C'
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    pid_t pid = fork();
    if (!pid) {
        int sum = 0;
#pragma omp parallel for num_threads(2) reduction(+ : sum)
        for (int i = 0; i < 10; i++) sum += i;
        _exit(sum != 45);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("%d\n", pid);
    return !!status;
}
C
cc -fopenmp -o "$work/worker" "$work/worker.c" || exit 77
left() { # RUNTIME: files in /dev/shm that hold the worker's number
    pid=$(LD_PRELOAD=$1 "$work/worker") || exit 77
    find /dev/shm -maxdepth 1 -name "__KMP_REGISTERED_LIB_${pid}_*" -print -delete | grep -c .
}
llvm=$(left "$libomp")
gnu=$(left "")
echo "$(basename "$work"/libomp5-14_*.deb): $llvm file left by a worker that ended by _exit; by libgomp's worker: $gnu"
[ "$llvm" = 1 ] && [ "$gnu" = 0 ]
