/* SPDX-License-Identifier: GPL-3.0-or-later */
/* observation.h: what the statistics need of one repetition, in a fifth of the bytes that its line has in samples.jsonl.
 *
 * Reading a run folds each sample into an observation and frees the rest: of the spans of its workers the sums are kept,
 * of the bins of its tasks the quantiles. What is not here is read again from the file, one line (run_sample).
 */
#ifndef BREAKEVEN_OBSERVATION_H
#define BREAKEVEN_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

struct cell;
struct sample;

/* The workers of one good repetition with busy spans, all together, ns. NAN: not recorded. */
struct span_sums {
    double busy, busy_max;              /* in kernel code; the three sums below are known where these are */
    double dispatch;                    /* from the start to their last task's end, not busy */
    double end_sum, end_max;            /* when they ended their last tasks */
    double gathered;                    /* results brought from other hosts, after the last task; 0: one host */
    double outside_sum, outside_max;    /* of the processes, not threads: outside the pool */
    double late_p50, late_max;          /* when those that got a task began their first */
    double latency_p50, latency_p95, latency_p99; /* of single tasks */
};

/* One repetition. Its text belongs to the run, or is constant. */
struct observation {
    unsigned cell, block, order; /* order: position inside the block */
    char status[12];             /* "ok", "error", "timeout", "killed" */
    bool instrumented;           /* taken with busy spans: never a headline time */
    bool timed;                  /* its first worker's start and end are known */
    bool located;                /* its first worker's cpus are known */
    bool unwatched;              /* how long its workers waited for a cpu is not known */
    unsigned worker_count;
    const char *suspect, *cause, *verified, *waiting; /* as in a sample; "" where there is none */
    struct span_sums *spans;                    /* where it is good and instrumented, else NULL; the run's */
    int64_t at;                             /* where its line begins in samples.jsonl; -1: in no file */
    int64_t began_ns;
    int64_t setup_ns, start_ns, first_ns, wall_ns, stop_ns; /* these and the rest: -1 where not measured */
    int64_t user_ns, system_ns;
    int64_t voluntary_switches, involuntary_switches, minor_faults;
    int64_t peak_rss_bytes;
    int64_t injected_ns;
};

/* Tasks of a cell by their duration, all of its good repetitions together. */
struct latency_bins {
    unsigned count;
    struct latency_bin {
        unsigned bin; /* in rising order */
        double tasks;
    } * bin; /* owned */
};

/* Sums over the workers of a sample of this cell. */
struct span_sums span_sums_of(const struct sample *, const struct cell *);

#endif
