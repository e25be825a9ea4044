/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curve.h: cells of one question laid out by block, for figures that are resampled over whole blocks. Private to results/.
 *
 *     struct curve curve;
 *     int status = curve_make(&curve, summary, cells, count);
 *     curve_draw(&curve, draws, n);                  // inside of a statistic: curve.wall_ns[c], curve.serial_ns[c]
 *     curve_free(&curve);
 */
#ifndef BREAKEVEN_CURVE_H
#define BREAKEVEN_CURVE_H

#include "results/models/summary_parts.h"
#include "results/statistics/draws.h"

enum { CURVE_ROUNDS = 1000 };

struct curve {
    size_t count, blocks; /* blocks without any sample of the cells get no column: drawing them would only widen intervals */
    const struct cell **cells;
    struct draws_column *wall, *log_speedup; /* of each cell */
    struct draws_column around;              /* start + stop, of all cells together: it is over before a size matters */
    unsigned *times;                         /* how often each block was drawn */
    double *wall_ns, *serial_ns; /* of each cell, medians of what was drawn; serial_ns by the ratio. NAN: nothing was drawn */
};

/* 0 or -ENOMEM; curve_free in each case. `cells` must outlive it. */
int curve_make(struct curve *, const struct summary *, const struct cell **cells, size_t count);
void curve_free(struct curve *);

void curve_draw(struct curve *, const size_t *draws, size_t n);
int curve_draw_all(struct curve *);           /* each block once; 0 or -ENOMEM */
double curve_around_ns(const struct curve *); /* of what was drawn last */

#endif
