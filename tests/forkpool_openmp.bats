# SPDX-License-Identifier: GPL-3.0-or-later
# The pool beside OpenMP, with gcc's libgomp and with clang's libomp.

# registered: what LLVM's runtime has written of each process
registered() { find /dev/shm -maxdepth 1 -name '__KMP_REGISTERED_LIB_*' | sort; }

# forget FILE...: removes those whose process is gone; other tests' processes have theirs, and remove them
forget() {
    local file process
    for file in "$@"; do
        process=${file#*_LIB_}
        [ -d "/proc/${process%%_*}" ] || rm -f "$file"
    done
}

try() {
    "$@" -iquote . -O2 -D_GNU_SOURCE -fopenmp tests/forkpool/forkpool_openmp.c "${BUILD:-build}/libforkpool.a" -o "$BATS_TEST_TMPDIR/program"
    run timeout -s KILL 30 "$BATS_TEST_TMPDIR/program"
    echo "$output"
    [ "$status" = 0 ]
    OMP_PROC_BIND=true run timeout -s KILL 30 "$BATS_TEST_TMPDIR/program"
    [ "$status" = 0 ]
}

@test "OpenMP before, beside and inside the pool: gcc and libgomp" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    try gcc
}

@test "OpenMP before, beside and inside the pool: clang and libomp" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    command -v clang >/dev/null || skip "clang is not installed"
    registered >"$BATS_TEST_TMPDIR/before"
    try clang
    mapfile -t left < <(comm -13 "$BATS_TEST_TMPDIR/before" <(registered))
    forget "${left[@]}" # workers end by _exit: see forkpool/README.md
    ldd "$BATS_TEST_TMPDIR/program" | grep -q libomp
}

@test "repetitions under LLVM's OpenMP leave none of its files" {
    [ -z "${SANITIZED:-}" ] || skip "a sanitizer must be loaded first"
    library=$(find /usr/lib -name 'libomp.so.5' 2>/dev/null | head -n 1)
    [ -n "$library" ] || skip "LLVM's OpenMP is not installed"
    unshare -rm true 2>/dev/null || skip "no mount namespace can be made here"
    export BREAKEVEN_GNUPLOT=/nonexistent
    # shellcheck disable=SC2016 # for that shell
    unshare -rm sh -c 'mount -t tmpfs none /dev/shm && LD_PRELOAD=$1 "$0" run --kernel primes --tasks 40 --size 100 \
        --runner hybrid --processes 2 --threads 2 --reps 2 --warmup 0 -o "$2" >"$2.out" && ls -A /dev/shm >"$2.left"' \
        "${BREAKEVEN:-$PWD/build/breakeven}" "$library" "$BATS_TEST_TMPDIR/run"
    [ ! -s "$BATS_TEST_TMPDIR/run.left" ]
}
