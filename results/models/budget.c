/* SPDX-License-Identifier: GPL-3.0-or-later */
/* budget.c: see budget.h. */
#include "results/models/budget.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums over the workers of one repetition, ns. */
struct spans {
    double busy, busy_max, dispatch, end_sum, end_max;
};

static int spans_sum(const struct sample *sample, unsigned workers, struct spans *spans)
{
    if (!workers || sample->worker_count != workers) return -ENODATA;
    *spans = (struct spans){0};
    for (unsigned i = 0; i < workers; i++) {
        const struct sample_worker *worker = &sample->workers[i];
        if (worker->busy_ns < 0 || (worker->busy_ns > 0 && worker->end_ns < 0)) return -ENODATA;
        /* A worker that got no task has no end: all its time counts as tail. */
        double busy = (double)worker->busy_ns, end = worker->end_ns < 0 ? 0 : (double)worker->end_ns;
        spans->busy += busy;
        spans->busy_max = fmax(spans->busy_max, busy);
        spans->dispatch += end - busy;
        spans->end_sum += end;
        spans->end_max = fmax(spans->end_max, end);
    }
    return spans->busy > 0 ? 0 : -ENODATA; /* nobody was seen at work: the runner cannot record spans */
}

int budget_make(const struct sample *sample, unsigned workers, double serial_ns, struct budget *budget)
{
    struct spans spans;
    if (strcmp(sample->status, "ok") || sample->start_ns < 0 || sample->wall_ns < 0 || sample->stop_ns < 0 ||
        !isfinite(serial_ns) || spans_sum(sample, workers, &spans))
        return -ENODATA;
    double p = workers, run = (double)sample->wall_ns, around = (double)sample->start_ns + (double)sample->stop_ns;
    double core = p * (run + around);
    if (!(core > 0)) return -ENODATA;
    *budget = (struct budget){
        .core_ns = core,
        .work = serial_ns / core,
        .dilation = (spans.busy - serial_ns) / core,
        .start_stop = p * around / core,
        .dispatch = spans.dispatch / core,
        .tail = (p * spans.end_max - spans.end_sum) / core,
        .residual = p * (run - spans.end_max) / core,
        .load_balance = spans.busy / p / spans.busy_max,
        .communication = spans.busy_max / (run + around),
        .computation_scaling = serial_ns / spans.busy,
        .efficiency = serial_ns / core,
        .process_load_balance = NAN,
        .process_communication = NAN,
        .thread_load_balance = NAN,
        .thread_communication = NAN,
        .instrumentation = NAN,
        .n = 1,
    };
    budget->marked = fabs(budget->residual) > BUDGET_RESIDUAL_MAX;
    budget->disturbed = sample->suspect[0] != '\0';
    return 0;
}

/* The time of one process outside the pool; -1 where it was not recorded. */
static double outside_ns(const struct sample *sample, unsigned processes, unsigned threads, unsigned process)
{
    const struct sample_worker *first = &sample->workers[(size_t)process * threads];
    if (processes == 1) return (double)(sample->start_ns + sample->wall_ns + sample->stop_ns);
    if (threads == 1) return (double)first->busy_ns;
    if (first->team_ns > 0) return (double)first->team_ns;
    for (unsigned i = 0; i < threads; i++)
        if (first[i].busy_ns > 0) return -1; /* worked, and nobody wrote down for how long */
    return 0;
}

void budget_levels(const struct sample *sample, unsigned processes, unsigned threads, struct budget *budget)
{
    double sum = 0, most = 0, busy = 0, whole = budget->core_ns / ((double)processes * threads);
    for (unsigned i = 0; i < processes; i++) {
        double outside = outside_ns(sample, processes, threads, i);
        if (outside < 0) return;
        sum += outside;
        most = fmax(most, outside);
    }
    if (!(most > 0)) return;
    for (unsigned i = 0; i < sample->worker_count; i++) busy = fmax(busy, (double)sample->workers[i].busy_ns);
    budget->process_load_balance = sum / processes / most;
    budget->process_communication = most / whole;
    budget->thread_load_balance = budget->load_balance / budget->process_load_balance;
    budget->thread_communication = busy / most;
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
