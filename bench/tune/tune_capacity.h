/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_capacity.h: how much work do all cores that may be used do together just now, in units of one of them alone?
 * Two cpus of a virtual machine may do the work of one for seconds: its host has put both on one core, or gives it one
 * core's time. Part of tune.
 *
 *     struct tune_capacity capacity;
 *     if (!tune_capacity_open(&capacity, topology, &limits) && !tune_capacity_look(&capacity, &cores))
 *         printf("%g of %g\n", cores, capacity.expected);
 */
#ifndef BREAKEVEN_TUNE_CAPACITY_H
#define BREAKEVEN_TUNE_CAPACITY_H

#include "runners/cpus/limits.h"
#include "bench/tune/tune_watch.h"

#include <hwloc.h>
#include <stdint.h>

enum { TUNE_CAPACITY_CORES = 64 }; /* looked at, at most: more would take longer to start than to look at */

struct tune_capacity {
    unsigned cpus[TUNE_CAPACITY_CORES]; /* one of each core: what a second hardware thread adds is no core's work */
    unsigned count;
    double expected; /* their number, or the quota where that is less */
    uint64_t steps;  /* of the work */
    unsigned turn;   /* who is alone first in the next look */
};

/* Which cores there are; tells how fast the work goes, in a few ms. 0 or -errno. With fewer than two cores there is
 * nothing to look at. */
int tune_capacity_open(struct tune_capacity *, hwloc_topology_t, const struct limits *);

/* A few times in turn: one core alone, then all at once. About 3 ms where all is well. 0 or -errno. */
int tune_capacity_look(struct tune_capacity *, double *cores);

/* The watch's eyes on this machine. */
struct tune_watch_eyes tune_capacity_eyes(struct tune_capacity *);

#endif
