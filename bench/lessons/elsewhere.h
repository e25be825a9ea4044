/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elsewhere.h: what a lesson shows of hardware that is not here: times of a model, recorded like a run and
 * marked as simulated, so that whatever shows them says so.
 *
 * The pool model of models.h with what real machines add to it: cores that two hardware threads share, memory bandwidth
 * that so many workers use up, contention and coherence (the Universal Scalability Law), whole chunks (so many rounds),
 * guided and static schedules.
 *
 *     struct elsewhere elsewhere = {.kernels = "triad,spin"};
 *     elsewhere_record(&elsewhere, "results/latest/simulated");
 */
#ifndef BREAKEVEN_ELSEWHERE_H
#define BREAKEVEN_ELSEWHERE_H

#include "results/statistics/models.h"

enum simulated_schedule { SIMULATED_DYNAMIC, SIMULATED_GUIDED, SIMULATED_STATIC, SIMULATED_SCHEDULES };

struct simulated_machine {
    unsigned cpus, cores;     /* cores < cpus: hardware threads share them */
    double thread_gain;       /* what a second thread adds to a core, of one core's speed */
    double bandwidth_workers; /* workers that use the memory bandwidth up */
};

struct simulated_workload {
    double tasks;
    struct pool_model pool;    /* start, chunk and task costs in ns */
    double memory;             /* share of a task's time that waits for memory bandwidth */
    double sigma, kappa;       /* contention and coherence of the Universal Scalability Law */
    double noise;              /* standard deviation of the logarithm of a measurement */
    double spikes, spike_size; /* their probability, and the factor up to which they slow a measurement */
    double drift;              /* standard deviation of the drift's step from block to block */
};

/* The true time in ns. workers 0: serial. chunk: the smallest one for guided; ignored by static. */
double simulated_time(const struct simulated_machine *, const struct simulated_workload *, enum simulated_schedule,
                      double workers, double chunk);

struct elsewhere {
    const char *kernels; /* "spin" computes, "triad" waits for memory; divided by commas */
    const char *packed;  /* the placement's name (pu:0-63), besides one worker a core: two on each of half as many
                            cores; NULL: none */
};

/* What the model assumes, in a sentence. */
extern const char elsewhere_machine[];
enum { ELSEWHERE_WORKERS = 64, ELSEWHERE_MACHINE_CORES = 32 };
/* Makes the folder `dir` and in it a run (manifest.json, topology.xml, samples.jsonl). 0 or -errno. */
int elsewhere_record(const struct elsewhere *, const char *dir);

#endif
