/* SPDX-License-Identifier: MIT */
/* cause.c: why a worker died. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

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

static enum forkpool_cause find(struct server *server, const struct worker *worker, const struct hand *hand, int number)
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

void cause_fill(struct server *server, const struct worker *worker, const struct hand *hand, int wait_status,
                const struct rusage *usage, struct forkpool_loss *loss)
{
    static const char *const words[] = {
        [FORKPOOL_CAUSE_UNKNOWN] = "", [FORKPOOL_CAUSE_EXIT] = ", the task called exit",
        [FORKPOOL_CAUSE_CRASH] = ", a crash", [FORKPOOL_CAUSE_STACK_OVERFLOW] = ", probably stack overflow",
        [FORKPOOL_CAUSE_OUT_OF_MEMORY] = ", probably out of memory", [FORKPOOL_CAUSE_KILLED] = ", sent from outside",
        [FORKPOOL_CAUSE_LIMIT] = ", over its time limit", [FORKPOOL_CAUSE_CANCELLED] = ", cancelled"};
    loss->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    loss->code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
    loss->cause = find(server, worker, hand, loss->signal);
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
