/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metg: the smallest task size at which each runner still reaches an efficiency: minimum effective task granularity
 * (Slaughter et al., "Task Bench", SC'20). */
#include "bench/measure/conduct.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const schedules[] = {"dynamic", "tasks"};
static const uint64_t task_times_ns[] = {10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000};
enum { WORK_NS = 20000000 };

/* What the command line leaves open: spin, chunks of one task, schedules that hand tasks out one by one. */
static void fill_in(struct options *grid)
{
    static char *kernel[] = {(char *)"spin"};
    static uint64_t one = 1;
    if (!grid->kernels.count) grid->kernels = (struct names){1, kernel};
    if (!grid->task_times_ns.count)
        grid->task_times_ns = (struct numbers){sizeof task_times_ns / sizeof *task_times_ns, (uint64_t *)task_times_ns};
    if (!grid->chunks.count) grid->chunks = (struct numbers){1, &one};
    if (!grid->schedules.count) grid->schedules = (struct names){2, (char **)schedules};
    if (!grid->tasks.count && !grid->work_ns) grid->work_ns = WORK_NS;
}

static void print_row(const struct metg *metg)
{
    char who[64], size[32] = "?", low[32], high[32], work[32];
    const struct cell *cell = metg->cell;
    snprintf(who, sizeof who, "%s %ux%u %s", cell->runner, cell->processes, cell->threads,
             strcmp(cell->schedule, "default") ? cell->schedule : "");
    if (!metg->reached) {
        values_show_duration(metg->smallest_ns, low, sizeof low);
        values_show_duration(metg->largest_ns, high, sizeof high);
        printf("%-12s %-28s not reached: at most %.0f %% from %s to %s\n", cell->label, who,
               100 * metg->best_efficiency, low, high);
        return;
    }
    double reached = metg->bound && !isnan(metg->granularity_ns.high) ? metg->granularity_ns.high : metg->granularity_ns.median;
    if (isfinite(reached)) values_show_duration(reached, size, sizeof size);
    values_show_duration(metg->granularity_ns.low, low, sizeof low);
    values_show_duration(metg->granularity_ns.high, high, sizeof high);
    values_show_duration(metg->work_ns.median, work, sizeof work);
    printf("%-12s %-28s %s%-10s %10s .. %-10s %10s\n", cell->label, who, metg->bound ? "<= " : "   ", size, low, high,
           work);
}

static int print_table(const struct options *options, const struct summary *summary)
{
    printf("\nMETG(%.3g%%): the smallest granularity, overhead included, at which a runner is this efficient; 95 %% "
           "interval;\n"
           "and the useful work per task there\n\n%-12s %-28s    %-10s %24s %10s\n",
           100 * options->efficiency, "kernel", "runner", "METG", "interval       ", "work");
    for (size_t i = 0; i < summary->metg_count; i++) print_row(&summary->metgs[i]);
    if (!summary->metg_count) puts("no runner was measured at several task sizes");
    return options_flush(options);
}

static int print(const struct options *options, const char *dir)
{
    struct shown shown;
    if (show_open(options, dir, &shown)) return STATUS_FAILED;
    int status = options->json ? show_print(options, &shown) : print_table(options, &shown.summary);
    if (show_failures(options, &shown) && !status) status = STATUS_FAILED;
    show_close(&shown);
    return status;
}

static int run(const struct options *options)
{
    struct options grid = *options;
    struct conduct conduct;
    struct reason why = {""};
    fill_in(&grid);
    int status = conduct_open(&conduct, options, NULL);
    if (!status && plan_add(&conduct.plan, "granularity", &grid, &why))
        status = options_complain(options, "%s", why.text);
    if (!status) status = conduct_measure(&conduct, "metg", false);
    if (!status) status = print(options, conduct.dir);
    if (!status && !options->json) {
        reason_set(&why, "\nThe run: %.900s (\"breakeven report\" draws it)", conduct.dir);
        status = options_print(options, why.text);
    }
    conduct_close(&conduct);
    return status;
}

const struct verb verb_metg = {
    .name = "metg",
    .summary = "the smallest task size at which each runner still reaches an efficiency",
    .details = "Without options: kernel spin, tasks of 10 ns to 1 ms with the same work in all, one task claimed at a "
               "time, all\n"
               "runners that can run here with as many workers as cpus.",
    .machine = true,
    .run = run,
};
