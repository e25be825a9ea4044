/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: takes no time, unless a file named by GATE is there: then it waits until that is gone. What a test wants to be
 * interrupted is at work for as long as the test wants, whatever the machine. Uses no cpu. */
#include "kernel.h"

#include <stdlib.h>
#include <unistd.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    const char *gate = getenv("GATE");
    (void)input;
    while (gate && !access(gate, F_OK)) usleep(20000);
    for (size_t i = begin; i < end; i++) out[i] = i;
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "gate",
    .summary = "waits while a file is there",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
