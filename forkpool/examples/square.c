/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <stdio.h>
#include <unistd.h>

static long calculate_square(long x)
{
    sleep(1);
    return x * x;
}

int main(void)
{
    struct forkpool *pool = forkpool_open(4);
    if (!pool) {
        fprintf(stderr, "no pool: %s\n", forkpool_reason(NULL));
        return 1;
    }
    struct forkpool_job *a = forkpool_async(pool, calculate_square, 5);
    struct forkpool_job *b = forkpool_async(pool, calculate_square, 10);
    forkpool_close(pool);
    forkpool_join(pool, FORKPOOL_FOREVER);
    printf("%ld %ld\n", forkpool_value(a), forkpool_value(b));
    forkpool_delete(pool);
}
