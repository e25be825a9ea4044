/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eats: every task takes `size` MiB of memory, touches it and keeps it: eight GiB by default. Run it under a limit. */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    uint64_t *size = arena_alloc(shared, sizeof *size, sizeof *size);
    if (!size) return -ENOMEM;
    *size = params->size;
    *input = size;
    return 0;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const uint64_t *size = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        for (uint64_t mib = 0; mib < *size; mib++) {
            char *volatile kept = malloc(MIB); /* volatile: the compiler may not leave it out */
            if (!kept) abort();
            memset(kept, 1, MIB);
        }
        out[i] = i;
    }
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "eats",
    .summary = "eats memory",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 128,
    .size_unit = "MiB",
    .result_size = sizeof(uint64_t),
    .prepare = prepare,
    .run = run,
};
