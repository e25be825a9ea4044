/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V6, V8 and the scripted halves of V5, V7 and V11: repetitions whose every duration is known, through the repetition,
 * the order of blocks, the summary and the budget. */
#include "bench/selftest/selftest.h"

#include "bench/measure/repetition.h"
#include "bench/plan/plan.h"
#include "bench/selftest/inject_script.h"

#include "kernels/reason.h"
#include "results/models/budget.h"
#include "results/models/summary.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double off(double value, double truth)
{
    return fabs(value / truth - 1);
}

/* ---- small runs measured in this process with a script for a clock, summarised like any other run ---- */

enum { LAB_CELLS = 64, LAB_SERIAL = -1 };

struct lab {
    struct inject_script script;
    struct cell cells[LAB_CELLS];
    struct run run;
    int error; /* the first thing that went wrong: no memory, or a repetition that failed; 0 */
};

static void lab_open(struct lab *lab)
{
    *lab = (struct lab){.run = {.cells = lab->cells, .complete = true}};
    inject_script_open(&lab->script);
}

/* Adds a cell and returns its id; baseline LAB_SERIAL: it is the serial cell of its problem, one worker with one chunk
 * and no cost of dispatch. A team has one thread in each process. */
static unsigned lab_cell(struct lab *lab, uint64_t tasks, unsigned workers, uint64_t chunk, int baseline)
{
    unsigned id = lab->run.cell_count++;
    lab->cells[id] = (struct cell){.id = id,
                                   .baseline = baseline == LAB_SERIAL ? id : (unsigned)baseline,
                                   .duplicate = id,
                                   .study = "granularity",
                                   .kernel = "script",
                                   .label = "script",
                                   .schedule = "default",
                                   .placement = "none",
                                   .size = 1,
                                   .tasks = tasks,
                                   .processes = workers,
                                   .threads = 1,
                                   .chunk = chunk};
    snprintf(lab->cells[id].runner, sizeof lab->cells[id].runner, "%s", baseline == LAB_SERIAL ? "serial" : "script");
    return id;
}

/* One repetition of a cell as the script stands; appended to the run. Returns the sample, or NULL (lab->error). */
static const struct observation *lab_measure(struct lab *lab, unsigned id, unsigned block, unsigned order,
                                             bool instrumented)
{
    const struct cell *cell = &lab->cells[id];
    struct sample sample = {.cell = id, .block = block, .order = order};
    struct inject_script *script = &lab->script;
    double dispatch_ns = script->dispatch_ns, join_ns = script->join_ns;
    if (cell->baseline == id) script->dispatch_ns = script->join_ns = 0;
    struct repetition repetition = {
        .kernel = &inject_script_kernel,
        .runner = &inject_script_runner,
        .params = {cell->tasks, cell->size, inject_script_seed(script)},
        .team = {.processes = cell->processes, .threads = cell->threads, .chunk = cell->chunk},
        .instrumented = instrumented,
    };
    repetition_run(&repetition, &script->clock, &sample);
    script->dispatch_ns = dispatch_ns, script->join_ns = join_ns;
    int error = run_add(&lab->run, &sample, -1);
    if (!error && strcmp(sample.status, "ok")) error = -EIO;
    sample_free(&sample);
    if (!lab->error) lab->error = error;
    return error == -ENOMEM ? NULL : &lab->run.samples[lab->run.sample_count - 1];
}

/* The budget of one instrumented repetition of a team, held against so much serial time instead of a cell's. */
static bool lab_budget(struct lab *lab, uint64_t tasks, unsigned workers, uint64_t chunk, double serial_ns,
                       struct budget *budget)
{
    unsigned team = lab_cell(lab, tasks, workers, chunk, LAB_SERIAL);
    lab->cells[team].baseline = team + 1; /* any other: its own costs are wanted */
    const struct observation *sample = lab_measure(lab, team, 0, 0, true);
    *budget = (struct budget){0};
    bool made = sample && !lab->error && !budget_make(sample, &lab->cells[team], serial_ns, budget);
    run_samples_free(&lab->run);
    return made;
}

/* 0 or lab->error; the summary must be freed before the lab is closed. */
static int lab_summary(struct lab *lab, struct summary *summary)
{
    struct reason why = {""};
    return lab->error ? lab->error : summary_make(&lab->run, summary, &why);
}

/* ---- V6: known imbalance ---- */

