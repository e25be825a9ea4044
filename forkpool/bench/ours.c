/* SPDX-License-Identifier: MIT */
/* ours.c: forkpool's figures. */
#include "bench.h"

#include <forkpool.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAP_TASKS = 1000000, METG_TASKS = 100000, SUBMITS = 200000, SUBMIT_METG_TASKS = 30000, WINDOW = 512, CALLS = 2000, BATCH = 1000, BATCHES = 50 };

static unsigned *turns_shared;

static struct forkpool *pool_open(unsigned workers, bool bound)
{
    const char *cpus[WORKERS] = {cpu_text(0), cpu_text(1)};
    struct forkpool_config config = {.workers = workers, .cpus = bound ? cpus : NULL};
    struct forkpool *pool = NULL;
    bench_results = share(MAP_TASKS * sizeof *bench_results);
    turns_shared = share(sizeof *turns_shared);
    if (!bench_results || !turns_shared) return NULL;
    memset(bench_results, 0, MAP_TASKS * sizeof *bench_results);
    return forkpool_open_with(&config, &pool, NULL, 0) ? NULL : pool;
}

static struct forkpool *shared_pool;

static enum forkpool_schedule schedule = FORKPOOL_DYNAMIC;

static double map_seconds(unsigned turns, size_t count)
{
    struct forkpool_map map = {.tasks = count, .range = bench_task, .context = turns_shared, .schedule = schedule, .chunk = 1};
    *turns_shared = turns;
    double start = seconds_now();
    int rc = forkpool_map(shared_pool, &map);
    double took = seconds_now() - start;
    return rc ? NAN : bench_check(count, turns, took);
}

static long call(long i) { return bench_work((uint32_t)i + 1, *turns_shared); }

static double submit_seconds(unsigned turns, size_t count)
{
    struct forkpool_job *jobs[WINDOW];
    *turns_shared = turns;
    double start = seconds_now();
    for (size_t i = 0; i < count + WINDOW; i++) {
        struct forkpool_job **job = &jobs[i % WINDOW];
        if (i >= WINDOW && i - WINDOW < count) {
            bench_results[i - WINDOW] = (uint32_t)forkpool_value(*job);
            forkpool_release(*job);
        }
        if (i < count && !(*job = forkpool_async(shared_pool, call, (long)i))) return NAN;
    }
    double took = seconds_now() - start;
    return bench_check(count, turns, took);
}

/* Of one of these two loops, ns a task; `before` tasks are the first touch of pages. */
static double cost(double (*tasks)(unsigned, size_t), unsigned workers, bool bound, size_t before, size_t count)
{
    shared_pool = pool_open(workers, bound);
    tasks(0, before);
    double took = tasks(0, count);
    forkpool_delete(shared_pool);
    return took / (double)count * 1e9;
}
double ours_map(void) { return cost(map_seconds, WORKERS, true, MAP_TASKS, MAP_TASKS); }
double ours_map_auto(void)
{
    schedule = FORKPOOL_AUTO;
    return ours_map();
}
double ours_map_crowded(void) { return cost(map_seconds, MANY, false, MAP_TASKS, MAP_TASKS); }
double ours_submit(void) { return cost(submit_seconds, WORKERS, false, SUBMITS / 4, SUBMITS); }
double ours_submit_crowded(void) { return cost(submit_seconds, MANY, false, SUBMITS / 4, SUBMITS); }

static double metg(double (*tasks)(unsigned, size_t), bool bound, size_t count)
{
    shared_pool = pool_open(WORKERS, bound);
    tasks(0, count);
    double least = metg_of(tasks, count);
    forkpool_delete(shared_pool);
    return least;
}
double ours_map_metg(void) { return metg(map_seconds, true, METG_TASKS); }
double ours_submit_metg(void) { return metg(submit_seconds, false, SUBMIT_METG_TASKS); }

static int empty(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    return 0;
}

