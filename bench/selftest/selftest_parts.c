/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest_parts: what the parts share: the rows that they add, and small runs in real processes. */
#include "bench/selftest/selftest.h"

#include "bench/base/clock.h"
#include "bench/plan/inject.h"
#include "bench/base/interrupt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const selftest_outcome_names[] = {"holds", "falls short", "skipped"};

static void add(struct selftest *test, const struct selftest_row *row)
{
    struct selftest_row *grown = realloc(test->rows, (test->count + 1) * sizeof *grown);
    test->failed += row->outcome == SELFTEST_FALLS_SHORT || !grown; /* a row that is lost has not held */
    if (!grown) return;
    int64_t now_ns = clock_now_ns(&clock_real);
    struct selftest_row *added = &grown[test->count++];
    *added = *row;
    added->tries = test->tries;
    added->took_s = (double)(now_ns - test->last_ns) / 1e9;
    test->last_ns = now_ns;
    test->rows = grown;
    test->skipped += row->outcome == SELFTEST_SKIPPED;
}

void selftest_add(struct selftest *test, const struct selftest_row *row, bool holds)
{
    struct selftest_row made = *row;
    made.outcome = holds ? SELFTEST_HOLDS : SELFTEST_FALLS_SHORT;
    add(test, &made);
}

struct selftest_band selftest_band(double rate, unsigned trials)
{
    double half = 2.576 * sqrt(rate * (1 - rate) / (trials < 1000 ? trials : 1000));
    return (struct selftest_band){rate - half, fmin(1, rate + half)};
}

void selftest_skip(struct selftest *test, const char *id, const char *injected, const char *format, ...)
{
    struct selftest_row row = {.outcome = SELFTEST_SKIPPED};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row.came_back, sizeof row.came_back, format, arguments);
    va_end(arguments);
    snprintf(row.id, sizeof row.id, "%s", id);
    snprintf(row.injected, sizeof row.injected, "%s", injected);
    add(test, &row);
}

/* The rows from `first` on: another try follows. */
static void forget(struct selftest *test, size_t first)
{
    for (; test->count > first; test->count--) {
        enum selftest_outcome outcome = test->rows[test->count - 1].outcome;
        test->failed -= outcome == SELFTEST_FALLS_SHORT;
        test->skipped -= outcome == SELFTEST_SKIPPED;
    }
}

void selftest_run(struct selftest *test, const struct selftest_part *part)
{
    const unsigned TRIES = 3;
    size_t first = test->count;
    bool again = true;
    for (test->tries = 1; again && !interrupt_seen(); test->tries++) {
        if (test->tries > 1) {
            forget(test, first);
            sleep(test->calm_s);
        }
        test->loud = false;
        part->run(test);
        again = part->again && test->loud && !test->quick && test->tries < TRIES;
    }
}

void selftest_free(struct selftest *test)
{
    free(test->rows);
    *test = (struct selftest){0};
}

/* ---- live ---- */

static const uint64_t DEADLINE_NS = 20000000000;

bool live_has(const char *name)
{
    const struct runner *runner = runner_find(name);
    struct reason why = {""};
    return !runner->available || !runner->available(&why);
}

void live_open(struct live *live, const struct selftest *test)
{
    struct limits limits;
    *live = (struct live){.test = test, .run = {.cells = live->cells, .complete = true}};
    interrupt_watch();
    live->error = limits_read("", &limits, &live->why);
    if (!live->error) live->error = topology_load(NULL, &live->topology, &live->why);
    if (live->error) return;
    struct protocol protocol = {
        .reps = 1, .reps_min = 1, .warmup = 1, .deadline_ns = DEADLINE_NS, .seed = test->seed, .task_seed = 1};
    plan_open(&live->plan, live->topology, limits.usable, &protocol);
}

void live_wait_policy(struct live *live, const char *policy)
{
    const char *before = getenv("OMP_WAIT_POLICY");
    live->policy = strdup(before ? before : "");
    setenv("OMP_WAIT_POLICY", policy, 1);
}

static void policy_back(struct live *live)
{
    if (!live->policy) return;
    if (*live->policy) setenv("OMP_WAIT_POLICY", live->policy, 1);
    else unsetenv("OMP_WAIT_POLICY");
    free(live->policy);
    live->policy = NULL;
}

void live_close(struct live *live)
{
    policy_back(live);
    run_samples_free(&live->run);
    measure_close(&live->measure);
    plan_free(&live->plan);
    if (live->topology) hwloc_topology_destroy(live->topology);
}

struct kernel_task live_calibrate(struct live *live, const struct live_cell *asked)
{
    const struct kernel_info_limits none = {0};
    struct kernel_info info;
    struct kernel_task task = {.tasks = asked->tasks, .seed = 1, .task_ns = asked->task_ns};
    if (!live->error) live->error = kernel_info_get(asked->kernel, none, &info, &live->why);
    if (!live->error) live->error = kernel_info_calibrate(&info, none, &task, &live->why);
    if (live->error) task.size = 1;
    return task;
}

/* The size of a cell: as asked, its baseline's, or calibrated. */
static uint64_t size_of(struct live *live, const struct live_cell *asked)
{
    if (asked->size) return asked->size;
    if (asked->runner && asked->baseline < live->run.cell_count) return live->cells[asked->baseline].size;
    return live_calibrate(live, asked).size;
}

