/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare_software.h: inside compare: beside what the two runs were to compare, what else was not the same. */
#ifndef BREAKEVEN_COMPARE_SOFTWARE_H
#define BREAKEVEN_COMPARE_SOFTWARE_H

#include "results/record/record.h"

#include <stddef.h>

/* Writes what differs of the recorded software (libraries as they were loaded, Python, kernel, gnuplot), of compiler and
 * flags, and of the environment: "openmp.build_id is a in BASE, b in NEW; ...", as many as fit, then how many more.
 * "" where nothing does. The program itself is left out: it is what is compared. */
void compare_software(const struct run *base, const struct run *new, char *text, size_t size);

#endif
