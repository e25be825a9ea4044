/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/elsewhere.h"

#include "bench/measure/manifest.h"

#include "results/record/record.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCKS = 6, TASKS = 6400, CELLS_MAX = 64 }; /* the fewest blocks that have an interval */

static const struct simulated_machine modelled = {
    .cpus = ELSEWHERE_WORKERS, .cores = ELSEWHERE_MACHINE_CORES, .thread_gain = 0.25, .bandwidth_workers = 9};
static const char topology[] = "pack:2 [numa] l3:1 core:16 pu:2";
const char elsewhere_machine[] =
    "a model of 2 packages with 16 cores each and 2 hardware threads on a core. It assumes that a second thread adds a "
    "quarter of a core and that the memory feeds 9 cores; it shows the shape, not the numbers of any computer";

/* ---- the model ---- */

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

/* ---- the cells ---- */

struct grid {
    struct cell cells[CELLS_MAX];
    unsigned count, baseline;
};

static void add(struct grid *grid, const char *kernel, const char *placement, unsigned workers)
{
    struct cell *cell = &grid->cells[grid->count];
    if (grid->count == CELLS_MAX) return;
    if (!workers) grid->baseline = grid->count;
    *cell = (struct cell){.id = grid->count,
                          .baseline = grid->baseline,
                          .duplicate = grid->count,
                          .study = "run",
                          .schedule = "default",
                          .size = 1,
                          .tasks = TASKS,
                          .task_time_ns = 100000,
                          .seed = 1,
                          .processes = 1,
                          .threads = workers ? workers : 1};
    snprintf(cell->kernel, sizeof cell->kernel, "%s", kernel);
    snprintf(cell->label, sizeof cell->label, "%s", kernel);
    snprintf(cell->runner, sizeof cell->runner, "%s", workers ? "openmp" : "serial");
    snprintf(cell->placement, sizeof cell->placement, "%s", placement);
    grid->count++;
}

static void grid_fill(const struct elsewhere *elsewhere, struct grid *grid)
{
    for (const char *kernel = elsewhere->kernels; *kernel; kernel += *kernel == ',') {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(kernel, ","), kernel);
        kernel += strcspn(kernel, ",");
        add(grid, name, "none", 0);
        for (int packed = 0; packed <= (elsewhere->packed ? 1 : 0); packed++)
            for (unsigned workers = 1; workers <= ELSEWHERE_WORKERS; workers *= 2)
                add(grid, name, packed ? elsewhere->packed : "spread", workers);
    }
}

/* Packed: two workers on a core from the second on. */
static double time_of(const struct cell *cell)
{
    struct simulated_machine here = modelled;
    struct simulated_workload workload = {.tasks = TASKS,
                                          .pool = {.chunk_serial_ns = 10, .chunk_worker_ns = 200, .task_ns = 1e5},
                                          .memory = !strcmp(cell->kernel, "triad")};
    if (strcmp(cell->placement, "none") && strcmp(cell->placement, "spread")) {
        here.cores = (cell->threads + 1) / 2;
        here.cpus = cell->threads;
    }
    bool serial = !strcmp(cell->runner, "serial");
    return simulated_time(&here, &workload, SIMULATED_STATIC, serial ? 0 : cell->threads, 1);
}

/* ---- the record ---- */

static int write_samples(int fd, const struct grid *grid)
{
    int status = 0;
    for (unsigned i = 0; !status && i < BLOCKS * grid->count; i++) {
        const struct cell *cell = &grid->cells[i % grid->count];
        struct sample sample = sample_unmeasured();
        sample.cell = cell->id;
        sample.block = i / grid->count;
        sample.order = i % grid->count;
        sample.began_ns = (int64_t)i * 1000000000;
        sample.wall_ns = (int64_t)time_of(cell);
        sample.start_ns = sample.stop_ns = 0;
        snprintf(sample.status, sizeof sample.status, "ok");
        sample.user_ns = sample.wall_ns * cell->threads;
        status = record_append_sample(fd, &sample);
    }
    return status;
}

static int write_manifest(const char *dir, const struct grid *grid)
{
    json_t *cells = json_array();
    for (unsigned i = 0; i < grid->count; i++) json_array_append_new(cells, cell_to_json(&grid->cells[i]));
    json_t *manifest = json_pack(
        "{si ss sb sb so* so*}", "schema", RECORD_SCHEMA, "name", "simulated", "complete", 1, "simulated", 1, "host",
        json_pack("{ss ss si si si si}", "hostname", "nowhere", "model", "a simulated machine", "cpus",
                  (int)modelled.cpus, "cores", (int)modelled.cores, "packages", 2, "numa", 2),
        "cells", cells);
    int status = manifest_write(dir, manifest);
    json_decref(manifest);
    return status;
}

int elsewhere_record(const struct elsewhere *elsewhere, const char *dir)
{
    struct grid grid = {.count = 0};
    if (mkdir(dir, 0777) && errno != EEXIST) return -errno;
    grid_fill(elsewhere, &grid);
    int fd = record_open_samples(dir), status = fd < 0 ? fd : write_samples(fd, &grid);
    if (fd >= 0) close(fd);
    if (!status) status = manifest_write_synthetic(dir, topology);
    return status ? status : write_manifest(dir, &grid);
}
