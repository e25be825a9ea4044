/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <omp.h>
#include <stdio.h>

static long team_size(long unused)
{
    long threads = 0;
    (void)unused;
#pragma omp parallel reduction(+ : threads)
    threads += 1;
    return threads;
}

int main(void)
{
    long before = team_size(0) > 0; /* the program may have used OpenMP already */
    const char *cpus[2] = {"0", "0-1"};
    struct forkpool_config config = {0};
    struct forkpool *pool = NULL;
    char why[200];
    config.workers = 2;
    config.threads = 3; /* OpenMP threads of each worker */
    config.cpus = cpus; /* and the cpus that they share */
    if (forkpool_open_with(&config, &pool, why, sizeof why)) {
        printf("%s\n", why);
        return 1;
    }
    struct forkpool_job *a = forkpool_async(pool, team_size, 0), *b = forkpool_async(pool, team_size, 0);
    printf("threads: %ld and %ld\n", forkpool_value(a), forkpool_value(b));
    forkpool_delete(pool);
    return before ? 0 : 1;
}
