/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/statistics/pool_fit.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* h_s is no column: it stands in the maximum. */
enum { COLUMNS = POOL_SERIAL };
/* The order in which columns are admitted: what comes later must differ from all that came before. */
static const enum pool_term admission[COLUMNS] = {POOL_DILATION, POOL_REGION, POOL_CHUNK, POOL_BYTE, POOL_SPREAD};

enum { PROFILE_STEPS = 96, ASSIGN_ROUNDS = 12 }; /* steps over four decades of h_s; rounds: assignments may swing */
/* Of a column's length what no other explains: below, it tells nothing. Work and what every run phase costs are told
 * apart by how much they are apart: a few percent of uneven rounds would put all work into r. */
static const double COLLINEAR = 0.03, COLLINEAR_REGION = 0.25;
static const double WORK_SHARE = 0.1; /* tasks take at least this share of the time, or d is not asked for */

/* One problem on its way. */
struct pool_work {
    const struct pool_point *points;
    size_t n;
    double *x, *y;                                  /* the equations: x has a column for each that is fitted */
    double coefficient[COLUMNS], covariance[COLUMNS * COLUMNS];
    bool used[COLUMNS];                             /* columns that are fitted */
    double fixed[COLUMNS];                          /* the value of those that are not */
    double value[COLUMNS], variance[COLUMNS];       /* of the newest fit */
    double loose[COLUMNS], loose_covariance[COLUMNS][COLUMNS]; /* of the same without any bound at 0 */
    bool *bound;                                    /* points that h_s binds in it */
    size_t saturated;                               /* how many those are */
};

/* What the busiest worker runs: its chunks, and the tasks in them. */
static void share_of(const struct pool_point *point, double *chunks, double *tasks)
{
    double c = fmin(fmax(1, point->chunk), point->tasks), all = ceil(point->tasks / c);
    if (!(point->chunk > 0)) {
        *tasks = ceil(point->tasks / point->workers);
        *chunks = 0;
        return;
    }
    *chunks = ceil(all / point->workers);
    bool alone = all - (*chunks - 1) * point->workers == 1; /* in the last round there is only the last chunk */
    *tasks = alone ? (*chunks - 1) * c + point->tasks - (all - 1) * c : *chunks * c;
}

static void columns_of(const struct pool_point *point, double column[COLUMNS])
{
    double chunks, tasks;
    share_of(point, &chunks, &tasks);
    column[POOL_REGION] = 1;
    column[POOL_DILATION] = tasks * point->task_ns;
    column[POOL_CHUNK] = chunks;
    column[POOL_BYTE] = tasks * point->bytes;
    column[POOL_SPREAD] = sqrt(2 * fmin(point->chunk, point->tasks) * log(point->workers));
}

static double free_time(const double value[COLUMNS], const double column[COLUMNS])
{
    return value[POOL_DILATION] * column[POOL_DILATION] + value[POOL_CHUNK] * column[POOL_CHUNK] +
           value[POOL_BYTE] * column[POOL_BYTE];
}

static double serialised(double chunk_serial_ns, const struct pool_point *point)
{
    if (!(point->chunk > 0)) return 0;
    return chunk_serial_ns * ceil(point->tasks / fmin(fmax(1, point->chunk), point->tasks));
}

static double predict(const double value[COLUMNS], double chunk_serial_ns, const struct pool_point *point)
{
    double column[COLUMNS];
    columns_of(point, column);
    return value[POOL_REGION] + fmax(serialised(chunk_serial_ns, point), free_time(value, column)) +
           value[POOL_SPREAD] * column[POOL_SPREAD];
}

/* The length of a column's part that the admitted ones do not explain, relative to its own; Gram-Schmidt in place. */
static double own_share(double *column, double *const *basis, size_t count, size_t n)
{
    double before = 0, after = 0;
    for (size_t i = 0; i < n; i++) before += column[i] * column[i];
    if (!(before > 0)) return 0;
    for (int twice = 0; twice < 2; twice++)
        for (size_t b = 0; b < count; b++) {
            double dot = 0;
            for (size_t i = 0; i < n; i++) dot += column[i] * basis[b][i];
            for (size_t i = 0; i < n; i++) column[i] -= dot * basis[b][i];
        }
    for (size_t i = 0; i < n; i++) after += column[i] * column[i];
    for (size_t i = 0; after > 0 && i < n; i++) column[i] /= sqrt(after);
    return sqrt(after / before);
}

