/* SPDX-License-Identifier: GPL-3.0-or-later */
/* predict.c: where a runner begins to pay for one kernel, from what it cost with another: calibration put to the test.
 */
#include "results/models/summary_parts.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const calibrations[] = {"spin",
                                           "empty"}; /* kernels that are nothing but their tasks; the first wins */
enum { CALIBRATIONS = sizeof calibrations / sizeof *calibrations };

/* The costs of the cell's runner in the same study, fitted to a calibration kernel other than its own. NULL: none. */
static const struct pool_costs *calibration_of(const struct summary *summary, const struct cell *cell)
{
    for (size_t c = 0; c < CALIBRATIONS; c++)
        for (size_t i = 0; i < summary->pool_count; i++) {
            const struct pool_costs *pool = &summary->pools[i];
            if (strcmp(cell->label, calibrations[c]) && !strcmp(pool->cell->label, calibrations[c]) && pool->fit.n &&
                cells_same(pool->cell, cell, CELLS_POOL))
                return pool;
        }
    return NULL;
}

/* Do p workers do more than one? Where d may be p, they may gain nothing, and no task size can be foretold. */
static bool gains(const struct pool_costs *pool, const struct cell *cell)
{
    const struct quantity *d = &pool->fit.dilation;
    double most = isnan(d->median) ? 1 : isnan(d->high) ? d->median : d->high;
    return most < parts_workers(cell);
}

/* Start and stop of a team like the cell's: the median over the calibration's cells of that shape; else its line. */
static double fixed_ns(const struct pool_costs *pool, const struct cell *cell)
{
    double *values = calloc(pool->count + 1, sizeof *values), result;
    size_t n = 0;
    for (size_t i = 0; values && i < pool->count; i++) {
        const struct cell_summary *row = pool->cells[i].cell;
        double around = row->quantity[QUANTITY_start_ns].median + row->quantity[QUANTITY_stop_ns].median;
        if (row->cell->processes == cell->processes && row->cell->threads == cell->threads && !isnan(around))
            values[n++] = around;
    }
    if (n) gsl_sort(values, 1, n);
    result = n ? values[n / 2] : pool->start.fixed_ns.median + pool->start.per_worker_ns.median * parts_workers(cell);
    free(values);
    return result;
}

/* N at a task size: as measured, between two sizes in proportion on logarithmic scales, beyond them the nearest. */
static double tasks_at(const struct summary *summary, const struct cell **cells, size_t count, double task_ns)
{
    double below = 0, above = INFINITY, few = NAN, many = NAN;
    for (size_t i = 0; i < count; i++) {
        double at = parts_row(summary, cells[i])->quantity[QUANTITY_task_ns].median;
        if (at <= task_ns && at > below) below = at, many = (double)cells[i]->tasks;
        if (at > task_ns && at < above) above = at, few = (double)cells[i]->tasks;
    }
    if (isnan(many) || isnan(few)) return isnan(many) ? few : many;
    return exp(log(many) + log(task_ns / below) / log(above / below) * log(few / many));
}

/* mu for which `fixed` and the run phase of N(mu) tasks equal their serial time: N depends on mu, so by turns. */
static double settle(const struct summary *summary, const struct cell **cells, size_t count,
                     const struct pool_costs *pool, double fixed)
{
    double task_ns = parts_row(summary, cells[0])->quantity[QUANTITY_task_ns].median;
    for (int turn = 0; turn < 60; turn++) {
        double tasks = fmax(1, tasks_at(summary, cells, count, task_ns)), before = task_ns;
        double chunk = fmin(parts_chunk(cells[0]), tasks);
        if (chunk > 1 && !cells[0]->chunk) chunk = ceil(tasks / parts_workers(cells[0])); /* shares of N */
        task_ns = pool_fit_crossover_ns(&pool->fit, fixed, parts_workers(cells[0]), chunk, round(tasks));
        if (!isfinite(task_ns) || !(task_ns > 0) || fabs(task_ns / before - 1) < 1e-9) break;
        if (turn > 10) task_ns = sqrt(task_ns * before); /* a step of N may make it swing */
    }
    return task_ns;
}

void predict_crossing(const struct summary *summary, const struct cell **cells, size_t count,
                      struct crossover *crossover)
{
    const struct pool_costs *pool = count ? calibration_of(summary, cells[0]) : NULL;
    crossover->predicted_tasks = crossover->predicted_warm_task_ns = crossover->predicted_cold_task_ns = NAN;
    if (!pool) return;
    memcpy(crossover->calibration, pool->cell->label, sizeof crossover->calibration);
    if (count < 2 || !gains(pool, cells[0]))
        return; /* one task size: nothing was measured to hold a task size against */
    crossover->predicted_warm_task_ns = settle(summary, cells, count, pool, 0);
    crossover->predicted_cold_task_ns = settle(summary, cells, count, pool, fixed_ns(pool, cells[0]));
}

void predict_tasks(const struct summary *summary, const struct cell *cell, struct crossover *crossover)
{
    const struct pool_costs *pool = calibration_of(summary, cell);
    double serial = parts_row(summary, cell)->quantity[QUANTITY_task_ns].median, p = parts_workers(cell);
    double chunk = parts_chunk(cell), each = 0;
    crossover->predicted_tasks = NAN;
    if (!pool || !(serial > 0) || !gains(pool, cell)) return;
    const struct pool_fit *fit = &pool->fit;
    double fixed = fixed_ns(pool, cell) + fit->value[POOL_REGION];
    bool shares = chunk > 1 && !cell->chunk; /* one chunk a worker, however many tasks */
    if (shares) fixed += fit->value[POOL_CHUNK];
    else if (chunk >= 1) each = fmax(fit->value[POOL_CHUNK] / p, fit->value[POOL_SERIAL]) / chunk;
    crossover->predicted_tasks =
        models_crossover_tasks(fixed, fit->value[POOL_DILATION] * serial / p + each, serial, p);
}
