/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search.h: finds the cheapest point of a grid of configurations with few noisy measurements.
 *
 *     struct search_space space = { .axis_count = 2, .axis = { {.name = "workers", ...}, {.name = "chunk", ...} },
 *                                   .serial = true, .measure = measure, .context = &machine };
 *     struct search_result result;
 *     if (!search_run(&space, &search_defaults, &result)) {
 *         const struct search_entry *best = &result.entries[result.recommended];
 *         ...
 *         search_free(&result);
 *     }
 *
 * Pure: it reads no clock, starts nothing and draws no random number; everything it knows comes from `measure`. Steps:
 *   1 look     values spread over the first worker axis, one by one, so that slow ones can be stopped early; then every
 *              combination of the discrete axes where the best of them was, and the serial point
 *   2 narrow   each ordered axis of the leading combinations: out from the best value in octaves, then inwards
 *   3 halve    the leaders and their neighbours in interleaved blocks; the slower half leaves after each round
 *   4 decide   the last three or so, up to `final` times each, inside the same blocks
 *   5 confirm  the winner again in fresh blocks, beside its rivals, the serial point and the points of `also`: a
 *              selected minimum is biased (Hoefler & Belli, SC'15), so only these figures are reported
 * Points whose ratio to the winner has an interval that holds 1 are a tie; the one with the fewest workers is
 * recommended.
 */
#ifndef BREAKEVEN_SEARCH_H
#define BREAKEVEN_SEARCH_H

#include "results/statistics/stats.h"

#include <stdbool.h>
#include <stddef.h>

enum { SEARCH_AXES = 8, SEARCH_ALSO = 4 };
#define SEARCH_SHIFT 1.5

struct search_axis {
    const char *name;
    size_t levels;        /* >= 1 */
    const double *values; /* ascending and positive; NULL: a discrete axis, whose levels are in order of preference */
    bool workers;         /* its values multiply to the number of workers */
    size_t start;         /* level to look at first */
};

struct search_point {
    bool serial; /* no workers at all: the levels mean nothing */
    unsigned level[SEARCH_AXES];
};

struct search_outcome {
    double cost;    /* what is minimised, above 0; where `limited` a lower bound */
    double spent_s; /* what this measurement took, for the account */
    bool limited;   /* stopped at the limit */
    bool failed;    /* the point does not work; the rest means nothing */
};

struct search_space {
    size_t axis_count;
    struct search_axis axis[SEARCH_AXES];
    bool serial; /* the serial point may be recommended */
    bool limits; /* measure can stop at a limit */
    size_t also_count;
    struct search_point also[SEARCH_ALSO]; /* what the winner is shown beside: the default, rules of thumb */

    /* Does the point mean anything, and is it no double of another? NULL: all are valid. */
    bool (*valid)(void *context, const struct search_point *);
    /* The value to expect best on an ordered axis, given the other axes of the point (the pool model's chunk for so
     * many workers). Only ratios between two points count once something is measured. <= 0, or NULL: no idea. */
    double (*seed)(void *context, const struct search_point *, size_t axis);
    /* Measures each of the points once, in the order given, as one block. limit: a cost above which a measurement may
     * be stopped, INFINITY for none. Returns 0, or a negative errno, which ends the search with what it has. */
    int (*measure)(void *context, const struct search_point *, size_t count, double limit, struct search_outcome *);
    void *context;
};

struct search_options {
    unsigned looks;      /* measurements of a point while narrowing */
    unsigned candidates; /* points that enter the halving */
    unsigned last;       /* points that leave it, for the deciding blocks */
    unsigned final;      /* measurements of each of them there */
    unsigned confirm;    /* fresh blocks: at least STATS_INTERVAL_MIN for an interval */
    double within;       /* recommend the fewest workers within this share of the best: 0.05; 0: ties only */
    double share;        /* measuring time it may take, over that of measuring every point once (as far as that can be
                            told from what was tried); beyond it the steps shorten themselves */
    unsigned least;      /* but it may always take as long as so many measurements of the best point, */
    double least_s;      /* and so many seconds: nobody waits for less */
    double budget_s;     /* measuring time in seconds after which the same happens; INFINITY: none */
    double limit;        /* stop a measurement at so many times the best cost so far */
    bool patient;        /* no limit in the fresh blocks: serial and also come out in full, however slow */
};
extern const struct search_options search_defaults, search_commands; /* the latter where a measurement is dear */

struct search_entry {
    struct search_point point;
    double workers;        /* 0: serial */
    size_t count;          /* good measurements */
    double spent_s;        /* of all its measurements */
    double *costs;         /* in the order they were taken */
    unsigned *blocks;      /* the block of each */
    bool failed;           /* failed at least once: never recommended */
    bool limited;          /* stopped at a limit: never recommended; costs are lower bounds */
    bool confirmed;        /* in the fresh blocks */
    bool tied;             /* cannot be told apart from the winner there */
    double estimate;       /* median cost of all its measurements; of the fresh ones where confirmed */
    struct quantity cost;  /* of the fresh blocks; n = 0 elsewhere */
    struct quantity ratio; /* its cost over the winner's in the same fresh blocks; n = 0 elsewhere */
};

struct search_result {
    size_t entry_count;
    struct search_entry *entries; /* everything that was tried, in the order of its first measurement */
    size_t winner;                /* the least cost; entry_count: nothing worked */
    size_t recommended;           /* the winner, or a tie or a point `within` with fewer workers, or a tie with as many
                                     whose discrete levels are lower */
    size_t serial;                /* the serial entry; entry_count where there is none */
    size_t also[SEARCH_ALSO];     /* entries of space.also; entry_count: not measured */
    size_t measurements, blocks;
    unsigned fresh; /* the first fresh block; `blocks` before there is one */
    double spent_s;
    double once_s;        /* what measuring every point once would take, by the nearest that were tried */
    bool short_of_budget; /* steps were shortened */
    double shift; /* the most that the cost of a point differed between the fresh blocks and those before, as a ratio
                     above 1: beyond SEARCH_SHIFT the machine has changed meanwhile */
};

/* 0, or a negative errno: -EINVAL for a space without a valid point, -ENOMEM, or what measure returned; the result then
 * holds what was measured so far and is freed likewise. Calls measure only; blocks as long as that does. */
int search_run(const struct search_space *, const struct search_options *, struct search_result *);
void search_free(struct search_result *);

/* Workers of a point: the product of its worker axes; 0 for the serial one. */
double search_workers(const struct search_space *, const struct search_point *);

/* The pool model's best chunk (models.h) up to the factor (h/sigma)^(2/3), which is not known before measuring; 1
 * stands for it. In [1, N/8p]: never so large that chance decides who finishes last. */
double search_seed_chunk(double tasks, double workers);

/* What a costs over what b costs, from the fresh blocks that hold both; n = 0 where none does. */
struct quantity search_ratio(const struct search_result *, const struct search_entry *a, const struct search_entry *b);

bool search_same(const struct search_space *, const struct search_point *, const struct search_point *);

/* May it be recommended: measured, and each time to its end? */
static inline bool search_works(const struct search_entry *entry)
{
    return !entry->failed && !entry->limited && entry->count > 0;
}

/* For qsort of pointers to entries: the least estimate first. */
int search_by_estimate(const void *, const void *);

#endif
