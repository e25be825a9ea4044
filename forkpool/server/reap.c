/* SPDX-License-Identifier: MIT */
/* reap.c: the server learns that processes have ended, and why. */
#include "server.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "park.h"

enum { STRAYS_NS = 1000000000, STRAYS_LOOK_NS = 10000000, HELD_NS = 100000000 };

static int find(const struct server *server, pid_t pid)
{
    for (unsigned i = 0; i < server->shared->capacity; i++)
        if (server->hands[i].pid == pid) return (int)i;
    return -1;
}

/* A helper of a task that runs: it has detached itself from its parent, but not from the group that a living worker leads. */
static bool belongs_to_another(const struct server *server, pid_t pid, pid_t dead)
{
    pid_t group = getpgid(pid);
    return group > 0 && group != dead && find(server, group) >= 0;
}

/* Opened once and kept: later there may be no descriptor left, or no /proc. */
void reap_prepare(struct server *server)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
    if (!server->children) server->children = fopen(path, "re");
}

/* Children of mine that are no workers: what tasks left behind, worker `dead`'s or in no living worker's group. */
static void strays_kill(struct server *server, pid_t dead)
{
    reap_prepare(server);
    if (!server->children) return;
    rewind(server->children);
    for (int pid; fscanf(server->children, "%d", &pid) == 1;)
        if (find(server, pid) < 0 && !belongs_to_another(server, pid, dead)) server_signal(pid, ONE, SIGKILL);
}

/* Until no child is left; those that can't be killed, another user's or such as can't be listed, are not waited for. */
void reap_strays(struct server *server)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (int64_t until = now_ns() + STRAYS_NS; now_ns() < until;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid > 0) until = now_ns() + STRAYS_NS; /* it may hand over children of its own */
        else if (pid < 0 && errno != EINTR) return;
        else if (pid == 0) {
            struct timespec rest = {0, STRAYS_LOOK_NS};
            strays_kill(server, 0);
            sigtimedwait(&child, NULL, &rest);
        }
    }
}

static bool storm(struct server *server)
{
    const struct forkpool_config *config = &server->shared->config;
    int64_t now = now_ns();
    if (now > time_after(server->window_start, config->restart_window_ns)) {
        server->window_start = now;
        server->window_restarts = 0;
    }
    return ++server->window_restarts > config->restart_max;
}

/* ---- Why a worker died ---- */

enum { LOW_BYTES = 65536 }; /* a fault there is one of no pointer, or nearly */

/* Out-of-memory kills that the kernel has counted, in all cgroups. */
uint64_t cause_oom_kills(void)
{
    FILE *vmstat = fopen("/proc/vmstat", "re");
    char line[128];
    unsigned long long count = 0;
    while (vmstat && fgets(line, sizeof line, vmstat) && sscanf(line, "oom_kill %llu", &count) != 1) {}
    if (vmstat) fclose(vmstat);
    return count;
}

static bool crash(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT ||
           number == SIGTRAP || number == SIGSYS;
}

/* Pages just around the stack pointer: a fault there is the guard of the stack. */
static bool stack_fault(const struct worker *worker)
{
    uintptr_t address = worker->fault_address, stack = worker->fault_stack;
    return acquire(&worker->faulted) && stack && address + 65536 >= stack && address < stack + 4096;
}

static enum forkpool_cause cause_of(struct server *server, const struct worker *worker, const struct hand *hand,
                                    int number)
{
    if (hand->killed) return hand->killed;
    if (!number) return FORKPOOL_CAUSE_EXIT;
    if (number == SIGSEGV && stack_fault(worker)) return FORKPOOL_CAUSE_STACK_OVERFLOW;
    if (crash(number)) return FORKPOOL_CAUSE_CRASH;
    if (number != SIGKILL) return FORKPOOL_CAUSE_KILLED;
    uint64_t kills = cause_oom_kills();
    bool more = kills > server->oom_kills; /* never in a pool's first moments, whose counter is not known */
    server->oom_kills = kills;
    return more ? FORKPOOL_CAUSE_OUT_OF_MEMORY : FORKPOOL_CAUSE_KILLED;
}

/* A forked process counts the private pages that it was forked with: the program's, which this process has too. */
static int64_t own_bytes(int64_t most)
{
    int64_t inherited = (int64_t)watch_memory(getpid());
    return most > inherited ? most - inherited : 0;
}

