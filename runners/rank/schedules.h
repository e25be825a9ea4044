/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedules.h: how ranks divide tasks among themselves. Inside a rank a team of OpenMP threads shares each chunk.
 *
 *     static   each rank has one equal share, or, with a chunk, chunks in turn
 *     dynamic  chunks are claimed by an atomic counter in a shared window (MPI-3.1, 11.2.3); without a chunk one task for
 *              each thread. Ranks of other hosts ask rank 0, which claims for them between its own chunks; they ask
 *              ahead, with several requests under way
 *     guided   the same, each claim a share of what is left: 1/2 of it divided by the ranks, at least a chunk
 *     master   the pattern that most programs have: rank 0 computes nothing and answers each request of the others with
 *              the next chunk, one request at a time
 */
#ifndef BREAKEVEN_RANK_SCHEDULES_H
#define BREAKEVEN_RANK_SCHEDULES_H

#include "runners/rank/rank.h"

/* This rank's part of one pass over [0, tasks), to be called by all ranks, with the counter at 0. Blocks until this rank
 * has nothing more to do; a barrier follows. 0, or -ENOMEM where what was computed could not be written down. */
int schedules_run(struct rank *, uint64_t tasks);

#endif
