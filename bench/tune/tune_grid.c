/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_grid.c: the grid of one kernel's configurations: runner x schedule x chunk, placement, workers. */
#include "bench/tune/tune_kernel.h"

#include "bench/base/clock.h"
#include "bench/measure/conduct.h"
#include "bench/base/interrupt.h"

#include "kernels/reason.h"
#include "runners/runner.h"

#include <errno.h>
#include <gsl/gsl_sort.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING_FACTOR = 16, ALL_LEVELS = 16, SHARED_OUT_MIN = 4 };

static int push(struct numbers *numbers, uint64_t value)
{
    if (numbers->count && numbers->values[numbers->count - 1] == value) return 0;
    uint64_t *grown = realloc(numbers->values, (numbers->count + 1) * sizeof *grown);
    if (!grown) return -ENOMEM;
    numbers->values = grown;
    grown[numbers->count++] = value;
    return 0;
}

/* Which runners are tried where none is named: those whose workers need no world of their own (an interpreter), and
 * processes x threads where there is something to share out. */
static bool tried(const struct options *options, unsigned cpus, const struct runner *runner)
{
    struct reason why = {""};
    bool both = (runner->axes & AXIS_PROCESSES) && (runner->axes & AXIS_THREADS);
    bool named = false;
    for (size_t i = 0; i < options->runners.count; i++) named |= !strcmp(options->runners.values[i], runner->name);
    if (options->runners.count ? !named : runner->setup != NULL || (both && cpus < SHARED_OUT_MIN)) return false;
    return runner->axes && !(runner->available && runner->available(&why));
}

/* The grid for one runner, as the command line would ask for it: with the default chunk, and (chunked) with others. */
static int add_runner(struct tune_grid *grid, const struct options *options, const struct runner *runner,
                      const struct numbers *workers, const struct numbers *chunks, struct reason *why)
{
    static const char *const schedules[] = {"default", "static", "dynamic", "guided"};
    char *names[4], *placements[] = {(char *)"none", (char *)"close", (char *)"spread"};
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        enum schedule schedule;
        bool has = !schedule_find(schedules[i], &schedule) &&
                   (schedule == SCHEDULE_DEFAULT || runner->schedules >> schedule & 1);
        /* with a chunk, the default is one of the others where there are others */
        if (has && (!chunks || schedule != SCHEDULE_DEFAULT || !runner->schedules))
            names[count++] = (char *)schedules[i];
    }
    char *runner_name[] = {(char *)runner->name};
    uint64_t size = grid->plan.cells[0].size, tasks = grid->plan.cells[0].tasks;
    struct options asked = *options;
    asked.sizes = (struct numbers){1, &size}; /* as calibrated once: the problem is the same for all */
    asked.tasks = (struct numbers){1, &tasks};
    asked.task_times_ns = (struct numbers){0};
    asked.work_ns = 0;
    asked.runners = (struct names){1, runner_name};
    if (!options->schedules.count) asked.schedules = (struct names){count, names};
    if (!options->placements.count)
        asked.placements = (struct names){grid->plan.cpus > 1 ? 2 + (grid->plan.cpus > 3) : 1, placements};
    if (!options->processes.count && !options->threads.count) asked.workers = *workers;
    asked.chunks = chunks ? *chunks : (struct numbers){0};
    return plan_add(&grid->plan, "tune", &asked, why);
}

static int add_runners(struct tune_grid *grid, const struct options *options, struct reason *why)
{
    struct numbers workers = {0}, chunks = {0};
    const struct cell *serial = &grid->plan.cells[0];
    const struct kernel_info *info = &grid->plan.infos[grid->plan.extra[0].info];
    uint64_t most = grid->plan.cpus;
    if (info->bottleneck == BOTTLENECK_LATENCY) most *= WAITING_FACTOR; /* who waits needs no cpu */
    if (most > serial->tasks && serial->tasks > grid->plan.cpus) most = serial->tasks;
    int error = 0;
    if (!options->workers.count) { /* all up to 16, then steps of about a tenth, and the last */
        for (uint64_t p = 1; !error && p < most; p += p < ALL_LEVELS ? 1 : p / 10 + 1) error = push(&workers, p);
        if (!error) error = push(&workers, most);
    }
    for (uint64_t c = 1; !options->chunks.count && !error && c <= serial->tasks; c *= 2) error = push(&chunks, c);
    size_t added = 0;
    if (error) reason_set(why, "no memory");
    for (const struct runner *const *runner = runners; !error && *runner; runner++) {
        const struct numbers *asked = options->workers.count ? &options->workers : &workers;
        if (!tried(options, grid->plan.cpus, *runner)) continue;
        added++;
        if (!options->chunks.count) error = add_runner(grid, options, *runner, asked, NULL, why);
        if (!error && (*runner)->axes & AXIS_CHUNK)
            error = add_runner(grid, options, *runner, asked, options->chunks.count ? &options->chunks : &chunks, why);
    }
    values_numbers_free(&workers);
    values_numbers_free(&chunks);
    if (!error && !added)
        error = reason_give(why, -EINVAL,
                            "no runner with workers is left (\"breakeven list runners\" says which can run here)");
    return error;
}

