/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h: the one place of the project that reads time.
 *
 *     int64_t began_ns = clock_now_ns(clock);
 *     ...
 *     int64_t wall_ns = clock_now_ns(clock) - began_ns;
 *
 * Whoever measures is given its clock, so that a test can hand in one that follows a script; everybody else uses
 * &clock_real. Kernels, runners, results and plots read none.
 */
#ifndef BREAKEVEN_CLOCK_H
#define BREAKEVEN_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

struct clock {
    int64_t (*now_ns)(const struct clock *); /* never goes back; its zero means nothing */
    void *state;
};

/* CLOCK_MONOTONIC_RAW: not slewed by NTP (clock_gettime(2)). Safe across threads; the same zero in every process. */
extern const struct clock clock_real;

static inline int64_t clock_now_ns(const struct clock *clock)
{
    return clock->now_ns(clock);
}

/* What reading a clock costs, and the smallest step it can show. */
struct clock_quality {
    double cost_ns;       /* one reading, median over batches */
    double resolution_ns; /* smallest difference above zero seen between readings in a row */
    int64_t backwards;    /* times a reading was below the one before: any is a fault of the machine */
};
struct clock_quality clock_measure(const struct clock *); /* takes about 2 ms */

/* The date, for a record: since 1970 (CLOCK_REALTIME). It may be set back: no duration is taken with it. */
int64_t clock_date_ns(void);
/* What getrusage(2) counts. */
int64_t clock_timeval_ns(struct timeval);

#endif
