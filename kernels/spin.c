/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spin and lognormal: work that no compiler and no processor can shorten or overlap: a chain of steps, each of
 * which needs the one before. A step is x -> x * MULTIPLIER + INCREMENT modulo 2^64 (Knuth's MMIX generator), so that
 * the end of a chain is also known in closed form, in a number of operations logarithmic in its length.
 *
 * spin: a chain of `size` steps, the delay as work. Chains of neighbouring tasks would run at once in an out-of-order
 * processor and make serial time look too short; so each starts only when the one before has ended: its start takes in
 * the end of that one, masked by a zero that nobody can foresee. The value still depends on the index alone.
 *
 * lognormal: the same, of a length drawn for each task from a lognormal distribution with mean `size` and SIGMA 1.5:
 * most tasks are short, half of the work lies in the longest 7 %, and where the longest falls decides the end. The draw
 * is keyed by seed and index. */
#include "kernels/params.h"

#include <inttypes.h>
#include <math.h>

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

/* The same in closed form: `steps` steps as one, x -> x * multiplier + increment, by squaring. */
static uint64_t chain_end(uint64_t x, uint64_t steps)
{
    struct {
        uint64_t multiplier, increment;
    } jump = {1, 0}, power = {CHAIN_MULTIPLIER, CHAIN_INCREMENT};
    for (; steps; steps >>= 1) {
        if (steps & 1) {
            jump.multiplier *= power.multiplier;
            jump.increment = jump.increment * power.multiplier + power.increment;
        }
        power.increment *= power.multiplier + 1;
        power.multiplier *= power.multiplier;
    }
    return x * jump.multiplier + jump.increment;
}

static _Thread_local uint64_t ended; /* where this thread's last chain did: chunks do not run at once either */

static void run_spin(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results, zero = chain_zero(), last = ended;
    for (size_t i = begin; i < end; i++) {
        last = chain_run(random_at(params->seed, i) ^ (last & zero), params->size);
        out[i] = last;
    }
    ended = last;
}

static int verify_spin(const void *input, const struct kernel_params *params, const void *results, char *why,
                       size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t want = chain_end(random_at(params->seed, i), params->size);
        if (out[i] == want) continue;
        return kernel_result_wrong(why, why_size, "task %zu: the chain ended at %" PRIx64 ", not at %" PRIx64, i,
                                   out[i], want);
    }
    return 1;
}

#define SIGMA 1.5

/* The length of task `index`'s chain: exp(SIGMA z - SIGMA^2 / 2) has mean 1; z by Box and Muller. */
static uint64_t steps_of(const struct kernel_params *params, size_t index)
{
    double u = random_unit_at(params->seed, 2 * index), v = random_unit_at(params->seed, 2 * index + 1);
    double z = sqrt(-2 * log(u)) * cos(2 * acos(-1) * v);
    double steps = (double)params->size * exp(SIGMA * z - SIGMA * SIGMA / 2);
    return steps < 1 ? 1 : steps < 0x1p63 ? (uint64_t)steps : UINT64_C(1) << 63;
}

static void run_lognormal(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results, zero = chain_zero(), last = ended;
    for (size_t i = begin; i < end; i++) {
        last = chain_run(random_at(~params->seed, i) ^ (last & zero), steps_of(params, i));
        out[i] = last;
    }
    ended = last;
}

static int verify_lognormal(const void *input, const struct kernel_params *params, const void *results, char *why,
                            size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t steps = steps_of(params, i), want = chain_end(random_at(~params->seed, i), steps);
        if (out[i] == want) continue;
        return kernel_result_wrong(why, why_size,
                                   "task %zu: the chain of %" PRIu64 " steps ended at %" PRIx64 ", not at %" PRIx64, i,
                                   steps, out[i], want);
    }
    return 1;
}

/* What the two have in common. */
#define CHAIN(own_name, own_summary, bound_by)                                                                         \
    const struct kernel kernel_##own_name = {                                                                          \
        .version = KERNEL_VERSION,                                                                                     \
        .name = #own_name,                                                                                             \
        .summary = own_summary,                                                                                        \
        .bottleneck = bound_by,                                                                                        \
        .default_tasks = 10000,                                                                                        \
        .default_size = 40000,                                                                                         \
        .size_unit = "steps",                                                                                          \
        .result_size = sizeof(uint64_t),                                                                               \
        .published = "closed form: n steps of x -> ax + c give a^n x + c(a^n - 1)/(a - 1)",                            \
        .prepare = params_prepare,                                                                                     \
        .run = run_##own_name,                                                                                         \
        .verify = verify_##own_name,                                                                                   \
    };

CHAIN(spin, "a chain of dependent operations: the delay as work", BOTTLENECK_COMPUTE)
CHAIN(lognormal, "chains of heavy-tailed length", BOTTLENECK_IRREGULAR)
