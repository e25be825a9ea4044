/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exits: its middle task ends the whole process with status 0, as if all were well. */
#include "kernel.h"

#include <stdlib.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) {
        if (i == 32) exit(0);
        out[i] = i;
    }
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "exits",
    .summary = "exits with 0 in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
