/* spans.h: what each worker did in a run phase: its first start, its last end and its time in kernel code.
 *
 *     struct spans spans;
 *     spans_open(&spans, &job, workers, clock);
 *     job.hook = &spans.hook;
 *     ... runner->start ... spans_reset(&spans); run ...
 *     spans_read(&spans, begun_ns, sample_workers);
 *
 * Works across threads and across processes forked after spans_open: each worker writes a cache line of its own in
 * shared memory.
 */
#ifndef BREAKEVEN_SPANS_H
#define BREAKEVEN_SPANS_H

#include "../results/record.h"
#include "../runners/runner.h"
#include "clock.h"

struct span_slot;
struct spans {
    struct hook hook; /* first: the hook's function finds the rest behind it */
    const struct kernel *kernel;
    const void *input;
    const struct clock *clock;
    unsigned workers;
    struct span_slot *slots;
};

int spans_open(struct spans *, const struct job *, unsigned workers, const struct clock *); /* 0 or -ENOMEM */
void spans_close(struct spans *);
void spans_reset(struct spans *); /* between passes, while no worker computes */

/* Fills late_ns, busy_ns and end_ns of `workers` entries; times count from began_ns. A worker that got no task has
 * late_ns -1, busy_ns 0 and end_ns 0. Where no worker was seen at all (a runner that calls no hook) nothing is
 * written. */
void spans_read(const struct spans *, int64_t began_ns, struct sample_worker *);

#endif
