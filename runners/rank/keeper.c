/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/rank/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int64_t ns(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

static void record_write(struct rank_record *record, int status, const struct rusage *usage)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    record->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    record->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    record->ended_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    record->max_rss_bytes = usage->ru_maxrss * INT64_C(1024);
    record->user_ns = ns(usage->ru_utime);
    record->system_ns = ns(usage->ru_stime);
    __atomic_store_n(&record->ended, 1, __ATOMIC_RELEASE);
}

/* Ends as the rank did: the launcher is to see it too. */
_Noreturn static void keep(struct rank_record *record, pid_t rank)
{
    int status = 0;
    struct rusage usage = {0};
    while (wait4(rank, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    record_write(record, status, &usage);
    if (WIFSIGNALED(status)) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none); /* the rank's own core is the one worth reading */
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

struct rank_record *keeper_fork(struct control *control)
{
    uint32_t place = __atomic_fetch_add(&control->launched, 1, __ATOMIC_ACQ_REL);
    if (place >= control->processes) return NULL;
    struct rank_record *record = control_records(control) + place;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t keeper = getpid(), rank = fork();
    if (rank < 0) return NULL;
    if (rank) keep(record, rank);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(1);
    record->rank = -1;
    record->keeper = keeper;
    record->pid = getpid();
    syscall(SYS_futex, &control->launched, FUTEX_WAKE, 1, NULL, NULL, 0);
    return record;
}
