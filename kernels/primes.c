/* SPDX-License-Identifier: GPL-3.0-or-later */
/* primes: counts the primes in [i * size, (i + 1) * size), by trial division with a few small primes and the
 * Miller-Rabin test, whose cost hardly grows with the number: the work is linear in `size` wherever the range lies. */
#include "kernels/params.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static uint64_t power_mod32(uint64_t base, uint64_t exponent, uint64_t n)
{
    uint64_t power = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) power = power * base % n;
        base = base * base % n;
    }
    return power;
}

static uint64_t multiply_mod(uint64_t a, uint64_t b, uint64_t n)
{
    return (uint64_t)((unsigned __int128)a * b % n);
}

static uint64_t power_mod64(uint64_t base, uint64_t exponent, uint64_t n)
{
    uint64_t power = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) power = multiply_mod(power, base, n);
        base = multiply_mod(base, base, n);
    }
    return power;
}

/* Does the base fail to show that n is composite? n - 1 = odd * 2^twos. */
static bool passes(uint64_t base, uint64_t n, uint64_t odd, int twos)
{
    bool small = n <= UINT32_MAX;
    uint64_t x = small ? power_mod32(base, odd, n) : power_mod64(base, odd, n);
    if (x == 1 || x == n - 1) return true;
    while (--twos > 0) {
        x = small ? x * x % n : multiply_mod(x, x, n);
        if (x == n - 1) return true;
    }
    return false;
}

static bool is_prime(uint64_t n)
{
    static const uint8_t small[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    /* No composite passes 2, 7 and 61 below 4,759,123,141 (Jaeschke 1993), nor the first twelve primes below 2^64
     * (Sorenson and Webster 2015). */
    static const uint8_t bases32[] = {2, 7, 61};
    for (size_t k = 0; k < sizeof small; k++)
        if (n % small[k] == 0) return n == small[k];
    if (n < 41 * 41) return n > 1;
    const uint8_t *bases = n <= UINT32_MAX ? bases32 : small;
    size_t count = n <= UINT32_MAX ? sizeof bases32 : sizeof small;
    int twos = __builtin_ctzll(n - 1);
    for (size_t k = 0; k < count; k++)
        if (bases[k] % n && !passes(bases[k], n, (n - 1) >> twos, twos)) return false;
    return true;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t count = 0, first = i * params->size;
        for (uint64_t k = 0; k < params->size; k++) count += is_prime(first + k);
        out[i] = count;
    }
}

/* The number of primes up to n, by Legendre's recurrence phi(x, p) = phi(x, p') - phi(x/p, p') on the values x = n/k: a
 * way that tests no number for primality. Time n^(3/4). Returns 0 or -errno. */
static int primes_up_to(uint64_t n, uint64_t *count)
{
    uint64_t root = (uint64_t)sqrt((double)n);
    while (root * root > n) root--;
    while ((root + 1) * (root + 1) <= n) root++;
    uint64_t *low = calloc(2 * root + 2, sizeof *low); /* low[x]: for x */
    if (!low) return -ENOMEM;
    uint64_t *high = low + root + 1; /* high[k]: for n / k */
    for (uint64_t k = 1; k <= root; k++) {
        low[k] = k - 1;
        high[k] = n / k - 1;
    }
    for (uint64_t p = 2; p <= root; p++) {
        if (low[p] == low[p - 1]) continue; /* not a prime */
        uint64_t before = low[p - 1];
        for (uint64_t k = 1; k <= root && k <= n / (p * p); k++)
            high[k] -= (k * p <= root ? high[k * p] : low[n / (k * p)]) - before;
        for (uint64_t x = root; x >= p * p; x--) low[x] -= low[x / p] - before;
    }
    *count = root ? high[1] : 0;
    free(low);
    return 0;
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    static const uint64_t published[] = {0, 4, 25, 168, 1229, 9592, 78498, 664579, 5761455, 50847534, 455052511};
    const uint64_t last = 10000000000u; /* 10^10, the last row; the recurrence takes about 0.1 s there */
    const uint64_t *out = results;
    if (params->tasks && params->size > last / params->tasks) return 0;
    uint64_t numbers = params->tasks * params->size, total = 0, want = 0, row = 1;
    for (size_t i = 0; i < params->tasks; i++) total += out[i];
    if (numbers && primes_up_to(numbers - 1, &want)) return 0;
    for (size_t k = 0; k < sizeof published / sizeof *published; k++, row *= 10)
        if (row == numbers) want = published[k];
    if (total == want) return 1;
    return kernel_result_wrong(why, why_size, "%" PRIu64 " primes below %" PRIu64 ", not %" PRIu64, total, numbers,
                               want);
}

const struct kernel kernel_primes = {
    .version = KERNEL_VERSION,
    .name = "primes",
    .summary = "counts primes by testing each number",
    .bottleneck = BOTTLENECK_COMPUTE,
    .default_tasks = 10000,
    .default_size = 1000,
    .size_unit = "numbers",
    .result_size = sizeof(uint64_t),
    .published = "664579 primes below 10^7 (OEIS A006880)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
