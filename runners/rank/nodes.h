/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nodes.h: ranks of several hosts. The memory that the runner shares with its ranks (control.h) lies on its own host; each
 * of the others has a copy, of which what its ranks write is sent to rank 0.
 *
 *     nodes_open(rank, why);  // after MPI_Init: who is where, and a copy on the other hosts
 *     ... the kernel's input, the team ...
 *     nodes_ready(rank);      // reports, what the hosts are, their clocks
 *     ... schedules_run, a barrier ...
 *     nodes_gather(rank);     // results
 *     nodes_relate(rank);     // the clocks once more, after each pass that records spans
 *     nodes_records(rank);    // the workers' records, in rank 0's time
 *
 * All are to be called by all ranks together, and do nothing where there is one host.
 */
#ifndef BREAKEVEN_RANK_NODES_H
#define BREAKEVEN_RANK_NODES_H

#include "runners/rank/rank.h"

/* 0, or -1 with one line in `why` (200 bytes). */
int nodes_open(struct rank *, char *why);
void nodes_close(struct rank *);

/* Notes that this rank, which is away, computed the range. 0 or -ENOMEM. */
int nodes_done(struct rank *, struct range);

void nodes_ready(struct rank *);
void nodes_gather(struct rank *); /* rank 0 notes in control->gathered_ns how long it took */
void nodes_relate(struct rank *);
void nodes_records(struct rank *);

/* Is the kernel's shared memory, on all the other hosts, as prepare left it? Where tasks write into it, what rank 0 sees
 * of it is not what all of them wrote. */
bool nodes_untouched(struct rank *);

/* Of the first `bytes` of the kernels' shared memory. */
uint64_t nodes_hash(const struct rank *, uint64_t bytes);

#endif
