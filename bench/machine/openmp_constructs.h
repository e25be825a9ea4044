/* SPDX-License-Identifier: GPL-3.0-or-later */
/* openmp_constructs.h: what OpenMP's constructs cost, in this process.
 *
 *     struct openmp_constructs constructs = {.threads = 2, .steps = steps, .rounds = 10, .seed = 1};
 *     double overhead_ns[OPENMP_CONSTRUCTS];
 *     openmp_constructs_measure(&constructs, &clock_real, overhead_ns);
 *
 * Each construct runs many times around a delay; from its time per construct is taken that of the same delays without
 * it, measured in the same round (Bull, "Measuring Synchronisation and Scheduling Overheads in OpenMP", EWOMP 1999).
 * The result is the median over the rounds, in whose each the constructs come in another order.
 */
#ifndef BREAKEVEN_OPENMP_CONSTRUCTS_H
#define BREAKEVEN_OPENMP_CONSTRUCTS_H

#include "bench/base/clock.h"

#include <stdint.h>

enum { OPENMP_CONSTRUCTS = 8, OPENMP_ITERATIONS = 1024 }; /* iterations of a dynamic or guided loop, for each thread */

struct openmp_construct {
    const char *name, *unit, *meaning; /* unit: what is counted */
    void (*run)(unsigned times);
    unsigned delays; /* that a thread works off in one construct */
};
extern const struct openmp_construct openmp_construct_table[OPENMP_CONSTRUCTS + 1]; /* the last is the delay alone */

struct openmp_constructs {
    unsigned threads;
    uint64_t steps;   /* of probe_chain: the delay around which constructs run */
    double target_ns; /* how long one measurement lasts */
    unsigned rounds;
    uint64_t seed; /* of the orders */
};

/* The calling thread is thread 0 of the team. overhead_ns[construct]: for one of what the construct counts. 0 or
 * -ENOMEM. */
int openmp_constructs_measure(const struct openmp_constructs *, const struct clock *,
                              double overhead_ns[OPENMP_CONSTRUCTS]);

#endif