/* How many sizes of chunks several workers claimed, up to 3: what scatter costs shows in its growth with them. */
static unsigned chunk_sizes(const struct pool_work *work)
{
    double seen[3];
    unsigned count = 0;
    for (size_t i = 0; i < work->n && count < 3; i++) {
        bool known = work->points[i].workers < 2;
        for (unsigned j = 0; j < count; j++) known |= seen[j] == work->points[i].chunk;
        if (!known) seen[count++] = work->points[i].chunk;
    }
    return count;
}

/* Which columns can be told apart, all points taken as free of the serialised bound. */
static int admit(struct pool_work *work)
{
    double *room = calloc(COLUMNS * work->n, sizeof *room), *basis[COLUMNS], work_share = 0;
    size_t count = 0;
    bool bytes = false;
    if (!room) return -ENOMEM;
    for (size_t i = 0; i < work->n; i++) {
        double column[COLUMNS];
        columns_of(&work->points[i], column);
        work_share += column[POOL_DILATION] / work->points[i].time_ns / (double)work->n;
        bytes |= work->points[i].bytes > 0;
        for (size_t c = 0; c < COLUMNS; c++) room[c * work->n + i] = column[c] / work->points[i].time_ns;
    }
    for (size_t a = 0; a < COLUMNS; a++) {
        enum pool_term c = admission[a];
        work->used[c] = false;
        if (count + (c != POOL_DILATION && c != POOL_REGION) >= work->n ||
            (c == POOL_DILATION && (work_share < WORK_SHARE || bytes)) || (c == POOL_SPREAD && chunk_sizes(work) < 3))
            continue; /* what comes beyond the first two leaves a degree of freedom */
        double *mine = room + (size_t)c * work->n;
        work->used[c] =
            own_share(mine, basis, count, work->n) > (c == POOL_REGION && count ? COLLINEAR_REGION : COLLINEAR);
        if (work->used[c]) basis[count++] = mine;
    }
    free(room);
    return 0;
}

/* The equation of one point: relative errors count. A point bound by h_s knows only what stands outside the maximum. */
static void equation(struct pool_work *work, size_t i, const enum pool_term *list, size_t k, const bool used[COLUMNS],
                     double chunk_serial_ns)
{
    const struct pool_point *point = &work->points[i];
    double column[COLUMNS], rest = point->time_ns;
    columns_of(point, column);
    if (work->bound[i]) {
        column[POOL_DILATION] = column[POOL_CHUNK] = column[POOL_BYTE] = 0;
        rest -= serialised(chunk_serial_ns, point);
    }
    for (unsigned c = 0; c < COLUMNS; c++)
        if (!used[c]) rest -= work->value[c] * column[c];
    for (size_t j = 0; j < k; j++) work->x[i * k + j] = column[list[j]] / point->time_ns;
    work->y[i] = rest / point->time_ns;
}

/* One regression on the columns in `used`; the others keep the value they have. */
static int solve(struct pool_work *work, const bool used[COLUMNS], double chunk_serial_ns)
{
    enum pool_term list[COLUMNS];
    size_t k = 0;
    double sum;
    for (unsigned c = 0; c < COLUMNS; c++) {
        work->variance[c] = NAN;
        if (used[c]) list[k++] = (enum pool_term)c;
    }
    if (!k) return 0;
    for (size_t i = 0; i < work->n; i++) equation(work, i, list, k, used, chunk_serial_ns);
    gsl_matrix_view x = gsl_matrix_view_array(work->x, work->n, k), v = gsl_matrix_view_array(work->covariance, k, k);
    gsl_vector_view y = gsl_vector_view_array(work->y, work->n), answer = gsl_vector_view_array(work->coefficient, k);
    gsl_multifit_linear_workspace *workspace = gsl_multifit_linear_alloc(work->n, k);
    if (!workspace) return -ENOMEM;
    int failed = gsl_multifit_linear(&x.matrix, &y.vector, &answer.vector, &v.matrix, &sum, workspace);
    gsl_multifit_linear_free(workspace);
    for (size_t j = 0; !failed && j < k; j++) {
        work->value[list[j]] = work->coefficient[j];
        work->variance[list[j]] = work->n > k ? work->covariance[j * k + j] : NAN;
    }
    return failed ? -EINVAL : 0;
}

/* The number of parameters that are fitted, h_s not among them. */
static size_t fitted_count(const struct pool_work *work)
{
    size_t k = 0;
    for (unsigned c = 0; c < COLUMNS; c++) k += work->used[c];
    return k;
}

