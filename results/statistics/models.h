/* SPDX-License-Identifier: GPL-3.0-or-later */
/* models.h: the formulas of scaling, and their fits. Pure functions over plain arrays: no record, no file, no clock.
 *
 * T_s: serial time; T_1, T_p: the runner's time with one and with p workers; N: tasks; times in ns.
 */
#ifndef BREAKEVEN_MODELS_H
#define BREAKEVEN_MODELS_H

#include <stdbool.h>
#include <stddef.h>

static inline double models_speedup(double serial_ns, double wall_ns)
{
    return serial_ns / wall_ns;
}
static inline double models_efficiency(double speedup, double workers)
{
    return speedup / workers;
}
/* T_o = p T_p - T_s in core-ns (Grama et al., Introduction to Parallel Computing, 5.2.2) */
static inline double models_overhead(double serial_ns, double wall_ns, double workers)
{
    return workers * wall_ns - serial_ns;
}
/* e = (1/S - 1/p)/(1 - 1/p) (Karp & Flatt, CACM 33(5), 1990); NAN for p <= 1 */
double models_karp_flatt(double speedup, double workers);
/* S = 1/(f + (1-f)/p) (Amdahl 1967), f the serial fraction of T_s */
double models_amdahl(double fraction, double workers);

/* Amdahl's f by least squares through the origin: T_p/T_ref - 1/p = f (1 - 1/p), T_ref the time at p = 1. Errors
 * of T_p are relative: weights 1/fit^2, three rounds. low and high: Student t over n-1 degrees; NAN where n < 3. -EINVAL: fewer than 2 levels above 1. */
struct amdahl_fit {
    double fraction, low, high;
    size_t n;
};
int models_amdahl_fit(const double *workers, const double *speedup, size_t n, struct amdahl_fit *);

/* Gunther's Universal Scalability Law, X(p) = gamma p/(1 + sigma (p-1) + kappa p (p-1)), with its maximum at
 * sqrt((1-sigma)/kappa). Fitted in the linear form
 *     p T_p = T_1 + a (p-1) + b p (p-1),   sigma = a/T_1, kappa = b/T_1,
 * by weighted least squares with weights 1/fit^2 (errors are relative), three rounds; intervals by the delta method
 * with Student t over n-3 degrees. */
struct usl_fit {
    double gamma;                        /* throughput at p = 1, 1/T_1, in units of 1/T_p */
    double t1;                           /* fitted T_1, in units of T_p */
    double sigma, sigma_low, sigma_high; /* contention */
    double kappa, kappa_low, kappa_high; /* coherence */
    double peak, peak_low, peak_high;    /* workers at the maximum; NAN unless peak_seen */
    bool peak_seen; /* kappa's interval is above 0, peak_high/peak_low <= 2, and n >= 5 levels; else
                       say "no peak seen up to p_max" */
    double p_max;   /* the largest p fitted: the curve ends here */
    size_t n;
};
/* n distinct p, n >= 4; time[i]: T_p (any unit). -EINVAL: too few levels or a time that is not positive. */
int models_usl_fit(const double *workers, const double *time, size_t n, struct usl_fit *);

/* Minimum effective task granularity (Slaughter et al., SC'20): the smallest granularity g = p T_p/N at which the
 * efficiency reaches `target`, and the useful work per task w = T_s/N = E g there. Linear in log w between the measured points,
 * since w is what was chosen: where overhead is all, g is the same at every size. With a fixed cost a task E is a logistic
 * function of log w, straight about 50 %. Points in any order; NAN among them is left out. */
enum metg_outcome {
    METG_REACHED,
    METG_BOUND,       /* the smallest point reaches it already: *found is that point, an upper bound */
    METG_NOT_REACHED, /* no point reaches it: *found is NAN */
};
struct metg_point {
    double granularity, work;
};
enum metg_outcome models_metg(const double *work, const double *efficiency, size_t n, double target, struct metg_point *found);

/* What a run phase costs whatever it computes, and the share of the serial time that it takes beyond: T = region + share T_s,
 * as many tasks at each size. Least squares of relative errors (weights 1/fit^2, three rounds); region is not negative.
 * false: fewer than three sizes or more than MODELS_LINE_MAX, or times that are no numbers above 0. */
enum { MODELS_LINE_MAX = 64 };
struct models_line {
    double region_ns, share;
};
bool models_line_fit(const double *serial_ns, const double *wall_ns, size_t n, struct models_line *);

/* Where parallel time falls below serial time: the smallest task for which ratio = T/T_s is below 1, linear in
 * 1/task_ns between the points around it: T/T_s = (costs that do not grow with the task)/(N task_ns) + d/p. Outcomes as
 * above. */
enum metg_outcome models_crossing(const double *task_ns, const double *ratio, size_t n, double *result);

/* The smallest N for which fixed + ceil(N/p) p t < N s: fixed = start + stop, t = T_p/N of many tasks, s = T_s/N; tasks
 * are whole, so N of them take ceil(N/p) rounds. INFINITY: never. */
double models_crossover_tasks(double fixed_ns, double parallel_task_ns, double serial_task_ns, double workers);

/* A model of a pool: T(p, c) = s0 + s1 p + max{ h_s N/c, (N/p)(mu + h/c) } + sigma sqrt(2 c ln p), h = h_s + h_w: the
 * chunk's serialised and parallel cost, mu and sigma the mean and standard deviation of a task's duration (after
 * Kruskal & Weiss, IEEE TSE 11(10), 1985). */
struct pool_model {
    double start_ns, start_per_worker_ns;    /* s0, s1 */
    double chunk_serial_ns, chunk_worker_ns; /* h_s, h_w */
    double task_ns, task_sd_ns;              /* mu, sigma */
};
double models_pool_time(const struct pool_model *, double tasks, double workers, double chunk);

#endif
