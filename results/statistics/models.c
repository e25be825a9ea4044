/* SPDX-License-Identifier: GPL-3.0-or-later */
/* models.c: see models.h for the formulas and their sources. Regressions are GSL's. */
#include "results/statistics/models.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>

double models_karp_flatt(double speedup, double workers)
{
    return workers > 1 ? (1 / speedup - 1 / workers) / (1 - 1 / workers) : NAN;
}

double models_amdahl(double fraction, double workers)
{
    return 1 / (fraction + (1 - fraction) / workers);
}

/* An error of 1/S grows with 1/S: both sides are multiplied by the S that f gives, f from the round before. */
int models_amdahl_fit(const double *workers, const double *speedup, size_t n, struct amdahl_fit *fit)
{
    double *x = malloc(2 * (n ? n : 1) * sizeof *x), *y = x ? x + n : NULL;
    if (!x) return -ENOMEM;
    double fraction = 0, variance = 0, squares;
    size_t kept = 0;
    for (int round = 0; round < 4; round++) { /* the first without weights */
        kept = 0;
        for (size_t i = 0; i < n; i++) {
            if (!(workers[i] > 1) || !(speedup[i] > 0)) continue;
            double scale = round ? models_amdahl(fmax(0, fraction), workers[i]) : 1;
            x[kept] = scale * (1 - 1 / workers[i]);
            y[kept++] = scale * (1 / speedup[i] - 1 / workers[i]);
        }
        if (kept >= 2) gsl_fit_mul(x, 1, y, 1, kept, &fraction, &variance, &squares);
    }
    free(x);
    if (kept < 2) return -EINVAL;
    double half = kept >= 3 ? gsl_cdf_tdist_Pinv(0.975, (double)kept - 1) * sqrt(variance) : NAN;
    *fit = (struct amdahl_fit){fraction, fraction - half, fraction + half, kept};
    return 0;
}

/* p T_p over 1, p - 1 and p (p - 1). */
struct regression {
    size_t n;
    double *x, *y, *weights; /* x: n rows of three columns */
    double coefficient[3], covariance[9];
};

/* Three rounds: weights from the times, then twice from the fit; the covariance is scaled by the residual variance. */
static int regression_run(struct regression *r, gsl_multifit_linear_workspace *workspace)
{
    gsl_matrix_view x = gsl_matrix_view_array(r->x, r->n, 3), covariance = gsl_matrix_view_array(r->covariance, 3, 3);
    gsl_vector_view y = gsl_vector_view_array(r->y, r->n), weights = gsl_vector_view_array(r->weights, r->n),
                    c = gsl_vector_view_array(r->coefficient, 3);
    double chisq = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < r->n; i++) {
            const double *row = r->x + 3 * i, *by = r->coefficient;
            double fitted = round ? row[0] * by[0] + row[1] * by[1] + row[2] * by[2] : r->y[i];
            if (!(fitted > 0)) return -EINVAL;
            r->weights[i] = 1 / (fitted * fitted);
        }
        if (gsl_multifit_wlinear(&x.matrix, &weights.vector, &y.vector, &c.vector, &covariance.matrix, &chisq,
                                 workspace))
            return -EINVAL;
    }
    gsl_matrix_scale(&covariance.matrix, chisq / (double)(r->n - 3));
    return r->coefficient[0] > 0 ? 0 : -EINVAL;
}

/* Standard error of a function of the coefficients with this gradient (delta method). */
static double delta_error(const struct regression *r, const double gradient[3])
{
    double variance = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) variance += gradient[i] * gradient[j] * r->covariance[3 * i + j];
    return sqrt(fmax(variance, 0));
}

static void usl_from(const struct regression *r, double p_max, struct usl_fit *fit)
{
    double t1 = r->coefficient[0], a = r->coefficient[1], b = r->coefficient[2];
    double t = gsl_cdf_tdist_Pinv(0.975, (double)r->n - 3);
    double sigma = a / t1, kappa = b / t1;
    double half_sigma = t * delta_error(r, (double[]){-sigma / t1, 1 / t1, 0});
    double half_kappa = t * delta_error(r, (double[]){-kappa / t1, 0, 1 / t1});
    *fit = (struct usl_fit){.gamma = 1 / t1,
                            .t1 = t1,
                            .sigma = sigma,
                            .sigma_low = sigma - half_sigma,
                            .sigma_high = sigma + half_sigma,
                            .kappa = kappa,
                            .kappa_low = kappa - half_kappa,
                            .kappa_high = kappa + half_kappa,
                            .peak = NAN,
                            .peak_low = NAN,
                            .peak_high = NAN,
                            .p_max = p_max,
                            .n = r->n};
    if (r->n < 5 || !(fit->kappa_low > 0) || !(sigma < 1)) return;
    /* log peak = (log(T_1 - a) - log b)/2: the interval is symmetric on the scale on which its width is judged */
    double slope = 0.5 / (t1 - a), half = t * delta_error(r, (double[]){slope, -slope, -0.5 / b});
    double peak = sqrt((1 - sigma) / kappa);
    if (exp(2 * half) > 2) return;
    fit->peak = peak;
    fit->peak_low = peak * exp(-half);
    fit->peak_high = peak * exp(half);
    fit->peak_seen = true;
}

