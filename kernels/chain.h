/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chain.h: work that no compiler and no processor can shorten or overlap: a chain of steps, each of which needs the one
 * before. A step is x -> x * MULTIPLIER + INCREMENT modulo 2^64 (Knuth's MMIX generator), so that the end of a chain is
 * also known in closed form, in a number of operations logarithmic in its length.
 */
#ifndef BREAKEVEN_CHAIN_H
#define BREAKEVEN_CHAIN_H

#include <stdint.h>

#define CHAIN_MULTIPLIER 6364136223846793005u
#define CHAIN_INCREMENT  1442695040888963407u

/* The value after `steps` steps from x. The empty asm makes each step's value opaque: clang would otherwise fold
 * unrolled steps into one multiplication. */
static inline uint64_t chain_run(uint64_t x, uint64_t steps)
{
    for (; steps; steps--) {
        x = x * CHAIN_MULTIPLIER + CHAIN_INCREMENT;
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

/* A zero that neither the compiler nor the processor can know to be one. */
static inline uint64_t chain_zero(void)
{
    uint64_t zero = 0;
    __asm__ volatile("" : "+r"(zero));
    return zero;
}

/* `steps` steps as one: x -> x * multiplier + increment, by squaring. */
struct chain_jump {
    uint64_t multiplier, increment;
};

static inline struct chain_jump chain_jump(uint64_t steps)
{
    struct chain_jump jump = {1, 0}, power = {CHAIN_MULTIPLIER, CHAIN_INCREMENT};
    for (; steps; steps >>= 1) {
        if (steps & 1) {
            jump.multiplier *= power.multiplier;
            jump.increment = jump.increment * power.multiplier + power.increment;
        }
        power.increment *= power.multiplier + 1;
        power.multiplier *= power.multiplier;
    }
    return jump;
}

#endif
