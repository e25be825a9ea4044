/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe.h: what this machine does to measurements, found out in seconds and without changing a setting.
 *
 *     struct probe_noise noise;
 *     if (!probe_noise_measure(&clock_real, cpus, cpu_count, 500, &noise)) ... noise.cpu[i].p99_ns / noise.cpu[i].p50_ns
 *
 * `breakeven doctor` runs all of them; the experiment records the placement probe beside its samples, because virtual
 * cpus are sometimes siblings and sometimes far apart, and move (probe_placement_json).
 *
 * Every probe that needs other cpus forks children bound to one cpu each, waits for them within PROBE_DEADLINE_S, kills
 * what is left, and leaves nothing behind. Call them from a process that has started no thread. Functions return 0 or
 * a negative errno with the output untouched.
 */
#ifndef BREAKEVEN_PROBE_H
#define BREAKEVEN_PROBE_H

#include "bench/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_DEADLINE_S = 8, PROBE_CPUS_MAX = 256, PROBE_PAIRS_MAX = 28 };

/* The cpus this process may run on (sched_getaffinity), ascending. Returns their number, at most `max`. */
size_t probe_allowed_cpus(unsigned *cpus, size_t max);

/* Noise: the same quantum of about 1 ms of dependent arithmetic, again and again, on all given cpus at the same time.
 */
struct probe_noise_cpu {
    unsigned cpu;
    size_t quanta; /* how many were timed */
    double p50_ns, p99_ns, max_ns;
    int64_t involuntary_switches;
};
struct probe_noise {
    size_t count;
    struct probe_noise_cpu cpu[PROBE_CPUS_MAX];
};
int probe_noise_measure(const struct clock *, const unsigned *cpus, size_t count, unsigned quanta,
                        struct probe_noise *);

/* What a sleep of 1 us really takes, with the timer slack this process has. */
struct probe_sleep {
    double asked_ns, median_ns, p99_ns;
};
int probe_sleep_measure(const struct clock *, struct probe_sleep *);

/* How two cpus stand to each other. */
struct probe_pair {
    unsigned cpu_a, cpu_b;
    double round_trip_ns;  /* a cache line there and back, median */
    double chain_speedup;  /* 2 T_1/T_2 for a dependent chain of integer operations: 2 on any two honest cpus */
    double chains_speedup; /* the same for independent floating-point chains that fill a core: about 1.2 on siblings */
};
struct probe_placement {
    size_t pairs_all; /* pairs there are among the given cpus */
    size_t count;     /* pairs measured: all, or the first PROBE_PAIRS_MAX */
    struct probe_pair pair[PROBE_PAIRS_MAX];
};
/* Takes about 60 ms a pair. One cpu has no pair: count 0. */
int probe_placement_measure(const struct clock *, const unsigned *cpus, size_t count, struct probe_placement *);

/* As JSON: {"pairs_all", "pairs": [{"cpus": [0, 1], "round_trip_ns", "chain_speedup", "chains_speedup"}]}, or {"error":
 * "..."} where `error`, what measuring returned, is not 0. A new reference; NULL where memory is short. */
struct json_t *probe_placement_to_json(const struct probe_placement *, int error);
/* Both at once for the cpus this process may use: what a run's manifest.json holds. */
struct json_t *probe_placement_json(const struct clock *);

#endif
