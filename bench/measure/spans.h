/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spans.h: what each worker did in a run phase: its first start, its last end and its time in kernel code; how long
 * tasks took; and, where room is given, each call of the kernel.
 *
 *     struct spans spans;
 *     spans_open(&spans, &job, &memory, threads, clock, 0);       // memory.record_size = spans_record_size(0)
 *     job.hook = &spans.hook;
 *     ... runner->start ... spans_reset(&spans); run ...
 *     spans_read(&spans, begun_ns, sample_workers);
 *
 * Works across threads and across processes forked after spans_open: each worker writes cache lines of its own, in
 * memory that the caller shares with them.
 */
#ifndef BREAKEVEN_SPANS_H
#define BREAKEVEN_SPANS_H

#include "results/record/record.h"
#include "runners/instruments.h"
#include "bench/base/clock.h"

struct span_event { /* one call of the kernel; times as the clock gives them */
    int64_t began_ns, ended_ns;
    uint64_t begin, end; /* tasks [begin, end) */
};
struct spans {
    struct hook hook; /* first: the hook's function finds the rest behind it */
    const struct kernel *kernel;
    const void *input;
    const struct clock *clock;
    unsigned workers, threads;
    unsigned event_room; /* events kept of each worker: the first ones */
    char *records;       /* of all workers, not owned */
    size_t record_size;
};

/* Bytes of one worker's record. event_room: how many calls of each worker are kept one by one; 0: none. */
size_t spans_record_size(unsigned event_room);

/* The records, zeroed, must last as long as `spans` is used. */
void spans_open(struct spans *, const struct job *, const struct instruments *, unsigned threads, const struct clock *,
                unsigned event_room);
void spans_reset(struct spans *); /* between passes, while no worker computes */

/* Adds so much to all times in the records: they were read on another host's clock. */
void spans_shift(struct spans *, int64_t ns);

/* Fills late_ns, busy_ns, end_ns and team_ns of `workers` entries; times count from began_ns. A worker that got no task
 * has late_ns -1, busy_ns 0 and end_ns 0. Where no worker was seen at all (a runner that calls no hook) nothing is
 * written. */
void spans_read(const struct spans *, int64_t began_ns, struct sample_worker *);

/* The bins with tasks in them, malloc'ed; NULL and 0 where there was none. 0 or -ENOMEM. */
int spans_read_latency(const struct spans *, struct sample_bin **, unsigned *count);

/* A worker's calls in the order in which they were made, and how many there was no room for. Valid as long
 * as the records are.
 */
const struct span_event *spans_events(const struct spans *, unsigned worker, unsigned *count, uint64_t *dropped);

#endif
