/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nqueens: counts the ways to put 14 queens on a 14 x 14 board, none attacking another, by backtracking. A unit of
 * work is one of the 14^5 ways to fill the first five rows, allowed or not: many end at once, some lead to thousands
 * of nodes. */
#include "kernels/params.h"

#include <inttypes.h>

enum { BOARD = 14, ROWS = 5, PREFIXES = BOARD * BOARD * BOARD * BOARD * BOARD };

/* Ways to fill the rows that are left. A bit is a column; the three sets are what earlier rows attack in this one. */
static uint64_t place(unsigned all, unsigned columns, unsigned left, unsigned right)
{
    if (columns == all) return 1;
    uint64_t count = 0;
    for (unsigned open = all & ~(columns | left | right); open; open &= open - 1) {
        unsigned queen = open & -open;
        count += place(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return count;
}

/* Ways that begin with the prefix, whose digits in base BOARD are the columns of the first rows. */
static uint64_t place_prefix(unsigned prefix)
{
    unsigned columns = 0, left = 0, right = 0;
    for (unsigned row = 0, unit = PREFIXES / BOARD; row < ROWS; row++, unit /= BOARD) {
        unsigned queen = 1u << (prefix / unit % BOARD);
        if (queen & (columns | left | right)) return 0;
        columns |= queen;
        left = (left | queen) << 1;
        right = (right | queen) >> 1;
    }
    return place((1u << BOARD) - 1, columns, left, right);
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t count = 0;
        struct domain_part part = domain_part(PREFIXES, i, params->tasks);
        for (uint64_t k = 0; k < params->size; k++) count += place_prefix((unsigned)domain_take(&part));
        out[i] = count;
    }
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    /* OEIS A000170. Small boards go through the same search, whatever the parameters are. */
    static const uint64_t published[] = {1, 1, 0, 0, 2, 10, 4, 40, 92};
    const uint64_t solutions = 365596, *out = results;
    for (unsigned board = 1; board < sizeof published / sizeof *published; board++) {
        uint64_t count = place((1u << board) - 1, 0, 0, 0);
        if (count == published[board]) continue;
        return kernel_result_wrong(why, why_size, "%u queens have %" PRIu64 " solutions, not %" PRIu64, board, count,
                                   published[board]);
    }
    uint64_t laps = domain_laps(PREFIXES, params), total = 0;
    for (size_t i = 0; i < params->tasks; i++) total += out[i];
    if (!laps) return 0;
    if (total == laps * solutions) return 1;
    return kernel_result_wrong(why, why_size,
                               "%d queens: %" PRIu64 " solutions in %" PRIu64 " laps, not %" PRIu64 " in each", BOARD,
                               total, laps, solutions);
}

const struct kernel kernel_nqueens = {
    .version = KERNEL_VERSION,
    .name = "nqueens",
    .summary = "backtracking: 14 queens, from prefixes of five rows",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = 2744,
    .default_size = 196,
    .size_unit = "prefixes",
    .result_size = sizeof(uint64_t),
    .published = "365596 solutions for 14 queens (OEIS A000170)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
