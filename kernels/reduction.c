/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reduction: adds 1 `size` times to a sum of the task's own, and that to the shared total once: how lock and atomic
 * ought to be written. */
#include "kernels/total.h"

static void run(const void *input, size_t begin, size_t end, void *results)
{
    struct total *total = (struct total *)(uintptr_t)input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t sum = 0;
        for (uint64_t k = 0; k < total->params.size; k++) {
            sum++;
            __asm__ volatile("" : "+r"(sum)); /* or the compiler would make one addition of the loop */
        }
        __atomic_fetch_add(&total->count, sum, __ATOMIC_RELAXED);
        out[i] = sum;
    }
}

const struct kernel kernel_reduction = {
    .version = KERNEL_VERSION,
    .name = "reduction",
    .summary = "adds up in a register, and to one total once a task",
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
