/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crashprepare: dies of SIGSEGV while it prepares. */
#include "kernel.h"

#include <signal.h>

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    (void)params;
    (void)shared;
    (void)input;
    raise(SIGSEGV);
    return 0;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "crashprepare",
    .summary = "crashes in prepare",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .prepare = prepare,
    .run = run,
};
