/* SPDX-License-Identifier: GPL-3.0-or-later */
/* budget.h: where the core time of a repetition went, from the busy spans of its workers. Pure functions.
 *
 * With R = start + run + stop, U_i the in-kernel time of worker i, end_i the end of its last task:
 *     p R = T_s + (sum U - T_s) + p (start + stop) + sum (end_i - U_i) + sum (max end - end_i) + residual
 *           work  dilation        start and stop     dispatch            tail                    p (run - max end)
 * Each term is a share of p R; they add to 1 by construction, and the residual is what nobody accounts for: the time
 * between the last task's end and the return of run. Where results were brought from other hosts in that time, it is a term
 * of its own, p gathered, and the residual is the rest. Above BUDGET_RESIDUAL_MAX the budget is marked.
 */
#ifndef BREAKEVEN_BUDGET_H
#define BREAKEVEN_BUDGET_H

#include "results/record/record.h"

#define BUDGET_RESIDUAL_MAX 0.02

struct budget {
    double core_ns;  /* p R */
    double work;     /* T_s: useful work */
    double dilation; /* tasks running slower (or, below 0, faster) together than alone */
    double start_stop;
    double dispatch; /* waking up, claiming, handing over: a worker between its tasks */
    double tail;     /* no task left, others still at work */
    double gather; /* results on their way from other hosts, after the last task */
    double residual;
    bool marked;    /* residual above BUDGET_RESIDUAL_MAX */
    bool disturbed; /* the sample is suspect */
    /* POP's names (POP Centre of Excellence): the product of the first three is the last, T_s/(p R), exactly. */
    double load_balance;        /* mean U/max U */
    double communication;       /* max U/R */
    double computation_scaling; /* T_s/sum U */
    double efficiency;          /* T_s/(p R) */
    /* Of several hosts: their product is `communication`, exactly; NAN on one. */
    double transfer;      /* (R - gathered)/R: the time with a network that takes none, over the time */
    double serialisation; /* max U/(R - gathered) */
    /* For processes with teams, B_i the time of process i outside the pool: the product of the first two is
     * process_efficiency = mean B/R; of all four, parallel efficiency = load_balance x communication. NAN where B was
     * not recorded. Processes of one thread are at work outside the pool just when they are in the kernel (B_i = U_i);
     * a runner of one process has no pool (B = R). */
    double process_load_balance;  /* mean B/max B */
    double process_communication; /* max B/R */
    double thread_load_balance;   /* load_balance/process_load_balance */
    double thread_communication;  /* max U/max B */
    double instrumentation; /* what recording the spans cost: instrumented run phase over headline run phase, minus 1;
                               NAN where unknown. Filled by the summary */
    size_t n;               /* repetitions it is the median of; 0: none recorded */
};

/* The budget of one instrumented, good repetition of the cell. 0, or -ENODATA where spans, start or stop are missing. */
int budget_make(const struct observation *, const struct cell *, double serial_ns, struct budget *);

/* The share that nobody accounts for, whichever its sign, of p R, or of what lies between start and stop (`run_only`). */
double budget_unaccounted(const struct budget *, bool run_only);

/* One budget for a cell: of the samples that nothing disturbed (of all, where each was) the one whose core time is the
 * median (the lower of two), so that the terms still add to 1; n: of how many. 0 or -ENODATA for n = 0. */
int budget_median(const struct budget *, size_t n, struct budget *);

#endif
