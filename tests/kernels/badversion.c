/* SPDX-License-Identifier: GPL-3.0-or-later */
/* badversion: made for another version of the contract. Loading it must fail with one line. */
#include "kernel.h"

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION + 1,
    .name = "badversion",
    .summary = "has the wrong version",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
