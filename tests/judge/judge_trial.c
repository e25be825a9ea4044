/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One kernel: tune against the whole grid, judged in blocks that neither has seen. */
#include "tests/judge/judge_parts.h"

#include "kernels/reason.h"
#include "runners/runner.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_REPS_MAX = 3 };
/* Where a repetition takes longer (large inputs and results), there is less work, but no less than this share. */
static const double REPETITION_S = 0.025, LEAST_WORK = 0.2;
enum { ROUNDS = 7, TASKS_PER_CPU = 8 };
static const double WORK_OFF = 2; /* a serial loop that takes so many times what is wanted, or less, gets other work */
static const double GRID_SHARE = 0.4, CONTEST_SHARE = 0.5; /* of the time that is left */

const char *const tune_rule_names[TUNE_RULES] = {"n/4p", "static", "guided"};

static int take_one(struct judge *judge, unsigned cell, unsigned order, double *cost, double *spent_s)
{
    struct sample sample;
    int error = tune_grid_measure(&judge->grid, cell, judge->block, order, &sample, spent_s);
    if (error) return error;
    *cost = strcmp(sample.status, "ok") ? INFINITY : tune_grid_cost(TUNE_TIME, judge->grid.options->warm, &sample);
    judge->spent_s += *spent_s;
    sample.cell += judge->first;
    return tune_record_hold(judge->record, &sample);
}

int judge_take(struct judge *judge, const unsigned *cells, unsigned count, double *costs, double *spent_s)
{
    bool again = true;
    int error = 0;
    while (!error && again) {
        error = tune_watch_begin(&judge->watch);
        again = false;
        for (unsigned i = 0; !error && !again && i < count; i++) {
            double one_s;
            error = take_one(judge, cells[i], i, &costs[i], spent_s ? &spent_s[i] : &one_s);
            if (!error) error = tune_watch_check(&judge->watch, &again);
        }
        int settled = tune_record_settle(judge->record, again);
        if (!error) error = settled;
        judge->block++;
    }
    return error;
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct judge *judge = context;
    unsigned cells[count];
    double costs[count], spent_s[count];
    (void)limit;
    memset(cells, 0, sizeof cells);
    for (size_t i = 0; i < count; i++) cells[i] = tune_grid_cell(&judge->grid, &points[i]);
    int error = judge_take(judge, cells, (unsigned)count, costs, spent_s);
    for (size_t i = 0; !error && i < count; i++)
        outcomes[i] =
            (struct search_outcome){.cost = costs[i], .spent_s = spent_s[i], .failed = !isfinite(costs[i])};
    return error;
}

