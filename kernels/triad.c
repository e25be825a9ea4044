/* SPDX-License-Identifier: GPL-3.0-or-later */
/* triad: a[j] = b[j] + SCALAR * c[j] over arrays of 32 MiB each (McCalpin's STREAM). A unit of work is a block of 64
 * elements, 1.5 KiB of traffic; task i takes blocks i * size onwards, so that one sweep over the 96 MiB, many times
 * an L2 cache, is tasks * size = 65536.
 *
 * The arrays lie in the arena. A block's b and c are written, and so first touched, by the worker that first
 * computes the block: the pass that touches memory for the first time is slower, as start-up is. Beyond one sweep,
 * blocks are taken again (the same values are written again), each sweep from another place, so that workers a sweep
 * apart do not walk over the same lines side by side. */
#include "kernels/params.h"

#include <inttypes.h>

enum { BLOCK = 64, BLOCKS = 65536, SCALAR = 3, PERIOD = 1024 };

struct arrays {
    struct kernel_params params;
    double *a, *b, *c; /* BLOCKS * BLOCK elements each */
    uint8_t *filled;   /* filled[block]: b and c stand there */
};

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    const size_t bytes = sizeof(double) * BLOCK * BLOCKS, page = 4096;
    struct arrays *arrays = arena_alloc(shared, sizeof *arrays, alignof(struct arrays));
    if (!arrays) return -ENOMEM;
    arrays->params = *params;
    arrays->a = arena_alloc(shared, bytes, page);
    arrays->b = arena_alloc(shared, bytes, page);
    arrays->c = arena_alloc(shared, bytes, page);
    arrays->filled = arena_alloc(shared, BLOCKS, page);
    if (!arrays->a || !arrays->b || !arrays->c || !arrays->filled) return -ENOMEM;
    *input = arrays;
    return 0;
}

/* The block of a unit of work. The golden section spreads the starts of sweeps evenly. */
static uint64_t block_of(uint64_t unit)
{
    return (unit + unit / BLOCKS * 40503u) % BLOCKS;
}

static void fill(const struct arrays *arrays, uint64_t block)
{
    for (uint64_t j = block * BLOCK; j < (block + 1) * BLOCK; j++) {
        arrays->b[j] = (double)(j % PERIOD);
        arrays->c[j] = (double)j;
    }
    __atomic_store_n(&arrays->filled[block], 1, __ATOMIC_RELEASE);
}

/* All values are whole numbers below 2^53: the sum is exact in any order. */
static uint64_t triad(const struct arrays *arrays, uint64_t block)
{
    double *a = arrays->a + block * BLOCK, sums[4] = {0};
    const double *b = arrays->b + block * BLOCK, *c = arrays->c + block * BLOCK;
    for (int j = 0; j < BLOCK; j += 4)
        for (int k = 0; k < 4; k++) {
            double value = b[j + k] + SCALAR * c[j + k];
            a[j + k] = value;
            sums[k] += value;
        }
    return (uint64_t)(sums[0] + sums[1] + sums[2] + sums[3]);
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct arrays *arrays = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t sum = 0, first = i * arrays->params.size;
        for (uint64_t k = 0; k < arrays->params.size; k++) {
            uint64_t block = block_of(first + k);
            if (!__atomic_load_n(&arrays->filled[block], __ATOMIC_ACQUIRE)) fill(arrays, block);
            sum += triad(arrays, block);
        }
        out[i] = sum;
    }
}

/* The sum of a[j] for j below n, in closed form. */
static uint64_t sum_below(uint64_t n)
{
    uint64_t periods = n / PERIOD, rest = n % PERIOD;
    uint64_t sum_b = periods * (PERIOD * (PERIOD - 1) / 2) + rest * (rest - (rest > 0)) / 2;
    return sum_b + SCALAR * (n * (n - (n > 0)) / 2);
}

/* The same for units [first, first + count), which are consecutive blocks up to the end of the arrays or of a sweep. */
static uint64_t sum_of_units(uint64_t first, uint64_t count)
{
    uint64_t sum = 0;
    while (count) {
        uint64_t block = block_of(first), here = count;
        if (here > BLOCKS - block) here = BLOCKS - block;
        if (here > BLOCKS - first % BLOCKS) here = BLOCKS - first % BLOCKS;
        sum += sum_below((block + here) * BLOCK) - sum_below(block * BLOCK);
        first += here;
        count -= here;
    }
    return sum;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    const struct arrays *arrays = input;
    const uint64_t *out = results;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t want = sum_of_units(i * params->size, params->size);
        uint64_t last = block_of((i + 1) * params->size - 1) * BLOCK + BLOCK - 1;
        if (out[i] != want)
            return kernel_result_wrong(why, why_size, "task %zu: its elements add up to %" PRIu64 ", not %" PRIu64, i,
                                       out[i], want);
        if (arrays->a[last] != (double)(last % PERIOD + SCALAR * last))
            return kernel_result_wrong(why, why_size, "task %zu did not write its last element, a[%" PRIu64 "]", i,
                                       last);
    }
    return 1;
}

const struct kernel kernel_triad = {
    .version = KERNEL_VERSION,
    .name = "triad",
    .summary = "STREAM triad over 96 MiB",
    .bottleneck = BOTTLENECK_BANDWIDTH,
    .default_tasks = 1024,
    .default_size = 4096,
    .size_unit = "blocks of 64 elements",
    .result_size = sizeof(uint64_t),
    .published = "closed form: the elements of a task are whole numbers with a known sum",
    .prepare = prepare,
    .run = run,
    .verify = verify,
};
