/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary_parts.h: what the files that make a summary share. Private to results/. */
#ifndef BREAKEVEN_SUMMARY_PARTS_H
#define BREAKEVEN_SUMMARY_PARTS_H

#include "results/models/summary.h"

#include <locale.h>

/* The good, uninstrumented samples of a cell, in the order in which they were taken, as plain arrays. */
struct series {
    size_t n, spanned_count;
    const struct observation **sample, **spanned; /* spanned: the good instrumented ones, beside */
    double *wall, *total;                    /* run phase; start + run + stop, NAN where a part is missing */
    double *serial;                          /* run phase of the baseline in the same block, NAN where there is none */
    size_t *by_block;                        /* indices of `sample`, by block; in one block as they were taken */
};

/* The samples of a block: by_block[first .. first + count - 1], count returned. */
size_t parts_in_block(const struct series *, unsigned block, size_t *first);

/* Paired by block: the ratio of one cell's times to another's. `total`: with start and stop. The serial runner's total
 * is its run phase. */
struct quantity parts_compare(const struct summary *, const struct cell *a, const struct cell *b, bool total);

/* The values behind a cell's median of `id` (wall_ns, start_ns, speedup, efficiency or overhead_per_task_ns), one of
 * each good repetition without busy spans, in the order in which they were taken. Fills at most `max` and returns how
 * many; 0 for another quantity. */
size_t parts_points(const struct summary *, const struct cell *, enum quantity_id id, double *values, size_t max);

/* The A/A pairs together: the second of each pair to the first. n: 0 without one. */
struct quantity parts_twice(const struct summary *);

struct quantity parts_scaled(struct quantity, double factor);

/* Can `a` not be told from `b`, which is at least as fast? Unresolved, or within 2 %; without an interval, within 5 %.
 */
bool parts_tied(struct quantity ratio);

/* Groups: cells that are equal but for what `but` names (CELLS_.. of record.h). A/A duplicates belong to none. */
enum { CELLS_ANY_SIZE = CELLS_SIZE | CELLS_TASK_TIME, CELLS_WORKERS = CELLS_PROCESSES | CELLS_THREADS };
/* The group that `cell` opens, in the order of ids, in memory of the caller's; *count 0 where an earlier cell has
 * opened it already. NULL where memory is short. Studies never mix. */
const struct cell **parts_group(const struct run *, const struct cell *cell, unsigned but, size_t *count);
/* Calls `take` with each group of cells that are not serial. 0, -ENOMEM, or what `take` returned, which ends it. */
typedef int parts_group_taker(struct summary *, const struct cell **group, size_t count);
int parts_each_group(struct summary *, unsigned but, parts_group_taker *take);

/* What calibration says of where cells pay: fills the predicted figures of a crossover. (predict.c) */
void predict_crossing(const struct summary *, const struct cell **cells, size_t count, struct crossover *);
void predict_tasks(const struct summary *, const struct cell *, struct crossover *);

/* The most workers that fits of cells like this one may use: one law holds on one kind of ground. (scaling.c) */
unsigned parts_fit_limit(const struct summary *, const struct cell *);

/* Do this cell's tasks wait without a cpu? The serial run's cpu time says so. (scaling.c) */
bool parts_waits(const struct summary *, const struct cell *);

/* How many tasks one claim of this cell takes: its chunk, or what its schedule takes without one; 0: not one number, or
 * not known here. (pools.c) */
double parts_chunk(const struct cell *);

static inline const struct cell_summary *parts_row(const struct summary *summary, const struct cell *cell)
{
    return &summary->cells[cell->id];
}

/* How long a task of the cell is: as asked for, else as measured. */
double parts_task_ns(const struct cell_summary *);

/* A number of the run's host, at least 1; 0: not recorded. */
unsigned parts_host(const struct run *, const char *key);

bool parts_is_serial(const struct cell *);
unsigned parts_workers(const struct cell *);
/* What the workers could be worth: their number, or the sum of their cores' measured speeds where kinds of cores differ. */
double parts_worth(const struct cell *);

/* Cells of one question laid out by block, for figures that are resampled over whole blocks. (curve.c)
 *
 *     struct curve curve;
 *     int status = curve_make(&curve, summary, cells, count);
 *     curve_draw(&curve, draws, n);                  // inside of a statistic: curve.wall_ns[c], curve.serial_ns[c]
 *     curve_free(&curve);
 */
enum { CURVE_ROUNDS = 1000 };

struct curve {
    size_t count, blocks; /* blocks without any sample of the cells get no column: they would only widen intervals */
    const struct cell **cells;
    struct draws_column *wall, *log_speedup; /* of each cell */
    struct draws_column around;              /* start + stop, of all cells together: it is over before a size matters */
    unsigned *times;                         /* how often each block was drawn */
    double *wall_ns, *serial_ns; /* of each cell, medians of what was drawn; serial_ns by the ratio. NAN: nothing was */
};

/* 0 or -ENOMEM; curve_free in each case. `cells` must outlive it. */
int curve_make(struct curve *, const struct summary *, const struct cell **cells, size_t count);
void curve_free(struct curve *);

void curve_draw(struct curve *, const size_t *draws, size_t n);
int curve_draw_all(struct curve *);           /* each block once; 0 or -ENOMEM */
double curve_around_ns(const struct curve *); /* of what was drawn last */

/* The curves: fill scalings, metgs and crossovers. 0 or -ENOMEM. */
int scaling_make(struct summary *);
int pools_make(struct summary *); /* before granularity_make, which predicts from them */
int granularity_make(struct summary *);
/* All crossovers of one runner and team: one for each task size, and the task sizes that pay, warm and cold, properties of the
 * whole curve. (crossover.c) */
int crossovers_add(struct summary *, const struct cell **group, size_t count);
void crossovers_mark_earliest(struct summary *);
int advice_make(struct summary *);
int findings_make(struct summary *);

/* Appends one zeroed element to an array of `size`-byte elements; NULL where memory is short. */
void *parts_append(void *array_pointer, size_t *count, size_t size);

/* Numbers in sentences. Each writes into `text` and returns it. */
enum { PARTS_TEXT = 64 };
const char *parts_duration(char text[PARTS_TEXT], double ns);       /* "3.2 us" */
const char *parts_number(char text[PARTS_TEXT], double value);      /* three digits */
const char *parts_interval(char text[PARTS_TEXT], struct quantity); /* " [1.7, 1.9]", " (n = 3, no interval)" */
const char *parts_team(char text[PARTS_TEXT], const struct cell *); /* "4 workers", "2 x 4 workers" */

/* '.' as decimal point for this thread; give back what it returned. */
locale_t parts_locale_enter(void);
void parts_locale_leave(locale_t before);

#endif