static int tune_it(struct judge *judge, struct tune_trial *trial, unsigned *tuned)
{
    struct search_space space;
    struct search_result result;
    tune_grid_space(&judge->grid, &space);
    space.measure = measure;
    space.context = judge;
    int error = search_run(&space, &search_defaults, &result);
    if (!error && result.recommended >= result.entry_count) error = -EIO;
    if (!error) *tuned = tune_grid_cell(&judge->grid, &result.entries[result.recommended].point);
    trial->search_s = result.spent_s;
    trial->measurements = result.measurements;
    trial->shift = result.shift;
    search_free(&result);
    return error;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The whole grid in interleaved blocks, as often as fits `seconds`, at least once. A cell's figure is its lower median:
 * one spike of two or three does not hide it. */
static int measure_grid(struct judge *judge, double seconds, struct tune_trial *trial)
{
    const struct plan *plan = &judge->grid.plan;
    unsigned cells = plan->cell_count, reps = 0;
    unsigned *order = calloc(cells, sizeof *order);
    double *costs = calloc((size_t)cells * GRID_REPS_MAX, sizeof *costs), sum_s = 0;
    judge->medians = calloc(cells, sizeof *judge->medians);
    int error = order && costs && judge->medians ? 0 : -ENOMEM;
    while (!error && reps < GRID_REPS_MAX && (!reps || sum_s * (reps + 1) / reps < seconds)) {
        plan_order(plan->cells, cells, plan->protocol.seed, reps, order);
        for (unsigned i = 0; !error && i < cells; i++) {
            double spent_s = 0;
            error = judge_take(judge, &order[i], 1, &costs[(size_t)order[i] * GRID_REPS_MAX + reps], &spent_s);
            sum_s += spent_s;
        }
        reps++;
    }
    for (unsigned i = 0; !error && i < cells; i++) {
        qsort(&costs[(size_t)i * GRID_REPS_MAX], reps, sizeof *costs, by_value);
        judge->medians[i] = costs[(size_t)i * GRID_REPS_MAX + (reps - 1) / 2];
    }
    free(order);
    free(costs);
    trial->points = cells;
    trial->grid_reps = reps;
    trial->grid_s = reps ? sum_s / reps * TUNE_GRID_REPETITIONS : NAN;
    return error;
}

/* The cell of a rule of thumb: all cpus, by the first runner that has it; 0 where none has. */
static unsigned rule_cell(const struct tune_grid *grid, unsigned rule)
{
    static const char *const schedules[TUNE_RULES] = {"dynamic", "static", "guided"};
    const struct cell *cells = grid->plan.cells, *best = NULL;
    double wanted = fmax(1, (double)cells[0].tasks / (4.0 * grid->plan.cpus));
    for (unsigned i = 1; i < grid->plan.cell_count; i++) {
        const struct cell *cell = &cells[i];
        bool chunked = rule == TUNE_RULE_PYTHON;
        if (strcmp(cell->schedule, schedules[rule]) || cell->processes * cell->threads != grid->plan.cpus ||
            strcmp(cell->placement, "none") || (cell->chunk != 0) != chunked)
            continue;
        if (!best || (!strcmp(best->runner, cell->runner) && chunked &&
                      fabs(log((double)cell->chunk / wanted)) < fabs(log((double)best->chunk / wanted))))
            best = cell;
    }
    return best ? best->id : 0;
}

static struct quantity regret_of(const struct judge_field *field, unsigned cell, unsigned best)
{
    struct quantity ratio = judge_ratio(field, judge_find(field, cell), judge_find(field, best));
    return (struct quantity){ratio.median - 1, ratio.low - 1, ratio.high - 1, ratio.n};
}

static void conclude(const struct judge *judge, const struct judge_contestants *who, struct tune_trial *trial)
{
    const struct cell *cells = judge->grid.plan.cells;
    const struct judge_field *field = &judge->comparison;
    unsigned serial = judge_find(field, 0), copy = judge_find(field, who->tuned) + 1;
    while (field->cells[copy] != who->tuned) copy++;
    trial->regret = regret_of(field, who->tuned, who->best);
    trial->same = fabs(judge_ratio(field, copy, 0).median - 1);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        trial->rules[r] = who->rules[r] ? regret_of(field, who->rules[r], who->best).median : NAN;
    trial->serial_ns = stats_median(field->costs[serial], JUDGE_BLOCKS_ALL).median;
    trial->serial_best = stats_verdict(judge_ratio(field, judge_find(field, who->parallel), serial)) == VERDICT_MORE &&
                         stats_verdict(judge_ratio(field, judge_find(field, who->best), serial)) != VERDICT_LESS;
    trial->stayed = who->tuned == 0;
    trial->comparison_cores = tune_watch_mean(&judge->watch.measured);
    double changed = trial->comparison_cores / trial->search_cores;
    trial->unsteady = changed < TUNE_WATCH_LOW || changed > 1 / TUNE_WATCH_LOW;
    tune_cell_name(&cells[who->best], trial->best, sizeof trial->best);
    tune_cell_name(&cells[who->tuned], trial->tuned, sizeof trial->tuned);
}

/* The search is over. What judges it has a patience of its own, or none where the search's was spent: it should see the
 * same machine. */
static void judge_watch(struct judge *judge, struct tune_trial *trial)
{
    struct tune_watch search = judge->watch;
    trial->search_cores = tune_watch_mean(&search.measured);
    trial->waited_s = search.waited_s;
    trial->dropped = search.dropped;
    trial->gave_up = search.gave_up;
    tune_watch_open(&judge->watch, &search.eyes, search.patience_s);
    judge->watch.gave_up = search.gave_up;
}

static int try_it(struct judge *judge, double seconds, struct tune_trial *trial)
{
    struct judge_contestants who = {0};
    struct judge_field *contest = &judge->contest;
    double cost;
    const unsigned serial = 0;
    int first = tune_record_cells(judge->record, &judge->grid.plan);
    if (first < 0) return first;
    judge->first = (unsigned)first;
    int error = judge_take(judge, &serial, 1, &cost, NULL); /* what all results are held against */
    if (!error) error = tune_it(judge, trial, &who.tuned);
    judge_watch(judge, trial);
    if (!error) error = measure_grid(judge, GRID_SHARE * (seconds - judge->spent_s), trial);
    if (error) return error;
    judge_add(contest, 0);
    judge_add(contest, who.tuned);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        if ((who.rules[r] = rule_cell(&judge->grid, r))) judge_add(contest, who.rules[r]);
    error = judge_contest(judge, CONTEST_SHARE * (seconds - judge->spent_s), &who.parallel);
    if (error) return error;
    who.best = contest->cells[0];
    judge->watch.measured = (struct tune_watch_seen){0};
    error = judge_compare(judge, &who, seconds - judge->spent_s);
    trial->judge_waited_s = judge->watch.waited_s;
    if (!error) conclude(judge, &who, trial);
    return error;
}

/* The grid, how long a repetition of its serial loop takes with all that is before and after the run phase, and the run
 * phase alone: the shorter of two. */
static int open_grid(struct judge *judge, const struct options *options, const struct limits *limits, double *serial_s,
                     double *wall_ns, struct reason *why)
{
    int error = tune_grid_open(&judge->grid, options, limits, why);
    if (!error) error = tune_grid_index(&judge->grid);
    *serial_s = *wall_ns = INFINITY;
    for (unsigned i = 0; !error && i < 2; i++) {
        struct sample sample;
        double spent_s;
        error = tune_grid_measure(&judge->grid, 0, 0, 0, &sample, &spent_s);
        if (error) break;
        *serial_s = fmin(*serial_s, spent_s);
        if (!strcmp(sample.status, "ok")) *wall_ns = fmin(*wall_ns, (double)sample.wall_ns);
        sample_free(&sample);
    }
    return error;
}

/* How much work a problem should have. A calibration looks at a few tasks: where a few others carry most of the work
 * (uts), the serial loop takes many times as long as is wanted, or a small part of that. */
struct work {
    double wanted_ns;
    bool shortened;   /* since a repetition takes long beside its run phase */
    double low, high; /* tasks that were too few and too many; 0: none were */
};

/* How many tasks there should be instead of these; the same number: they may stay. */
static double correct(struct work *work, double tasks, double serial_s, double wall_ns)
{
    bool much = wall_ns > WORK_OFF * work->wanted_ns;
    if (much || wall_ns < work->wanted_ns / WORK_OFF) {
        *(much ? &work->high : &work->low) = tasks;
        return work->low > 0 && work->high > 0 ? sqrt(work->low * work->high) : tasks * work->wanted_ns / wall_ns;
    }
    if (work->shortened || serial_s < REPETITION_S) return tasks;
    double factor = fmax(REPETITION_S / serial_s, LEAST_WORK);
    work->shortened = true;
    work->wanted_ns *= factor;
    return tasks * factor;
}

/* So many tasks as they are; where that would be few, smaller ones instead. */
static void set_tasks(struct tune_problem *problem, double tasks, unsigned cpus)
{
    double least = TASKS_PER_CPU * cpus;
    if (tasks < least && problem->size > 1) {
        problem->size = (uint64_t)fmax(1, round((double)problem->size * tasks / least));
        tasks = least;
    }
    problem->tasks = (uint64_t)fmax(1, round(tasks));
}

/* The problem as the options say it, with about as much work as they ask for; a trial that is made again keeps the
 * problem that it had. */
static int open_problem(struct judge *judge, struct options *asked, const struct limits *limits,
                        struct tune_problem *problem, struct reason *why)
{
    struct work work = {.wanted_ns = (double)asked->work_ns};
    double serial_s, wall_ns;
    bool known = problem->tasks > 0;
    bool free_work = !known && !options_given(asked, "work") && !asked->tasks.count;
    for (unsigned round = 0;; round++) {
        if (known) {
            asked->sizes = (struct numbers){1, &problem->size};
            asked->tasks = (struct numbers){1, &problem->tasks};
            asked->task_times_ns = (struct numbers){0};
            asked->work_ns = 0;
        }
        int error = open_grid(judge, asked, limits, &serial_s, &wall_ns, why);
        if (error) return error;
        const struct cell *serial = &judge->grid.plan.cells[0];
        *problem = (struct tune_problem){serial->size, serial->tasks, wall_ns / (double)serial->tasks};
        if (!free_work || !isfinite(wall_ns) || round == ROUNDS) return 0;
        double tasks = correct(&work, (double)problem->tasks, serial_s, wall_ns);
        if (tasks == (double)problem->tasks) return 0;
        set_tasks(problem, tasks, judge->grid.plan.cpus);
        tune_grid_close(&judge->grid);
        known = true;
    }
}

int tune_trial_run(const struct options *options, const struct tune_place *place, double seconds,
                   struct tune_trial *trial, struct reason *why)
{
    struct judge *judge = calloc(1, sizeof *judge);
    struct options asked = *options;
    struct tune_problem problem = trial->problem;
    *trial = (struct tune_trial){.attempts = trial->attempts + 1};
    if (!judge) return -ENOMEM;
    judge->record = place->record;
    tune_watch_open(&judge->watch, place->eyes, tune_patience_s(options));
    int error = open_problem(judge, &asked, place->limits, &problem, why);
    if (!error) {
        snprintf(trial->kernel, sizeof trial->kernel, "%s", judge->grid.plan.cells[0].label);
        trial->problem = problem;
        error = try_it(judge, seconds, trial);
    }
    if (error && *judge->grid.why.text) *why = judge->grid.why;
    free(judge->medians);
    tune_grid_close(&judge->grid);
    free(judge);
    return error;
}
