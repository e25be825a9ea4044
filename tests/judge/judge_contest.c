/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best configuration found so far, and the comparison in blocks that were not used for selection. */
#include "tests/judge/judge_parts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROUND = 6, ROUND_MIN = 3, BLOCKS_MIN = 160 };
static const double PRECISION = 0.04; /* of an interval's width: narrower than what is asked of the regrets */

unsigned judge_find(const struct judge_field *field, unsigned cell)
{
    unsigned at = 0;
    while (at < field->count && field->cells[at] != cell) at++;
    return at;
}

void judge_add(struct judge_field *field, unsigned cell)
{
    if (judge_find(field, cell) == field->count) field->cells[field->count++] = cell;
}

/* One block of the first `count` of the field, in an order that rotates. */
static int field_take(struct judge *judge, struct judge_field *field, unsigned count)
{
    unsigned cells[JUDGE_FIELD_MAX] = {0};
    double costs[JUDGE_FIELD_MAX];
    for (unsigned i = 0; i < count; i++) cells[i] = field->cells[(i + field->blocks) % count];
    int error = judge_take(judge, cells, count, costs, NULL);
    for (unsigned i = 0; !error && i < count; i++)
        field->costs[(i + field->blocks) % count][field->blocks] = costs[i];
    field->blocks++;
    return error;
}

struct quantity judge_ratio(const struct judge_field *field, unsigned a, unsigned b)
{
    double of_a[JUDGE_BLOCKS_MAX], of_b[JUDGE_BLOCKS_MAX];
    size_t n = 0;
    for (unsigned block = 0; block < field->blocks; block++) {
        if (!(field->costs[a][block] > 0) || !(field->costs[b][block] > 0)) continue;
        of_a[n] = field->costs[a][block];
        of_b[n++] = field->costs[b][block];
    }
    return stats_ratio(of_a, of_b, n);
}

/* The contest: which is the best configuration found so far? */

/* How a member compares with the others of its blocks: the median over these of its cost over the block's median. */
static double standing(const struct judge_field *field, unsigned member)
{
    double values[JUDGE_BLOCKS_MAX], others[JUDGE_FIELD_MAX];
    for (unsigned block = 0; block < field->blocks; block++) {
        for (unsigned i = 0; i < field->count; i++) others[i] = field->costs[i][block];
        values[block] = field->costs[member][block] / stats_median(others, field->count).median;
    }
    return stats_median(values, field->blocks).median;
}

/* Those who stand best in front; no more than `keep` of them stay in the field. */
static void narrow(struct judge_field *field, unsigned keep)
{
    double standings[JUDGE_FIELD_MAX];
    for (unsigned i = 0; i < field->count; i++) standings[i] = standing(field, i);
    for (unsigned i = 1; i < field->count; i++)
        for (unsigned j = i; j > 0 && standings[j] < standings[j - 1]; j--) {
            double standing = standings[j], costs[JUDGE_BLOCKS_MAX];
            unsigned cell = field->cells[j];
            memcpy(costs, field->costs[j], sizeof costs);
            memcpy(field->costs[j], field->costs[j - 1], sizeof costs);
            memcpy(field->costs[j - 1], costs, sizeof costs);
            standings[j] = standings[j - 1], field->cells[j] = field->cells[j - 1];
            standings[j - 1] = standing, field->cells[j - 1] = cell;
        }
    if (field->count > keep) field->count = keep;
}

/* The grid's best few. */
static void add_top(const struct judge *judge, struct judge_field *field)
{
    for (unsigned n = 0; n < JUDGE_TOP; n++) {
        unsigned best = UINT_MAX;
        for (unsigned i = 0; i < judge->grid.plan.cell_count; i++)
            if (judge_find(field, i) == field->count && isfinite(judge->medians[i]) &&
                (best == UINT_MAX || judge->medians[i] < judge->medians[best]))
                best = i;
        if (best != UINT_MAX) judge_add(field, best);
    }
}

/* With more than one worker: one that a serial loop is held against. The grid's 0 where there is none. */
static unsigned best_parallel(const struct judge *judge, const unsigned *cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct cell *cell = &judge->grid.plan.cells[cells[i]];
        if (cell->processes * cell->threads > 1) return cells[i];
    }
    return 0;
}

/* In fresh blocks, the half that stands worse leaving after each round, until two are left: the best first. *parallel
 * receives the best one of the first round with more than one worker. */
int judge_contest(struct judge *judge, double seconds, unsigned *parallel)
{
    struct judge_field *field = &judge->contest;
    double until_s = judge->spent_s + seconds;
    int error = 0;
    add_top(judge, field);
    unsigned all = field->count;
    do {
        for (unsigned n = 0; !error && n < ROUND && (n < ROUND_MIN || judge->spent_s < until_s); n++)
            error = field_take(judge, field, field->count);
        bool first = field->count == all;
        narrow(field, field->count > 4 ? (field->count + 1) / 2 : 2);
        if (first) *parallel = best_parallel(judge, field->cells, all);
    } while (!error && field->count > 2);
    return error;
}

/* The comparison, in blocks that were not used for selection */

/* A few blocks of everybody, then blocks of the recommendation and the best until the regret's interval is narrow. */
int judge_compare(struct judge *judge, const struct judge_contestants *who, double seconds)
{
    struct judge_field *field = &judge->comparison;
    double until_s = judge->spent_s + seconds;
    judge_add(field, who->tuned);
    judge_add(field, who->best);
    unsigned two = field->count;
    judge_add(field, 0);
    judge_add(field, who->parallel);
    field->cells[field->count++] = who->tuned; /* the copy: how much of a regret is noise */
    for (unsigned r = 0; r < TUNE_RULES; r++)
        if (who->rules[r]) judge_add(field, who->rules[r]);
    int error = 0;
    while (!error && field->blocks < JUDGE_BLOCKS_MAX) {
        struct quantity ratio = judge_ratio(field, judge_find(field, who->best), 0);
        bool narrow = ratio.high - ratio.low<PRECISION, late = judge->spent_s> until_s;
        if (field->blocks >= JUDGE_BLOCKS_ALL && (narrow || (late && field->blocks >= BLOCKS_MIN))) break;
        error = field_take(judge, field, field->blocks < JUDGE_BLOCKS_ALL ? field->count : two);
    }
    return error;
}
