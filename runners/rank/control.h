/* control.h: the memory that the mpi runner shares with its ranks, a file in the folder of one repetition.
 *
 * The runner fills it before the launcher starts and writes `command`; rank 0 writes `answer`. Both are futexes:
 * written with release order after everything that belongs to them, read with acquire order. Behind this struct lie, at
 * the offsets named in it, the workers' reports, their lists of cpus, the results and what kernels allocate as shared.
 * Untouched parts of the file take no memory.
 */
#ifndef BREAKEVEN_RANK_CONTROL_H
#define BREAKEVEN_RANK_CONTROL_H

#include "kernels/kernel.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL_VERSION = 1, CONTROL_CPUS = 104 };
enum { RANKS_RUN = 1, RANKS_VERIFY, RANKS_STOP }; /* in the low bits of a command, above them its number */

struct control {
    uint32_t version, size; /* CONTROL_VERSION and sizeof (struct control): one build */
    uint32_t processes, threads, schedule, bound;
    uint64_t chunk; /* 0: the default */
    struct kernel_params params;
    uint64_t reports_at, cpus_at, results_at, arena_at, end; /* offsets; cpus: CONTROL_CPUS bytes a worker */
    uint32_t launched;                                       /* ranks that reached main; a futex */
    uint32_t command, answer;                                /* answer: the command that is done */
    int32_t error, known;                                    /* of that command: 0 or -errno; kernel->verify's value */
    uint32_t yields;                                         /* 1: waiting ranks yield their cpu */
    uint64_t tasks;
    char why[200];
    char library[4096], symbol[280];
};

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
