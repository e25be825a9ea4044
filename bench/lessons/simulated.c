/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/simulated.h"

#include <math.h>

/* How much longer a task takes with so many workers beside it. */
static double dilation(const struct simulated_machine *machine, const struct simulated_workload *workload,
                       double workers)
{
    double cores = fmin(workers, machine->cores);
    double speed = cores + machine->thread_gain * (fmin(workers, machine->cpus) - cores);
    double cpu = workers / speed, bus = fmax(cpu, workers / machine->bandwidth_workers);
    return ((1 - workload->memory) * cpu + workload->memory * bus) *
           (1 + workload->sigma * (workers - 1) + workload->kappa * workers * (workers - 1));
}

double simulated_time(const struct simulated_machine *machine, const struct simulated_workload *workload,
                      enum simulated_schedule schedule, double workers, double chunk)
{
    double n = workload->tasks;
    struct pool_model pool = workload->pool;
    if (workers < 1) return n * pool.task_ns;
    double slow = dilation(machine, workload, workers), chunk_ns = pool.chunk_serial_ns + pool.chunk_worker_ns;
    pool.task_ns *= slow, pool.task_sd_ns *= slow;
    if (schedule == SIMULATED_STATIC) chunk = ceil(n / workers);
    chunk = fmin(fmax(chunk, 1), ceil(n / workers));
    if (schedule == SIMULATED_GUIDED) { /* each chunk 1/2p of what is left */
        double first = fmax(chunk, n / (2 * workers)), chunks = 2 * workers * (1 + log(first / chunk));
        double start = pool.start_ns + pool.start_per_worker_ns * workers;
        double work = n / workers * pool.task_ns + chunks / workers * chunk_ns;
        double tail =
            pool.task_sd_ns * fmax(sqrt(2 * chunk * log(workers)), sqrt(2 * first * log(workers)) - 0.5 * n / workers);
        return start + fmax(chunks * pool.chunk_serial_ns, work) + tail;
    }
    double rounds = ceil(ceil(n / chunk) / workers) * (chunk * pool.task_ns + chunk_ns);
    return fmax(models_pool_time(&pool, n, workers, chunk),
                pool.start_ns + pool.start_per_worker_ns * workers + rounds);
}
