/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failprepare, beside crashprepare and with the same run, since each kernel is a file by itself: cannot prepare, and says so. */
#include "kernel.h"

#include <errno.h>

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    (void)params;
    (void)shared;
    (void)input;
    return -ENOMEM;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "failprepare",
    .summary = "fails in prepare",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .prepare = prepare,
    .run = run,
};
