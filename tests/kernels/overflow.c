/* SPDX-License-Identifier: GPL-3.0-or-later */
/* overflow: its middle task recurses until the stack ends: SIGSEGV, by way of a stack overflow. */
#include "kernel.h"

static uint64_t sink(volatile uint64_t *last, uint64_t depth)
{
    volatile uint64_t page[512];
    if (depth == UINT64_MAX) return 0; /* never reached; without it compilers warn */
    page[depth % 512] = depth + (last ? *last : 0);
    return sink(page, depth + 1) + page[0];
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) out[i] = i == 32 ? sink(NULL, 0) : i;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "overflow",
    .summary = "overflows its stack in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
