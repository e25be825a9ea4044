/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/models/whatif.h"
#include "results/models/summary_parts.h"

#include <math.h>

const char *const whatif_axis_names[WHATIF_AXES] = {"workers", "tasks", "task_ns", "chunk", "work_ns"};

/* Task sizes are calibrated: cells of "10 us" are a little off each. */
static const double NEAR = 1.05;

static enum whatif_own own_of(const struct cell *cell)
{
    struct cell plain = *cell;
    plain.chunk = 0;
    plain.tasks = 7ull * parts_workers(cell);
    double chunk = parts_chunk(&plain);
    return chunk < 1 ? WHATIF_OWN_UNKNOWN : chunk > 1 ? WHATIF_OWN_SHARE : WHATIF_OWN_ONE;
}

static void reach(struct whatif_range *range, double value)
{
    range->low = fmin(range->low, value); /* NAN gives way */
    range->high = fmax(range->high, value);
}

void whatif_ground_make(struct pool_costs *pool, const struct pool_point *points, size_t n)
{
    struct whatif_ground *ground = &pool->ground;
    for (unsigned axis = 0; axis < WHATIF_AXES; axis++) ground->range[axis] = (struct whatif_range){NAN, NAN};
    for (size_t i = 0; i < n; i++) {
        reach(&ground->range[WHATIF_WORKERS], points[i].workers);
        reach(&ground->range[WHATIF_TASKS], points[i].tasks);
        reach(&ground->range[WHATIF_TASK_NS], points[i].task_ns);
        reach(&ground->range[WHATIF_WORK_NS], points[i].tasks * points[i].task_ns);
        if (points[i].chunk >= 1) reach(&ground->range[WHATIF_CHUNK], points[i].chunk);
        ground->own_measured |= !pool->cells[i].cell->cell->chunk;
        ground->bytes |= points[i].bytes > 0;
    }
    if (n) ground->own = own_of(pool->cells[0].cell->cell);
}

bool whatif_able(const struct pool_costs *pool)
{
    return pool->fit.n && !pool->ground.bytes;
}

static double own_chunk(const struct whatif_ground *ground, const struct whatif_setting *setting)
{
    switch (ground->own) {
    case WHATIF_OWN_ONE: return 1;
    case WHATIF_OWN_SHARE: return ceil(setting->tasks / setting->workers);
    default: return 0;
    }
}

static unsigned outside(const struct whatif_ground *ground, const struct whatif_setting *setting)
{
    const double asked[WHATIF_AXES] = {setting->workers, setting->tasks, setting->task_ns, setting->chunk,
                                       setting->tasks * setting->task_ns};
    unsigned bits = 0;
    for (unsigned axis = 0; axis < WHATIF_AXES; axis++) {
        const struct whatif_range *range = &ground->range[axis];
        double slack = axis == WHATIF_TASK_NS || axis == WHATIF_WORK_NS ? NEAR : 1;
        bool in = asked[axis] >= range->low / slack && asked[axis] <= range->high * slack; /* NAN: no */
        if (axis == WHATIF_CHUNK && !(setting->chunk > 0)) in = ground->own_measured;
        if (!in) bits |= 1u << axis;
    }
    return bits;
}

static struct quantity band(double time_ns, double half_ns, size_t n)
{
    double factor = exp(half_ns / time_ns);
    return (struct quantity){time_ns, time_ns / factor, time_ns * factor, n};
}

static struct quantity gain(double serial_ns, struct quantity time)
{
    return (struct quantity){serial_ns / time.median, serial_ns / time.high, serial_ns / time.low, time.n};
}

void whatif_ask(const struct pool_costs *pool, const struct whatif_setting *setting, struct whatif_answer *answer)
{
    const struct pool_fit *fit = &pool->fit;
    bool known = !isnan(pool->ground.range[WHATIF_CHUNK].low); /* else its cost is in r, and no chunk counts */
    double chunk = fmin(setting->chunk > 0 ? setting->chunk : own_chunk(&pool->ground, setting), setting->tasks);
    struct pool_point point = {.workers = setting->workers,
                               .chunk = known ? chunk : 0,
                               .tasks = setting->tasks,
                               .task_ns = setting->task_ns};
    double run = pool_fit_time(fit, &point), start = pool_fit_start_time(&pool->start, setting->workers);
    double half_run = fit->t * pool_fit_deviation(fit, &point),
           half_start = pool->start.t * pool_fit_start_deviation(&pool->start, setting->workers);
    *answer = (struct whatif_answer){.chunk = point.chunk, .outside = outside(&pool->ground, setting)};
    answer->run_ns = band(run, half_run, fit->n);
    answer->total_ns = band(run + start, hypot(half_run, half_start), fit->n);
    answer->speedup = gain(setting->tasks * setting->task_ns, answer->run_ns);
    answer->speedup_total = gain(setting->tasks * setting->task_ns, answer->total_ns);
}

void whatif_middle(const struct pool_costs *pool, struct whatif_setting *setting)
{
    const struct cell_summary *row = pool->cells[pool->fit.n / 2].cell;
    *setting = (struct whatif_setting){.workers = row->workers,
                                       .tasks = (double)row->cell->tasks,
                                       .task_ns = row->quantity[QUANTITY_task_ns].median,
                                       .chunk = (double)row->cell->chunk};
}
