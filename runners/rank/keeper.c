/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.c: each rank is the child of a process that does nothing but wait for it and write down what became of it.
 *
 * Launchers pass on exit codes and signals in ways of their own, or not at all; a process of ours that waits is told by
 * the kernel, SIGKILL included.
 */
#include "runners/rank/rank.h"

#include "runners/scratch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int64_t ns(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

static void record_write(struct rank_record *record, int status, const struct rusage *usage)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    record->lost.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    record->lost.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    record->ended_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    record->lost.max_rss_bytes = usage->ru_maxrss * INT64_C(1024);
    record->lost.user_ns = ns(usage->ru_utime);
    record->lost.system_ns = ns(usage->ru_stime);
    __atomic_store_n(&record->ended, 1, __ATOMIC_RELEASE);
}

/* One write, so that no other output stands in the middle of it. */
static void lost_print(const struct rank_record *record)
{
    char line[160];
    if (record->finished) return;
    snprintf(line, sizeof line, KEEPER_LOST, record->rank, record->host, record->lost.signal, record->lost.code,
             record->ended_ns);
    if (write(STDERR_FILENO, line, strlen(line)) < 0) return;
}

static pid_t kept;

static void pass_on(int signal)
{
    kill(kept, signal);
}

/* Launchers end all when a rank is lost, by SIGTERM first, and may be quicker than the kernel, which closes the connections of a
 * process that dies before it tells the one that waits: who keeps it lives until then, and hands SIGTERM on.
 *
 * Ends as the rank did: the launcher is to see it too. `folder`: to be removed, NULL: none. */
_Noreturn static void keep(struct rank_record *record, pid_t rank, const char *folder)
{
    int status = 0;
    struct rusage usage = {0};
    kept = rank;
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = pass_on}, NULL);
    while (wait4(rank, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    record_write(record, status, &usage);
    if (*record->host) lost_print(record);
    if (folder) scratch_remove(folder);
    if (WIFSIGNALED(status)) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none); /* the rank's own core is the one worth reading */
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static struct rank_record *record_take(struct control *control)
{
    if (!control) {
        struct rank_record *own = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (own == MAP_FAILED) return NULL;
        gethostname(own->host, sizeof own->host - 1);
        return own;
    }
    uint32_t place = __atomic_fetch_add(&control->launched, 1, __ATOMIC_ACQ_REL);
    return place < control->processes ? control_records(control) + place : NULL;
}

struct rank_record *keeper_fork(struct control *control, const char *path)
{
    char copy[PATH_MAX], *folder = NULL;
    struct rank_record *record = record_take(control);
    if (!record) return NULL;
    snprintf(copy, sizeof copy, "%s", path);
    if (!control && !mkdir(dirname(copy), 0700)) folder = copy; /* dirname cuts it */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t keeper = getpid(), rank = fork();
    if (rank < 0) return NULL;
    if (rank) keep(record, rank, folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(1);
    record->rank = -1;
    record->keeper = keeper;
    record->pid = getpid();
    if (control) syscall(SYS_futex, &control->launched, FUTEX_WAKE, 1, NULL, NULL, 0);
    return record;
}
