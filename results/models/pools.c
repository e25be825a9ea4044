/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pools.c: the costs of each runner, fitted to the cells of a study (pool_fit.h), and each cell's predicted time. */
#include "results/models/summary_parts.h"
#include "results/models/whatif.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double parts_chunk(const struct cell *cell)
{
    double tasks = (double)cell->tasks, workers = parts_workers(cell);
    bool openmp = !strcmp(cell->runner, "openmp"), plain = !strcmp(cell->schedule, "default");
    if (cell->processes > 1 && cell->threads > 1)
        return 0; /* a chunk is claimed by a process and shared by its threads */
    if (!strcmp(cell->schedule, "guided") || !strcmp(cell->schedule, "steal")) return 0;
    if (cell->chunk) return (double)cell->chunk < tasks ? (double)cell->chunk : tasks;
    if (!strcmp(cell->schedule, "static") || (openmp && (plain || !strcmp(cell->schedule, "taskloop"))))
        return ceil(tasks / workers);
    return openmp && !plain ? 1 : 0; /* dynamic, tasks; how much other runners take by default is their secret */
}

/* The bytes of a task's result, as the manifest tells; 0 where it does not. */
static double bytes_of(const struct run *run, const struct cell *cell)
{
    return json_number_value(json_array_get(json_object_get(run->manifest, "result_bytes"), cell->id));
}

/* The measured cells; their times alone and together as points. Returns how many are for the fit: those stand first. */
static size_t points_of(const struct summary *summary, struct pool_costs *pool, const struct cell **group, size_t count,
                        struct pool_point *points)
{
    size_t fit = 0;
    bool known = false; /* of one: those of which it is not are left out, since each would have another r */
    for (size_t i = 0; i < count; i++) known |= parts_chunk(group[i]) >= 1;
    for (int beyond = 0; beyond < 2; beyond++)
        for (size_t i = 0; i < count; i++) {
            const struct cell_summary *row = parts_row(summary, group[i]);
            double wall = row->quantity[QUANTITY_wall_ns].median, task = row->quantity[QUANTITY_task_ns].median;
            double chunk = parts_chunk(group[i]);
            if ((row->workers > pool->fit_max_workers) != beyond || !(wall > 0) || !(task >= 0) || (known && chunk < 1))
                continue;
            points[pool->count] = (struct pool_point){.workers = row->workers,
                                                      .chunk = chunk,
                                                      .tasks = (double)group[i]->tasks,
                                                      .task_ns = task,
                                                      .bytes = bytes_of(summary->run, group[i]),
                                                      .time_ns = wall};
            pool->cells[pool->count++] = (struct pool_cell){row, NAN};
            fit += !beyond;
        }
    return fit;
}

/* A cost per byte is asked for where results of several sizes were measured. */
static void bytes_settle(struct pool_point *points, size_t count)
{
    bool differ = false;
    for (size_t i = 1; i < count; i++) differ |= points[i].bytes != points[0].bytes;
    for (size_t i = 0; !differ && i < count; i++) points[i].bytes = 0;
}

static void start_fit(struct pool_costs *pool, size_t count, double *room)
{
    static const struct pool_start unknown = {{NAN, NAN, NAN, 0}, {NAN, NAN, NAN, 0}, {NAN, NAN}, {{NAN, NAN}, {NAN, NAN}}, NAN, NAN, 0};
    double *workers = room, *time = room + count;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct quantity *quantity = pool->cells[i].cell->quantity;
        double around = quantity[QUANTITY_start_ns].median + quantity[QUANTITY_stop_ns].median;
        if (!(around > 0)) continue;
        workers[n] = pool->cells[i].cell->workers;
        time[n++] = around;
    }
    if (pool_fit_start(workers, time, n, &pool->start) && pool_fit_start_only(n ? workers[0] : 0, time, n, &pool->start))
        pool->start = unknown;
}

static int pool_fill(const struct summary *summary, struct pool_costs *pool, const struct cell **group, size_t count)
{
    struct pool_point *points = calloc(count + 1, sizeof *points);
    double *room = calloc(2 * count + 1, sizeof *room);
    pool->cells = calloc(count + 1, sizeof *pool->cells);
    int status = points && room && pool->cells ? 0 : -ENOMEM;
    if (!status) {
        size_t fit = points_of(summary, pool, group, count, points);
        bytes_settle(points, pool->count);
        start_fit(pool, fit, room);
        whatif_ground_make(pool, points, fit);
        status = pool_fit_make(points, fit, &pool->fit);
        if (status == -EINVAL) status = 0;
        for (size_t i = 0; pool->fit.n && i < pool->count; i++)
            pool->cells[i].predicted_ns = pool_fit_time(&pool->fit, &points[i]);
    }
    free(room);
    free(points);
    return status;
}

/* As for scaling; but where all cells are beyond that, those with the fewest workers are on one ground too. */
static unsigned fit_limit(const struct summary *summary, const struct cell **group, size_t count)
{
    unsigned limit = parts_fit_limit(summary, group[0]), fewest = parts_workers(group[0]);
    for (size_t i = 1; i < count; i++)
        if (parts_workers(group[i]) < fewest) fewest = parts_workers(group[i]);
    return limit < fewest ? fewest : limit;
}

static int pool_add(struct summary *summary, const struct cell **group, size_t count)
{
    if (count < 2) return 0;
    struct pool_costs *pool = parts_append(&summary->pools, &summary->pool_count, sizeof *pool);
    if (!pool) return -ENOMEM;
    pool->cell = group[0];
    pool->fit_max_workers = fit_limit(summary, group, count);
    int status = pool_fill(summary, pool, group, count);
    if (status || pool->count) return status;
    free(pool->cells); /* nothing was measured: there is no model to show */
    summary->pool_count--;
    return 0;
}

int pools_make(struct summary *summary)
{
    return parts_each_group(summary, CELLS_ANY_SIZE | CELLS_TASKS | CELLS_WORKERS | CELLS_CHUNK, pool_add);
}