/* A fault in the pages about a worker's small arguments and results: task.c. */
static bool overran(const struct shared *shared, const struct worker *worker)
{
    return acquire(&worker->faulted) &&
           worker->fault_address - (uintptr_t)shared->scratch < (2 * (size_t)shared->capacity + 1) * shared->page;
}

/* This process has the mappings that the program had when the pool was opened. */
static bool unmapped(const struct shared *shared, const struct worker *worker)
{
    uintptr_t page = worker->fault_address / shared->page * shared->page;
    unsigned char resident;
    return acquire(&worker->faulted) && page >= LOW_BYTES && mincore((void *)page, 1, &resident) && errno == ENOMEM;
}

/* Why the worker died. */
static void cause_fill(struct server *server, const struct worker *worker, const struct hand *hand, int wait_status,
                const struct rusage *usage, struct forkpool_loss *loss)
{
    static const char *const words[] = {
        [FORKPOOL_CAUSE_UNKNOWN] = "", [FORKPOOL_CAUSE_EXIT] = ", the task called exit",
        [FORKPOOL_CAUSE_CRASH] = ", a crash", [FORKPOOL_CAUSE_STACK_OVERFLOW] = ", probably stack overflow",
        [FORKPOOL_CAUSE_OUT_OF_MEMORY] = ", probably out of memory", [FORKPOOL_CAUSE_KILLED] = ", sent from outside",
        [FORKPOOL_CAUSE_LIMIT] = ", over its time limit", [FORKPOOL_CAUSE_CANCELLED] = ", cancelled"};
    loss->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    loss->code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
    loss->cause = cause_of(server, worker, hand, loss->signal);
    const char *word = words[loss->cause];
    if (loss->cause == FORKPOOL_CAUSE_CRASH && overran(server->shared, worker)) word = ", beyond its argument or result";
    else if (loss->signal == SIGSEGV && loss->cause == FORKPOOL_CAUSE_CRASH && unmapped(server->shared, worker))
        word = ", where nothing was mapped when the pool opened";
    loss->max_rss_bytes = own_bytes((int64_t)usage->ru_maxrss * 1024);
    loss->user_ns = (int64_t)usage->ru_utime.tv_sec * 1000000000 + usage->ru_utime.tv_usec * 1000;
    loss->system_ns = (int64_t)usage->ru_stime.tv_sec * 1000000000 + usage->ru_stime.tv_usec * 1000;
    if (loss->signal)
        snprintf(loss->text, sizeof loss->text, "signal %d (%s)%s", loss->signal, strsignal(loss->signal), word);
    else
        snprintf(loss->text, sizeof loss->text, "exit code %d%s", loss->code, word);
}

/* A worker died: settle, report, replace. */
static void worker_lost(struct server *server, unsigned number, int status, const struct rusage *usage)
{
    struct shared *shared = server->shared;
    struct worker *worker = &shared->workers[number];
    struct hand *hand = &server->hands[number];
    struct forkpool_loss loss = {.worker = number, .pid = hand->pid};
    bool starting = atomic_load(&worker->life) == LIFE_STARTING;
    bool asked = hand->killed == FORKPOOL_CAUSE_CANCELLED || hand->killed == FORKPOOL_CAUSE_LIMIT; /* by the program itself */
    cause_fill(server, worker, hand, status, usage, &loss);
    recover_worker(server, number, &loss, !server->ending);
    if (server->ending) return;
    server->starts_failed = starting ? server->starts_failed + 1 : 0;
    if (asked) atomic_fetch_add(&shared->killed, 1);
    if (server->starts_failed >= STARTS_FAILED_MAX)
        server_break(server, FORKPOOL_BROKEN, "%u workers in a row died while starting, worker %u of %s",
                     STARTS_FAILED_MAX, number, loss.text);
    else if (!asked && storm(server))
        server_break(server, FORKPOOL_BROKEN, "more than %u workers died within %.3g s, worker %u of %s",
                     shared->config.restart_max, (double)shared->config.restart_window_ns / 1e9, number, loss.text);
}

