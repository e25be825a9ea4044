/* params.h: the input of kernels that need nothing but their parameters, and ranges over a bounded domain. */
#ifndef BREAKEVEN_PARAMS_H
#define BREAKEVEN_PARAMS_H

#include "kernel.h"

#include <errno.h>
#include <stdalign.h>

/* A prepare: *input is a copy of the parameters, in the arena, so that there is nothing to release. */
static inline int params_prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    struct kernel_params *copy = arena_alloc(shared, sizeof *copy, alignof(struct kernel_params));
    if (!copy) return -ENOMEM;
    *copy = *params;
    *input = copy;
    return 0;
}

/* Units of work that a domain of `domain` units offers once: task `index` starts here and takes `size` units, going
 * on at 0 after the last. Starts lie evenly over the domain, so that the mean cost of a task does not change with
 * the number of tasks, and its cost is linear in its size, even where units at one end are dear and at the other
 * cheap. */
static inline uint64_t domain_start(uint64_t domain, size_t index, size_t tasks)
{
    return (uint64_t)((unsigned __int128)domain * index / tasks);
}

/* How often the tasks together take each unit of the domain; 0 where some units are taken more often than others.
 * tasks * size = domain suffices: then every task's range ends where the next begins. */
static inline uint64_t domain_laps(uint64_t domain, const struct kernel_params *params)
{
    unsigned __int128 units = (unsigned __int128)params->size * params->tasks;
    if (!params->tasks || domain % params->tasks || units % domain) return 0;
    return (uint64_t)(units / domain);
}

#endif
