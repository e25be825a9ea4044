/* SPDX-License-Identifier: GPL-3.0-or-later */
/* falseshare: counters that lie side by side, so that workers who share nothing still pass one cache line about. */
#include "kernels/counters.h"

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    return counters_prepare(params, shared, sizeof(uint64_t), input);
}

const struct kernel kernel_falseshare = {
    .version = KERNEL_VERSION,
    .name = "falseshare",
    .summary = "counters side by side in one cache line: false sharing",
    .bottleneck = BOTTLENECK_CONTENTION,
    .default_tasks = 10000,
    .default_size = 100000,
    .size_unit = "additions",
    .result_size = sizeof(uint64_t),
    .published = "closed form: the counters add up to tasks x size",
    .prepare = prepare,
    .run = counters_run,
    .verify = counters_verify,
};
