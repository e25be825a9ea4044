/* SPDX-License-Identifier: MIT */
/* spread.h: workers that share a cpu while another one is free. The system leaves that so for many milliseconds where
 * all cpus are busy, or seem to be; a map of small tasks is over by then. So workers move by themselves: now and then, and
 * only as many as there are cpus. Whoever is bound to cpus of its own stays there.
 */
#ifndef FORKPOOL_SPREAD_H
#define FORKPOOL_SPREAD_H

#include "shared.h"

/* P, yielding to nobody: if workers must share the other cpus, its own is offered. */
void spread_offer(struct shared *shared);
/* W, between two tasks: takes the offered cpu. */
void spread_accept(struct shared *shared);

/* W, before it sleeps: notes where it is, and will most likely be woken. Its cpu, or -1. */
int spread_note(struct shared *shared, unsigned me);

/* W: in a map; {0} at first. */
struct spread {
    uint64_t calls;    /* until the next look: as many as take about LOOK_NS */
    uint64_t pace;
    int64_t looked_ns; /* when it last looked */
};
/* W, in a map, at its beginning and after spread->calls calls: notes where it runs, and goes to a free cpu where it shares
 * this one, while the program sleeps. */
void spread_look(struct spread *spread, struct shared *shared, unsigned me);

/* Its parts, apart for tests. Is a busy worker with a lower number on this cpu too, or, `late`, one that was woken here,
 * and has not come to run since this map began? */
bool spread_shares(const struct shared *shared, unsigned me, unsigned cpu, bool late);
/* The first allowed cpu without a busy worker; -1: none. */
struct cpus;
int spread_target(const struct shared *shared, const struct cpus *allowed);

#endif
