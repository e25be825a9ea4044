/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random.h: random numbers by counter: the n-th number of a seed's sequence without those before it, so that a task's
 * numbers depend on its index alone. The mixing is SplitMix64's (Steele, Lea, Flood, OOPSLA 2014). */
#ifndef BREAKEVEN_RANDOM_H
#define BREAKEVEN_RANDOM_H

#include <stdint.h>

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

#endif
