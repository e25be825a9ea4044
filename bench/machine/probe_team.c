/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/probe_team.h"

#include "bench/machine/probe.h"

#include "runners/worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE_START = 128 }; /* the caller's part of the mapping, away from the line on which the team meets */

struct meeting {
    atomic_uint up, go;
};

static int bind_to(unsigned cpu)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int status = set && !hwloc_bitmap_only(set, cpu) ? worker_affinity_write(set) : -ENOMEM;
    hwloc_bitmap_free(set);
    return status;
}

/* A member that is let go spins for a moment only: it is alone on its cpu, or it must yield to get there. */
static void member_run(pid_t parent, unsigned cpu, size_t member, probe_work *work, void *context, char *memory)
{
    struct meeting *meeting = (struct meeting *)(void *)memory;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(ECANCELED);
    signal(SIGALRM, SIG_DFL);
    alarm(PROBE_DEADLINE_S);
    int status = bind_to(cpu);
    if (status) _exit(-status);
    atomic_fetch_add(&meeting->up, 1);
    while (!atomic_load_explicit(&meeting->go, memory_order_acquire)) sched_yield();
    _exit(-work(context, member, memory + PAGE_START));
}

static void team_kill(pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] > 0) kill(pids[i], SIGKILL);
    for (size_t i = 0; i < count; i++)
        while (pids[i] > 0 && waitpid(pids[i], NULL, 0) < 0 && errno == EINTR) continue;
}

/* Children end by themselves or by their alarm, so waiting is bounded. */
static int team_wait(pid_t *pids, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count; i++) {
        int status = 0;
        pid_t got;
        while ((got = waitpid(pids[i], &status, 0)) < 0 && errno == EINTR) continue;
        if (got > 0) pids[i] = 0;
        if (error) continue;
        if (got < 0) error = -errno;
        else if (WIFSIGNALED(status)) error = WTERMSIG(status) == SIGALRM ? -ETIMEDOUT : -ECHILD;
        else if (WEXITSTATUS(status)) error = -WEXITSTATUS(status);
        if (error) team_kill(pids, count);
    }
    return error;
}

/* Members that fail to come up have left before they are counted: then nobody is let go. */
static int team_meet(struct meeting *meeting, const pid_t *pids, size_t count)
{
    enum { STEP_US = 100 };
    for (long waited_us = 0; atomic_load(&meeting->up) < count; waited_us += STEP_US) {
        for (size_t i = 0; i < count; i++) {
            siginfo_t info = {0};
            if (waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid) continue;
            return info.si_code == CLD_EXITED && info.si_status ? -info.si_status : -ECHILD;
        }
        if (waited_us > PROBE_DEADLINE_S * 1000000L) return -ETIMEDOUT;
        usleep(STEP_US);
    }
    atomic_store_explicit(&meeting->go, 1, memory_order_release);
    return 0;
}

int probe_team_run(const unsigned *cpus, size_t count, probe_work *work, void *context, void *page_out, size_t size)
{
    char *memory = mmap(NULL, PAGE_START + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    pid_t parent = getpid(), *pids = calloc(count ? count : 1, sizeof *pids);
    int status = pids ? 0 : -ENOMEM;
    size_t started = 0;
    while (!status && started < count) {
        pids[started] = fork();
        if (!pids[started]) member_run(parent, cpus[started], started, work, context, memory);
        if (pids[started] < 0) status = -errno;
        else started++;
    }
    if (!status) status = team_meet((struct meeting *)(void *)memory, pids, count);
    if (status) team_kill(pids, started);
    else status = team_wait(pids, started);
    if (!status) memcpy(page_out, memory + PAGE_START, size);
    free(pids);
    munmap(memory, PAGE_START + size);
    return status;
}

/* The generator of Knuth's MMIX; the multiplication keeps each step waiting for the one before. */
uint64_t probe_chain(uint64_t steps, uint64_t value)
{
    for (uint64_t i = 0; i < steps; i++) value = value * 6364136223846793005u + 1442695040888963407u;
    return value;
}

#if defined(__x86_64__)
#define KEEP_SCALAR(value) __asm__("" : "+x"(value))
#elif defined(__aarch64__)
#define KEEP_SCALAR(value) __asm__("" : "+w"(value))
#else
#define KEEP_SCALAR(value) ((void)0)
#endif

/* Twelve chains: more than latency x width of the cores there are today needs to keep both multipliers busy. Scalar, so
 * that no wide unit changes the frequency. */
static double chains_run(uint64_t steps)
{
    enum { CHAINS = 12 };
    double x[CHAINS];
    for (int k = 0; k < CHAINS; k++) x[k] = 1.0 + k;
    for (uint64_t i = 0; i < steps; i++)
        for (int k = 0; k < CHAINS; k++) {
            x[k] = x[k] * 0.999999 + 1e-6;
            KEEP_SCALAR(x[k]);
        }
    double sum = 0;
    for (int k = 0; k < CHAINS; k++) sum += x[k];
    return sum;
}

double probe_work_ns(const struct clock *clock, bool chains, uint64_t steps)
{
    volatile uint64_t whole = 1; /* volatile: what is computed is thrown away, but not left out */
    volatile double real = 0;
    int64_t began_ns = clock_now_ns(clock);
    if (chains) real = chains_run(steps);
    else whole = probe_chain(steps, whole);
    (void)real;
    return (double)(clock_now_ns(clock) - began_ns);
}

/* The shortest of a few runs: an interruption only makes one longer. */
uint64_t probe_steps(const struct clock *clock, bool chains, double wall_ns)
{
    enum { TRIES = 9 };
    const unsigned steps = chains ? 5000 : 20000;
    double best_ns = 0;
    for (int i = 0; i < TRIES; i++) {
        double took_ns = probe_work_ns(clock, chains, steps);
        if (took_ns > 0 && (best_ns == 0 || took_ns < best_ns)) best_ns = took_ns;
    }
    return best_ns > 0 ? (uint64_t)(wall_ns / best_ns * steps) + 1 : steps;
}
