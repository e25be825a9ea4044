/* SPDX-License-Identifier: GPL-3.0-or-later */
/* points.c: single repetitions, looked up in the run. */
#include "results/models/points.h"

#include "results/models/summary_parts.h"

#include <math.h>
#include <string.h>

static bool good(const struct observation *sample)
{
    return !strcmp(sample->status, "ok") && !sample->instrumented && sample->wall_ns > 0;
}

/* Blocks are taken in order, so the partner is near; the search starts at the sample itself and goes both ways. */
static const struct observation *partner(const struct run *run, size_t at, unsigned cell)
{
    const struct observation *samples = run->samples;
    for (size_t i = at; i < run->sample_count && samples[i].block == samples[at].block; i++)
        if (samples[i].cell == cell && good(&samples[i])) return &samples[i];
    for (size_t i = at; i-- > 0 && samples[i].block == samples[at].block;)
        if (samples[i].cell == cell && good(&samples[i])) return &samples[i];
    return NULL;
}

static double value_of(const struct run *run, const struct cell *cell, size_t at, enum quantity_id quantity)
{
    const struct observation *sample = &run->samples[at];
    double wall_ns = (double)sample->wall_ns;
    if (quantity == QUANTITY_wall_ns) return wall_ns;
    if (quantity == QUANTITY_start_ns) return sample->start_ns < 0 ? NAN : (double)sample->start_ns;
    if (quantity == QUANTITY_total_ns)
        return sample->start_ns < 0 || sample->stop_ns < 0
                   ? NAN
                   : (double)(sample->start_ns + sample->wall_ns + sample->stop_ns);
    const struct observation *serial = partner(run, at, cell->baseline);
    if (!serial) return NAN;
    double serial_ns = (double)serial->wall_ns, speedup = models_speedup(serial_ns, wall_ns);
    switch (quantity) {
    case QUANTITY_speedup:
        return speedup;
    case QUANTITY_efficiency:
        return models_efficiency(speedup, parts_worth(cell));
    case QUANTITY_overhead_per_task_ns:
        return models_overhead(serial_ns, wall_ns, parts_worth(cell)) / (double)cell->tasks;
    default:
        return NAN;
    }
}

size_t points_get(const struct run *run, const struct cell *cell, enum quantity_id quantity, double *values, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < run->sample_count && count < max; i++) {
        if (run->samples[i].cell != cell->id || !good(&run->samples[i])) continue;
        double value = value_of(run, cell, i, quantity);
        if (!isnan(value)) values[count++] = value;
    }
    return count;
}

bool points_tied(const struct run *run, const struct cell *a, const struct cell *b)
{
    enum { PAIRS_MAX = 1024 };
    double of_a[PAIRS_MAX] = {0}, of_b[PAIRS_MAX] = {0};
    size_t n = 0;
    if (a == b) return true;
    for (size_t i = 0; i < run->sample_count && n < PAIRS_MAX; i++) {
        if (run->samples[i].cell != a->id || !good(&run->samples[i])) continue;
        const struct observation *other = partner(run, i, b->id);
        if (!other) continue;
        of_a[n] = (double)run->samples[i].wall_ns;
        of_b[n++] = (double)other->wall_ns;
    }
    struct quantity ratio = stats_ratio(of_a, of_b, n);
    return n >= STATS_INTERVAL_MIN && stats_verdict(ratio) == VERDICT_UNRESOLVED;
}
