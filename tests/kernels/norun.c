/* SPDX-License-Identifier: GPL-3.0-or-later */
/* norun: has no run function. Loading it must fail with one line. */
#include "kernel.h"

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "norun",
    .summary = "has no run",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 1,
    .size_unit = "none",
    .result_size = sizeof(uint64_t),
};
