/* SPDX-License-Identifier: GPL-3.0-or-later */
/* matmul: C = A * B modulo 2^32 for 1024 x 1024 matrices, tile by tile. A unit of work is one element of C: the
 * product of a row of A and a column of B, which are stored so that both lie in line. Elements come in tiles of 16 x
 * 16, so that 16 rows and 16 columns (128 KiB) are used again and again while they are in the cache. */
#include "kernels/params.h"

#include <inttypes.h>
#include <stdbool.h>

enum { N = 1024, TILE = 16, ELEMENTS = N * N };

struct matrices {
    struct kernel_params params;
    uint32_t *a; /* a[row * N + k] */
    uint32_t *b; /* b[column * N + k] */
    uint32_t *c; /* c[row * N + column], written by the tasks */
};

/* How many rows of A the tasks read: those of the rows of tiles that they begin. */
static uint64_t rows_used(const struct kernel_params *params)
{
    unsigned __int128 elements = (unsigned __int128)params->tasks * params->size;
    return elements >= ELEMENTS ? N : ((uint64_t)elements + TILE * N - 1) / (TILE * N) * TILE;
}

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    const size_t bytes = sizeof(uint32_t) * ELEMENTS, page = 4096;
    struct matrices *matrices = arena_alloc(shared, sizeof *matrices, alignof(struct matrices));
    if (!matrices) return -ENOMEM;
    matrices->params = *params;
    matrices->a = arena_alloc(shared, bytes, page);
    matrices->b = arena_alloc(shared, bytes, page);
    matrices->c = arena_alloc(shared, bytes, page);
    if (!matrices->a || !matrices->b || !matrices->c) return -ENOMEM;
    const uint64_t used = rows_used(params) * N; /* the rest of A is never read, and so never touched */
    for (uint64_t k = 0; k < ELEMENTS; k++) {
        uint64_t random = random_at(params->seed, k);
        if (k < used) matrices->a[k] = (uint32_t)random;
        matrices->b[k] = (uint32_t)(random >> 32);
    }
    *input = matrices;
    return 0;
}

/* Where the n-th element in tile order lies in C. */
static size_t place_of(uint64_t n)
{
    size_t tile = n % ELEMENTS / (TILE * TILE), inside = n % (TILE * TILE), per_row = N / TILE;
    size_t row = tile / per_row * TILE + inside / TILE, column = tile % per_row * TILE + inside % TILE;
    return row * N + column;
}

static uint32_t multiply(const uint32_t *row, const uint32_t *column)
{
    uint32_t sum = 0;
    for (int k = 0; k < N; k++) sum += row[k] * column[k];
    return sum;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct matrices *matrices = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t sum = 0, first = i * matrices->params.size;
        for (uint64_t k = 0; k < matrices->params.size; k++) {
            size_t place = place_of(first + k);
            uint32_t element = multiply(matrices->a + place / N * N, matrices->b + place % N * N);
            /* Atomic: beyond one product, two workers may write the same value to the same place. */
            __atomic_store_n(&matrices->c[place], element, __ATOMIC_RELAXED);
            sum += element;
        }
        out[i] = sum;
    }
}

/* Freivalds' check: A (B r) = C r for vectors r, in the time of reading the matrices. The first vector is odd
 * throughout, so that it sees any single wrong element for certain (an odd factor is invertible modulo 2^32); a row
 * with several is missed with a probability of at most 1/2 by each of the others, and in all but contrived cases
 * 2^-32. */
static int verify_product(const struct matrices *matrices, char *why, size_t why_size)
{
    uint32_t r[N], br[N];
    for (unsigned round = 0; round < 4; round++) {
        for (size_t k = 0; k < N; k++) {
            r[k] = (uint32_t)random_at(~matrices->params.seed, round * N + k) | (round == 0);
            br[k] = 0;
        }
        for (size_t column = 0; column < N; column++)
            for (size_t k = 0; k < N; k++) br[k] += matrices->b[column * N + k] * r[column];
        for (size_t row = 0; row < N; row++) {
            if (multiply(matrices->a + row * N, br) == multiply(matrices->c + row * N, r)) continue;
            return kernel_result_wrong(why, why_size, "row %zu of the product fails Freivalds' check", row);
        }
    }
    return 0;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    const struct matrices *matrices = input;
    const uint64_t *out = results;
    bool whole = (unsigned __int128)params->tasks * params->size >= ELEMENTS;
    if (whole && verify_product(matrices, why, why_size)) return -1;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t sum = 0, first = i * params->size;
        for (uint64_t k = 0; k < params->size; k++) sum += matrices->c[place_of(first + k)];
        size_t place = place_of(first);
        if (sum == out[i] &&
            (whole || matrices->c[place] == multiply(matrices->a + place / N * N, matrices->b + place % N * N)))
            continue;
        return kernel_result_wrong(why, why_size, "task %zu gave the sum %" PRIu64 ", its elements of C %" PRIu64, i,
                                   out[i], sum);
    }
    return whole ? 1 : 0;
}

const struct kernel kernel_matmul = {
    .version = KERNEL_VERSION,
    .name = "matmul",
    .summary = "blocked product of integer matrices",
    .bottleneck = BOTTLENECK_CACHE,
    .default_tasks = 4096,
    .default_size = 256,
    .size_unit = "elements",
    .result_size = sizeof(uint64_t),
    .published = "closed form: A(Br) = Cr (Freivalds 1977)",
    .prepare = prepare,
    .run = run,
    .verify = verify,
};
