# SPDX-License-Identifier: GPL-3.0-or-later
# The pool beside OpenMP, with gcc's libgomp and with clang's libomp.

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
    try clang
    ldd "$BATS_TEST_TMPDIR/program" | grep -q libomp
}
