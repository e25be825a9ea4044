/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_watch.h: measures only while all cores together do the work that is expected of them: looks now and then, and
 * where that is far from so, waits until it is. What was measured up to then is taken again. Part of tune.
 *
 *     do {
 *         error = tune_watch_begin(&watch);
 *         for (i = 0; !error && i < count && !again; i++) {
 *             ... measure the i-th ...
 *             error = tune_watch_check(&watch, &again);
 *         }
 *     } while (!error && again);
 *
 * Waiting ends with the patience for it: from then on it only looks. How it looks, what time it is and how it sleeps
 * are given to it: as below for this machine, by tests and simulated machines as they like. No patience, or
 * no more than one core to expect: it does nothing.
 */
#ifndef BREAKEVEN_TUNE_WATCH_H
#define BREAKEVEN_TUNE_WATCH_H

#include "runners/cpus/limits.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdint.h>

/* Below this share of the expected cores the machine is not what it is to be tuned for. Two cpus on one core do 0.5 to
 * 0.65 of the work of two; all cores at once, at their lower clock, rarely less than 0.75 of what each does alone. */
#define TUNE_WATCH_LOW 0.7
#define TUNE_WATCH_PATIENCE_S 5 /* of one search: what was seen here ended after 40 ms to 4 s */

struct tune_watch_eyes {
    int (*look)(void *context, double *cores); /* whose work is done just now; 0, or -errno, and is then asked no more */
    double (*now_s)(void *context);
    int (*nap)(void *context, double seconds); /* 0, or -EINTR */
    void *context;
    double expected; /* cores */
};

struct tune_watch_seen { /* looks of one kind */
    unsigned looks;
    double sum, least; /* of cores */
};

struct tune_watch {
    struct tune_watch_eyes eyes;
    double patience_s;
    double waited_s;                      /* sleeping, and measuring what was dropped */
    bool gave_up;                         /* patience is spent: it waits no more */
    unsigned dropped, looks;              /* blocks dropped; looks in all */
    struct tune_watch_seen measured, low; /* all looks after which measuring went on; all that were low */
    double last_s, took_s, began_s;       /* the last look; the block */
    bool blind;
};

void tune_watch_open(struct tune_watch *, const struct tune_watch_eyes *, double patience_s);
/* A new block: looks where the last look is a moment ago, and waits where it must. 0, or what a nap returned. */
int tune_watch_begin(struct tune_watch *);
/* After each measurement of it: the same. *again: it was low, and now it is back: the block is to be dropped and taken
 * again from its first measurement. False where that would cost more than is left of the patience. */
int tune_watch_check(struct tune_watch *, bool *again);

/* Their mean; NAN without a look. */
double tune_watch_mean(const struct tune_watch_seen *);

/* How much work do all cores that may be used do together just now, in units of one of them alone? Two cpus of a
 * virtual machine may do the work of one for seconds: its host has put both on one core, or gives it one core's time.
 *
 *     struct tune_capacity capacity;
 *     if (!tune_capacity_open(&capacity, topology, &limits) && !tune_capacity_look(&capacity, &cores))
 *         printf("%g of %g\n", cores, capacity.expected);
 */
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
int tune_capacity_look(void *capacity, double *cores);

/* The watch's eyes on this machine. */
struct tune_watch_eyes tune_capacity_eyes(struct tune_capacity *);

#endif
