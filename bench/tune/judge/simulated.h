/* SPDX-License-Identifier: GPL-3.0-or-later */
/* simulated.h: machines that are not there, to put the search to the test: every true time is known.
 *
 *     struct simulated_trial trial;
 *     if (!simulated_try(64, seed, &search_defaults, &trial)) printf("%g\n", trial.tuned.regret);
 *
 * The surface is the pool model of models.h with what real machines add to it: cores that two hardware threads share,
 * memory bandwidth that so many workers use up, contention and coherence (the Universal Scalability Law), whole chunks
 * (so many rounds), guided and static schedules; measured with lognormal noise, spikes, and a drift that walks. Nothing
 * here sleeps or reads a clock: 300 workloads take seconds.
 */
#ifndef BREAKEVEN_SIMULATED_H
#define BREAKEVEN_SIMULATED_H

#include "results/statistics/models.h"
#include "bench/tune/search/search.h"

#include <stdint.h>

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

struct simulated_score {
    double regret; /* its true time over the true optimum of the whole grid, less 1 */
    bool serial;   /* it stays serial */
    double workers, chunk;
    enum simulated_schedule schedule;
};

struct simulated_trial {
    unsigned cpus, attempts;
    bool together;          /* the neighbour takes cores away */
    bool unsteady, gave_up; /* of a machine that changes: its watch saw another one in the comparison; lost patience */
    double waited_s;        /* the search did */
    struct simulated_score optimum, tuned;
    struct simulated_score python; /* all cpus, n/4p a chunk */
    struct simulated_score even;   /* all cpus, static: n/p */
    struct simulated_score guided; /* all cpus */
    double cost;                   /* measuring time over that of the grid with 15 repetitions of each point */
    double once;                   /* the same over the grid measured once */
    size_t measurements, points;   /* of the search; of the grid */
};

/* Searches one simulated machine. 0 or the search's error. */
int simulated_try(unsigned cpus, uint64_t seed, const struct search_options *, struct simulated_trial *);

/* The same on a machine that changes: a neighbour makes one cpu, or all of them, or all of them as soon as they work at
 * once (they share fewer cores then) 1.3 to 2 times slower, for 20 ms to 10 s at a time, and leaves them alone for as
 * long or up to five times that. Searched, and then compared during three times as long, both through a watch
 * (tune_watch.h) with this patience: regret is against the best under what the neighbour did while was compared. A
 * trial whose search and comparison saw different capacities is made again, up to `attempts` in all. *first receives
 * the first attempt, *last the last. 0 or an error of the search. */
struct simulated_watch {
    double patience_s; /* 0: nobody looks */
    unsigned attempts;
};

int simulated_restless(unsigned cpus, uint64_t seed, const struct search_options *, struct simulated_watch,
                       struct simulated_trial *first, struct simulated_trial *last);

#endif
