/* SPDX-License-Identifier: GPL-3.0-or-later */
/* params.h: what kernels share: the input of those that need nothing but their parameters, random numbers, and ranges
 * over a bounded domain. */
#ifndef BREAKEVEN_PARAMS_H
#define BREAKEVEN_PARAMS_H

#include "kernels/kernel.h"

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

/* Random numbers by counter: the n-th number of a seed's sequence without those before it, so that a task's numbers
 * depend on its index alone. The mixing is SplitMix64's (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t random_at(uint64_t seed, uint64_t counter)
{
    return random_mix(random_mix(seed + 0x9e3779b97f4a7c15u) + (counter + 1) * 0x9e3779b97f4a7c15u);
}

/* In (0, 1): never an end, so that its logarithm is finite. */
static inline double random_unit_at(uint64_t seed, uint64_t counter)
{
    return ((double)(random_at(seed, counter) >> 12) + 0.5) * 0x1p-52;
}

/* A bounded domain, 0 .. domain - 1 units of work: task `index` of `tasks` has a part of it, and takes `size` units
 * there one after another, from a place in the part drawn by its index, going round at the part's end. So a task's cost
 * is linear in its size and the mean does not change with the number of tasks, even where units at one end are dear and
 * at the other cheap, or every n-th is; and tasks * size = domain takes each unit once. */
struct domain_part {
    uint64_t begin, length, next;
};

static inline struct domain_part domain_part(uint64_t domain, size_t index, size_t tasks)
{
    uint64_t begin = (uint64_t)((unsigned __int128)domain * index / tasks);
    uint64_t end = (uint64_t)((unsigned __int128)domain * (index + 1) / tasks);
    uint64_t length = end > begin ? end - begin : 1; /* more tasks than units: some units have several */
    return (struct domain_part){begin, length, random_at(domain, index) % length};
}

static inline uint64_t domain_take(struct domain_part *part)
{
    uint64_t unit = part->begin + part->next;
    if (++part->next == part->length) part->next = 0;
    return unit;
}

/* How often the tasks together take each unit; 0 where some are taken more often than others. */
static inline uint64_t domain_laps(uint64_t domain, const struct kernel_params *params)
{
    unsigned __int128 units = (unsigned __int128)params->size * params->tasks;
    if (!params->tasks || domain % params->tasks || units % domain) return 0;
    return (uint64_t)(units / domain);
}

#endif
