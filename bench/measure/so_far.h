/* SPDX-License-Identifier: GPL-3.0-or-later */
/* so_far.h: while an experiment is measured, what it says already: after 20 s, 40 s, 80 s and so on, a line on stderr. */
#ifndef BREAKEVEN_SO_FAR_H
#define BREAKEVEN_SO_FAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct so_far {
    int64_t next_ns; /* when the next line is due; 0: not looked at yet */
    char said[512];  /* the last one: the same is not said twice */
};

/* Is it time, at so many ns since the beginning? Each time is twice the one before. */
bool so_far_due(struct so_far *, int64_t passed_ns);

/* "so far: ...", the most useful sentence of a run's record as it stands. false: there is none yet. Reads the record: a
 * second for every 20,000 samples. */
bool so_far_read(const char *dir, char *text, size_t size);

#endif
