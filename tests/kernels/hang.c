/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hang: its middle task never ends, and ignores the polite signals: only a deadline's SIGKILL helps. Uses no cpu. */
#include "kernel.h"

#include <signal.h>
#include <unistd.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    (void)input;
    for (size_t i = begin; i < end; i++) {
        if (i == 32) {
            signal(SIGTERM, SIG_IGN);
            signal(SIGINT, SIG_IGN);
            for (;;) pause();
        }
        out[i] = i;
    }
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "hang",
    .summary = "hangs in task 32",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
    .run = run,
};
