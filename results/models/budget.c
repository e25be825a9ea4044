/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/models/budget.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a run of `processes` that took whole_ns with start and stop. */
static void levels(const struct span_sums *spans, unsigned processes, double whole_ns, struct budget *budget)
{
    if (!(spans->outside_max > 0)) return;
    budget->process_load_balance = spans->outside_sum / processes / spans->outside_max;
    budget->process_communication = spans->outside_max / whole_ns;
    budget->thread_load_balance = budget->load_balance / budget->process_load_balance;
    budget->thread_communication = spans->busy_max / spans->outside_max;
}

int budget_make(const struct observation *sample, const struct cell *cell, double serial_ns, struct budget *budget)
{
    if (!sample->spans || isnan(sample->spans->busy) || sample->start_ns < 0 || sample->wall_ns < 0 ||
        sample->stop_ns < 0 || !isfinite(serial_ns))
        return -ENODATA;
    struct span_sums spans = *sample->spans;
    double p = (double)cell->processes * cell->threads, run = (double)sample->wall_ns, around = (double)sample->start_ns + (double)sample->stop_ns;
    double core = p * (run + around);
    if (!(core > 0)) return -ENODATA;
    double whole = run + around, gathered = spans.gathered;
    *budget = (struct budget){
        .core_ns = core,
        .work = serial_ns / core,
        .dilation = (spans.busy - serial_ns) / core,
        .start_stop = p * around / core,
        .dispatch = spans.dispatch / core,
        .tail = (p * spans.end_max - spans.end_sum) / core,
        .gather = p * gathered / core,
        .residual = p * (run - spans.end_max - gathered) / core,
        .load_balance = spans.busy / p / spans.busy_max,
        .communication = spans.busy_max / (run + around),
        .computation_scaling = serial_ns / spans.busy,
        .efficiency = serial_ns / core,
        .transfer = gathered > 0 ? (whole - gathered) / whole : NAN,
        .serialisation = gathered > 0 ? spans.busy_max / (whole - gathered) : NAN,
        .process_load_balance = NAN,
        .process_communication = NAN,
        .thread_load_balance = NAN,
        .thread_communication = NAN,
        .instrumentation = NAN,
        .n = 1,
    };
    budget->marked = budget_unaccounted(budget, false) > BUDGET_RESIDUAL_MAX;
    budget->disturbed = sample->suspect[0] != '\0';
    levels(&spans, cell->processes, core / p, budget);
    return 0;
}

double budget_unaccounted(const struct budget *budget, bool run_only)
{
    return fabs(budget->residual) / (run_only ? 1 - budget->start_stop : 1);
}

static int by_core_time(const void *left, const void *right)
{
    const struct budget *a = left, *b = right;
    return (a->core_ns > b->core_ns) - (a->core_ns < b->core_ns);
}

int budget_median(const struct budget *budgets, size_t n, struct budget *median)
{
    if (!n) return -ENODATA;
    struct budget *sorted = malloc(n * sizeof *sorted);
    size_t kept = 0;
    if (!sorted) return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!budgets[i].disturbed) sorted[kept++] = budgets[i];
    if (!kept) memcpy(sorted, budgets, (kept = n) * sizeof *sorted);
    qsort(sorted, kept, sizeof *sorted, by_core_time);
    *median = sorted[(kept - 1) / 2];
    median->n = kept;
    free(sorted);
    return 0;
}
