/* SPDX-License-Identifier: GPL-3.0-or-later */
/* family.h: is NEW slower than BASE, for many rows (cells, kernels, a whole run) at once? Pure functions.
 *
 * A table of logarithms: one row for each question, one column for each block. A block is what varies by chance, so
 * arrangements change whole columns, and what blocks do to all rows together is kept. Max-T of Westfall & Young
 * (Resampling-Based Multiple Testing, 1993, algorithm 4.1, step-down): p of a row is the share of arrangements in which
 * the largest statistic among it and the rows behind it reaches its own. Paired: signs of columns flip. Independent:
 * labels of columns are dealt anew. All arrangements where there are few columns (FAMILY_EXACT), else FAMILY_DRAWS of
 * them, seeded: the same table gives the same p.
 */
#ifndef BREAKEVEN_FAMILY_H
#define BREAKEVEN_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

enum { FAMILY_EXACT = 13, FAMILY_DRAWS = 5000 };

struct family {
    bool paired;        /* values are log(NEW/BASE) of one block; else logarithms of times */
    size_t rows;
    size_t base, new;   /* columns of BASE, then of NEW; paired: `base` columns, `new` is 0 */
    const double *value; /* rows x (base + new); NAN: not measured */
    double level; /* a row with fewer values than the others, so few that its p could never be as small, stays out: its
                     arrangements repeat what was observed so often that no row behind it could be told; 0: none stays out */
};

/* p[row] of "NEW/BASE is at most exp(shift)", adjusted so that over all rows any is wrongly small as often as its
 * size says; NAN of a row that stays out. `sign` -1 asks for BASE/NEW. 0 or -ENOMEM. */
int family_p_above(const struct family *, double sign, double shift, double *p);

/* The smallest p that so many blocks can give: 2^-n paired, 1/C(n + m, n) independent. */
double family_floor(bool paired, size_t base, size_t new);

#endif