/* The covariance of all that are fitted, after solve with work->used. */
static void keep_covariance(struct pool_work *work)
{
    const double *next = work->covariance;
    memset(work->loose_covariance, 0, sizeof work->loose_covariance);
    for (unsigned a = 0; a < COLUMNS; a++)
        for (unsigned b = 0; b < COLUMNS; b++)
            if (work->used[a] && work->used[b]) {
                work->loose_covariance[a][b] = isnan(work->variance[a]) ? NAN : *next;
                next++;
            }
}

/* Coefficients below 0 become 0 one by one, the worst first; a chunk costs at least its serialised part. */
static int solve_bounded(struct pool_work *work, double chunk_serial_ns)
{
    bool used[COLUMNS];
    memcpy(used, work->used, sizeof used);
    memcpy(work->value, work->fixed, sizeof work->value);
    for (unsigned round = 0; round <= COLUMNS; round++) {
        unsigned worst = COLUMNS;
        int status = solve(work, used, chunk_serial_ns);
        if (status) return status;
        if (!round) memcpy(work->loose, work->value, sizeof work->loose);
        if (!round) keep_covariance(work);
        for (unsigned c = 0; c < COLUMNS; c++)
            if (used[c] && work->value[c] < (c == POOL_CHUNK ? chunk_serial_ns : 0) &&
                (worst == COLUMNS ||
                 work->value[c] / sqrt(work->variance[c]) < work->value[worst] / sqrt(work->variance[worst])))
                worst = c;
        if (worst == COLUMNS) return 0;
        used[worst] = false;
        work->value[worst] = worst == POOL_CHUNK ? chunk_serial_ns : 0;
    }
    return 0;
}

static double sum_of_squares(const struct pool_work *work, double chunk_serial_ns)
{
    double sum = 0;
    for (size_t i = 0; i < work->n; i++) {
        double error = predict(work->value, chunk_serial_ns, &work->points[i]) / work->points[i].time_ns - 1;
        sum += error * error;
    }
    return sum;
}

/* The others fitted to one h_s; which points it binds settles within a few rounds. INFINITY where it cannot be fitted.
 */
static double fit_at(struct pool_work *work, double chunk_serial_ns)
{
    memset(work->bound, 0, work->n * sizeof *work->bound);
    for (unsigned round = 0; round < ASSIGN_ROUNDS; round++) {
        bool changed = false;
        if (solve_bounded(work, chunk_serial_ns)) return INFINITY;
        work->saturated = 0;
        for (size_t i = 0; i < work->n; i++) {
            double column[COLUMNS];
            columns_of(&work->points[i], column);
            bool bound = serialised(chunk_serial_ns, &work->points[i]) > free_time(work->value, column);
            changed |= bound != work->bound[i];
            work->bound[i] = bound;
            work->saturated += bound;
        }
        if (!changed) break;
    }
    return sum_of_squares(work, chunk_serial_ns);
}

/* The best h_s: a scan on a logarithmic scale, then a narrowing. */
static double best_serial(struct pool_work *work, double most)
{
    double best = 0, least = fit_at(work, 0), ratio = pow(1e4, 1.0 / PROFILE_STEPS);
    for (unsigned step = 0; step <= PROFILE_STEPS; step++) {
        double at = most * pow(ratio, -(double)step), sum = fit_at(work, at);
        if (sum < least) least = sum, best = at;
    }
    for (double width = ratio; best > 0 && width > 1.00001; width = sqrt(width)) {
        double around[] = {best / sqrt(width), best * sqrt(width)};
        for (int side = 0; side < 2; side++) {
            double sum = fit_at(work, around[side]);
            if (sum < least) least = sum, best = around[side];
        }
    }
    return best;
}

/* How far h_s may go from `from` until the sum of squares exceeds `limit`; `factor` below or above 1. */
static double serial_end(struct pool_work *work, double from, double factor, double limit, double end)
{
    double inside = from;
    while (factor > 1 ? inside < end : inside > end) {
        double next = inside * factor;
        if (fit_at(work, next) > limit) {
            double outside = next;
            for (int i = 0; i < 20; i++) {
                double middle = sqrt(inside * outside);
                if (fit_at(work, middle) > limit) outside = middle;
                else inside = middle;
            }
            return inside;
        }
        inside = next;
    }
    return inside;
}

