/* SPDX-License-Identifier: MIT */
/* openmp.c: see bench.h; with libgomp or libomp, as the compiler has it. */
#include "../bench.h"

#include <omp.h>

void peer_open(void)
{
#pragma omp parallel num_threads(WORKERS)
    bind_to((unsigned)omp_get_thread_num());
}

double peer_loop(peer_run *run, unsigned turns, size_t count)
{
    double start = seconds_now();
#pragma omp parallel for schedule(dynamic, 1) num_threads(WORKERS)
    for (size_t i = 0; i < count; i++) run(&turns, 0, i, i + 1);
    return seconds_now() - start;
}

double peer_chunks(peer_run *run, unsigned turns, size_t count)
{
    double start = seconds_now();
#pragma omp parallel for schedule(guided) num_threads(WORKERS)
    for (size_t i = 0; i < count; i++) run(&turns, 0, i, i + 1);
    return seconds_now() - start;
}

double peer_tasks(peer_run *run, unsigned turns, size_t count)
{
    double start = seconds_now();
#pragma omp parallel num_threads(WORKERS)
#pragma omp single
    for (size_t i = 0; i < count; i++) {
#pragma omp task firstprivate(i) shared(turns)
        run(&turns, 0, i, i + 1);
    }
    return seconds_now() - start;
}
