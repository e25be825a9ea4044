/* SPDX-License-Identifier: GPL-3.0-or-later */
/* atomic: adds 1 to a shared total `size` times, by an atomic addition each. */
#include "kernels/total.h"

static void run(const void *input, size_t begin, size_t end, void *results)
{
    struct total *total = (struct total *)(uintptr_t)input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t size = total->params.size;
        for (uint64_t k = 0; k < size; k++) __atomic_fetch_add(&total->count, 1, __ATOMIC_RELAXED);
        out[i] = size;
    }
}

const struct kernel kernel_atomic = {
    .version = KERNEL_VERSION,
    .name = "atomic",
    .summary = "adds to one total, each time by an atomic operation",
    .bottleneck = BOTTLENECK_CONTENTION,
    .default_tasks = 10000,
    .default_size = 5000,
    .size_unit = "additions",
    .result_size = sizeof(uint64_t),
    .published = "closed form: the total is tasks x size",
    .prepare = total_prepare,
    .run = run,
    .verify = total_verify,
};
