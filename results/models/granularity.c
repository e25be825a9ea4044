/* SPDX-License-Identifier: GPL-3.0-or-later */
/* granularity.c: how small tasks may be: METG of each runner. Where a runner begins to beat serial: crossover.c. */
#include "results/models/curve.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double METG_EFFICIENCY = 0.5; /* where the run asked for none */

/* What METG is asked of: a curve and its points, granularity and efficiency of the cells that were drawn. */
struct reaching {
    struct curve curve;
    double *granularity, *efficiency;
    double target;
};

/* The points that were measured in what was drawn last; returns how many. */
static size_t points_of(struct reaching *reaching)
{
    const struct curve *curve = &reaching->curve;
    size_t points = 0;
    for (size_t c = 0; c < curve->count; c++) {
        double p = parts_worth(curve->cells[c]), tasks = (double)curve->cells[c]->tasks;
        if (isnan(curve->wall_ns[c]) || isnan(curve->serial_ns[c]) || !(tasks > 0)) continue;
        reaching->granularity[points] = p * curve->wall_ns[c] / tasks;
        reaching->efficiency[points++] = curve->serial_ns[c] / curve->wall_ns[c] / p;
    }
    return points;
}

static double metg_of_draws(const size_t *draws, size_t n, void *context)
{
    struct reaching *reaching = context;
    double result;
    curve_draw(&reaching->curve, draws, n);
    size_t points = points_of(reaching);
    models_metg(reaching->granularity, reaching->efficiency, points, reaching->target, &result);
    return result;
}

static int reaching_make(struct reaching *reaching, const struct summary_parts *parts, const struct cell **group, size_t count)
{
    *reaching = (struct reaching){.granularity = calloc(2 * count + 1, sizeof *reaching->granularity)};
    if (!reaching->granularity) return -ENOMEM;
    reaching->efficiency = reaching->granularity + count;
    return curve_make(&reaching->curve, parts, group, count);
}

static void reaching_free(struct reaching *reaching)
{
    curve_free(&reaching->curve);
    free(reaching->granularity);
}

/* Of a curve that reaches its target at the smallest point already: that point's work per task as it was measured, but up to
 * `beyond` where some resampled runs reach it at a larger size only. All blocks are drawn once. */
static struct quantity work_of_smallest(const struct summary_parts *parts, const struct curve *curve, double at, double beyond)
{
    for (size_t c = 0; c < curve->count; c++) {
        const struct cell *cell = curve->cells[c];
        if (parts_worth(cell) * curve->wall_ns[c] / (double)cell->tasks != at) continue;
        struct quantity work = parts_row(parts, cell)->quantity[QUANTITY_task_ns];
        if (beyond > work.high) work.high = beyond;
        return work;
    }
    return (struct quantity){NAN, NAN, NAN, 0};
}

/* Where the curve reaches `target`: as granularity and as useful work per task (E = work/g, so work = E g). */
static enum metg_outcome reach(const struct summary_parts *parts, struct reaching *reaching, double target,
                               struct quantity *granularity, struct quantity *work)
{
    const struct curve *curve = &reaching->curve;
    reaching->target = target;
    *granularity = stats_bootstrap(metg_of_draws, reaching, curve->blocks, CURVE_ROUNDS, 1);
    size_t points = curve_draw_all(&reaching->curve) ? 0 : points_of(reaching);
    double at;
    enum metg_outcome outcome = models_metg(reaching->granularity, reaching->efficiency, points, target, &at);
    if (outcome == METG_NOT_REACHED) *granularity = (struct quantity){NAN, NAN, NAN, granularity->n};
    *work = parts_scaled(*granularity, target);
    if (outcome == METG_BOUND) *work = work_of_smallest(parts, curve, at, work->high);
    return outcome;
}

/* Has any of the sizes a time beside the serial loop? */
static bool any_measured(const struct summary_parts *parts, const struct cell **group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(parts_row(parts, group[i])->quantity[QUANTITY_task_ns].median)) return true;
    return false;
}

static int metg_add(struct summary_parts *parts, const struct cell **group, size_t count)
{
    struct reaching reaching;
    if (!any_measured(parts, group, count)) return 0; /* failed or left out: nothing to say, nothing to draw */
    int status = reaching_make(&reaching, parts, group, count);
    struct metg *metg = status ? NULL : parts_append(&parts->summary->metgs, &parts->summary->metg_count, sizeof *metg);
    if (!status && !metg) status = -ENOMEM;
    if (!status) {
        metg->cell = group[0];
        double asked = json_number_value(json_object_get(parts->summary->run->manifest, "efficiency"));
        metg->efficiency = asked > 0 && asked <= 1 ? asked : METG_EFFICIENCY;
        enum metg_outcome outcome = reach(parts, &reaching, metg->efficiency, &metg->granularity_ns, &metg->work_ns);
        metg->reached = outcome != METG_NOT_REACHED;
        metg->bound = outcome == METG_BOUND;
        metg->smallest_ns = INFINITY;
        metg->best_efficiency = metg->largest_ns = NAN;
        for (size_t i = 0; i < count; i++) {
            const struct quantity *quantity = parts_row(parts, group[i])->quantity;
            metg->smallest_ns = fmin(metg->smallest_ns, quantity[QUANTITY_task_ns].median);
            metg->largest_ns = fmax(metg->largest_ns, quantity[QUANTITY_task_ns].median);
            metg->best_efficiency = fmax(metg->best_efficiency, quantity[QUANTITY_efficiency].median);
        }
    }
    reaching_free(&reaching);
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

/* Of one runner and team, whose cells differ in the size and number of their tasks. */
static int sizes_add(struct summary_parts *parts, const struct cell **group, size_t count)
{
    const struct cell *cell = group[0];
    bool custom = !strcmp(cell->study, "run"), pays = !strcmp(cell->study, "breakeven");
    int status = 0;
    if (parts_workers(cell) && !pays && distinct_sizes(group, count) >= 2) status = metg_add(parts, group, count);
    return status || parts_workers(cell) < 2 || !(pays || custom) ? status : crossovers_add(parts, group, count);
}

int granularity_make(struct summary_parts *parts)
{
    int status = parts_each_group(parts, CELLS_ANY_SIZE | CELLS_TASKS, sizes_add);
    return status ? status : crossovers_mark_earliest(parts->summary);
}
