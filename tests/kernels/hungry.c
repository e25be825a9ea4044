/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hungry: each task fills 256 MiB of private memory and computes for 300 ms of cpu time. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void run(const void *input, size_t begin, size_t end, void *results)
{
    (void)input;
    for (size_t i = begin; i < end; i++) {
        struct timespec now, first;
        unsigned char *memory = malloc(256u << 20);
        if (memory) memset(memory, 1, 256u << 20);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &first);
        do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        while ((now.tv_sec - first.tv_sec) * 1000000000 + now.tv_nsec - first.tv_nsec < 300000000);
        ((unsigned char *)results)[i] = memory ? memory[i] : 0;
        free(memory);
    }
}

const struct kernel breakeven_kernel = {.version = KERNEL_VERSION,
                                        .name = "hungry",
                                        .summary = "fills memory and computes",
                                        .bottleneck = BOTTLENECK_COMPUTE,
                                        .size_unit = "none",
                                        .default_tasks = 4,
                                        .default_size = 1,
                                        .result_size = 1,
                                        .run = run};
