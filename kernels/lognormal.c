/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lognormal: chains as in spin, of a length drawn for each task from a lognormal distribution with mean `size` and
 * SIGMA 1.5: most tasks are short, half of the work lies in the longest 7 %, and where the longest falls decides the
 * end. The draw is keyed by seed and index. */
#include "kernels/chain.h"
#include "kernels/params.h"
#include "kernels/random.h"

#include <inttypes.h>
#include <math.h>

#define SIGMA 1.5

/* The length of task `index`'s chain: exp(SIGMA z - SIGMA^2 / 2) has mean 1; z by Box and Muller. */
static uint64_t steps_of(const struct kernel_params *params, size_t index)
{
    double u = random_unit_at(params->seed, 2 * index), v = random_unit_at(params->seed, 2 * index + 1);
    double z = sqrt(-2 * log(u)) * cos(2 * acos(-1) * v);
    double steps = (double)params->size * exp(SIGMA * z - SIGMA * SIGMA / 2);
    return steps < 1 ? 1 : steps < 0x1p63 ? (uint64_t)steps : UINT64_C(1) << 63;
}

static _Thread_local uint64_t ended; /* where this thread's last chain did: chunks do not run at once either */

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results, zero = chain_zero(), last = ended;
    for (size_t i = begin; i < end; i++) {
        last = chain_run(random_at(~params->seed, i) ^ (last & zero), steps_of(params, i));
        out[i] = last;
    }
    ended = last;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t steps = steps_of(params, i);
        struct chain_jump jump = chain_jump(steps);
        uint64_t want = random_at(~params->seed, i) * jump.multiplier + jump.increment;
        if (out[i] == want) continue;
        return kernel_result_wrong(why, why_size,
                                   "task %zu: the chain of %" PRIu64 " steps ended at %" PRIx64 ", not at %" PRIx64, i,
                                   steps, out[i], want);
    }
    return 1;
}

const struct kernel kernel_lognormal = {
    .version = KERNEL_VERSION,
    .name = "lognormal",
    .summary = "chains of heavy-tailed length",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = 10000,
    .default_size = 40000,
    .size_unit = "steps",
    .result_size = sizeof(uint64_t),
    .published = "closed form: n steps of x -> ax + c give a^n x + c(a^n - 1)/(a - 1)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