static void worker_left(struct server *server, unsigned number, enum leave why)
{
    struct shared *shared = server->shared;
    if (atomic_load(&shared->workers[number].life) >= LIFE_READY) server->starts_failed = 0;
    switch (why) {
    case LEAVE_RECYCLE: atomic_fetch_add(&shared->recycled, 1); break;
    case LEAVE_IDLE:
        atomic_fetch_add(&shared->idled, 1);
        atomic_fetch_add(&shared->retired, 1);
        park_fence(shared); /* what is submitted now recalls it, or is seen below */
        break;
    case LEAVE_INITIALIZER:
        server_break(server, FORKPOOL_INITIALIZER, "the initializer of worker %u failed: it returned %d", number,
                     shared->workers[number].prepared);
        break;
    case LEAVE_UNBOUND:
        errno = shared->workers[number].prepared < 0 ? -shared->workers[number].prepared : EINVAL;
        server_break(server, -errno, "worker %u cannot be bound to cpus %s: %m", number,
                     shared->config.cpus[number % shared->config.workers]);
        break;
    case LEAVE_NOT: case LEAVE_DRAINED: case LEAVE_SHRINK: case LEAVES: break;
    }
}

static void worker_ended(struct server *server, unsigned number, int status, const struct rusage *usage)
{
    struct shared *shared = server->shared;
    struct worker *worker = &shared->workers[number];
    struct hand *hand = &server->hands[number];
    enum leave why = (enum leave)atomic_load(&worker->leave);
    bool drained = WIFEXITED(status) && why == LEAVE_DRAINED; /* no work is left, and nobody waits for this one alone */
    if (!drained) strays_kill(server, hand->pid); /* else at the end, once for all */
    server->alive--;
    atomic_store(&shared->alive, server->alive);
    if (WIFEXITED(status) && why > LEAVE_NOT && why < LEAVES) worker_left(server, number, why);
    else worker_lost(server, number, status, usage);
    park_forget(shared, number);
    atomic_store(&worker->life, LIFE_NONE);
    *hand = (struct hand){0};
    if (drained) return;
    park_wake_after_death(shared); /* it may have been the one that was to take new work, too */
    event_raise(shared);
}

/* A pool has no use for a stopped worker, and whoever waits for it would hang. The news is taken before it is acted upon: once
 * it goes on, the next task may stop it again, and that would be taken for this. */
static void go_on(pid_t pid)
{
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG);
    server_signal(pid, ONE, SIGCONT);
}

void reap_children(struct server *server)
{
    bool orphaned = false; /* a stray that was killed has handed over its children */
    for (;;) {
        siginfo_t info = {0};
        int status;
        struct rusage usage;
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT)) {
            if (errno == EINTR) continue; /* the news of it is used up: nobody would call again */
            break;
        }
        if (!info.si_pid) break;
        if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
            go_on(info.si_pid);
            continue;
        }
        int number = find(server, info.si_pid);
        /* A dead one takes its group along, before its number may be given to another process. */
        if (number >= 0) server_part_group(server, info.si_pid);
        server_signal(info.si_pid, number < 0 ? ONE : GROUP, SIGKILL);
        if (wait4(info.si_pid, &status, WNOHANG, &usage) != info.si_pid) continue;
        if (number >= 0) worker_ended(server, (unsigned)number, status, &usage);
        else orphaned |= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    if (orphaned) strays_kill(server, 0);
}

static bool has_ended(pid_t pid)
{
    struct pollfd ended = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
    bool yes = ended.fd >= 0 && poll(&ended, 1, 0) == 1;
    if (ended.fd >= 0) close(ended.fd);
    return yes;
}

/* A debugger keeps the end of what it traces to itself. Where a worker that was killed has ended but waitid does not say so,
 * it counts as ended; once the debugger lets it go, it is collected as any child. */
void reap_held(struct server *server, int64_t now, int64_t *wake_at)
{
    for (unsigned i = 0; i < server->shared->capacity; i++) {
        struct hand *hand = &server->hands[i];
        if (!hand->pid || !hand->killed_at) continue;
        if (now - hand->killed_at >= HELD_NS && has_ended(hand->pid)) {
            worker_ended(server, i, SIGKILL, &(struct rusage){0});
            *wake_at = now;
            continue;
        }
        int64_t look_at = (now - hand->killed_at < HELD_NS ? hand->killed_at : now) + HELD_NS;
        if (look_at < *wake_at) *wake_at = look_at;
    }
}