static struct quantity fitted(const struct pool_work *work, enum pool_term column, double t)
{
    double value = work->value[column], half = t * sqrt(work->variance[column]);
    if (!work->used[column]) return (struct quantity){NAN, NAN, NAN, work->n};
    if (isnan(half) && !isnan(t)) /* at its bound */
        return (struct quantity){value, value,
                                 fmax(value, work->loose[column] + t * sqrt(work->loose_covariance[column][column])), work->n};
    return (struct quantity){value, isnan(half) ? NAN : fmax(0, value - half), value + half, work->n};
}

/* h_s is asked for where a chunk's cost is known and several workers claimed; found where the fit is resolved to be
 * better with it. */
static void fit_serial(struct pool_work *work, struct pool_fit *fit)
{
    double most = INFINITY, without = fit_at(work, 0), noise = 1e-12 * (double)work->n;
    size_t k = fitted_count(work);
    bool several = false;
    fit->chunk_serial_ns = (struct quantity){NAN, NAN, NAN, work->n};
    for (size_t i = 0; i < work->n; i++) {
        if (!(work->points[i].chunk > 0)) continue;
        most = fmin(most, work->points[i].time_ns / serialised(1, &work->points[i]));
        several |= work->points[i].workers > 1;
    }
    if (!work->used[POOL_CHUNK] || !several) return; /* several: at least one bound */
    most *= 1.5;                                     /* measured times scatter */
    double best = best_serial(work, most), least = fit_at(work, best), degrees = (double)work->n - (double)k - 1;
    double factor = degrees >= 1 ? 1 + gsl_cdf_fdist_Pinv(0.95, 1, degrees) / degrees : NAN;
    bool found = best > 0 && work->saturated > 0 && without > least * factor + noise;
    double limit = fmin(without, least) * factor + noise;
    if (found) fit->chunk_serial_ns.median = best;
    if (found) fit->chunk_serial_ns.low = serial_end(work, best, 1 / 1.05, limit, best / 100);
    if (!isnan(factor)) fit->chunk_serial_ns.high = serial_end(work, fmax(best, most / 1e4), 1.05, limit, most);
    fit->value[POOL_SERIAL] = found ? best : 0;
}

int pool_fit_make(const struct pool_point *points, size_t n, struct pool_fit *fit)
{
    struct pool_fit made = {.n = n};
    if (n < 2) return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!(points[i].workers >= 1) || !(points[i].chunk >= 0) || !(points[i].tasks >= 1) ||
            !(points[i].task_ns >= 0) || !(points[i].bytes >= 0) || !(points[i].time_ns > 0) ||
            !isfinite(points[i].time_ns + points[i].task_ns))
            return -EINVAL;
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* GSL's own would abort where memory is short */
    struct pool_work work = {.points = points,
                             .n = n,
                             .x = calloc(n, COLUMNS * sizeof *work.x),
                             .y = calloc(n, sizeof *work.y),
                             .bound = calloc(n, sizeof *work.bound),
                             .fixed = {[POOL_DILATION] = 1}};
    int status = work.x && work.y && work.bound ? admit(&work) : -ENOMEM;
    if (!status) {
        fit_serial(&work, &made);
        double sum = fit_at(&work, made.value[POOL_SERIAL]);
        size_t k = fitted_count(&work) + (made.value[POOL_SERIAL] > 0);
        double t = n > k ? gsl_cdf_tdist_Pinv(0.975, (double)(n - k)) : NAN;
        if (!isfinite(sum)) status = -EINVAL;
        memcpy(made.value, work.value, sizeof work.value);
        made.region_ns = fitted(&work, POOL_REGION, t);
        made.dilation = fitted(&work, POOL_DILATION, t);
        made.chunk_ns = fitted(&work, POOL_CHUNK, t);
        if (made.chunk_ns.high < made.chunk_serial_ns.high)
            made.chunk_serial_ns.high = made.chunk_ns.high; /* a part of h */
        made.byte_ns = fitted(&work, POOL_BYTE, t);
        made.spread_ns = fitted(&work, POOL_SPREAD, t);
        made.saturated = work.saturated > 0;
        made.error = sqrt(sum / (double)n);
        made.scatter = n > k ? sqrt(sum / (double)(n - k)) : NAN;
        made.t = t;
        memcpy(made.covariance, work.loose_covariance, sizeof made.covariance);
    }
    free(work.x);
    free(work.y);
    free(work.bound);
    gsl_set_error_handler(handler);
    if (!status) *fit = made;
    return status;
}

double pool_fit_time(const struct pool_fit *fit, const struct pool_point *point)
{
    return predict(fit->value, fit->value[POOL_SERIAL], point);
}

