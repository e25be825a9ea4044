/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.h: the memory that the mpi runner shares with its ranks, a file in the folder of one repetition.
 *
 * The runner fills it before the launcher starts and writes `command`; rank 0 writes `answer`. Both are futexes:
 * written with release order after everything that belongs to them, read with acquire order. Behind this struct lie, at
 * the offsets named in it, the ranks' completion records, the workers' reports, their lists of cpus, what stands around
 * the kernel and its records, the results and
 * what kernels allocate as shared. Untouched parts of the file take no memory. All ranks map it at CONTROL_ADDRESS: what
 * a kernel puts into its shared memory may point into it.
 */
#ifndef BREAKEVEN_RANK_CONTROL_H
#define BREAKEVEN_RANK_CONTROL_H

#include "runners/runner.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL_VERSION = 6, CONTROL_CPUS = 104 };
/* Does a rank give its cpu away while it waits for others? As the MPI library has it. */
enum waiting { WAITING_UNKNOWN, WAITING_SPINS, WAITING_YIELDS };
enum { RANKS_RUN = 1, RANKS_VERIFY, RANKS_STOP }; /* in the low bits of a command, above them its number */

/* Below where programs, heaps and libraries lie, with address spaces of 39 bits too. */
#define CONTROL_ADDRESS ((void *)0x2000000000)

/* What became of one rank. Written by the process that waits for it (rank/keeper.c), `ended` last. */
struct rank_record {
    int32_t keeper;       /* the process that waits for it */
    int32_t pid;          /* of the rank; 0: it never came up */
    int32_t rank;         /* its number, by the rank itself after MPI_Init; -1 before */
    int32_t finished;     /* 1: by the rank, once it was told to stop: what comes then is its ordinary end */
    int32_t ended;        /* 1: the fields below are written */
    int64_t ended_ns;     /* CLOCK_REALTIME, which hosts share more or less */
    struct lost_worker lost; /* as waited for, whether it counts as lost or not; worker and cause are not set */
    char host[64]; /* "": the runner's */
};

/* Printed by a keeper on another host and read with: rank, host, signal, code, ended_ns. */
#define KEEPER_LOST_(host, ns) "breakeven-rank: lost rank %d on " host " signal %d code %d at %" ns "\n"
#define KEEPER_LOST KEEPER_LOST_("%s", PRId64)
#define KEEPER_LOST_SCAN KEEPER_LOST_("%63s", SCNd64)

struct control {
    uint32_t version, size; /* CONTROL_VERSION and sizeof (struct control): one build */
    uint32_t processes, threads, nodes, schedule, bound;
    uint32_t unlike;                        /* 1: the hosts are not all of one kind */
    uint32_t waiting;                       /* enum waiting, of rank 0 */
    int64_t gathered_ns;                    /* what gathering the results took in the last pass; -1: nothing to gather */
    int64_t clock_error_ns;                 /* of the other hosts' times in the records, with the last pass; -1: none */
    uint64_t chunk; /* 0: the default */
    struct kernel_params params;
    uint64_t records_at, reports_at, cpus_at, instruments_at, results_at, arena_at,
        end;                           /* offsets; cpus: CONTROL_CPUS bytes a worker */
    uint64_t recipe_at, recipe_size;   /* what stands around the kernel (runners/instruments.h); size 0: nothing */
    uint64_t instrument_size;          /* of each worker's record at instruments_at */
    uint32_t launched;        /* ranks that reached main, and the next record to take; a futex */
    uint32_t command, answer; /* futexes; answer: the command that is done, 1: all ranks are ready */
    int32_t known;            /* kernel->verify's value */
    uint32_t failing, failed; /* failed: a rank cannot go on, `why` says who and why; failing: it is being written */
    uint64_t tasks;
    char why[200]; /* with failed, or with known < 0 */
    char library[4096], symbol[280];
};

static inline struct rank_record *control_records(struct control *control)
{
    return (struct rank_record *)((char *)control + control->records_at);
}

/* ranks_lost.c, in the runner: which ranks ended without having been told to, from the records of their keepers? False:
 * none. Else the first that was lost leads in failure->lost and gives the text. `output`: what launcher and
 * ranks printed (launcher.h), in which the keepers of other hosts tell theirs. */
bool ranks_lost(struct control *, int output, struct failure *);

/* Waits until *word is no longer `old`, or for about `timeout_ms`. Spins shortly first. */
static inline void control_wait(const uint32_t *word, uint32_t old, int timeout_ms)
{
    struct timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    for (int i = 0; i < 2000; i++)
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != old) return;
    syscall(SYS_futex, word, FUTEX_WAIT, old, &limit, NULL, 0);
}

static inline void control_post(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

#endif
