/* SPDX-License-Identifier: GPL-3.0-or-later */
/* granularity.c: how small tasks may be: METG of each runner, and where a runner begins to beat serial. */
#include "results/models/summary_parts.h"
#include "results/statistics/draws.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 1000 };
static const double METG_EFFICIENCY = 0.5; /* where the run asked for none */

/* A group of cells laid out by block, for figures that are resampled over whole blocks. NAN: no sample in that block.
 */
struct curve {
    size_t count, blocks;
    const struct cell **cells;
    struct draws_column *wall, *log_speedup, *around; /* of each cell; around: start + stop */
    unsigned *times;                                  /* how often each block was drawn */
    double *granularity, *efficiency;
    double target;
    double region_ns; /* what a run phase costs whatever it computes; 0 where that is not known */
    bool total;       /* `wall` and `log_speedup` are those of start + run + stop */
};

static void curve_free(struct curve *curve)
{
    for (size_t i = 0; curve->wall && i < 3 * curve->count; i++) draws_column_free(&curve->wall[i]);
    free(curve->wall);
    free(curve->times);
    free(curve->granularity);
}

static unsigned block_end(const struct summary_parts *parts, const struct cell **cells, size_t count)
{
    unsigned end = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < parts->series[cells[c]->id].n; i++) {
            unsigned block = parts->series[cells[c]->id].sample[i]->block;
            if (block >= end && block < 1u << 20) end = block + 1;
        }
    return end;
}

/* One cell's columns. `room` holds three rows of blocks. */
static int curve_fill(struct curve *curve, const struct summary_parts *parts, const size_t *column, size_t c, double *room)
{
    const struct series *series = &parts->series[curve->cells[c]->id];
    double *wall = room, *log_speedup = wall + curve->blocks, *around = log_speedup + curve->blocks;
    for (size_t i = 0; i < 3 * curve->blocks; i++) room[i] = NAN;
    for (size_t i = 0; i < series->n; i++) {
        if (series->sample[i]->block >= 1u << 20) continue;
        size_t at = column[series->sample[i]->block];
        wall[at] = curve->total ? series->total[i] : series->wall[i];
        log_speedup[at] = log(series->serial[i] / wall[at]);
        around[at] = series->total[i] - series->wall[i];
    }
    int status = draws_column_make(&curve->wall[c], wall, curve->blocks);
    if (!status) status = draws_column_make(&curve->log_speedup[c], log_speedup, curve->blocks);
    if (!status) status = draws_column_make(&curve->around[c], around, curve->blocks);
    return status;
}

static int curve_alloc(struct curve *curve)
{
    curve->wall = calloc(3 * curve->count + 1, sizeof *curve->wall);
    curve->times = calloc(curve->blocks + 1, sizeof *curve->times);
    curve->granularity = calloc(2 * curve->count + 1, sizeof *curve->granularity);
    if (!curve->wall || !curve->times || !curve->granularity) return -ENOMEM;
    curve->log_speedup = curve->wall + curve->count;
    curve->around = curve->log_speedup + curve->count;
    curve->efficiency = curve->granularity + curve->count;
    return 0;
}

/* Blocks without any sample of the group get no column: drawing them would only make the interval wider. */
static int curve_make(struct curve *curve, const struct summary_parts *parts, const struct cell **cells, size_t count,
                      bool total)
{
    unsigned end = block_end(parts, cells, count);
    size_t *column = calloc((size_t)end + 1, sizeof *column), blocks = 0;
    *curve = (struct curve){.count = count, .cells = cells, .total = total};
    if (!column) return -ENOMEM;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < parts->series[cells[c]->id].n; i++)
            if (parts->series[cells[c]->id].sample[i]->block < end)
                column[parts->series[cells[c]->id].sample[i]->block] = 1;
    for (unsigned block = 0; block < end; block++)
        if (column[block]) column[block] = blocks++;
    curve->blocks = blocks;
    double *room = calloc(3 * blocks + 1, sizeof *room);
    int status = room ? curve_alloc(curve) : -ENOMEM;
    for (size_t c = 0; !status && c < count; c++) status = curve_fill(curve, parts, column, c, room);
    free(room);
    free(column);
    return status;
}

