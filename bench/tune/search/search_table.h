/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search_table.h: what a search has measured so far: one entry a point, measured in blocks. Part of search.c. */
#ifndef BREAKEVEN_SEARCH_TABLE_H
#define BREAKEVEN_SEARCH_TABLE_H

#include "bench/tune/search/search.h"

enum { SEARCH_FRESH_MIN = 3 }; /* fresh blocks that every search ends with */
enum { SEARCH_SET_MAX = 64 };  /* most points in one block */
#define SEARCH_NONE ((size_t)-1)
#define SEARCH_EXPLORING 0.7 /* share of a time limit that may be spent before the fresh blocks */
#define SEARCH_FLAT 1.03    /* neighbours this near leave nothing worth finding between them */
#define SEARCH_HOPELESS 1.3 /* a candidate this far behind leaves at once */

struct search {
    const struct search_space *space;
    const struct search_options *options;
    struct search_result *result;
    size_t capacity;
    double budget_s;    /* measuring time that may be spent; */
    double allowance_s; /* before the fresh blocks */
    size_t explored;    /* measurements before which the narrowing is not shortened */
    double best;        /* least good cost seen, for the limit */
    int error;          /* first error of measure or of memory: every step returns at once */
};

/* Some entries, without doubles. */
struct search_set {
    size_t count;
    size_t ids[SEARCH_SET_MAX];
};

/* The entry of a point, made where there is none yet; SEARCH_NONE without memory (then ->error is set). */
size_t table_entry(struct search *, const struct search_point *);
void set_add(struct search_set *, size_t id);

/* Measures the working entries of the set once, in one block whose order rotates from block to block; before the fresh
 * blocks as many of them as the time limit has room for. */
void table_measure(struct search *, const struct search_set *, double limit);
/* The same until every entry of the set has `looks` measurements. */
void table_look(struct search *, const struct search_set *, unsigned looks);

static inline struct search_entry *table_at(struct search *search, size_t id)
{
    return &search->result->entries[id];
}

/* Sorts the set by how its entries compare inside the blocks from `since` on that hold all of them: the median over
 * those blocks of the logarithm over the block's mean. Entries that do not work come last. scores (NULL, or of the
 * set's count) receives the medians in the new order. Returns how many blocks counted. */
size_t table_rank(const struct search *, struct search_set *, unsigned since, double *scores);

/* a's cost over b's inside the blocks from `since` on that hold both. */
struct quantity table_ratio(const struct search_entry *a, const struct search_entry *b, unsigned since);
/* Is a resolved to be slower than b, whoever asks after each block? In 5 % of equals at most (stats_rank_anytime). */
bool table_is_slower_anytime(const struct search_entry *a, const struct search_entry *b, unsigned since);

/* An entry's costs in blocks from `since` on. */
struct quantity table_cost(const struct search_entry *, unsigned since);

/* Points */

static inline bool points_ordered(const struct search *search, size_t axis)
{
    return search->space->axis[axis].values != NULL;
}

static inline double points_value(const struct search *search, const struct search_point *point, size_t axis)
{
    return search->space->axis[axis].values[point->level[axis]];
}

bool points_valid(const struct search *, const struct search_point *);
double points_seed(const struct search *, const struct search_point *, size_t axis); /* <= 0: no idea */
unsigned points_nearest_level(const struct search_axis *, double wanted);

/* Makes a point valid by moving ordered axes other than `fixed`: those that do not count workers first. */
bool points_settle(const struct search *, struct search_point *, size_t fixed);

/* The entry of `base` with one axis moved, to a level or by a factor (at least one level); as many workers otherwise
 * divided: 4 x 2 becomes 2 x 4. SEARCH_NONE where there is no such valid point. */
size_t points_moved(struct search *, size_t base, size_t axis, unsigned level);
size_t points_scaled(struct search *, size_t base, size_t axis, double factor);
size_t points_traded(struct search *, size_t base, size_t more, size_t fewer);

/* Deciding (search_decide.c): from all that was tried to the result's winner and recommendation. */
void decide_all(struct search *);

/* Spending (search_budget.c) */

/* Settles what the steps before the fresh blocks may spend, from what was tried so far. */
void budget_settle(struct search *);

/* Has this share of that been spent, or is there an error? */
bool budget_is_out(struct search *, double share);
/* How many of `count` further measurements there is room for in this share of the time limit (options.budget_s). */
size_t budget_room(struct search *, double share, size_t count);

#endif
