/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/tune_watch.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/machine/probe_team.h"

#include "results/statistics/stats.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Between looks: at least this long, and so many times as long as a look takes: they are a twentieth of the time. */
static const double PAUSE_S = 0.04, PAUSE_SHARE = 20;
static const double NAP_S = 0.05;

void tune_watch_open(struct tune_watch *watch, const struct tune_watch_eyes *eyes, double patience_s)
{
    *watch = (struct tune_watch){.eyes = *eyes, .patience_s = patience_s};
}

static double now_s(const struct tune_watch *watch)
{
    return watch->eyes.now_s(watch->eyes.context);
}

static void note(struct tune_watch_seen *seen, double cores)
{
    seen->least = seen->looks ? fmin(seen->least, cores) : cores;
    seen->sum += cores;
    seen->looks++;
}

/* Is it low? Who cannot look sees nothing amiss. */
static bool look(struct tune_watch *watch)
{
    double cores, began_s = now_s(watch);
    watch->blind = watch->eyes.look(watch->eyes.context, &cores) != 0;
    if (watch->blind) return false;
    watch->looks++;
    watch->last_s = now_s(watch);
    watch->took_s = watch->last_s - began_s;
    bool low = cores < TUNE_WATCH_LOW * watch->eyes.expected;
    if (low) note(&watch->low, cores);
    if (!low || watch->gave_up) note(&watch->measured, cores);
    return low && !watch->gave_up;
}

static bool is_due(const struct tune_watch *watch)
{
    if (watch->patience_s <= 0 || watch->eyes.expected <= 1 || watch->blind) return false;
    return !watch->looks || now_s(watch) - watch->last_s >= fmax(PAUSE_S, PAUSE_SHARE * watch->took_s);
}

/* Until it is no longer low, or patience is spent. */
static int wait_for_it(struct tune_watch *watch)
{
    int error = 0;
    watch->gave_up = watch->waited_s >= watch->patience_s;
    for (bool low = true; !error && low && !watch->gave_up;) {
        double began_s = now_s(watch);
        error = watch->eyes.nap(watch->eyes.context, NAP_S);
        low = !error && look(watch);
        watch->waited_s += now_s(watch) - began_s;
        watch->gave_up = low && watch->waited_s >= watch->patience_s;
    }
    return error;
}

int tune_watch_begin(struct tune_watch *watch)
{
    int error = is_due(watch) && look(watch) ? wait_for_it(watch) : 0;
    if (watch->patience_s > 0) watch->began_s = now_s(watch);
    return error;
}

int tune_watch_check(struct tune_watch *watch, bool *again)
{
    *again = false;
    if (!is_due(watch)) return 0;
    double block_s = now_s(watch) - watch->began_s;
    if (!look(watch)) return 0;
    int error = wait_for_it(watch);
    if (error || watch->gave_up || watch->waited_s + block_s > watch->patience_s) return error;
    watch->waited_s += block_s;
    watch->dropped++;
    *again = true;
    return 0;
}

double tune_watch_mean(const struct tune_watch_seen *seen)
{
    return seen->looks ? seen->sum / seen->looks : NAN;
}

/* ---- on this machine ---- */

enum { ROUNDS = 4, STEPS = 5000, TRIES = 30 };
static const double QUANTUM_NS = 250e3;

struct shared { /* what the team shares */
    atomic_uint turn;                       /* rounds whose one has been alone */
    atomic_uint here[ROUNDS], done[ROUNDS]; /* members */
    double alone_ns[ROUNDS], all_ns[ROUNDS][TUNE_CAPACITY_CORES];
};

static double work_ns(uint64_t steps)
{
    return fmax(probe_work_ns(&clock_real, true, steps), 1);
}

int tune_capacity_open(struct tune_capacity *capacity, hwloc_topology_t topology, const struct limits *limits)
{
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    hwloc_obj_t core = NULL;
    hwloc_obj_type_t type = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    unsigned most = limits->usable < TUNE_CAPACITY_CORES ? limits->usable : TUNE_CAPACITY_CORES;
    double best_ns = INFINITY;
    *capacity = (struct tune_capacity){0};
    hwloc_bitmap_t own = hwloc_bitmap_alloc();
    if (!own) return -ENOMEM;
    while (capacity->count < most && (core = hwloc_get_next_obj_by_type(topology, type, core))) {
        hwloc_bitmap_and(own, core->cpuset, allowed);
        int cpu = hwloc_bitmap_first(own);
        if (cpu >= 0) capacity->cpus[capacity->count++] = (unsigned)cpu;
    }
    hwloc_bitmap_free(own);
    capacity->expected = fmin(capacity->count, limits->quota_cpus);
    for (int i = 0; i < TRIES; i++) best_ns = fmin(best_ns, work_ns(STEPS));
    capacity->steps = (uint64_t)(QUANTUM_NS / best_ns * STEPS) + 1;
    return 0;
}

/* Who waits for the one that is alone sleeps: even waiting takes from a core that is shared. */
static void sleep_until(atomic_uint *turn, unsigned rounds)
{
    for (unsigned seen; (seen = atomic_load(turn)) < rounds;) syscall(SYS_futex, turn, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void spin_until(atomic_uint *counter, unsigned count)
{
    while (atomic_load(counter) < count) sched_yield();
}

static int take_part(void *context, size_t member, void *page)
{
    const struct tune_capacity *capacity = context;
    struct shared *shared = page;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if ((capacity->turn + round) % capacity->count == member) {
            if (round) spin_until(&shared->done[round - 1], capacity->count);
            shared->alone_ns[round] = work_ns(capacity->steps);
            atomic_fetch_add(&shared->turn, 1);
            syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
        } else sleep_until(&shared->turn, round + 1);
        atomic_fetch_add(&shared->here[round], 1);
        spin_until(&shared->here[round], capacity->count);
        shared->all_ns[round][member] = work_ns(capacity->steps);
        atomic_fetch_add(&shared->done[round], 1);
    }
    return 0;
}

int tune_capacity_look(void *context, double *cores)
{
    struct tune_capacity *capacity = context;
    struct shared shared;
    double values[ROUNDS];
    int error = probe_team_run(capacity->cpus, capacity->count, take_part, capacity, &shared, sizeof shared);
    if (error) return error;
    capacity->turn++;
    for (unsigned round = 0; round < ROUNDS; round++) {
        values[round] = 0;
        for (unsigned i = 0; i < capacity->count; i++)
            values[round] += shared.alone_ns[round] / shared.all_ns[round][i];
    }
    *cores = stats_median(values, ROUNDS).median;
    return 0;
}

static double real_now_s(void *context)
{
    (void)context;
    return (double)clock_now_ns(&clock_real) / 1e9;
}

static int nap(void *context, double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    (void)context;
    nanosleep(&time, NULL);
    return interrupt_seen() ? -EINTR : 0;
}

struct tune_watch_eyes tune_capacity_eyes(struct tune_capacity *capacity)
{
    return (struct tune_watch_eyes){tune_capacity_look, real_now_s, nap, capacity, capacity->expected};
}