/* The points that were measured in these draws; returns how many. */
static size_t curve_points(const struct curve *curve, const size_t *draws, size_t n)
{
    size_t points = 0;
    draws_count(draws, n, curve->times);
    for (size_t c = 0; c < curve->count; c++) {
        double p = parts_worth(curve->cells[c]), tasks = (double)curve->cells[c]->tasks;
        double wall = draws_median(&curve->wall[c], curve->times);
        double ratio = draws_median(&curve->log_speedup[c], curve->times);
        if (isnan(wall) || isnan(ratio) || !(tasks > 0)) continue;
        curve->granularity[points] = p * wall / tasks;
        curve->efficiency[points++] = exp(ratio) / p;
    }
    return points;
}

static double metg_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct curve *curve = context;
    double result;
    models_metg(curve->granularity, curve->efficiency, curve_points(curve, draws, n), curve->target, &result);
    return result;
}

static struct quantity scaled(struct quantity quantity, double factor)
{
    return (struct quantity){quantity.median * factor, quantity.low * factor, quantity.high * factor, quantity.n};
}

/* Of a curve that reaches its target at the smallest point already: that point's work per task as it was measured. All
 * blocks are drawn once. */
static struct quantity work_of_smallest(const struct summary_parts *parts, const struct curve *curve, double at)
{
    for (size_t c = 0; c < curve->count; c++) {
        const struct cell *cell = curve->cells[c];
        double wall = draws_median(&curve->wall[c], curve->times);
        if (parts_worth(cell) * wall / (double)cell->tasks == at)
            return parts->summary->cells[cell->id].quantity[QUANTITY_task_ns];
    }
    return (struct quantity){NAN, NAN, NAN, 0};
}

/* Where the curve reaches `target`: as granularity and as useful work per task (E = work/g, so work = E g). */
static enum metg_outcome reach(const struct summary_parts *parts, struct curve *curve, double target,
                               struct quantity *granularity, struct quantity *work)
{
    curve->target = target;
    *granularity = stats_bootstrap(metg_of_draws, curve, curve->blocks, ROUNDS, 1);
    size_t *all = calloc(curve->blocks + 1, sizeof *all);
    for (size_t i = 0; all && i < curve->blocks; i++) all[i] = i;
    size_t points = all ? curve_points(curve, all, curve->blocks) : 0;
    double at;
    enum metg_outcome outcome = models_metg(curve->granularity, curve->efficiency, points, target, &at);
    if (outcome == METG_NOT_REACHED) *granularity = (struct quantity){NAN, NAN, NAN, granularity->n};
    *work = outcome == METG_BOUND ? work_of_smallest(parts, curve, at) : scaled(*granularity, target);
    free(all);
    return outcome;
}

/* Has any of the sizes a time beside the serial loop? */
static bool any_measured(const struct summary_parts *parts, const struct cell **group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(parts->summary->cells[group[i]->id].quantity[QUANTITY_task_ns].median)) return true;
    return false;
}

static int metg_add(struct summary_parts *parts, const struct cell **group, size_t count)
{
    struct curve curve;
    if (!any_measured(parts, group, count)) return 0; /* failed or left out: nothing to say, nothing to draw */
    int status = curve_make(&curve, parts, group, count, false);
    struct metg *metg = status ? NULL : parts_append(&parts->summary->metgs, &parts->summary->metg_count, sizeof *metg);
    if (!status && !metg) status = -ENOMEM;
    if (!status) {
        const struct cell *cell = group[0];
        PARTS_HEAD(metg, cell);
        metg->processes = cell->processes;
        metg->threads = cell->threads;
        metg->chunk = cell->chunk;
        double asked = json_number_value(json_object_get(parts->summary->run->manifest, "efficiency"));
        metg->efficiency = asked > 0 && asked <= 1 ? asked : METG_EFFICIENCY;
        enum metg_outcome outcome = reach(parts, &curve, metg->efficiency, &metg->granularity_ns, &metg->work_ns);
        metg->reached = outcome != METG_NOT_REACHED;
        metg->bound = outcome == METG_BOUND;
        metg->smallest_ns = INFINITY;
        metg->best_efficiency = metg->largest_ns = NAN;
        for (size_t i = 0; i < count; i++) {
            const struct quantity *quantity = parts->summary->cells[group[i]->id].quantity;
            metg->smallest_ns = fmin(metg->smallest_ns, quantity[QUANTITY_task_ns].median);
            metg->largest_ns = fmax(metg->largest_ns, quantity[QUANTITY_task_ns].median);
            metg->best_efficiency = fmax(metg->best_efficiency, quantity[QUANTITY_efficiency].median);
        }
    }
    curve_free(&curve);
    return status;
}

