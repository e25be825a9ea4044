/* SPDX-License-Identifier: GPL-3.0-or-later */
/* padded: the counters of falseshare, each on a line of its own: what the sharing cost. */
#include "kernels/counters.h"

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    return counters_prepare(params, shared, COUNTERS_APART, input);
}

const struct kernel kernel_padded = {
    .version = KERNEL_VERSION,
    .name = "padded",
    .summary = "falseshare with each counter on a cache line of its own",
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