int tune_grid_open(struct tune_grid *grid, const struct options *options, const struct limits *limits, struct reason *why)
{
    static char *serial[] = {(char *)"serial"};
    struct protocol protocol;
    *grid = (struct tune_grid){.options = options, .limits = limits};
    int error = topology_load(NULL, &grid->topology, why);
    if (error) return error;
    conduct_protocol(options, NULL, &protocol);
    protocol.reps = 1; /* the search says how often; and no duplicate for A/A */
    protocol.spans = 0;
    plan_open(&grid->plan, grid->topology, limits->usable, &protocol);
    struct options asked = *options;
    asked.runners = (struct names){1, serial};
    asked.workers = asked.processes = asked.threads = asked.chunks = (struct numbers){0};
    asked.schedules = asked.placements = (struct names){0};
    error = plan_add(&grid->plan, "tune", &asked, why);
    if (!error && grid->plan.cell_count != 1)
        error = reason_give(why, -EINVAL,
                            "one kernel, one number of tasks and one size at a time: tune them one after the other");
    if (!error) error = add_runners(grid, options, why);
    for (unsigned i = 1; !error && i < grid->plan.cell_count; i++) {
        grid->plan.cells[i].task_time_ns = grid->plan.cells[0].task_time_ns;
        grid->plan.extra[i].task_ns = grid->plan.extra[0].task_ns;
    }
    if (!error) error = plan_close(&grid->plan, why);
    return error ? error : measure_open(&grid->measure, &grid->plan, why);
}

void tune_grid_close(struct tune_grid *grid)
{
    measure_close(&grid->measure);
    plan_free(&grid->plan);
    if (grid->topology) hwloc_topology_destroy(grid->topology);
    free(grid->variants);
    free(grid->placements);
    free(grid->workers);
    free(grid->chunks);
    free(grid->points);
    *grid = (struct tune_grid){0};
}

/* The axes: every value that some cell has */

static bool both_axes(const struct cell *cell)
{
    unsigned axes = runner_find(cell->runner)->axes;
    return (axes & AXIS_PROCESSES) && (axes & AXIS_THREADS);
}

static bool same_variant(const struct cell *a, const struct cell *b)
{
    return cells_same(a, b, CELLS_RUNNER | CELLS_SCHEDULE | (both_axes(a) ? CELLS_THREADS : 0)) && !a->chunk == !b->chunk;
}

static unsigned variant_of(struct tune_grid *grid, unsigned cell)
{
    const struct cell *cells = grid->plan.cells;
    for (unsigned i = 0; i < grid->variant_count; i++)
        if (same_variant(&cells[grid->variants[i]], &cells[cell])) return i;
    grid->variants[grid->variant_count] = cell;
    return grid->variant_count++;
}

static unsigned placement_of(struct tune_grid *grid, unsigned cell)
{
    const struct cell *cells = grid->plan.cells;
    for (unsigned i = 0; i < grid->placement_count; i++)
        if (!strcmp(cells[grid->placements[i]].placement, cells[cell].placement)) return i;
    grid->placements[grid->placement_count] = cell;
    return grid->placement_count++;
}

static unsigned sort_distinct(double *values, unsigned count)
{
    unsigned kept = 0;
    gsl_sort(values, 1, count);
    for (unsigned i = 0; i < count; i++)
        if (!kept || values[kept - 1] < values[i]) values[kept++] = values[i];
    return kept;
}

static unsigned level_of(const double *values, unsigned count, double value)
{
    for (unsigned i = 0; i < count; i++)
        if (values[i] == value) return i;
    return 0;
}

static double workers_of(const struct cell *cell)
{
    return (double)cell->processes * cell->threads;
}

int tune_grid_index(struct tune_grid *grid)
{
    unsigned cells = grid->plan.cell_count;
    grid->variants = calloc(cells, sizeof *grid->variants);
    grid->placements = calloc(cells, sizeof *grid->placements);
    grid->workers = calloc(cells, sizeof *grid->workers);
    grid->chunks = calloc(cells + 1, sizeof *grid->chunks);
    grid->points = calloc(cells, sizeof *grid->points);
    if (!grid->variants || !grid->placements || !grid->workers || !grid->chunks || !grid->points) return -ENOMEM;
    grid->chunks[0] = 1;
    for (unsigned i = 1; i < cells; i++) {
        variant_of(grid, i);
        placement_of(grid, i);
        grid->workers[i - 1] = workers_of(&grid->plan.cells[i]);
        grid->chunks[i] = grid->plan.cells[i].chunk ? (double)grid->plan.cells[i].chunk : 1;
    }
    grid->worker_count = sort_distinct(grid->workers, cells - 1);
    grid->chunk_count = sort_distinct(grid->chunks, cells);
    for (unsigned i = 1; i < cells; i++) {
        const struct cell *cell = &grid->plan.cells[i];
        unsigned *level = grid->points[i].level;
        level[TUNE_VARIANT] = variant_of(grid, i);
        level[TUNE_PLACEMENT] = placement_of(grid, i);
        level[TUNE_WORKERS] = level_of(grid->workers, grid->worker_count, workers_of(cell));
        level[TUNE_CHUNK] = cell->chunk ? level_of(grid->chunks, grid->chunk_count, (double)cell->chunk) : 0;
    }
    return 0;
}

