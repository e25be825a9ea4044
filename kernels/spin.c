/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spin: a chain of `size` dependent steps, the delay as work. Chains of neighbouring tasks would run at once in an
 * out-of-order processor and make serial time look too short; so each starts only when the one before has ended: its
 * start takes in the end of that one, masked by a zero that nobody can foresee. The value still depends on the index
 * alone. */
#include "kernels/chain.h"
#include "kernels/params.h"
#include "kernels/random.h"

#include <inttypes.h>

static _Thread_local uint64_t ended; /* where this thread's last chain did: chunks do not run at once either */

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results, zero = chain_zero(), last = ended;
    for (size_t i = begin; i < end; i++) {
        last = chain_run(random_at(params->seed, i) ^ (last & zero), params->size);
        out[i] = last;
    }
    ended = last;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    struct chain_jump jump = chain_jump(params->size);
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t want = random_at(params->seed, i) * jump.multiplier + jump.increment;
        if (out[i] == want) continue;
        return kernel_result_wrong(why, why_size, "task %zu: the chain ended at %" PRIx64 ", not at %" PRIx64, i,
                                   out[i], want);
    }
    return 1;
}

const struct kernel kernel_spin = {
    .version = KERNEL_VERSION,
    .name = "spin",
    .summary = "a chain of dependent operations: the delay as work",
    .bottleneck = BOTTLENECK_COMPUTE,
    .default_tasks = 10000,
    .default_size = 40000,
    .size_unit = "steps",
    .result_size = sizeof(uint64_t),
    .published = "closed form: n steps of x -> ax + c give a^n x + c(a^n - 1)/(a - 1)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
