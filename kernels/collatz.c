/* SPDX-License-Identifier: GPL-3.0-or-later */
/* collatz: follows n -> n / 2 or 3n + 1 to 1 from each start in [i * size, (i + 1) * size), and keeps the start that
 * takes the most steps. Starts come again from 0 after 2^32, so that no value on the way exceeds 64 bits: the first
 * start whose path does is 12327829503 (Oliveira e Silva). */
#include "kernels/params.h"

#include <inttypes.h>

struct longest {
    uint64_t start, steps; /* the first start with the most steps */
};

static uint64_t steps_from(uint64_t n)
{
    uint64_t steps = 0;
    for (; n > 1; steps++) n = n & 1 ? 3 * n + 1 : n / 2;
    return steps;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    struct longest *out = results;
    for (size_t i = begin; i < end; i++) {
        struct longest longest = {(uint32_t)(i * params->size), 0};
        for (uint64_t k = 0; k < params->size; k++) {
            uint64_t start = (uint32_t)(i * params->size + k), steps = steps_from(start);
            if (steps > longest.steps) longest = (struct longest){start, steps};
        }
        out[i] = longest;
    }
}

/* Every start below 2^32 that takes more steps than all smaller ones: OEIS A006877 and A006878. */
/* clang-format off */
static const struct {
    uint32_t start, steps;
} records[] = {
    {1, 0}, {2, 1}, {3, 7}, {6, 8}, {7, 16}, {9, 19},
    {18, 20}, {25, 23}, {27, 111}, {54, 112}, {73, 115}, {97, 118},
    {129, 121}, {171, 124}, {231, 127}, {313, 130}, {327, 143}, {649, 144},
    {703, 170}, {871, 178}, {1161, 181}, {2223, 182}, {2463, 208}, {2919, 216},
    {3711, 237}, {6171, 261}, {10971, 267}, {13255, 275}, {17647, 278}, {23529, 281},
    {26623, 307}, {34239, 310}, {35655, 323}, {52527, 339}, {77031, 350}, {106239, 353},
    {142587, 374}, {156159, 382}, {216367, 385}, {230631, 442}, {410011, 448}, {511935, 469},
    {626331, 508}, {837799, 524}, {1117065, 527}, {1501353, 530}, {1723519, 556}, {2298025, 559},
    {3064033, 562}, {3542887, 583}, {3732423, 596}, {5649499, 612}, {6649279, 664}, {8400511, 685},
    {11200681, 688}, {14934241, 691}, {15733191, 704}, {31466382, 705}, {36791535, 744}, {63728127, 949},
    {127456254, 950}, {169941673, 953}, {226588897, 956}, {268549803, 964}, {537099606, 965}, {670617279, 986},
    {1341234558, 987}, {1412987847, 1000}, {1674652263, 1008}, {2610744987, 1050},
};
/* clang-format on */

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const struct longest *out = results;
    struct longest longest = {0};
    for (size_t i = 0; i < params->tasks; i++) {
        if ((uint32_t)(out[i].start - i * params->size) >= params->size || out[i].start > UINT32_MAX)
            return kernel_result_wrong(why, why_size, "task %zu names %" PRIu64 ", which is not among its starts", i,
                                       out[i].start);
        if (out[i].steps != steps_from(out[i].start))
            return kernel_result_wrong(why, why_size, "task %zu: %" PRIu64 " takes %" PRIu64 " steps, not %" PRIu64, i,
                                       out[i].start, steps_from(out[i].start), out[i].steps);
        if (out[i].steps > longest.steps) longest = out[i];
    }
    if (params->tasks && params->size > (uint64_t)UINT32_MAX / params->tasks) return 0;
    uint64_t starts = params->tasks * params->size;
    size_t k = sizeof records / sizeof *records;
    while (k > 0 && records[k - 1].start >= starts) k--;
    uint64_t start = k ? records[k - 1].start : 0, steps = k ? records[k - 1].steps : 0;
    if (longest.steps == steps && (longest.start == start || !steps)) return 1;
    return kernel_result_wrong(
        why, why_size, "longest below %" PRIu64 " is %" PRIu64 " with %" PRIu64 " steps, not %" PRIu64 " with %" PRIu64,
        starts, longest.start, longest.steps, start, steps);
}

const struct kernel kernel_collatz = {
    .version = KERNEL_VERSION,
    .name = "collatz",
    .summary = "the longest 3n + 1 path in a range of starts",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = 10000,
    .default_size = 100,
    .size_unit = "starts",
    .result_size = sizeof(struct longest),
    .published = "the longest path below 10^6 starts at 837799 and takes 524 steps (OEIS A006877)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
