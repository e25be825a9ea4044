/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gate: takes no time, unless a file named by GATE is there: then it leaves a file GATE.PID and waits until the first is gone.
 * What a test wants to be interrupted is at work for as long as the test wants, whatever the machine, and can be told from
 * what still comes up. Uses no cpu. */
#include "kernel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_at(const char *gate)
{
    char path[4096];
    if (access(gate, F_OK)) return;
    snprintf(path, sizeof path, "%s.%d", gate, getpid());
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    while (!access(gate, F_OK)) usleep(20000);
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    uint64_t *out = results;
    const char *gate = getenv("GATE");
    (void)input;
    if (gate) wait_at(gate);
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
