/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fickle: results depend on the process that computes them. It has no check of its own: only the comparison with the
 * serial results finds it. */
#include "kernel.h"

#include <unistd.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i ^ (uint64_t)getpid() << 32;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "fickle",
    .summary = "results depend on who computes them",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
