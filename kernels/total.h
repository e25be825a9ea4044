/* SPDX-License-Identifier: GPL-3.0-or-later */
/* total.h: lock, atomic and reduction, three ways to add up one total that all workers share, processes as well as
 * threads: under a lock, by an atomic addition each, or in a register and into the total once a task. */
#ifndef BREAKEVEN_TOTAL_H
#define BREAKEVEN_TOTAL_H

#include "kernels/counters.h"

#include <pthread.h>

struct total {
    struct kernel_params params;
    alignas(COUNTERS_APART) pthread_mutex_t mutex; /* made by lock alone */
    alignas(COUNTERS_APART) uint64_t count;
};

static inline int total_prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    struct total *total = arena_alloc(shared, sizeof *total, alignof(struct total));
    if (!total) return -ENOMEM;
    total->params = *params;
    *input = total;
    return 0;
}

static inline int total_verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                               size_t why_size)
{
    const struct total *total = input;
    return counters_check(params, results, total->count, why, why_size);
}

#endif
