# SPDX-License-Identifier: GPL-3.0-or-later
# examples/forkpool.py: the pool from Python, and that its structs are the header's.

setup() {
    command -v python3 >/dev/null || skip "python3 is missing"
    [ -z "${SANITIZED:-}" ] || skip "python3 without the sanitizer cannot load a sanitized library"
    root=$PWD
    export FORKPOOL_LIBRARY=$root/${BUILD:-build}/libforkpool.so.0 PYTHONPATH=$root/examples PYTHONDONTWRITEBYTECODE=1
    cd "$BATS_TEST_TMPDIR"
}

@test "a C function of a shared object over an array: a crash and a failure end their items alone" {
    cat > half.c <<'C'
#include <stdlib.h>
int half(void *context, const void *input, void *output)
{
    double x = *(const double *)input;
    (void)context;
    if (x == 3) abort();
    if (x == 4) return 7;
    *(double *)output = x / 2;
    return 0;
}
C
    gcc -O2 -shared -fPIC -o half.so half.c
    run timeout -s KILL 20 python3 "$root/examples/forkpool.py" ./half.so half 1 2 3 4 5
    echo "$output"
    [ "$status" = 1 ]
    [ "$output" = $'0.5\n1\nfailed: the task\'s worker died\nfailed: the task returned 7\n2.5' ]
    run timeout -s KILL 20 python3 "$root/examples/forkpool.py" ./half.so half 1 2
    [ "$status" = 0 ]
}

@test "the structs of the example are those of forkpool.h, member by member" {
    cat > layout.c <<'C'
#include "forkpool/forkpool.h"
#include <stdio.h>
#define AT(type, member) printf("%s.%s %zu %zu\n", #type, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member))
int main(void)
{
    AT(forkpool_limits, soft_ns), AT(forkpool_limits, hard_ns), AT(forkpool_limits, cpu_ns), AT(forkpool_limits, retries);
    AT(forkpool_map, tasks), AT(forkpool_map, range), AT(forkpool_map, item), AT(forkpool_map, context);
    AT(forkpool_map, context_bytes), AT(forkpool_map, input), AT(forkpool_map, input_stride), AT(forkpool_map, output);
    AT(forkpool_map, output_stride), AT(forkpool_map, status), AT(forkpool_map, schedule), AT(forkpool_map, chunk);
    AT(forkpool_map, flags), AT(forkpool_map, limits), AT(forkpool_map, done), AT(forkpool_map, failed), AT(forkpool_map, feed);
    AT(forkpool_map, user);
    printf("%zu %zu\n", sizeof(struct forkpool_limits), sizeof(struct forkpool_map));
    return 0;
}
C
    gcc -iquote "$root" -o layout layout.c
    python3 - > python.txt <<'PYTHON'
import ctypes
import forkpool
for name, struct in (("forkpool_limits", forkpool.Limits), ("forkpool_map", forkpool.Map)):
    for member, kind in struct._fields_:
        print(f"{name}.{member} {getattr(struct, member).offset} {ctypes.sizeof(kind)}")
print(ctypes.sizeof(forkpool.Limits), ctypes.sizeof(forkpool.Map))
PYTHON
    ./layout > c.txt
    diff c.txt python.txt
}
