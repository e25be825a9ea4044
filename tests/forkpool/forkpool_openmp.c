/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults 24 and 25: the program has used OpenMP before it opens a pool, and again before a worker is replaced; workers
 * run parallel regions. Opening inside a region is refused. Compiled with each compiler's own runtime; a deadline is the
 * caller's. Exit status 0: all good. */
#include "forkpool/forkpool.h"

#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long region(long threads)
{
    long sum = 0;
#pragma omp parallel num_threads((int)threads) reduction(+ : sum)
    sum += 1;
    return sum;
}

static long die(long x)
{
    region(2);
    kill(getpid(), SIGKILL);
    return x;
}

static void must(int good, const char *what)
{
    if (good) return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static void use(struct forkpool *pool, int workers)
{
    struct forkpool_job *jobs[16];
    for (int i = 0; i < 4 * workers; i++) jobs[i] = forkpool_async(pool, region, 2 + i % 2);
    for (int i = 0; i < 4 * workers; i++) must(forkpool_value(jobs[i]) == 2 + i % 2, "a region in a worker");
}

int main(void)
{
    struct forkpool_config two = {.workers = 2};
    struct forkpool *pool = NULL;
    char why[200];
    must(region(2) == 2, "a region in the program, before opening");
    must(!forkpool_open_with(&two, &pool, why, sizeof why), why);
    use(pool, 2);
    for (int i = 0; i < 3; i++) {
        must(region(4) == 4, "a region in the program, before a replacement");
        struct forkpool_job *job = forkpool_async(pool, die, 1);
        forkpool_wait(job, FORKPOOL_FOREVER);
        must(forkpool_status(job) == FORKPOOL_LOST, "a worker lost");
        use(pool, 2);
    }
    must(region(2) == 2, "a region in the program, after");
    forkpool_delete(pool);
    int refused = 0;
#pragma omp parallel num_threads(2) reduction(+ : refused)
    {
        struct forkpool *inside = NULL;
        char text[200];
        refused += forkpool_open_with(&two, &inside, text, sizeof text) == FORKPOOL_NESTED && strstr(text, "parallel region");
    }
    must(refused == 2, "opening inside a region is refused");
    puts("good");
    return 0;
}
