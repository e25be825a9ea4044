/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forks: its middle task leaves a stray process behind that holds every descriptor open. It stays in its parent's
 * process group and ends by itself after a minute at the latest. */
#include "kernel.h"

#include <unistd.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) {
        if (i == 32 && fork() == 0) {
            alarm(60);
            for (;;) pause();
        }
        out[i] = i;
    }
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "forks",
    .summary = "forks a stray process in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
