/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare.h: is NEW slower or faster than BASE, cell by cell?
 *
 *     struct compare_options options = {.margin = 0.05};
 *     struct comparison comparison;
 *     if (!compare_runs(&base, &new, &options, &comparison, &why)) {
 *         ... comparison.cell[i].verdict, comparison.slower ...
 *         comparison_free(&comparison);
 *     }
 *
 * Paired runs (`run --versus`: one block holds every cell of both) are compared block by block: median of the ratios
 * with the sign-test interval. Independent ones by Hodges-Lehmann's ratio with the Mann-Whitney interval;
 * what drifted between the two runs is then inside the ratio, and no statistic over one run can see it.
 *
 * Verdicts, on ratio = NEW/BASE with its 95 % interval and a margin m:
 *     slower      the whole interval is above 1 + m     } and so it stays among all cells of the comparison: max-T over
 *     faster      the whole interval is below 1/(1 + m) } blocks (family.h), 5 % for both sides in sum
 *     same        the whole interval lies inside [1/(1 + m), 1 + m]
 *     unresolved  everything else: the samples allow both
 *
 * Kernels are a second family of their own, and the run as a whole is one question: the geometric mean of its ratios in
 * each block. Each of the three is wrong in at most 5 % of comparisons.
 */
#ifndef BREAKEVEN_COMPARE_H
#define BREAKEVEN_COMPARE_H

#include "kernels/reason.h"
#include "results/record/record.h"
#include "results/statistics/stats.h"

#include <stdbool.h>
#include <stddef.h>

enum compare_figure { COMPARE_WALL, COMPARE_START, COMPARE_STOP, COMPARE_TOTAL, COMPARE_FIGURES };
extern const char *const compare_figure_names[COMPARE_FIGURES]; /* "wall", "start", "stop", "total" */

enum compare_verdict { COMPARE_UNRESOLVED, COMPARE_SAME, COMPARE_FASTER, COMPARE_SLOWER, COMPARE_VERDICTS };
extern const char *const compare_verdict_names[COMPARE_VERDICTS];

struct compare_options {
    double margin;              /* 0.05: 5 %; at least 0 */
    enum compare_figure figure; /* which time; wall is the run phase */
    bool force;                 /* compare although kernels, sizes or machines differ */
    const char *allow; /* what may differ: "model,cpus,memory,kernel,plan" or some of them; NULL: nothing */
};

struct compare_cell {
    const struct cell *base, *new; /* in the runs */
    double work;               /* BASE's work over NEW's, where each run was calibrated for itself; else 1 */
    struct quantity base_ns, new_ns; /* NEW's for BASE's work */
    struct quantity ratio;     /* NEW/BASE; n: pairs, or the smaller count */
    double slower_p, faster_p; /* one-sided, against the margin, among all cells; NAN without samples */
    enum compare_verdict verdict;
    bool base_stopped, new_stopped; /* tune ended it there half-way: it could no longer be the best */
    char why[120]; /* of an unresolved one: what it lacks; "" */
};

/* The geometric mean of the ratios of several cells: a kernel's, or (kernel NULL) all. */
struct compare_group {
    const char *kernel;
    size_t cells;
    struct quantity ratio; /* n: blocks */
    double slower_p, faster_p;
    enum compare_verdict verdict;
};

struct comparison {
    bool paired;
    double margin;
    enum compare_figure figure;
    size_t count;
    struct compare_cell *cell;         /* in BASE's order */
    size_t verdicts[COMPARE_VERDICTS]; /* how many of each */
    size_t failed;                     /* cells without a good sample in BASE or in NEW, but for those stopped */
    size_t stopped;                    /* cells that tune stopped in BASE: there is nothing to compare with */
    size_t only_base, only_new;        /* cells without a partner, left out */
    const struct cell **vanished;      /* those of BASE: only_base of them */
    size_t too_few;                    /* cells whose samples are too few for an interval; those that failed are not in it */
    struct compare_group whole, *kernel;
    size_t kernels;
    size_t blocks;   /* fewest of a run */
    double floor;    /* the smallest p that so many blocks can give */
    bool undecided;  /* not one verdict on a cell, a kernel or the run */
    size_t needed;   /* then: repetitions that could decide, a rough estimate */
    char software[1024];               /* libraries, compiler, settings that were not the same, beside the program; "" */
    char warning[512];                 /* what was forced and what to keep in mind, sentences; "" */
};

/* Compares the headline samples (good, not instrumented) of cells with equal study, kernel, size, tasks, seed, runner,
 * workers, chunk, schedule and placement; those that were calibrated for the same time per task for equal work
 * (compare_match.c). Duplicates for A/A are left out. Refuses with -EINVAL and one line in `why`
 * where kernels, sizes or machines differ (unless forced: then cells are matched without their sizes), and where no
 * cell has a partner. -ENOMEM. Both runs must outlive the comparison. */
int compare_runs(const struct run *base, const struct run *new, const struct compare_options *, struct comparison *,
                 struct reason *why);
void comparison_free(struct comparison *); /* accepts a zeroed struct */

struct json_t *comparison_to_json(const struct comparison *);

/* The verdict on one interval, without the correction for many cells. */
enum compare_verdict compare_verdict(struct quantity ratio, double margin);

/* A sample's figure in ns, its wall time times `work`; NAN: none (failed, with busy spans, or not measured). */
double compare_sample_ns(const struct observation *, enum compare_figure, double work);

#endif