/* Where the times go below those of serial, as work per task. */
static enum metg_outcome crossing_in(const struct curve *curve, const size_t *draws, size_t n, double *result)
{
    size_t points = curve_points(curve, draws, n);
    for (size_t i = 0; i < points; i++) { /* E g = T_s/N, and 1/(E p) = T/T_s */
        double work = curve->efficiency[i] * curve->granularity[i];
        curve->efficiency[i] = 1 / (curve->efficiency[i] * parts_worth(curve->cells[0]));
        curve->granularity[i] = work;
    }
    return models_crossing(curve->granularity, curve->efficiency, points, result);
}

static double crossing_of_draws(const size_t *draws, size_t n, void *context)
{
    double result;
    crossing_in(context, draws, n, &result);
    return result;
}

/* The smallest task that pays, with its interval; true: it is the smallest one measured, an upper bound. */
static int crossing_make(const struct summary_parts *parts, const struct cell **cells, size_t count, bool total,
                         struct quantity *task_ns, bool *bound)
{
    struct curve curve;
    int status = curve_make(&curve, parts, cells, count, total);
    size_t *all = status ? NULL : calloc(curve.blocks + 1, sizeof *all);
    if (all) {
        double at;
        for (size_t i = 0; i < curve.blocks; i++) all[i] = i;
        *task_ns = stats_bootstrap(crossing_of_draws, &curve, curve.blocks, ROUNDS, 1);
        enum metg_outcome outcome = crossing_in(&curve, all, curve.blocks, &at);
        *bound = outcome == METG_BOUND;
        if (outcome == METG_NOT_REACHED) *task_ns = (struct quantity){NAN, NAN, NAN, task_ns->n};
    }
    if (!status && !all) status = -ENOMEM;
    free(all);
    curve_free(&curve);
    return status;
}

/* Crossover in the number of tasks: the run phase is a straight line in N where two or more N were measured at this
 * task size (between the smallest and the largest); else it is what a run phase costs anyway, as fitted over several
 * task sizes, and the rest in proportion to N. */
static double crossover_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct curve *curve = context;
    size_t few = 0, many = 0;
    for (size_t c = 1; c < curve->count; c++) {
        if (curve->cells[c]->tasks < curve->cells[few]->tasks) few = c;
        if (curve->cells[c]->tasks > curve->cells[many]->tasks) many = c;
    }
    draws_count(draws, n, curve->times);
    double tasks = (double)curve->cells[many]->tasks, wall = draws_median(&curve->wall[many], curve->times);
    double serial_task = exp(draws_median(&curve->log_speedup[many], curve->times)) * wall / tasks;
    double fixed = draws_median(&curve->around[many], curve->times), region = fmin(curve->region_ns, wall),
           slope = (wall - region) / tasks;
    if (many != few && curve->cells[few]->tasks < curve->cells[many]->tasks) {
        double less = (double)curve->cells[few]->tasks, base = draws_median(&curve->wall[few], curve->times);
        slope = fmax(0, (wall - base) / (tasks - less));
        fixed += fmax(0, base - slope * less);
    } else fixed += region;
    if (isnan(slope) || isnan(fixed) || isnan(serial_task)) return NAN;
    return models_crossover_tasks(fixed, slope, serial_task, parts_workers(curve->cells[many]));
}

/* The fitted cost of a run phase for cells like this one; 0 where it is not known. */
static double region_of(const struct summary *summary, const struct cell *cell)
{
    for (size_t i = 0; i < summary->pool_count; i++) {
        const struct pool_costs *pool = &summary->pools[i];
        if (!strcmp(pool->study, cell->study) && !strcmp(pool->kernel, cell->label) &&
            !strcmp(pool->runner, cell->runner) && !strcmp(pool->schedule, cell->schedule) &&
            !strcmp(pool->placement, cell->placement) && pool->fit.n && pool->fit.region_ns.low > 0)
            return pool->fit.region_ns.median;
    }
    return 0;
}

static int crossover_add(struct summary_parts *parts, const struct cell **group, size_t count, const struct crossover *common)
{
    struct curve curve;
    int status = curve_make(&curve, parts, group, count, false);
    struct crossover *made =
        status ? NULL : parts_append(&parts->summary->crossovers, &parts->summary->crossover_count, sizeof *made);
    if (!status && !made) status = -ENOMEM;
    if (!status) {
        const struct cell *cell = group[0];
        *made = *common;
        PARTS_HEAD(made, cell);
        made->processes = cell->processes;
        made->threads = cell->threads;
        made->chunk = cell->chunk;
        made->task_time_ns = cell->task_time_ns;
        made->task_ns = parts->summary->cells[cell->id].quantity[QUANTITY_task_ns].median;
        curve.region_ns = region_of(parts->summary, cell);
        made->tasks = stats_bootstrap(crossover_of_draws, &curve, curve.blocks, ROUNDS, 1);
    }
    curve_free(&curve);
    return status;
}

