/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool_fit.h: the costs of a pool, from times that were measured. Pure functions over plain arrays.
 *
 * The run phase of N tasks of mu ns, claimed c at once by p workers:
 *     T = r + max{ h_s K, m d mu + k h + m b G } + sigma sqrt(2 c ln p)
 * with K = ceil(N/c) chunks, of which the busiest worker runs k = ceil(K/p) with m tasks in them (models_pool_time with
 * whole chunks; N/p for m where chunks are small). r: what a run phase costs whatever it computes (waking up, joining);
 * h = h_s + h_w: what a chunk costs, h_s of it one worker after the other; d: how much longer tasks take together than
 * alone; b: bytes of a task's result and G the cost of one; sigma: the standard deviation of a task's duration.
 * Start and stop are s0 + s1 p.
 *
 *     struct pool_fit fit;
 *     if (!pool_fit_make(points, n, &fit)) ... fit.chunk_ns.median, pool_fit_time(&fit, &points[0]) ...
 */
#ifndef BREAKEVEN_POOL_FIT_H
#define BREAKEVEN_POOL_FIT_H

#include "results/statistics/stats.h"

enum pool_term { POOL_REGION, POOL_DILATION, POOL_CHUNK, POOL_BYTE, POOL_SPREAD, POOL_SERIAL, POOL_TERMS };

struct pool_point {
    double workers; /* p */
    double chunk;   /* c, at most N; 0: not known: h is then part of r, and the busiest worker's share N/p */
    double tasks;   /* N */
    double task_ns; /* mu: alone, T_s/N */
    double bytes;   /* of a task's result, where its size is what differs between points; else 0 */
    double time_ns; /* run phase */
};

/* median: the estimate; low, high: 95 %, Student t over the degrees of freedom; n: points. What the points do not tell
 * apart from the rest is not identifiable: median NAN; high, where it is not, is an upper bound. */
struct pool_fit {
    struct quantity region_ns;       /* r */
    struct quantity chunk_ns;        /* h */
    struct quantity chunk_serial_ns; /* h_s: identifiable where some points are bound by it; else high bounds it */
    struct quantity dilation;        /* d */
    struct quantity byte_ns;         /* G */
    struct quantity spread_ns;       /* sigma */
    double error;                    /* root mean square of (predicted/measured - 1) */
    size_t n;                        /* points; 0: not fitted */
    bool saturated;                  /* some points are bound by h_s */
    double value[POOL_TERMS];        /* for predictions: what is not identifiable is 0 here, d 1 */
    double covariance[POOL_SERIAL][POOL_SERIAL]; /* of those before h_s, as if none were bound to be positive; 0 for what
                                                    is not fitted, NAN where there are as many costs as points */
    double scatter;                  /* relative standard deviation of a point about the fit */
    double t;                        /* Student's t for 95 % at its degrees of freedom; NAN where there are none */
};

/* Least squares of relative errors; coefficients that would be negative are 0 (their interval is then [0, high]). h_s
 * by its profile: the sum of squares over h_s, the others fitted to each value, and its interval where that sum stays
 * below what F(1, n-k) allows. 0; -EINVAL: fewer than 2 points or one that is not positive; -ENOMEM. */
int pool_fit_make(const struct pool_point *, size_t n, struct pool_fit *);
double pool_fit_time(const struct pool_fit *, const struct pool_point *); /* time_ns is not read */
/* The standard deviation of a new measurement there, in ns: what the costs and a point's own scatter do to it, h_s taken
 * as known. NAN where there are no degrees of freedom. */
double pool_fit_deviation(const struct pool_fit *, const struct pool_point *);

/* s0 and s1 from times of start and stop with p workers, relative least squares; intervals from three points on.
 * -EINVAL: one number of workers only, or a time that is not positive. */
struct pool_start {
    struct quantity fixed_ns, per_worker_ns; /* s0, s1 */
    double value[2], covariance[2][2];       /* of s0 and s1, for predictions; NAN: not known */
    double scatter, t;                       /* as in pool_fit */
    double only;                             /* the one number of workers that was measured: value[0] holds there; 0: any */
};
int pool_fit_start(const double *workers, const double *time_ns, size_t n, struct pool_start *);
/* The same from times with one number of workers: fixed_ns and per_worker_ns are NAN. -EINVAL: n = 0, a time that is not
 * positive. */
int pool_fit_start_only(double workers, const double *time_ns, size_t n, struct pool_start *);
double pool_fit_start_time(const struct pool_start *, double workers);      /* NAN where it is not known */
double pool_fit_start_deviation(const struct pool_start *, double workers); /* as pool_fit_deviation */

/* The smallest mu for which N tasks of it are sooner done by the pool than by the serial loop: fixed + T < N mu.
 * INFINITY: never. chunk, tasks and workers as in a point. */
double pool_fit_crossover_ns(const struct pool_fit *, double fixed_ns, double workers, double chunk, double tasks);

#endif
