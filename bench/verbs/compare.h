/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare.h: two recorded runs compared, printed as `breakeven compare` does. */
#ifndef BREAKEVEN_BENCH_COMPARE_H
#define BREAKEVEN_BENCH_COMPARE_H

#include "bench/cli/options.h"

/* As text or, with --json, JSON; margin, figure and force are the options'. The verb's exit status: 1 where a cell of
 * `new` is slower beyond the margin. */
int compare_print(const struct options *, const char *base_dir, const char *new_dir);

#endif