unsigned live_cell(struct live *live, const struct live_cell *asked)
{
    unsigned id = live->run.cell_count;
    const struct runner *runner = runner_find(asked->runner ? asked->runner : "serial");
    bool processes = runner->axes & AXIS_PROCESSES;
    uint64_t size = size_of(live, asked);
    struct cell *cell = &live->cells[live->run.cell_count++];
    *cell = (struct cell){.id = id,
                          .baseline = asked->runner ? asked->baseline : id,
                          .duplicate = id,
                          .study = "run",
                          .size = size,
                          .tasks = asked->tasks,
                          .seed = 1,
                          .processes = 1,
                          .threads = 1,
                          .chunk = asked->chunk};
    if (asked->workers) *(processes ? &cell->processes : &cell->threads) = asked->workers;
    snprintf(cell->kernel, sizeof cell->kernel, "%s", asked->kernel);
    snprintf(cell->label, sizeof cell->label, "%.39s", asked->kernel);
    snprintf(cell->runner, sizeof cell->runner, "%s", runner->name);
    snprintf(cell->schedule, sizeof cell->schedule, "%s", asked->schedule ? asked->schedule : "default");
    snprintf(cell->placement, sizeof cell->placement, "%s", asked->placement ? asked->placement : "none");
    live->inject[id] = asked->inject;
    return id;
}

/* Once, when the cells are all there. */
static void close_plan(struct live *live)
{
    double task_ns[LIVE_CELLS] = {0};
    if (live->measure.plan || live->error) return;
    live->error = plan_adopt(&live->plan, live->cells, live->run.cell_count, task_ns, &live->why);
    if (!live->error) live->error = plan_close(&live->plan, &live->why);
    if (!live->error) live->error = measure_open(&live->measure, &live->plan, &live->why);
    if (live->error) return;
    for (unsigned i = 0; i < live->run.cell_count; i++) {
        live->plan.extra[i].inject = live->inject[i];
        live->plan.extra[i].warmup = 1;
    }
}

static void take(struct live *live, unsigned cell, unsigned block, unsigned position, bool instrumented, bool failures)
{
    struct sample sample;
    if (live->error) return;
    live->error = measure_cell(&live->measure, &(struct turn){cell, block, position, instrumented}, &sample, &live->why);
    if (live->error == -EINTR) reason_set(&live->why, "interrupted");
    if (live->error) return;
    if (strcmp(sample.status, "ok") && !failures)
        live->error = reason_give(&live->why, -EIO, "%s on %s: %s", live->cells[cell].label,
                                  live->cells[cell].runner, sample.cause);
    if (run_add(&live->run, &sample, -1)) live->error = reason_give(&live->why, -ENOMEM, "no memory");
    sample_free(&sample);
}

void live_blocks(struct live *live, unsigned count, bool instrumented, bool failures)
{
    unsigned order[LIVE_CELLS];
    close_plan(live);
    for (unsigned i = 0; i < count && !live->error; i++) {
        if (live->test->until_ns && clock_now_ns(&clock_real) > live->test->until_ns) {
            live->error = reason_give(&live->why, -ETIME, "no time left for it on so slow a machine");
            return;
        }
        unsigned block = live->blocks++;
        plan_order(live->cells, live->run.cell_count, live->test->seed, block, order);
        for (unsigned k = 0; k < live->run.cell_count; k++) {
            take(live, order[k], block, k, false, failures);
            if (instrumented && live->cells[order[k]].baseline != order[k])
                take(live, order[k], block, k, true, failures);
        }
    }
}

const struct observation *live_sample(const struct live *live, unsigned cell, unsigned block, bool instrumented)
{
    for (size_t i = 0; i < live->run.sample_count; i++) {
        const struct observation *sample = &live->run.samples[i];
        if (sample->cell != cell || sample->block != block || sample->instrumented != instrumented) continue;
        return live->undisturbed && sample->suspect[0] ? NULL : sample;
    }
    return NULL;
}

void live_values(const struct live *live, unsigned cell, enum live_figure figure, bool instrumented, double *values)
{
    for (unsigned block = 0; block < live->blocks; block++) {
        const struct observation *sample = live_sample(live, cell, block, instrumented);
        values[block] = NAN;
        if (!sample || strcmp(sample->status, "ok")) continue;
        const int64_t figures[] = {[LIVE_WALL] = sample->wall_ns,
                                   [LIVE_TOTAL] = sample->start_ns + sample->wall_ns + sample->stop_ns,
                                   [LIVE_INJECTED] = sample->injected_ns};
        values[block] = (double)figures[figure];
    }
}

void live_until(struct live *live, unsigned fewest, unsigned most, bool instrumented, live_enough *enough,
                void *context)
{
    live_blocks(live, fewest, instrumented, false);
    while (!live->error && live->blocks + 2 <= most && !enough(live, context))
        live_blocks(live, 2, instrumented, false);
}

double live_suspects(const struct live *live)
{
    size_t count = 0;
    for (size_t i = 0; i < live->run.sample_count; i++) count += live->run.samples[i].suspect[0] != '\0';
    return live->run.sample_count ? (double)count / (double)live->run.sample_count : 0;
}

void live_judge(struct selftest *test, const struct live *live, struct selftest_row *row, bool holds)
{
    double suspects = live_suspects(live);
    test->loud = test->loud || suspects > LIVE_LOUD;
    if (interrupt_seen()) return; /* no row: nothing was found out */
    if (live->error == -ETIME) {
        selftest_skip(test, row->id, row->injected, "%.180s", live->why.text);
        return;
    }
    if (live->error) {
        snprintf(row->came_back, sizeof row->came_back, "%.190s", live->why.text);
        holds = false;
    } else if (!holds && (test->quick || live->needs_quiet) && suspects > LIVE_LOUD) {
        selftest_skip(test, row->id, row->injected,
                      "the machine is too loud: %.0f %% of the samples are suspect (%.80s)", 100 * suspects,
                      row->came_back);
        return;
    }
    selftest_add(test, row, holds);
}
