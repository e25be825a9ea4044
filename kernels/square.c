/* SPDX-License-Identifier: GPL-3.0-or-later */
/* square: waits `size` ns, then squares index + 1. Task 4 gives calculate_square(5) = 25, task 9 gives 100.
 *
 * The wait is a sleep: it occupies no cpu, so far more workers than cpus pay. Linux adds a timer slack of 50 us by
 * default and the wake-up itself: a delay below about 100 us lasts longer than asked. */
#include "kernels/params.h"

#include <inttypes.h>
#include <time.h>

static void delay(uint64_t ns)
{
    struct timespec left = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    /* Relative, and resumed with what is left: a signal must not shorten the task. */
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {}
}

static uint64_t calculate_square(uint64_t n, uint64_t delay_ns)
{
    delay(delay_ns);
    return n * n;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) out[i] = calculate_square(i + 1, params->size);
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    uint64_t sum = 0;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t n = i + 1;
        if (out[i] != n * n)
            return kernel_result_wrong(why, why_size, "task %zu: the square of %" PRIu64 " came out as %" PRIu64, i, n,
                                       out[i]);
        sum += out[i];
    }
    unsigned __int128 n = params->tasks;
    uint64_t want = (uint64_t)(n * (n + 1) * (2 * n + 1) / 6);
    if (sum == want) return 1;
    return kernel_result_wrong(why, why_size, "the squares add up to %" PRIu64 ", not to n(n+1)(2n+1)/6 = %" PRIu64,
                               sum, want);
}

const struct kernel kernel_square = {
    .version = KERNEL_VERSION,
    .name = "square",
    .summary = "sleeps, then squares a number: a simulated delay",
    .bottleneck = BOTTLENECK_LATENCY,
    .default_tasks = 64,
    .default_size = 10000000,
    .size_unit = "ns",
    .result_size = sizeof(uint64_t),
    .published = "the squares of 1..n add up to n(n+1)(2n+1)/6; 5 gives 25, 10 gives 100",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
