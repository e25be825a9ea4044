/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_kernel.c: a kernel as the subject of tune. */
#include "bench/tune/tune_kernel.h"

#include "bench/base/interrupt.h"

#include "kernels/reason.h"
#include "runners/runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct subject {
    struct tune_grid grid; /* first: what the space's functions are given */
    struct tune_record record;
    struct tune *tune;
    unsigned block;
};

static int measure_point(struct subject *subject, const struct search_point *point, unsigned order,
                         struct search_outcome *outcome)
{
    struct tune *tune = subject->tune;
    const struct plan *plan = &subject->grid.plan;
    struct sample sample;
    unsigned cell = tune_grid_cell(&subject->grid, point);
    int error = tune_grid_measure(&subject->grid, cell, subject->block, order, &sample, &outcome->spent_s);
    if (error) return error;
    outcome->failed = strcmp(sample.status, "ok") != 0;
    if (outcome->failed) tune_fail(tune, point, sample.cause, NULL);
    else outcome->cost = tune_grid_cost(tune->objective, tune->options->warm, &sample);
    if (*sample.suspect) {
        tune->suspects++;
        snprintf(tune->suspect, sizeof tune->suspect, "%s", sample.suspect);
    }
    int id = tune_record_cell(&subject->record, &plan->cells[cell], &plan->extra[cell]);
    sample.cell = (unsigned)id;
    if (id >= 0) return tune_record_hold(&subject->record, &sample);
    sample_free(&sample);
    return id;
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct subject *subject = context;
    struct tune *tune = subject->tune;
    const size_t suspects = tune->suspects;
    bool again = true;
    int error = 0;
    (void)limit;
    while (!error && again) {
        error = tune_watch_begin(&tune->watch);
        tune->suspects = suspects; /* not those of a block that was dropped */
        again = false;
        for (size_t i = 0; !error && !again && i < count; i++) {
            error = measure_point(subject, &points[i], (unsigned)i, &outcomes[i]);
            if (!error) error = tune_watch_check(&tune->watch, &again);
        }
        int settled = tune_record_settle(&subject->record, again);
        if (!error) error = settled;
        subject->block++;
    }
    return error;
}

/* Showing */

static const struct cell *cell_at(const struct tune *tune, const struct search_point *point)
{
    const struct subject *subject = tune->context;
    return &subject->grid.plan.cells[tune_grid_cell(&subject->grid, point)];
}

static void name(const struct tune *tune, const struct search_point *point, char *text, size_t size)
{
    tune_cell_name(cell_at(tune, point), text, size);
}

static json_t *settings(const struct tune *tune, const struct search_point *point)
{
    const struct cell *cell = cell_at(tune, point);
    return json_pack("{ss sI sI ss si si sI ss ss}", "kernel", cell->kernel, "size", (json_int_t)cell->size, "tasks",
                     (json_int_t)cell->tasks, "runner", cell->runner, "processes", (int)cell->processes, "threads",
                     (int)cell->threads, "chunk", (json_int_t)cell->chunk, "schedule", cell->schedule, "placement",
                     cell->placement);
}

static void shell(const struct tune *tune, const struct search_point *point, FILE *file)
{
    const struct cell *cell = cell_at(tune, point);
    const struct subject *subject = tune->context;
    const struct plan *plan = &subject->grid.plan;
    char **cpus = plan->placements[plan->extra[cell->id].placement].placement.cpus;
    static const char *const schedules[] = {"static", "dynamic", "guided"};
    fprintf(file, "export OMP_NUM_THREADS=%u\n", cell->threads);
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(cell->schedule, schedules[i])) continue;
        fprintf(file, "export OMP_SCHEDULE=%s", schedules[i]);
        if (cell->chunk) fprintf(file, ",%llu", (unsigned long long)cell->chunk);
        fputc('\n', file);
    }
    if (cpus) { /* OpenMP's places are of one process: the first one's threads */
        fputs("export OMP_PLACES='", file);
        for (unsigned i = 0; i < cell->threads; i++) fprintf(file, "%s{%s}", i ? "," : "", cpus[i]);
        fputs("'\nexport OMP_PROC_BIND=true\n", file);
    }
    fprintf(file, "export FORKPOOL_WORKERS=%u\n", cell->processes);
    if (!cell->chunk) return;
    fprintf(file, "export BREAKEVEN_CHUNK=%llu\n", (unsigned long long)cell->chunk);
    if (cell->processes > 1) fprintf(file, "export FORKPOOL_CHUNK=%llu\n", (unsigned long long)cell->chunk);
}