/* Of cells that differ in size and N, the one with the most tasks at each size: the run phase's fixed part weighs
 * least. */
static size_t most_tasks(const struct cell **group, size_t count, const struct cell **most)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < kept && most[j]->size != group[i]->size) j++;
        if (j == kept) most[kept++] = group[i];
        else if (group[i]->tasks > most[j]->tasks) most[j] = group[i];
    }
    return kept;
}

/* All crossovers of one runner and team: one for each task size, and the task sizes that pay, warm and cold, properties
 * of the whole curve. */
static int crossovers_add(struct summary_parts *parts, const struct cell **group, size_t count)
{
    static const struct quantity none = {NAN, NAN, NAN, 0};
    struct crossover common = {.warm_task_ns = none, .cold_task_ns = none};
    const struct cell **most = calloc(count, sizeof *most);
    size_t sizes = most ? most_tasks(group, count, most) : 0;
    int status = most ? 0 : -ENOMEM;
    if (!status && sizes >= 2)
        status = crossing_make(parts, most, sizes, false, &common.warm_task_ns, &common.warm_bound);
    if (!status && sizes >= 2)
        status = crossing_make(parts, most, sizes, true, &common.cold_task_ns, &common.cold_bound);
    if (!status) predict_crossing(parts, most, sizes, &common);
    free(most);
    for (size_t i = 0; !status && i < count; i++) {
        size_t same;
        const struct cell **line = parts_group(parts->summary->run, group[i], CELLS_TASKS, &same);
        if (line && same) predict_tasks(parts, group[i], &common);
        status = !line ? -ENOMEM : same ? crossover_add(parts, line, same, &common) : 0;
        free(line);
    }
    return status;
}

static size_t distinct_sizes(const struct cell **group, size_t count)
{
    size_t sizes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < i && group[j]->size != group[i]->size) j++;
        sizes += j == i;
    }
    return sizes;
}

static int by_question(const struct crossover *a, const struct crossover *b)
{
    int order = strcmp(a->kernel, b->kernel);
    if (!order) order = strcmp(a->study, b->study);
    if (!order) order = strcmp(a->runner, b->runner);
    if (!order) order = strcmp(a->schedule, b->schedule);
    if (!order) order = (a->task_time_ns > b->task_time_ns) - (a->task_time_ns < b->task_time_ns);
    if (!order && !a->task_time_ns) order = (a->task_ns > b->task_ns) - (a->task_ns < b->task_ns);
    return order;
}

static int by_question_and_tasks(const void *left, const void *right)
{
    const struct crossover *a = *(struct crossover *const *)left, *b = *(struct crossover *const *)right;
    int order = by_question(a, b);
    double x = isnan(a->tasks.median) ? INFINITY : a->tasks.median, y = isnan(b->tasks.median) ? INFINITY : b->tasks.median;
    if (!order) order = (x > y) - (x < y);
    return order ? order : a < b ? -1 : 1;
}

static int mark_earliest(struct summary *summary)
{
    struct crossover **sorted = malloc((summary->crossover_count + 1) * sizeof *sorted);
    if (!sorted) return -ENOMEM;
    for (size_t i = 0; i < summary->crossover_count; i++) sorted[i] = &summary->crossovers[i];
    qsort(sorted, summary->crossover_count, sizeof(struct crossover *), by_question_and_tasks);
    for (size_t i = 0; i < summary->crossover_count; i++)
        sorted[i]->earliest = !i || by_question(sorted[i - 1], sorted[i]);
    free(sorted);
    return 0;
}

int granularity_make(struct summary_parts *parts)
{
    const struct run *run = parts->summary->run;
    int status = 0;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        bool custom = !strcmp(cell->study, "run"), pays = !strcmp(cell->study, "breakeven");
        if (parts_is_serial(cell) || parts_workers(cell) < 1) continue;
        size_t count;
        const struct cell **group = parts_group(run, cell, CELLS_ANY_SIZE | CELLS_TASKS, &count);
        if (!group) return -ENOMEM;
        if (!pays && distinct_sizes(group, count) >= 2) status = metg_add(parts, group, count);
        if (!status && count && parts_workers(cell) > 1 && (pays || custom))
            status = crossovers_add(parts, group, count);
        free(group);
    }
    return status ? status : mark_earliest(parts->summary);
}
