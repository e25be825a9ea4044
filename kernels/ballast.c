/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ballast: tasks that do nothing in a parent whose memory is in use. What is left is the cost of forking it: fork
 * copies the page tables of the parent, so starting a worker takes longer the more memory the parent has touched. */
#include "kernels/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct ballast {
    size_t bytes;
    unsigned char *memory;
};

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    (void)shared; /* private on purpose: shared pages need not be copied by fork */
    struct ballast *ballast = malloc(sizeof *ballast);
    if (!ballast) return -ENOMEM;
    ballast->bytes = (size_t)params->size;
    ballast->memory = mmap(NULL, ballast->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ballast->memory == MAP_FAILED) {
        free(ballast);
        return -ENOMEM;
    }
    madvise(ballast->memory, ballast->bytes, MADV_NOHUGEPAGE); /* small pages, as a long-lived heap has them */
    for (size_t at = 0; at < ballast->bytes; at += 4096) ballast->memory[at] = 1;
    *input = ballast;
    return 0;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    (void)input;
    uint32_t *out = results;
    for (size_t i = begin; i < end; i++) out[i] = (uint32_t)i + 1;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint32_t *out = results;
    for (size_t i = 0; i < params->tasks; i++)
        if (out[i] != (uint32_t)i + 1)
            return kernel_result_wrong(why, why_size, "task %zu wrote %u, not %u", i, (unsigned)out[i],
                                       (unsigned)i + 1);
    return 1;
}

static void release(void *input)
{
    struct ballast *ballast = input;
    munmap(ballast->memory, ballast->bytes);
    free(ballast);
}

const struct kernel kernel_ballast = {
    .version = KERNEL_VERSION,
    .name = "ballast",
    .summary = "does nothing in a parent with SIZE bytes of memory in use: what forking it costs",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 64,
    .default_size = 16u << 20,
    .size_unit = "bytes of the parent",
    .result_size = sizeof(uint32_t),
    .prepare = prepare,
    .run = run,
    .verify = verify,
    .release = release,
};
