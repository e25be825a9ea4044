/* search_table.h: what a search has measured so far: one entry a point, measured in blocks. Part of search.c. */
#ifndef BREAKEVEN_SEARCH_TABLE_H
#define BREAKEVEN_SEARCH_TABLE_H

#include "search.h"

enum { SEARCH_SET_MAX = 64 }; /* most points in one block */
#define SEARCH_NONE ((size_t)-1)

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

/* Measures the working entries of the set once, in one block whose order rotates from block to block. */
void table_measure(struct search *, const struct search_set *, double limit);
/* The same until every entry of the set has `looks` measurements. */
void table_look(struct search *, const struct search_set *, unsigned looks);

static inline struct search_entry *table_at(struct search *search, size_t id)
{
    return &search->result->entries[id];
}

/* May it be recommended? */
static inline bool table_works(const struct search_entry *entry)
{
    return !entry->failed && !entry->limited && entry->count > 0;
}

/* The lower median of an entry's costs: one spike among two or three does not move it. INFINITY where it failed. */
double table_estimate(const struct search_entry *);

/* Sorts the set by how its entries compare inside the blocks from `since` on that hold all of them: the median over
 * those blocks of the logarithm over the block's mean. Entries that do not work come last. scores (NULL, or of the
 * set's count) receives the medians in the new order. Returns how many blocks counted. */
size_t table_rank(const struct search *, struct search_set *, unsigned since, double *scores);

/* a's cost over b's inside the blocks from `since` on that hold both. */
struct quantity table_ratio(const struct search_entry *a, const struct search_entry *b, unsigned since);

/* An entry's costs in blocks from `since` on. */
struct quantity table_cost(const struct search_entry *, unsigned since);

#endif
