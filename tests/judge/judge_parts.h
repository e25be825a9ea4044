/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge_parts.h: what judges one trial of tune: cells held against each other in the same blocks (judge_trial.c,
 * judge_contest.c).
 */
#ifndef TESTS_JUDGE_PARTS_H
#define TESTS_JUDGE_PARTS_H

#include "tests/judge/judge.h"

enum { JUDGE_TOP = 12, JUDGE_FIELD_MAX = JUDGE_TOP + TUNE_RULES + 4 };
enum { JUDGE_BLOCKS_ALL = 12, JUDGE_BLOCKS_MAX = 240 }; /* of all that is compared; of the regret alone, at most */

/* Cells held against each other in the same blocks. */
struct judge_field {
    unsigned cells[JUDGE_FIELD_MAX], count, blocks;
    double costs[JUDGE_FIELD_MAX][JUDGE_BLOCKS_MAX]; /* 0: not taken in this block */
};

struct judge {
    struct tune_grid grid; /* first: the search's functions of the grid get this address */
    struct tune_record *record;
    struct tune_watch watch; /* all of it is measured through this */
    unsigned first, block;    /* record's id of the plan's cell 0 */
    double *medians, spent_s; /* of the grid's cells; of all measurements so far */
    struct judge_field contest, comparison;
};

struct judge_contestants {
    unsigned tuned, best, parallel, rules[TUNE_RULES]; /* cells; a rule that no runner has: 0 */
};

/* One repetition of each of the cells, in this order, recorded; a block that the watch drops is taken again. costs:
 * INFINITY where one failed. spent_s (or NULL): what each took. */
int judge_take(struct judge *, const unsigned *cells, unsigned count, double *costs, double *spent_s);

void judge_add(struct judge_field *, unsigned cell); /* unless it is there */
unsigned judge_find(const struct judge_field *, unsigned cell);
/* The cost of the member at a over that of the one at b. */
struct quantity judge_ratio(const struct judge_field *, unsigned a, unsigned b);

/* Who is the best that anybody found? The grid's best few join the contest's field; in fresh blocks the half that
 * stands worse leaves after each round, until two are left: the best first. *parallel receives the best one of the
 * first round with more than one worker. */
int judge_contest(struct judge *, double seconds, unsigned *parallel);

/* In blocks that were not used for selection: a few of everybody and a copy of the recommendation, which comes last, then
 * of the recommendation and the best until the regret's interval is narrow. */
int judge_compare(struct judge *, const struct judge_contestants *, double seconds);

#endif