static const struct tune_subject kernel_subject = {
    .unit = "kernel", .name = name, .settings = settings, .shell = shell};

static void name_kernel(const struct tune_grid *grid, char *text, size_t size)
{
    const struct cell *serial = &grid->plan.cells[0];
    char task[32];
    values_show_duration(grid->plan.extra[0].task_ns, task, sizeof task);
    snprintf(text, size, "%s, %llu tasks of %s", serial->label, (unsigned long long)serial->tasks,
             grid->plan.extra[0].task_ns > 0 ? task : "unknown length");
}

/* The serial loop and one setting are measured whatever the time limit is: where that alone is beyond it. */
static bool tell_limit(const struct tune *tune, const char *takes, double serial_s)
{
    char limit[32], serial[32];
    double limit_s = tune_limit_s(tune->options);
    if (!(serial_s > limit_s)) return false;
    values_show_duration(limit_s * 1e9, limit, sizeof limit);
    values_show_duration(serial_s * 1e9, serial, sizeof serial);
    options_complain(tune->options,
                     "--time-limit %s: the serial loop alone %s %s; it and one configuration are measured once, "
                     "however long they take",
                     limit, takes, serial);
    return true;
}

static int search(struct subject *subject)
{
    struct tune *tune = subject->tune;
    const struct options *options = tune->options;
    struct plan none = subject->grid.plan;
    none.cell_count = 0; /* the record gets them as they come */
    interrupt_watch();
    int status = tune_record_open(&subject->record, options, &none);
    if (status) return status;
    struct search_outcome serial; /* first of all: what every result is held against */
    bool told = tell_limit(tune, "takes about", (double)none.cells[0].tasks * none.extra[0].task_ns / 1e9);
    int error = tune_watch_machine(tune, subject->grid.topology);
    if (!error) error = measure(subject, &(struct search_point){.serial = true}, 1, INFINITY, &serial);
    tune->suspects = 0; /* it is none of the search's measurements, */
    if (!error && !told) tell_limit(tune, "took", serial.spent_s);
    if (!error) tune->serial_s = serial.spent_s; /* but takes its time */
    tune->search.budget_s -= tune->serial_s;
    if (!error) error = search_run(&tune->space, &tune->search, &tune->result);
    memcpy(tune->dir, subject->record.dir, sizeof tune->dir);
    tune_record_close(&subject->record, tune_to_json(tune), error);
    return tune_report(tune, error, subject->grid.why.text);
}

int tune_kernel(const struct options *options)
{
    struct tune tune;
    struct subject subject = {.tune = &tune};
    struct reason why = {""};
    int status = tune_open(&tune, options);
    if (status) return status;
    if (options->kernels.count != 1) status = options_complain(options, "--kernel: one at a time");
    if (!status && tune_grid_open(&subject.grid, options, &tune.limits, &why))
        status = options_complain(options, "%s", why.text);
    if (!status && tune_grid_index(&subject.grid)) status = options_complain(options, "no memory");
    if (!status) {
        tune.subject = &kernel_subject;
        tune.context = &subject;
        name_kernel(&subject.grid, tune.what, sizeof tune.what);
        tune_grid_space(&subject.grid, &tune.space);
        tune.space.measure = measure;
        if (options_given(options, "reps")) tune.search.confirm = (unsigned)options->reps;
        status = search(&subject);
    }
    tune_grid_close(&subject.grid);
    tune_close(&tune);
    return status;
}
