/* SPDX-License-Identifier: GPL-3.0-or-later */
/* empty: tasks that do nothing but write their index. What remains is the cost of handing them out. */
#include "kernels/kernel.h"

static void run(const void *input, size_t begin, size_t end, void *results)
{
    (void)input;
    uint32_t *out = results;
    for (size_t i = begin; i < end; i++) out[i] = (uint32_t)i;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint32_t *out = results;
    for (size_t i = 0; i < params->tasks; i++)
        if (out[i] != (uint32_t)i)
            return kernel_result_wrong(why, why_size, "task %zu wrote %u, not its index", i, (unsigned)out[i]);
    return 1;
}

const struct kernel kernel_empty = {
    .version = KERNEL_VERSION,
    .name = "empty",
    .summary = "does nothing: what remains is the cost of dispatch",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 100000,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint32_t),
    .run = run,
    .verify = verify,
};