int models_usl_fit(const double *workers, const double *time, size_t n, struct usl_fit *fit)
{
    double p_max = 0;
    if (n < 4) return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!(workers[i] >= 1) || !(time[i] > 0) || !isfinite(time[i])) return -EINVAL;
        for (size_t j = 0; j < i; j++)
            if (workers[j] == workers[i]) return -EINVAL;
        p_max = fmax(p_max, workers[i]);
    }
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* GSL's own would abort where memory is short */
    gsl_multifit_linear_workspace *workspace = gsl_multifit_linear_alloc(n, 3);
    double *room = malloc(5 * n * sizeof *room);
    struct regression regression = {n, room, room ? room + 3 * n : NULL, room ? room + 4 * n : NULL, {0}, {0}};
    int status = workspace && room ? 0 : -ENOMEM;
    for (size_t i = 0; !status && i < n; i++) {
        double p = workers[i], *row = room + 3 * i;
        row[0] = 1, row[1] = p - 1, row[2] = p * (p - 1);
        regression.y[i] = p * time[i];
    }
    if (!status) status = regression_run(&regression, workspace);
    if (!status) usl_from(&regression, p_max, fit);
    free(room);
    if (workspace) gsl_multifit_linear_free(workspace);
    gsl_set_error_handler(handler);
    return status;
}

enum metg_outcome models_metg(const double *work, const double *efficiency, size_t n, double target, struct metg_point *found)
{
    size_t above = n, below = n; /* the smallest point that reaches it, and the largest one under that */
    for (size_t i = 0; i < n; i++)
        if (efficiency[i] >= target && (above == n || work[i] < work[above])) above = i;
    for (size_t i = 0; above < n && i < n; i++)
        if (efficiency[i] < target && work[i] < work[above] && (below == n || work[i] > work[below])) below = i;
    *found = (struct metg_point){NAN, NAN};
    if (above == n) return METG_NOT_REACHED;
    *found = (struct metg_point){work[above] / efficiency[above], work[above]};
    if (below == n) return METG_BOUND;
    double share = (target - efficiency[below]) / (efficiency[above] - efficiency[below]);
    found->work = exp(log(work[below]) + share * (log(work[above]) - log(work[below])));
    found->granularity = found->work / target;
    return METG_REACHED;
}

enum metg_outcome models_crossing(const double *task_ns, const double *ratio, size_t n, double *result)
{
    size_t above = n, below = n; /* the smallest task that pays, and the largest one under that */
    for (size_t i = 0; i < n; i++)
        if (ratio[i] < 1 && (above == n || task_ns[i] < task_ns[above])) above = i;
    for (size_t i = 0; above < n && i < n; i++)
        if (ratio[i] >= 1 && task_ns[i] < task_ns[above] && (below == n || task_ns[i] > task_ns[below])) below = i;
    *result = NAN;
    if (above == n) return METG_NOT_REACHED;
    *result = task_ns[above];
    if (below == n) return METG_BOUND;
    double share = (ratio[below] - 1) / (ratio[below] - ratio[above]);
    *result = 1 / (1 / task_ns[below] + share * (1 / task_ns[above] - 1 / task_ns[below]));
    return METG_REACHED;
}

bool models_line_fit(const double *serial_ns, const double *wall_ns, size_t n, struct models_line *line)
{
    double weight[MODELS_LINE_MAX], c00, c01, c11, chisq;
    if (n < 3 || n > MODELS_LINE_MAX) return false;
    for (size_t i = 0; i < n; i++)
        if (!(serial_ns[i] > 0) || !(wall_ns[i] > 0)) return false;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++) {
            double fitted = round ? line->region_ns + line->share * serial_ns[i] : wall_ns[i];
            weight[i] = 1 / (fitted * fitted);
        }
        gsl_fit_wlinear(serial_ns, 1, weight, 1, wall_ns, 1, n, &line->region_ns, &line->share, &c00, &c01, &c11, &chisq);
        if (line->region_ns < 0) {
            line->region_ns = 0;
            gsl_fit_wmul(serial_ns, 1, weight, 1, wall_ns, 1, n, &line->share, &c11, &chisq);
        }
        if (!(line->share > 0)) return false;
    }
    return true;
}

double models_crossover_tasks(double fixed_ns, double parallel_task_ns, double serial_task_ns, double workers)
{
    if (!(parallel_task_ns < serial_task_ns)) return INFINITY;
    /* Round r can win only where its last task does: fixed + r p t < r p s. In the first such round, the first task. */
    double rounds = floor(fixed_ns / (workers * (serial_task_ns - parallel_task_ns))) + 1;
    double tasks = floor((fixed_ns + rounds * workers * parallel_task_ns) / serial_task_ns) + 1;
    return fmax((rounds - 1) * workers + 1, tasks);
}

double models_pool_time(const struct pool_model *model, double tasks, double workers, double chunk)
{
    double h = model->chunk_serial_ns + model->chunk_worker_ns;
    double serialised = model->chunk_serial_ns * tasks / chunk;
    double spread = tasks / workers * (model->task_ns + h / chunk);
    return model->start_ns + model->start_per_worker_ns * workers + fmax(serialised, spread) +
           model->task_sd_ns * sqrt(2 * chunk * log(workers));
}