void selftest_imbalance(struct selftest *test)
{
    enum { WORKERS = 4 };
    const double ratios[] = {1, 1.25, 1.5, 2, 3, 4};
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        struct lab lab;
        lab_open(&lab);
        lab.script.task_ns = 5000, lab.script.dispatch_ns = 100;
        /* worker 0 has max; the others share the rest, so that max/mean is the ratio */
        for (int w = 0; w < WORKERS; w++) lab.script.share[w] = w ? (WORKERS - ratios[i]) / (WORKERS - 1) : ratios[i];
        struct budget budget;
        bool made = lab_budget(&lab, 4000, WORKERS, 10, 4000 * 5000.0, &budget);
        struct selftest_row row = {.id = "V6", .wanted = "within 1 %"};
        snprintf(row.injected, sizeof row.injected, "max/mean %.2f over %d workers", ratios[i], WORKERS);
        snprintf(row.came_back, sizeof row.came_back, "load balance %.4f, that is max/mean %.4f", budget.load_balance,
                 1 / budget.load_balance);
        selftest_add(test, &row, made && off(1 / budget.load_balance, ratios[i]) <= 0.01);
    }
}

/* ---- V5, V7 by script: each cost in its own term of the budget, and the terms close ---- */

void selftest_budget(struct selftest *test)
{
    static const struct {
        const char *what;
        double start_ns, stop_ns, dispatch_ns, join_ns, slow;
    } cases[] = {
        {"nothing but work", 0, 0, 0, 0, 1},
        {"start-up 2 ms", 2e6, 0, 0, 0, 1},
        {"stop 1 ms", 0, 1e6, 0, 0, 1},
        {"dispatch 2 us a chunk", 0, 0, 2000, 0, 1},
        {"work 20 % slower together", 0, 0, 0, 0, 1.2},
        {"100 us before run returns", 0, 0, 0, 1e5, 1},
        {"all of them", 2e6, 1e6, 2000, 1e5, 1.2},
    };
    enum { WORKERS = 2, TASKS = 2000, TASK_NS = 10000 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab lab;
        lab_open(&lab);
        lab.script.task_ns = TASK_NS * cases[i].slow;
        lab.script.start_ns = cases[i].start_ns, lab.script.stop_ns = cases[i].stop_ns;
        lab.script.dispatch_ns = cases[i].dispatch_ns, lab.script.join_ns = cases[i].join_ns;
        struct budget b;
        double serial_ns = (double)TASKS * TASK_NS;
        bool holds = lab_budget(&lab, TASKS, WORKERS, 1, serial_ns, &b);
        const double terms[] = {b.start_stop, b.dispatch, b.dilation, b.tail, b.residual};
        const double truth[] = {WORKERS * (cases[i].start_ns + cases[i].stop_ns), TASKS * cases[i].dispatch_ns,
                                serial_ns * (cases[i].slow - 1), 0, WORKERS * cases[i].join_ns};
        double worst = 0, sum = b.work;
        for (int term = 0; term < 5; term++) {
            worst = fmax(worst, fabs(terms[term] - truth[term] / b.core_ns));
            sum += terms[term];
        }
        struct selftest_row row = {.id = "V5", .wanted = "each term within 0.1 % of all time, in sum 100 %"};
        snprintf(row.injected, sizeof row.injected, "budget of %s", cases[i].what);
        snprintf(row.came_back, sizeof row.came_back,
                 "start and stop %.2f, dispatch %.2f, dilation %.2f, tail %.2f, "
                 "residual %.2f, work %.2f %%",
                 100 * b.start_stop, 100 * b.dispatch, 100 * b.dilation, 100 * b.tail, 100 * b.residual, 100 * b.work);
        selftest_add(test, &row, holds && worst <= 1e-3 && fabs(sum - 1) <= 1e-9);
    }
}

/* ---- V8: the machine drifts, or changes its speed in mid-run ---- */

enum { DRIFT_CELLS = 6, DRIFT_BLOCKS = 20 };

/* Speed of the machine after `share` of the measurements. */
typedef double machine_speed(double share);

static double linear(double share)
{
    return 0.9 + 0.2 * share;
}

static double step(double share)
{
    return share < 0.43 ? 1 : 1.3;
}

