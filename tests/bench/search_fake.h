/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search_fake.h: what tests of the search share: a surface whose every true cost is known, and what was measured of it. */
#ifndef TESTS_SEARCH_FAKE_H
#define TESTS_SEARCH_FAKE_H

#include "bench/tune/search/search_table.h"
#include "tests/suite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 32, LOG = 4096 };

struct fake {
    double cost[LEVELS]; /* of each level; <= 0: fails */
    double serial;
    double noise_of[LEVELS];   /* of single levels, beside that of all; 0: none */
    double noise;              /* the most by which a measurement is off, as a factor */
    double spikes;             /* the share of measurements that take six times as long */
    double cold;               /* the factor by which the first of all does; 0: none */
    uint64_t state;            /* of its generator */
    size_t calls, fail_after;  /* blocks; 0: never */
    size_t slow_after;         /* blocks after which workers take twice as long; 0: never */
    double serial_slow;        /* the factor by which the serial point does in two of three blocks; 0: never */
    size_t logged, count[LOG]; /* points per block */
    unsigned first[LOG];       /* the first level of each block */
    size_t measured[LEVELS], serial_count;
};

static double workers[LEVELS];

/* Uniform in [0, 1): a linear congruential generator is good enough, and the same everywhere. */
static inline double next(struct fake *fake)
{
    fake->state = fake->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(fake->state >> 11) / 9007199254740992.0;
}

static inline int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct fake *fake = context;
    if (fake->fail_after && fake->calls >= fake->fail_after) return -EINTR;
    if (fake->logged < LOG) {
        fake->count[fake->logged] = count;
        fake->first[fake->logged++] = points[0].serial ? LEVELS : points[0].level[0];
    }
    for (size_t i = 0; i < count; i++) {
        double cost = points[i].serial ? fake->serial : fake->cost[points[i].level[0]];
        if (points[i].serial) fake->serial_count++;
        else fake->measured[points[i].level[0]]++;
        if (fake->noise > 0) cost *= pow(fake->noise, 2 * next(fake) - 1);
        if (!points[i].serial && fake->noise_of[points[i].level[0]] > 0)
            cost *= pow(fake->noise_of[points[i].level[0]], 2 * next(fake) - 1);
        if (fake->spikes > 0 && next(fake) < fake->spikes) cost *= 6;
        if (fake->slow_after && fake->calls >= fake->slow_after && !points[i].serial) cost *= 2;
        if (fake->serial_slow > 0 && points[i].serial && fake->calls % 3) cost *= fake->serial_slow;
        if (fake->cold > 0 && !fake->calls && !i) cost *= fake->cold;
        bool limited = cost > limit;
        outcomes[i] = (struct search_outcome){
            .cost = limited ? limit : cost, .spent_s = limited ? limit : cost, .limited = limited, .failed = cost <= 0};
    }
    fake->calls++;
    return 0;
}

static inline struct search_space space_of(struct fake *fake, size_t levels, bool serial)
{
    for (unsigned i = 0; i < LEVELS; i++) workers[i] = i + 1;
    return (struct search_space){
        .axis_count = 1,
        .axis = {{.name = "workers", .levels = levels, .values = workers, .workers = true, .start = levels - 1}},
        .serial = serial,
        .limits = true,
        .measure = measure,
        .context = fake};
}

static inline unsigned level_of(const struct search_result *result, size_t id)
{
    return result->entries[id].point.level[0];
}

#endif
