/* SPDX-License-Identifier: MIT */
/* main.c: PEER loop|chunks|tasks [metg]: the cost of an empty task under a thread runtime, or its METG(50 %), ns. */
#include "../bench.h"

#include <stdio.h>
#include <string.h>

enum { COUNT = 1000000, METG_COUNT = 100000, TASKS = 200000, TASKS_METG = 30000 };

static const struct kind {
    const char *name;
    peer_measure *measure;
    size_t count, metg_count;
} kinds[] = {{"loop", peer_loop, COUNT, METG_COUNT}, {"chunks", peer_chunks, COUNT, METG_COUNT}, {"tasks", peer_tasks, TASKS, TASKS_METG}};

static const struct kind *kind;
static int (*volatile task)(void *, unsigned, size_t, size_t) = bench_task; /* called through a pointer, as the pool must */

static double take(unsigned turns, size_t count) { return bench_check(count, turns, kind->measure(task, turns, count)); }

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name)) kind = &kinds[i];
    if (!kind) return fprintf(stderr, "usage: %s loop|chunks|tasks [metg]\n", argv[0]), 2;
    bench_results = share(COUNT * sizeof *bench_results);
    memset(bench_results, 0, COUNT * sizeof *bench_results);
    peer_open();
    size_t count = argc > 2 ? kind->metg_count : kind->count;
    take(0, count); /* first touch of pages, and of the runtime's own memory */
    printf("%f\n", argc > 2 ? metg_of(take, count) : take(0, count) / (double)count * 1e9);
    return 0;
}