unsigned tune_grid_cell(const struct tune_grid *grid, const struct search_point *point)
{
    unsigned cell = point->serial ? 0 : grid->plan.cell_count - 1;
    while (cell && memcmp(grid->points[cell].level, point->level, TUNE_AXES * sizeof *point->level)) cell--;
    return cell;
}

static bool valid(void *context, const struct search_point *point)
{
    return tune_grid_cell(context, point) != 0;
}

static double seed(void *context, const struct search_point *point, size_t axis)
{
    const struct tune_grid *grid = context;
    const struct cell *variant = &grid->plan.cells[grid->variants[point->level[TUNE_VARIANT]]];
    if (axis != TUNE_CHUNK || !variant->chunk) return 0;
    if (!strcmp(variant->schedule, "guided")) return 1;
    return search_seed_chunk((double)variant->tasks, grid->workers[point->level[TUNE_WORKERS]]);
}

static bool find_usual(const struct tune_grid *grid, const char *runner, struct search_point *point)
{
    *point = (struct search_point){.level[TUNE_WORKERS] = level_of(grid->workers, grid->worker_count, grid->plan.cpus)};
    for (unsigned v = 0; v < grid->variant_count; v++) {
        const struct cell *variant = &grid->plan.cells[grid->variants[v]];
        if (strcmp(variant->runner, runner) || variant->chunk || strcmp(variant->schedule, "default")) continue;
        point->level[TUNE_VARIANT] = v;
        if (tune_grid_cell(grid, point)) return true;
    }
    return false;
}

void tune_grid_space(struct tune_grid *grid, struct search_space *space)
{
    *space = (struct search_space){
        .axis_count = TUNE_AXES,
        .axis = {[TUNE_VARIANT] = {.name = "variant", .levels = grid->variant_count},
                 [TUNE_PLACEMENT] = {.name = "placement", .levels = grid->placement_count},
                 [TUNE_WORKERS] = {.name = "workers",
                                   .levels = grid->worker_count,
                                   .values = grid->workers,
                                   .workers = true,
                                   .start = level_of(grid->workers, grid->worker_count, grid->plan.cpus)},
                 [TUNE_CHUNK] = {.name = "chunk", .levels = grid->chunk_count, .values = grid->chunks}},
        .serial = true,
        .valid = valid,
        .seed = seed,
        .context = grid,
    };
    for (const struct runner *const *runner = runners; *runner && space->also_count < SEARCH_ALSO; runner++)
        if ((*runner)->axes && find_usual(grid, (*runner)->name, &space->also[space->also_count])) space->also_count++;
}

/* Measuring */

double tune_grid_cost(enum tune_objective objective, bool warm, const struct sample *sample)
{
    if (objective == TUNE_CORE_SECONDS) return (double)(sample->user_ns + sample->system_ns);
    if (objective == TUNE_MEMORY) return (double)sample->peak_rss_bytes;
    return (double)(sample->wall_ns + (warm ? 0 : sample->start_ns + sample->stop_ns));
}

int tune_grid_measure(struct tune_grid *grid, unsigned cell, unsigned block, unsigned order, struct sample *sample,
                      double *spent_s)
{
    int64_t began_ns = clock_now_ns(&clock_real);
    if (interrupt_seen()) return -EINTR;
    int error =
        measure_cell(&grid->measure, &(struct turn){cell, block, order, false}, sample, &grid->why);
    *spent_s = (double)(clock_now_ns(&clock_real) - began_ns) / 1e9;
    return error;
}

void tune_cell_name(const struct cell *cell, char *text, size_t size)
{
    char team[64], chunk[48] = "", schedule[24] = "", placement[72] = "";
    const struct runner *runner = runner_find(cell->runner);
    if (!runner || !runner->axes) {
        snprintf(text, size, "serial");
        return;
    }
    if (both_axes(cell)) snprintf(team, sizeof team, "%u x %u threads", cell->processes, cell->threads);
    else if (runner->axes & AXIS_PROCESSES)
        snprintf(team, sizeof team, "%u process%s", cell->processes, cell->processes == 1 ? "" : "es");
    else snprintf(team, sizeof team, "%u thread%s", cell->threads, cell->threads == 1 ? "" : "s");
    if (cell->chunk) snprintf(chunk, sizeof chunk, ", chunk %llu", (unsigned long long)cell->chunk);
    if (strcmp(cell->schedule, "default")) snprintf(schedule, sizeof schedule, ", %s", cell->schedule);
    if (strcmp(cell->placement, "none")) snprintf(placement, sizeof placement, ", %s", cell->placement);
    snprintf(text, size, "%s, %s%s%s%s", cell->runner, team, schedule, chunk, placement);
}