/* One serial cell and teams of 1 to 5 workers. Truth: speed-up = p. */
static int drift_measure(struct lab *lab, machine_speed *speed, bool interleaved)
{
    unsigned serial = lab_cell(lab, 6000, 1, 0, LAB_SERIAL), order[DRIFT_CELLS];
    for (unsigned p = 1; p < DRIFT_CELLS; p++) lab_cell(lab, 6000, p, 0, (int)serial);
    lab->script.task_ns = 1000;
    for (unsigned i = 0, all = DRIFT_CELLS * DRIFT_BLOCKS; i < all; i++) {
        unsigned block = interleaved ? i / DRIFT_CELLS : i % DRIFT_BLOCKS, cell = i / DRIFT_BLOCKS;
        if (interleaved) {
            plan_order(lab->cells, DRIFT_CELLS, 7, block, order);
            cell = order[i % DRIFT_CELLS];
        }
        lab->script.slowdown = speed((double)i / all);
        lab_measure(lab, cell, block, i % DRIFT_CELLS, false);
    }
    return lab->error;
}

/* The largest error of a speed-up: by blocks as the summary has it, or in a control as the ratio of two medians. */
static double drift_error(machine_speed *speed, bool interleaved)
{
    struct lab lab;
    struct summary summary;
    double worst = NAN;
    lab_open(&lab);
    if (!drift_measure(&lab, speed, interleaved) && !lab_summary(&lab, &summary)) {
        worst = 0;
        for (unsigned p = 1; p < DRIFT_CELLS; p++) {
            const struct quantity *quantity = summary.cells[p].quantity, *serial = summary.cells[0].quantity;
            double found = interleaved ? quantity[QUANTITY_speedup].median
                                       : serial[QUANTITY_wall_ns].median / quantity[QUANTITY_wall_ns].median;
            worst = fmax(worst, off(found, p));
        }
        summary_free(&summary);
    }
    run_samples_free(&lab.run);
    return worst;
}

void selftest_drift(struct selftest *test)
{
    static const struct {
        const char *name;
        machine_speed *speed;
    } machines[] = {{"a machine that slows down evenly from -10 % to +10 %", linear},
                    {"a machine that is 1.3x slower after 43 %", step}};
    for (size_t i = 0; i < 2; i++) {
        double blocks = drift_error(machines[i].speed, true), control = drift_error(machines[i].speed, false);
        struct selftest_row row = {.id = "V8", .wanted = "<= 0.5 %, and the control above it"};
        snprintf(row.injected, sizeof row.injected, "%s", machines[i].name);
        snprintf(row.came_back, sizeof row.came_back,
                 "speed-ups off by %.3f %% in interleaved blocks; %.1f %% cell after cell", 100 * blocks,
                 100 * control);
        selftest_add(test, &row, blocks <= 0.005 && control > 0.005);
    }
}

/* ---- V11 by script: METG against the inline cost ---- */

void selftest_metg_script(struct selftest *test)
{
    const double costs_ns[] = {64, 500, 10000};
    for (size_t i = 0; i < 3; i++) {
        struct lab lab;
        struct summary summary;
        lab_open(&lab);
        lab.script.dispatch_ns = costs_ns[i];
        for (unsigned block = 0; block < 8; block++)
            for (int level = 0; level < 12; level++) { /* tasks from 1/32 to 64 times the cost */
                unsigned tasks = 2000;
                if (!block) {
                    unsigned serial = lab_cell(&lab, tasks, 1, 0, LAB_SERIAL);
                    lab_cell(&lab, tasks, 2, 1, (int)serial);
                    for (unsigned c = serial; c < serial + 2; c++) lab.cells[c].size = (uint64_t)level + 1;
                }
                lab.script.task_ns = costs_ns[i] * ldexp(0.7, level - 5);
                for (unsigned c = 0; c < 2; c++) lab_measure(&lab, 2 * (unsigned)level + c, block, c, false);
            }
        double metg = NAN, overhead = NAN;
        if (!lab_summary(&lab, &summary)) {
            if (summary.metg_count == 1 && summary.metgs[0].reached) metg = summary.metgs[0].granularity_ns.median;
            overhead = summary.cells[1].quantity[QUANTITY_overhead_per_task_ns].median;
            summary_free(&summary);
        }
        struct selftest_row row = {.id = "V11", .wanted = "ratio 0.95-1.05"};
        snprintf(row.injected, sizeof row.injected, "%g ns for each task, by script", costs_ns[i]);
        snprintf(row.came_back, sizeof row.came_back,
                 "overhead %.1f ns, METG(50 %%) %.1f ns: METG/(2 x overhead) = %.3f", overhead, metg,
                 metg / (2 * overhead));
        selftest_add(test, &row, off(metg / (2 * overhead), 1) <= 0.05 && off(overhead, costs_ns[i]) <= 0.01);
        run_samples_free(&lab.run);
    }
}
