/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/clock.h"

#include <gsl/gsl_sort.h>
#include <time.h>

static int64_t real_now_ns(const struct clock *clock)
{
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct clock clock_real = {.now_ns = real_now_ns};

int64_t clock_date_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_timeval_ns(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

/* Batches, so that one interruption spoils one batch and the median stays. */
struct clock_quality clock_measure(const struct clock *clock)
{
    enum { BATCHES = 101, READINGS = 400 };
    struct clock_quality quality = {.resolution_ns = 0};
    double cost_ns[BATCHES];
    for (int batch = 0; batch < BATCHES; batch++) {
        int64_t began_ns = clock_now_ns(clock), before_ns = began_ns;
        for (int i = 0; i < READINGS; i++) {
            int64_t now_ns = clock_now_ns(clock);
            if (now_ns < before_ns) quality.backwards++;
            double step_ns = (double)(now_ns - before_ns);
            if (step_ns > 0 && (quality.resolution_ns == 0 || step_ns < quality.resolution_ns))
                quality.resolution_ns = step_ns;
            before_ns = now_ns;
        }
        cost_ns[batch] = (double)(before_ns - began_ns) / READINGS;
    }
    gsl_sort(cost_ns, 1, BATCHES);
    quality.cost_ns = cost_ns[BATCHES / 2];
    return quality;
}
