/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instruments.h: what a repetition puts around a job's kernel (records of what workers did, injected costs and mistakes),
 * in a form that a runner whose tasks run in another program takes there.
 *
 * The repetition says it in job->instruments. Such a runner copies the recipe over, calls instruments_fit on the job there,
 * instruments_reset before each pass, and copies the records back before stop returns. The functions are in
 * bench/measure/instruments.c, which that program is linked with.
 */
#ifndef BREAKEVEN_INSTRUMENTS_H
#define BREAKEVEN_INSTRUMENTS_H

#include "runners/runner.h"

struct instruments {
    const void *recipe; /* bytes that mean the same in every program of one build */
    size_t recipe_size;
    char *records; /* one for each worker, shared with all of them, aligned to 128 bytes */
    size_t record_size;
    unsigned workers;
};

struct clock;
struct fitted; /* what stands around the kernel now */

/* Puts what the recipe says around the kernel and the hook of the job, which is then to be used as long as the result
 * is. `threads`: of each process; clock NULL: the real one. NULL: no memory. */
struct fitted *instruments_fit(const struct instruments *, unsigned threads, const struct clock *, struct job *);
void instruments_reset(struct fitted *); /* between passes, while no worker computes */
void instruments_shift(struct fitted *, int64_t ns); /* adds so much to all times in the records; NULL is allowed */
void instruments_remove(struct fitted *); /* NULL is allowed */

#endif
