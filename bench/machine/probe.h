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

/* ---- What /proc and /sys say, beside what runners/cpus/limits.h says of this process's share. (probe_system.c) ----
 *
 *     struct probe_system system;
 *     probe_system_read("", cpus, count, &system);   // "" is this machine; a test gives a folder that looks like one
 *     struct probe_ticks before, after;
 *     probe_ticks_read("", &before); ... probe_ticks_read("", &after);
 *     double steal = probe_steal_share(&before, &after);
 *
 * Only reads, and waits for a second where the last ten were busy. A file that is missing makes a figure unknown (NAN,
 * -1 or ""), never an error: containers hide many.
 */
struct probe_system {
    double load;            /* average number of runnable processes in the last minute; NAN unknown */
    double pressure;        /* share of the last `pressure_s` in which somebody waited for a cpu; NAN unknown */
    int pressure_s;         /* 10, or 1 where what waited before that has ended, as a build does */
    char governor[32];      /* of the given cpus; "mixed" where they differ; "" where there is none to see */
    int boost;              /* 1: cpus may go above their nominal frequency; 0: no; -1: unknown */
    char clocksource[32];   /* in use; "" unknown */
    char clocksources[128]; /* all there are */
    bool virtual_machine;   /* there is a hypervisor below */
};
void probe_system_read(const char *root, const unsigned *cpus, size_t count, struct probe_system *);

/* Clock ticks since boot of all cpus together; all: every state, idle included. -1: unknown. */
struct probe_ticks {
    int64_t steal, all;
};
void probe_ticks_read(const char *root, struct probe_ticks *);
/* Share of the time between that the hypervisor kept from the cpus; NAN unknown or no tick in between. */
double probe_steal_share(const struct probe_ticks *before, const struct probe_ticks *after);

/* Groups of the cpus this process may use that are hardware threads of one core, "0,4 1,5", "" where there are none,
 * and the kinds of cores as cpukind_line has them. Returns the number of groups, or a negative errno. Loads the topology:
 * tens of milliseconds. */
int probe_cores(char *siblings, size_t siblings_size, char *kinds, size_t kinds_size);

/* The first line of a file that begins so, without its newline; "" and false where there is none. */
bool probe_line(const char *root, const char *path, const char *begin, char *line, size_t size);

#endif