/* A batch of BATCH tasks: the median of the call alone, or until all have ended and are released; ns a task. */
static double batch_cost(bool whole)
{
    static struct forkpool_task tasks[BATCH];
    static struct forkpool_job *jobs[BATCH];
    double took[BATCHES];
    struct forkpool *pool = forkpool_open(WORKERS);
    for (int i = 0; i < BATCH; i++) tasks[i].run = empty;
    for (int batch = 0; batch < BATCHES; batch++) {
        double start = seconds_now();
        if (forkpool_submit_many(pool, tasks, BATCH, jobs)) return NAN;
        double called = seconds_now();
        if (forkpool_wait_all(jobs, BATCH, FORKPOOL_FOREVER)) return NAN;
        for (int i = 0; i < BATCH; i++) forkpool_release(jobs[i]);
        took[batch] = ((whole ? seconds_now() : called) - start) / BATCH * 1e9;
    }
    forkpool_delete(pool);
    qsort(took, BATCHES, sizeof *took, by_size);
    return took[BATCHES / 2];
}
double ours_submit_many(void) { return batch_cost(false); }
double ours_batch(void) { return batch_cost(true); }

/* Median of single calls; `gap_us` between them. */
static double call_cost(unsigned calls, unsigned gap_us)
{
    static double took[CALLS];
    const char *cpu = cpu_text(1);
    struct forkpool_config config = {.workers = 1, .cpus = &cpu};
    struct forkpool *pool = NULL;
    turns_shared = share(sizeof *turns_shared);
    bind_to(0);
    if (forkpool_open_with(&config, &pool, NULL, 0)) return NAN;
    for (unsigned i = 0; i < calls; i++) {
        if (gap_us) usleep(gap_us);
        double start = seconds_now();
        struct forkpool_job *job = forkpool_async(pool, call, 1);
        forkpool_value(job);
        took[i] = (seconds_now() - start) * 1e9;
        forkpool_release(job);
    }
    forkpool_delete(pool);
    qsort(took, calls, sizeof *took, by_size);
    return took[calls / 2];
}
double ours_call_hot(void) { return call_cost(CALLS, 0); }
double ours_call_parked(void) { return call_cost(60, 2000); }

static double start_stop(unsigned workers)
{
    double start = seconds_now();
    struct forkpool *pool = forkpool_open(workers);
    if (!pool) return NAN;
    forkpool_close(pool);
    forkpool_join(pool, FORKPOOL_FOREVER);
    double took = seconds_now() - start;
    forkpool_delete(pool);
    return took * 1e6;
}
double ours_start_stop(void) { return start_stop(WORKERS); }
double ours_start_stop_many(void) { return start_stop(MANY); }

double ours_pss(void)
{
    struct forkpool *pool = forkpool_open(WORKERS);
    struct forkpool_worker_stats stats;
    usleep(20000);
    forkpool_worker_stats(pool, 0, &stats);
    double kilobytes = pss_of(stats.pid);
    forkpool_delete(pool);
    return kilobytes;
}

static long nap(long us) { struct timespec t = {us / 1000000, us % 1000000 * 1000}; nanosleep(&t, NULL); return us; }

double ours_sleeps(void)
{
    struct forkpool_job *jobs[MANY];
    double start = seconds_now();
    struct forkpool *pool = forkpool_open(MANY);
    for (int i = 0; i < MANY; i++) jobs[i] = forkpool_async(pool, nap, 10000);
    forkpool_wait_all(jobs, MANY, FORKPOOL_FOREVER);
    double took = seconds_now() - start;
    forkpool_delete(pool);
    return took * 1e3;
}

/* Utime and stime of a live process, in clock ticks of 10 ms, are too coarse: its scheduler statistics are in ns. */
static double cpu_of(int pid) { return process_number(pid, "schedstat", "%lf") * 1e-9; }

