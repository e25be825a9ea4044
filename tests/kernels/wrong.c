/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wrong: task 32 gives a wrong result, always; its own check finds it. */
#include "kernel.h"

#include <stdio.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i == 32 ? 0 : i;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    for (size_t i = 0; i < params->tasks; i++)
        if (out[i] != i) {
            snprintf(why, why_size, "task %zu wrote %llu, not its index", i, (unsigned long long)out[i]);
            return -1;
        }
    return 1;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "wrong",
    .summary = "a wrong result in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
    .verify = verify,
};
