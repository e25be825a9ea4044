/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rank.h: one rank, as the files of breakeven-rank share it. */
#ifndef BREAKEVEN_RANK_H
#define BREAKEVEN_RANK_H

#include "runners/rank/control.h"
#include "runners/team.h"

#include <mpi.h>
#include <stdatomic.h>

/* Tasks [begin, end); empty where both are the same. */
struct range {
    uint64_t begin, end;
};

/* How far this host's clock is ahead of rank 0's, as a round trip told, and by how much that may be wrong. */
struct relation {
    int64_t ahead_ns, error_ns;
};

struct rank {
    unsigned number;
    int fd; /* the memory shared with the runner, or with the ranks of this host; -1: not there */
    pid_t keeper;
    struct control *control;
    struct rank_record *record;
    unsigned home;             /* the first rank of this host; 0: the host of the runner. Others are away */
    unsigned *homes;           /* of each rank */
    unsigned hosts, away;      /* hosts in all, ranks that are away */
    char machine[176];         /* of a home where there are several hosts: what its host is (struct worker_report) */
    MPI_Comm here;             /* the ranks of this host */
    struct relation relations[2]; /* where away: before and after the last pass */
    uint64_t arena_used, arena_hash; /* of the kernel's shared memory after prepare: the hash where this rank is a home */
    _Atomic uint64_t *counter; /* the next task that nobody has claimed; in a window of this host's ranks */
    MPI_Win window;
    const struct kernel *kernel;
    void *input;
    struct team team;
    struct job job;
    struct fitted *fitted; /* what stands around the kernel; NULL: nothing */
    struct range *done;    /* where away: what it computed in this pass, neighbours joined; it grows */
    size_t done_count, done_room;
    const char *cpus[1024];
};

/* ---- keeper.c ---- */

/* Takes a record of `control` and forks. Returns in the child alone, which is the rank, with its record; the parent ends
 * as the child did. Both end when their parents do: the launcher's death is the ranks' death. NULL: no process or more
 * ranks than asked for. To be called before MPI_Init.
 *
 * control NULL: another host than the runner's. The record is then of the two alone; of a rank that is lost the keeper
 * prints a line KEEPER_LOST, which the launcher brings to the runner. It also makes the folder that `path` lies in, for
 * the files that MPI is told to put there, and removes it at the end. */
struct rank_record *keeper_fork(struct control *control, const char *path);

/* ---- schedules.c ---- */

/* This rank's part of one pass over [0, tasks), to be called by all ranks, with the counter at 0. Blocks until this rank
 * has nothing more to do; a barrier follows. 0, or -ENOMEM where what was computed could not be written down. */
int schedules_run(struct rank *, uint64_t tasks);

/* ---- nodes.c ---- */

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
