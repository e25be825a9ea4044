/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instruments.h: what a repetition puts around its kernel (see runners/instruments.h): what is injected (inject.h), and
 * spans: what each worker did in a run phase: its first start, its last end and its time in kernel code; how long
 * tasks took; and, where room is given, each call of the kernel.
 *
 * Works across threads and across processes forked after instruments_fit: each worker writes cache lines of its own, in
 * memory that the caller shares with them, zeroed.
 */
#ifndef BREAKEVEN_MEASURE_INSTRUMENTS_H
#define BREAKEVEN_MEASURE_INSTRUMENTS_H

#include "results/record/record.h"
#include "runners/instruments.h"
#include "bench/base/clock.h"
#include "bench/plan/inject.h"

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

/* Fills late_ns, busy_ns, end_ns and team_ns of the sample's workers; times count from began_ns. A worker that got no
 * task has late_ns -1, busy_ns 0 and end_ns 0. And its latency: the bins with tasks in them. Where no worker was seen
 * at all (a runner that calls no hook) nothing is written. 0 or -ENOMEM. */
int spans_read(const struct spans *, int64_t began_ns, struct sample *);

/* A worker's calls in the order in which they were made, and how many there was no room for. Valid as long
 * as the records are.
 */
const struct span_event *spans_events(const struct spans *, unsigned worker, unsigned *count, uint64_t *dropped);

/* What stands around a kernel, and how it is told to another program. */
struct recipe {
    bool records_spans, injects;
    unsigned event_room; /* how many calls of each worker are kept one by one; 0: none */
    struct inject inject;
};

struct fitted {
    struct recipe recipe;
    struct spans spans;       /* where records_spans */
    struct injected injected; /* where injects */
};

/* Bytes of one worker's record: its span, then what was injected. */
size_t instruments_record_size(const struct recipe *);

#endif
