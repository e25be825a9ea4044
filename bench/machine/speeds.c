/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/speeds.h"

#include "results/statistics/stats.h"
#include "runners/cpus/cpukind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTA = 20 };

static double kind_ns(const struct probe_noise *noise, hwloc_const_bitmap_t cpus)
{
    double values[PROBE_CPUS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < noise->count; i++)
        if (hwloc_bitmap_isset(cpus, noise->cpu[i].cpu)) values[n++] = noise->cpu[i].p50_ns;
    return n ? stats_quantile(values, n, 0.5) : NAN;
}

/* The cpus of a kind behind those of the faster ones. */
static void insert(struct speeds *speeds, hwloc_const_bitmap_t cpus, double speed)
{
    size_t at = speeds->count, n = (size_t)hwloc_bitmap_weight(cpus);
    while (at && speeds->cpu[at - 1].speed < speed) at--;
    memmove(speeds->cpu + at + n, speeds->cpu + at, (speeds->count - at) * sizeof *speeds->cpu);
    for (int cpu = -1; (cpu = hwloc_bitmap_next(cpus, cpu)) >= 0; at++)
        speeds->cpu[at] = (struct speeds_cpu){(unsigned)cpu, speed};
    speeds->count += n;
}

void speeds_from(hwloc_topology_t topology, const struct probe_noise *noise, struct speeds *out)
{
    struct speeds made = {.count = 0};
    double best_ns = INFINITY;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    unsigned kinds = cpus ? cpukind_count(topology) : 0;
    int allowed = hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(topology));
    if (kinds < 2 || allowed < 1 || allowed > PROBE_CPUS_MAX) kinds = 0;
    for (unsigned kind = 0; kind < kinds; kind++)
        if (cpukind_cpus(topology, kind, cpus)) best_ns = fmin(best_ns, kind_ns(noise, cpus));
    for (unsigned kind = 0; kind < kinds; kind++) {
        if (!cpukind_cpus(topology, kind, cpus)) continue;
        double speed = best_ns / kind_ns(noise, cpus);
        if (!(speed > 0)) continue;
        insert(&made, cpus, speed);
        text_add(made.line, sizeof made.line, "%skind %u is %.3g", *made.line ? ", " : "", kind, speed);
    }
    hwloc_bitmap_free(cpus);
    *out = made;
}

int speeds_measure(hwloc_topology_t topology, const struct clock *clock, struct speeds *out)
{
    unsigned cpus[PROBE_CPUS_MAX];
    struct probe_noise noise = {.count = 0};
    int error = 0;
    if (cpukind_count(topology) > 1)
        error = probe_noise_measure(clock, cpus, probe_allowed_cpus(cpus, PROBE_CPUS_MAX), QUANTA, &noise);
    if (!error) speeds_from(topology, &noise, out);
    return error;
}

/* Of one worker: the mean over the cpus it may be on. */
static double bound_speed(const struct speeds *speeds, const char *list, hwloc_bitmap_t cpus)
{
    double sum = 0;
    int n = 0;
    if (hwloc_bitmap_list_sscanf(cpus, list)) return 1;
    for (size_t i = 0; i < speeds->count; i++)
        if (hwloc_bitmap_isset(cpus, speeds->cpu[i].cpu)) sum += speeds->cpu[i].speed, n++;
    return n ? sum / n : 1;
}

double speeds_sum(const struct speeds *speeds, char *const *cpus, unsigned workers)
{
    double sum = 0;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    for (unsigned i = 0; i < workers; i++)
        sum += !speeds->count || !set ? 1
               : cpus                 ? bound_speed(speeds, cpus[i], set)
                                      : speeds->cpu[i % speeds->count].speed;
    hwloc_bitmap_free(set);
    return sum;
}

int speeds_settle(struct plan *plan, const struct clock *clock)
{
    struct speeds speeds;
    int error = speeds_measure(plan->topology, clock, &speeds);
    if (error || !speeds.count) return error;
    memcpy(plan->speeds, speeds.line, sizeof plan->speeds);
    for (unsigned i = 0; i < plan->cell_count; i++) {
        struct cell *cell = &plan->cells[i];
        const struct placement *placement = &plan->placements[plan->extra[i].placement].placement;
        double sum = speeds_sum(&speeds, placement->cpus, cell->processes * cell->threads);
        if (!cell->speeds_milli) cell->speeds_milli = (uint64_t)llround(1000 * sum);
    }
    return 0;
}
