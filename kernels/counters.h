/* SPDX-License-Identifier: GPL-3.0-or-later */
/* counters.h: falseshare and padded. A task takes a counter for itself, adds 1 to it `size` times and gives it back;
 * the counters of tasks that run at once are neighbours, whatever the runner's schedule. All that differs between
 * the two kernels is how far neighbours lie apart. */
#ifndef BREAKEVEN_COUNTERS_H
#define BREAKEVEN_COUNTERS_H

#include "kernels/params.h"

#include <inttypes.h>

enum { COUNTERS = 256, COUNTERS_APART = 128 }; /* 128: processors fetch lines of 64 in pairs */

struct counters {
    struct kernel_params params;
    size_t stride;  /* bytes from counter to counter */
    uint8_t *taken; /* taken[k * COUNTERS_APART]: 1 while a task has counter k; far apart in both kernels */
    uint8_t *bytes; /* counter k is the uint64_t at bytes + k * stride; the one after the last is for tasks that find
                       all taken, and is added to once, atomically */
};

static inline int counters_prepare(const struct kernel_params *params, struct arena *shared, size_t stride,
                                   void **input)
{
    struct counters *counters = arena_alloc(shared, sizeof *counters, alignof(struct counters));
    if (!counters) return -ENOMEM;
    counters->params = *params;
    counters->stride = stride;
    counters->taken = arena_alloc(shared, COUNTERS * COUNTERS_APART, COUNTERS_APART);
    counters->bytes = arena_alloc(shared, (COUNTERS + 1) * stride, COUNTERS_APART);
    if (!counters->taken || !counters->bytes) return -ENOMEM;
    *input = counters;
    return 0;
}

static inline uint64_t *counters_at(const struct counters *counters, size_t k)
{
    return (uint64_t *)(void *)(counters->bytes + k * counters->stride);
}

/* Takes the first free counter, COUNTERS where there is none (more workers than counters): nobody waits. */
static inline size_t counters_take(const struct counters *counters)
{
    for (size_t k = 0; k < COUNTERS; k++) {
        uint8_t *taken = &counters->taken[k * COUNTERS_APART];
        if (!__atomic_load_n(taken, __ATOMIC_RELAXED) && !__atomic_exchange_n(taken, 1, __ATOMIC_ACQUIRE)) return k;
    }
    return COUNTERS;
}

/* volatile: each addition goes to memory. Returns what was added. */
static inline uint64_t counters_add(uint64_t *counter, uint64_t times)
{
    volatile uint64_t *count = counter;
    uint64_t before = *count;
    for (uint64_t k = 0; k < times; k++) *count = *count + 1;
    return *count - before;
}

static inline void counters_run(const void *input, size_t begin, size_t end, void *results)
{
    const struct counters *counters = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        size_t k = counters_take(counters);
        uint64_t own = 0;
        out[i] = counters_add(k < COUNTERS ? counters_at(counters, k) : &own, counters->params.size);
        if (k < COUNTERS) __atomic_store_n(&counters->taken[k * COUNTERS_APART], 0, __ATOMIC_RELEASE);
        else __atomic_fetch_add(counters_at(counters, k), own, __ATOMIC_RELAXED);
    }
}

/* Is `total`, over any number of runs of all tasks, tasks * size in each? Shared with total.h's kernels. */
static inline int counters_check(const struct kernel_params *params, const uint64_t *results, uint64_t total, char *why,
                                 size_t why_size)
{
    for (size_t i = 0; i < params->tasks; i++) {
        if (results[i] == params->size) continue;
        return kernel_result_wrong(why, why_size, "task %zu counted %" PRIu64 ", not %" PRIu64, i, results[i],
                                   params->size);
    }
    uint64_t once = params->tasks * params->size;
    if (!once || (total && total % once == 0)) return 1;
    return kernel_result_wrong(why, why_size, "the counters add up to %" PRIu64 ", not to a multiple of %" PRIu64,
                               total, once);
}

static inline int counters_verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                                  size_t why_size)
{
    const struct counters *counters = input;
    uint64_t total = 0;
    for (size_t k = 0; k <= COUNTERS; k++) total += *counters_at(counters, k);
    return counters_check(params, results, total, why, why_size);
}

#endif
