/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rundir.h: the folder of a run, found to be usable before anything is measured.
 *
 *     char dir[RUNDIR_PATH];
 *     struct reason why;
 *     if (!rundir_check(options)) ... plan ...
 *     if (!rundir_make(options->output, "scaling", dir, &why)) ... measure into dir ...
 *     rundir_point(dir);
 */
#ifndef BREAKEVEN_RUNDIR_H
#define BREAKEVEN_RUNDIR_H

#include "bench/cli/options.h"
#include "kernels/reason.h"

#include <stdbool.h>

enum { RUNDIR_PATH = 4096 };

/* Could a run be recorded where --output and --name say? Creates nothing. 0, or an exit status after one line. */
int rundir_check(const struct options *);

/* Makes the folder: `output`, or results/runs/<UTC time>-<name> with the parents that are missing. 0 or -errno with
 * `why`. */
int rundir_make(const char *output, const char *name, char dir[RUNDIR_PATH], struct reason *why);

/* Takes the run in `dir` for this process, until the descriptor that is returned is closed: a lock (flock(2)) on its
 * samples.jsonl, made where it is missing and `make` asks for it. -EWOULDBLOCK with `why`, which names the process that has
 * it; other -errno where nothing can be locked there. */
int rundir_lock(const char *dir, bool make, struct reason *why);

/* Makes results/latest point at a run under results/runs; does nothing for others, nor where it cannot. */
void rundir_point(const char *dir);

#endif
