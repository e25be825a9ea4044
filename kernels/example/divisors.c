/* SPDX-License-Identifier: MIT */
/* divisors: a kernel of your own, in a shared object. Counts the divisors of all numbers up to tasks * size.
 *
 *     cc -O2 -shared -fPIC -I kernels -o divisors.so kernels/example/divisors.c
 *     build/breakeven run --kernel ./divisors.so
 */
#include "kernel.h"

#include <errno.h>
#include <inttypes.h>

/* The input is what `run` must know: here only how many numbers a task takes. */
static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    uint64_t *size = arena_alloc(shared, sizeof *size, sizeof *size);
    if (!size) return -ENOMEM;
    *size = params->size;
    *input = size;
    return 0;
}

static uint64_t divisors(uint64_t n)
{
    uint64_t count = 0, d = 1;
    for (; d * d < n; d++)
        if (n % d == 0) count += 2;
    return d * d == n ? count + 1 : count;
}

/* Task i takes the numbers i * size + 1 .. (i + 1) * size. */
static void run(const void *input, size_t begin, size_t end, void *results)
{
    const uint64_t *size = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t count = 0;
        for (uint64_t n = i * *size + 1; n <= (i + 1) * *size; n++) count += divisors(n);
        out[i] = count;
    }
}

/* d divides floor(n/d) of the numbers up to n: the same total by another way. */
static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t *out = results;
    uint64_t n = params->tasks * params->size, total = 0, want = 0;
    for (size_t i = 0; i < params->tasks; i++) total += out[i];
    for (uint64_t d = 1; d <= n; d++) want += n / d;
    if (total == want) return 1;
    return kernel_result_wrong(why, why_size, "%" PRIu64 " divisors up to %" PRIu64 ", not %" PRIu64, total, n, want);
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "divisors",
    .summary = "counts divisors by trial division",
    .bottleneck = BOTTLENECK_COMPUTE,
    .default_tasks = 1000,
    .default_size = 100,
    .size_unit = "numbers",
    .result_size = sizeof(uint64_t),
    .published = "1166750 divisors up to 100000 (OEIS A057494)",
    .prepare = prepare,
    .run = run,
    .verify = verify,
};