double pool_fit_deviation(const struct pool_fit *fit, const struct pool_point *point)
{
    double column[COLUMNS], own = fit->scatter * pool_fit_time(fit, point), variance = own * own;
    columns_of(point, column);
    if (serialised(fit->value[POOL_SERIAL], point) > free_time(fit->value, column)) /* where h_s binds, these are 0 */
        column[POOL_DILATION] = column[POOL_CHUNK] = column[POOL_BYTE] = 0;
    for (unsigned a = 0; a < COLUMNS; a++)
        for (unsigned b = 0; b < COLUMNS; b++) variance += column[a] * fit->covariance[a][b] * column[b];
    return sqrt(variance);
}

int pool_fit_start(const double *workers, const double *time_ns, size_t n, struct pool_start *start)
{
    bool several = false;
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(time_ns[i] > 0) || !(workers[i] >= 1)) return -EINVAL;
        several |= workers[i] != workers[0];
    }
    if (!several) return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        double w = 1 / (time_ns[i] * time_ns[i]);
        s += w, sx += w * workers[i], sy += w * time_ns[i];
        sxx += w * workers[i] * workers[i], sxy += w * workers[i] * time_ns[i];
    }
    double det = s * sxx - sx * sx, slope = (s * sxy - sx * sy) / det, fixed = (sxx * sy - sx * sxy) / det;
    for (size_t i = 0; i < n; i++) {
        double error = (fixed + slope * workers[i]) / time_ns[i] - 1;
        sum += error * error;
    }
    double t = n > 2 ? gsl_cdf_tdist_Pinv(0.975, (double)n - 2) : NAN, variance = n > 2 ? sum / ((double)n - 2) : NAN;
    double half_fixed = t * sqrt(variance * sxx / det), half_slope = t * sqrt(variance * s / det);
    *start = (struct pool_start){.fixed_ns = {fixed, fixed - half_fixed, fixed + half_fixed, n},
                                 .per_worker_ns = {slope, slope - half_slope, slope + half_slope, n},
                                 .value = {fixed, slope},
                                 .covariance = {{variance * sxx / det, -variance * sx / det},
                                                {-variance * sx / det, variance * s / det}},
                                 .scatter = sqrt(variance),
                                 .t = t};
    return 0;
}

int pool_fit_start_only(double workers, const double *time_ns, size_t n, struct pool_start *start)
{
    static const struct quantity none = {NAN, NAN, NAN, 0};
    double s = 0, sy = 0, sum = 0;
    if (!n) return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!(time_ns[i] > 0)) return -EINVAL;
        s += 1 / (time_ns[i] * time_ns[i]), sy += 1 / time_ns[i];
    }
    for (size_t i = 0; i < n; i++) sum += (sy / s / time_ns[i] - 1) * (sy / s / time_ns[i] - 1);
    double variance = n > 1 ? sum / ((double)n - 1) : NAN;
    *start = (struct pool_start){.fixed_ns = none,
                                 .per_worker_ns = none,
                                 .value = {sy / s, 0},
                                 .covariance = {{variance / s, 0}, {0, 0}},
                                 .scatter = sqrt(variance),
                                 .t = n > 1 ? gsl_cdf_tdist_Pinv(0.975, (double)n - 1) : NAN,
                                 .only = workers};
    return 0;
}

double pool_fit_start_time(const struct pool_start *start, double workers)
{
    return start->only > 0 && workers != start->only ? NAN : start->value[0] + start->value[1] * workers;
}

double pool_fit_start_deviation(const struct pool_start *start, double workers)
{
    double own = start->scatter * pool_fit_start_time(start, workers);
    return sqrt(start->covariance[0][0] + 2 * workers * start->covariance[0][1] +
                workers * workers * start->covariance[1][1] + own * own);
}

double pool_fit_crossover_ns(const struct pool_fit *fit, double fixed_ns, double workers, double chunk, double tasks)
{
    struct pool_point point = {.workers = workers, .chunk = chunk, .tasks = tasks};
    double chunks, share, apart = fixed_ns + fit->value[POOL_REGION];
    share_of(&point, &chunks, &share);
    double gain = tasks - share * fit->value[POOL_DILATION]; /* for each ns of a task */
    if (!(gain > 0)) return INFINITY;
    /* Both sides of the maximum must stay below N mu; what tasks scatter is a matter of the kernel, not of the pool. */
    return fmax((apart + chunks * fit->value[POOL_CHUNK]) / gain,
                (apart + serialised(fit->value[POOL_SERIAL], &point)) / tasks);
}