/* Workers and spawn server together. */
double ours_idle_cpu(void)
{
    struct forkpool *pool = forkpool_open(WORKERS);
    int pids[WORKERS + 1];
    double before = 0, after = 0, start;
    usleep(50000); /* until the server has settled */
    for (unsigned i = 0; i < WORKERS; i++) {
        struct forkpool_worker_stats stats;
        forkpool_worker_stats(pool, i, &stats);
        before += cpu_of(pids[i] = stats.pid);
    }
    pids[WORKERS] = (int)process_number(pids[0], "stat", "%*d (%*[^)]) %*c %lf"); /* a worker's parent: the server */
    before += cpu_of(pids[WORKERS]);
    start = seconds_now();
    usleep(300000);
    for (unsigned i = 0; i <= WORKERS; i++) after += cpu_of(pids[i]);
    double share_of_cpu = (after - before) / (seconds_now() - start);
    forkpool_delete(pool);
    return share_of_cpu * 100;
}

double ours_waiting_cpu(void)
{
    struct forkpool *pool = forkpool_open(WORKERS);
    double start = seconds_now();
    clock_t before = clock();
    forkpool_value(forkpool_async(pool, nap, 300000));
    double share_of_cpu = (double)(clock() - before) / CLOCKS_PER_SEC / (seconds_now() - start);
    forkpool_delete(pool);
    return share_of_cpu * 100;
}

static int ends_only(const void *argument, size_t argument_bytes, void *result, size_t bytes)
{
    (void)argument, (void)argument_bytes;
    ((char *)result)[0] = ((char *)result)[bytes - 1] = 1;
    return 0;
}

/* A result whose task writes its ends alone: were it copied on the way, it would take as long as a copy. */
double ours_large_result(void)
{
    const size_t bytes = 16 << 20;
    struct forkpool *pool = forkpool_open(1);
    struct forkpool_task task = {.run = ends_only, .result_bytes = bytes, .result = forkpool_alloc(pool, bytes)};
    double best = INFINITY;
    for (int i = 0; i < 20; i++) {
        double start = seconds_now();
        if (forkpool_call(pool, &task, NULL, FORKPOOL_FOREVER)) return NAN;
        double took = seconds_now() - start;
        if (took < best) best = took;
    }
    forkpool_delete(pool);
    return best * 1e6;
}

static int fill(const void *argument, size_t argument_bytes, void *result, size_t bytes)
{
    (void)argument, (void)argument_bytes;
    memset(result, 7, bytes);
    return 0;
}

double ours_copied(void)
{
    enum { BYTES = 16 << 20 };
    struct forkpool *pool = forkpool_open(1);
    char *to = malloc(BYTES);
    double total = 0;
    if (!to) return NAN;
    memset(to, 0, BYTES);
    for (int i = 0; i < 5; i++) {
        struct forkpool_task task = {.run = fill, .result_bytes = BYTES};
        struct forkpool_job *job;
        if (forkpool_submit(pool, &task, &job) || forkpool_wait(job, FORKPOOL_FOREVER)) return NAN;
        if (forkpool_get(job, to, BYTES, 0)) return NAN; /* maps the pages, as the peer's first copy does */
        double start = seconds_now();
        if (forkpool_get(job, to, BYTES, 0)) return NAN;
        total += seconds_now() - start;
        if (to[BYTES - 1] != 7) return NAN;
        forkpool_release(job);
    }
    forkpool_delete(pool);
    free(to);
    return 5.0 * BYTES / total * 1e-9;
}

/* Twice as many workers as cpus, a cpu's worth of them in endless tasks: how long a task waits to start, p99.9 in ticks. */
static long spin(long argument)
{
    while (!forkpool_stopping()) bench_work(1, 1000);
    return argument;
}
static long started_at(long argument) { return (void)argument, nanoseconds_now(); }

double ours_start_delay(void)
{
    unsigned cpus = cpus_here();
    struct forkpool *pool = forkpool_open(2 * cpus);
    if (!pool) return NAN;
    for (unsigned i = 0; i < cpus; i++) forkpool_release(forkpool_async(pool, spin, 0));
    usleep(20000);
    static double delays[DELAYS];
    for (int i = 0; i < DELAYS; i++) {
        usleep(1000);
        long before = nanoseconds_now();
        struct forkpool_job *job = forkpool_async(pool, started_at, 0);
        delays[i] = (double)(forkpool_value(job) - before);
        forkpool_release(job);
    }
    forkpool_delete(pool);
    return late_ticks(delays);
}
