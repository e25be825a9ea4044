/* SPDX-License-Identifier: GPL-3.0-or-later */
/* speeds.h: how fast the cores of one kind are beside those of another, measured; what P workers could be worth.
 *
 *     struct speeds speeds;
 *     if (!speeds_measure(topology, &clock_real, &speeds)) worth = speeds_sum(&speeds, placement.cpus, workers);
 *
 * The fastest kind is 1. Where all cores are alike, or hwloc cannot tell, nothing is measured and each cpu is worth 1.
 * Functions return 0 or a negative errno with the output untouched; nothing is owned.
 */
#ifndef BREAKEVEN_SPEEDS_H
#define BREAKEVEN_SPEEDS_H

#include "bench/machine/probe.h"
#include "bench/plan/plan.h"

#include <hwloc.h>
#include <stddef.h>

struct speeds {
    size_t count; /* of cpus; 0: alike */
    struct speeds_cpu {
        unsigned cpu;
        double speed; /* of its kind */
    } cpu[PROBE_CPUS_MAX];                           /* allowed, the fastest first */
    char line[256]; /* "kind 1 is 1, kind 0 is 0.45"; "" where alike */
};

/* Takes 20 ms where there are several kinds: the same dependent arithmetic on all allowed cpus at once. */
int speeds_measure(hwloc_topology_t, const struct clock *, struct speeds *);

/* From what was measured: the median of each kind's cpus. More cpus than PROBE_CPUS_MAX: as if they were alike. */
void speeds_from(hwloc_topology_t, const struct probe_noise *, struct speeds *);

/* The speeds of `workers` workers together: of the cpus that each is bound to ("0", "0-3,8": their mean), or, where `cpus`
 * is NULL, of the fastest, once more from the first where there are more workers than cpus. */
double speeds_sum(const struct speeds *, char *const *cpus, unsigned workers);

/* Measures, and writes into each cell what its workers are worth (cell.speeds_milli) and the line into the plan. Cells of
 * a record that is resumed keep what they have. Placements are settled: call it after plan_close. */
int speeds_settle(struct plan *, const struct clock *);

#endif
