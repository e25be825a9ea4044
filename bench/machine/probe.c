/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes of time and of pairs of cpus: noise by fixed work quanta, the length of a short sleep; what a cache line costs
 * to go from one cpu to another and back, and whether two workers compute twice as much as one. */
#include "bench/machine/probe.h"
#include "bench/machine/probe_team.h"

#include "results/statistics/stats.h"
#include "runners/worker.h"

#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- pairs of cpus ---- */

enum { BATCHES = 15, TRIPS = 500, ROUNDS = 5 };
static const double TRIPS_LIMIT_NS = 2e7, WORK_NS = 2e6;

struct ping {
    atomic_uint ball; /* even: member 0 has it; odd: member 1; LAST: over */
    char apart[124];
    unsigned batches;
    double trip_ns[BATCHES];
};
#define LAST UINT32_MAX

static void ping_answer(struct ping *ping)
{
    for (unsigned ball;;) {
        ball = atomic_load_explicit(&ping->ball, memory_order_acquire);
        if (ball == LAST) return;
        if (ball & 1) atomic_store_explicit(&ping->ball, ball + 1, memory_order_release);
    }
}

/* Batches, so that an interruption of either side spoils one of them; no new one once the time is up. */
static int ping_member(void *context, size_t member, void *page)
{
    const struct clock *clock = context;
    struct ping *ping = page;
    if (member) {
        ping_answer(ping);
        return 0;
    }
    int64_t first_ns = clock_now_ns(clock);
    unsigned ball = 0;
    while (ping->batches < BATCHES) {
        int64_t began_ns = clock_now_ns(clock);
        if (ping->batches && (double)(began_ns - first_ns) > TRIPS_LIMIT_NS) break;
        for (int trip = 0; trip < TRIPS; trip++, ball += 2) {
            atomic_store_explicit(&ping->ball, ball + 1, memory_order_release);
            while (atomic_load_explicit(&ping->ball, memory_order_acquire) != ball + 2) continue;
        }
        ping->trip_ns[ping->batches++] = (double)(clock_now_ns(clock) - began_ns) / TRIPS;
    }
    atomic_store(&ping->ball, LAST);
    return 0;
}

struct load {
    const struct clock *clock;
    bool chains; /* independent chains; else the dependent one */
    uint64_t steps;
};

static int load_member(void *context, size_t member, void *page)
{
    const struct load *load = context;
    double *took_ns = page;
    took_ns[member] = probe_work_ns(load->clock, load->chains, load->steps);
    return 0;
}

/* Each alone, then both: the ratio is taken inside a round, so that a drift of the machine cancels. */
static int load_speedup(struct load *load, const unsigned cpus[2], double *speedup)
{
    double ratio[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double alone_ns[2], both_ns[2];
        int status = probe_team_run(&cpus[0], 1, load_member, load, &alone_ns[0], sizeof *alone_ns);
        if (!status) status = probe_team_run(&cpus[1], 1, load_member, load, &alone_ns[1], sizeof *alone_ns);
        if (!status) status = probe_team_run(cpus, 2, load_member, load, both_ns, sizeof both_ns);
        if (status) return status;
        ratio[round] = (alone_ns[0] + alone_ns[1]) / (both_ns[0] > both_ns[1] ? both_ns[0] : both_ns[1]);
    }
    *speedup = stats_quantile(ratio, ROUNDS, 0.5);
    return 0;
}

static int pair_measure(const struct clock *clock, struct load loads[2], struct probe_pair *pair)
{
    const unsigned cpus[2] = {pair->cpu_a, pair->cpu_b};
    struct ping ping = {.batches = 0};
    int status = probe_team_run(cpus, 2, ping_member, (void *)clock, &ping, sizeof ping);
    if (status) return status;
    pair->round_trip_ns = stats_quantile(ping.trip_ns, ping.batches, 0.5);
    status = load_speedup(&loads[0], cpus, &pair->chain_speedup);
    return status ? status : load_speedup(&loads[1], cpus, &pair->chains_speedup);
}

int probe_placement_measure(const struct clock *clock, const unsigned *cpus, size_t count, struct probe_placement *out)
{
    struct load loads[2] = {
        {.clock = clock, .chains = false, .steps = probe_steps(clock, false, WORK_NS)},
        {.clock = clock, .chains = true, .steps = probe_steps(clock, true, WORK_NS)},
    };
    struct probe_placement found = {.pairs_all = count * (count ? count - 1 : 0) / 2};
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && found.count < PROBE_PAIRS_MAX; j++) {
            struct probe_pair *pair = &found.pair[found.count];
            *pair = (struct probe_pair){.cpu_a = cpus[i], .cpu_b = cpus[j]};
            int status = pair_measure(clock, loads, pair);
            if (status) return status;
            found.count++;
        }
    *out = found;
    return 0;
}

json_t *probe_placement_to_json(const struct probe_placement *found, int error)
{
    if (error) return json_pack("{s:s}", "error", strerror(-error));
    json_t *pairs = json_array();
    for (size_t i = 0; i < found->count; i++) {
        const struct probe_pair *pair = &found->pair[i];
        json_array_append_new(pairs, json_pack("{s:[i,i], s:f, s:f, s:f}", "cpus", (int)pair->cpu_a, (int)pair->cpu_b,
                                               "round_trip_ns", pair->round_trip_ns, "chain_speedup",
                                               pair->chain_speedup, "chains_speedup", pair->chains_speedup));
    }
    return json_pack("{s:I, s:o}", "pairs_all", (json_int_t)found->pairs_all, "pairs", pairs);
}

json_t *probe_placement_json(const struct clock *clock)
{
    unsigned cpus[PROBE_CPUS_MAX] = {0};
    struct probe_placement found;
    int error = probe_placement_measure(clock, cpus, probe_allowed_cpus(cpus, PROBE_CPUS_MAX), &found);
    return probe_placement_to_json(&found, error);
}
