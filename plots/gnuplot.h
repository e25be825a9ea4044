/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot.h: runs gnuplot as a child under a deadline. */
#ifndef BREAKEVEN_GNUPLOT_H
#define BREAKEVEN_GNUPLOT_H

#include "kernels/reason.h"

#include <stddef.h>
#include <stdio.h>

/* Runs `gnuplot FILE` in the folder `dir` with `first` (NULL: nothing) as commands before it, its standard output to
 * `out` (NULL: discarded); at most `deadline_s` seconds, then it is killed with its group. The program is
 * $BREAKEVEN_GNUPLOT, or gnuplot. Blocks. 0, or with one line in `why`: -ENOENT where there is no gnuplot, -ETIME, -EIO
 * where it failed, with the first line that it complained in. */
int gnuplot_run(const char *dir, const char *first, const char *file, FILE *out, unsigned deadline_s,
                struct reason *why);

#endif
