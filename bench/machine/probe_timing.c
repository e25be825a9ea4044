/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes of time: noise by fixed work quanta, the length of a short sleep. */
#include "bench/machine/probe.h"
#include "bench/machine/probe_team.h"

#include "results/statistics/stats.h"
#include "runners/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

size_t probe_allowed_cpus(unsigned *cpus, size_t max)
{
    size_t count = 0;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (!set || worker_affinity_read(set)) max = 0;
    for (int cpu = -1; count < max && (cpu = hwloc_bitmap_next(set, cpu)) >= 0;) cpus[count++] = (unsigned)cpu;
    hwloc_bitmap_free(set);
    return count;
}

struct quanta {
    const struct clock *clock;
    const unsigned *cpus;
    unsigned count;
    uint64_t steps;
};

static int noise_member(void *context, size_t member, void *page)
{
    const struct quanta *quanta = context;
    struct probe_noise_cpu *out = (struct probe_noise_cpu *)page + member;
    double *took_ns = calloc(quanta->count, sizeof *took_ns);
    if (!took_ns) return -ENOMEM;
    struct rusage before, after;
    volatile uint64_t sink = member;
    getrusage(RUSAGE_SELF, &before);
    for (unsigned i = 0; i < quanta->count; i++) {
        int64_t began_ns = clock_now_ns(quanta->clock);
        sink = probe_chain(quanta->steps, sink);
        took_ns[i] = (double)(clock_now_ns(quanta->clock) - began_ns);
    }
    getrusage(RUSAGE_SELF, &after);
    *out = (struct probe_noise_cpu){
        .cpu = quanta->cpus[member],
        .quanta = quanta->count,
        .p50_ns = stats_quantile(took_ns, quanta->count, 0.5),
        .p99_ns = stats_quantile(took_ns, quanta->count, 0.99),
        .max_ns = stats_quantile(took_ns, quanta->count, 1),
        .involuntary_switches = after.ru_nivcsw - before.ru_nivcsw,
    };
    free(took_ns);
    return 0;
}

int probe_noise_measure(const struct clock *clock, const unsigned *cpus, size_t count, unsigned quanta,
                        struct probe_noise *noise)
{
    if (!count || count > PROBE_CPUS_MAX || !quanta) return -EINVAL;
    struct quanta work = {.clock = clock, .cpus = cpus, .count = quanta, .steps = probe_steps(clock, false, 1e6)};
    struct probe_noise found = {.count = count};
    int status = probe_team_run(cpus, count, noise_member, &work, found.cpu, count * sizeof *found.cpu);
    if (!status) *noise = found;
    return status;
}

int probe_sleep_measure(const struct clock *clock, struct probe_sleep *out)
{
    enum { SLEEPS = 300, ASKED_NS = 1000 };
    double took_ns[SLEEPS];
    for (int i = 0; i < SLEEPS; i++) {
        struct timespec asked = {.tv_nsec = ASKED_NS};
        int64_t began_ns = clock_now_ns(clock);
        if (nanosleep(&asked, NULL)) return -errno;
        took_ns[i] = (double)(clock_now_ns(clock) - began_ns);
    }
    *out = (struct probe_sleep){
        .asked_ns = ASKED_NS,
        .median_ns = stats_quantile(took_ns, SLEEPS, 0.5),
        .p99_ns = stats_quantile(took_ns, SLEEPS, 0.99),
    };
    return 0;
}
