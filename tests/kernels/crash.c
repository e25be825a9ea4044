/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crash: its middle task dies of SIGSEGV. A raised signal: the same under any compiler and sanitizer. */
#include "kernel.h"

#include <signal.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) {
        if (i == 32) raise(SIGSEGV);
        out[i] = i;
    }
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "crash",
    .summary = "crashes in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
