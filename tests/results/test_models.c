/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models: known curves go in, their parameters come back; formulas against values worked out by hand. */
#include "tests/fixtures/runs.h"
#include "results/models/budget.h"
#include "results/statistics/models.h"
#include "tests/suite.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

START_TEST(formulas)
{
    ck_assert_double_eq(models_speedup(100, 25), 4);
    ck_assert_double_eq(models_efficiency(4, 8), 0.5);
    ck_assert_double_eq(models_overhead(100, 25, 8), 100);
    ck_assert_double_eq_tol(models_karp_flatt(models_amdahl(0.1, 16), 16), 0.1, 1e-12); /* Karp-Flatt inverts Amdahl */
    ck_assert_double_eq(models_karp_flatt(8, 8), 0);
    ck_assert_double_nan(models_karp_flatt(1, 1));
    ck_assert_double_eq_tol(models_amdahl(0.05, 1e12), 20, 1e-6);
}
END_TEST

START_TEST(amdahl_comes_back)
{
    double p[] = {1, 2, 4, 8, 16}, s[5];
    for (size_t i = 0; i < 5; i++) s[i] = models_amdahl(0.07, p[i]);
    struct amdahl_fit fit;
    ck_assert_int_eq(models_amdahl_fit(p, s, 5, &fit), 0);
    ck_assert_double_eq_tol(fit.fraction, 0.07, 1e-12);
    ck_assert_double_eq_tol(fit.low, 0.07, 1e-9);
    ck_assert_uint_eq(fit.n, 4); /* p = 1 says nothing about f */
    s[1] *= 1.1; /* each error weighs by what it is of its T_p: the sum of S^2 x (y - f x) is 0 */
    ck_assert_int_eq(models_amdahl_fit(p, s, 5, &fit), 0);
    double sum = 0;
    for (size_t i = 1; i < 5; i++) {
        double x = 1 - 1 / p[i], y = 1 / s[i] - 1 / p[i];
        sum += pow(models_amdahl(fit.fraction, p[i]), 2) * x * (y - fit.fraction * x);
    }
    ck_assert_double_eq_tol(sum, 0, 2e-3);
    s[1] /= 1.1;
    ck_assert_int_eq(models_amdahl_fit(p, s, 2, &fit), -EINVAL);
    ck_assert_int_eq(models_amdahl_fit(p, s, 3, &fit), 0);
    ck_assert_double_nan(fit.low);
}
END_TEST

static const double levels[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32};
enum { LEVELS = sizeof levels / sizeof *levels };

static double usl_time(double sigma, double kappa, double p)
{
    return 1e6 * (1 + sigma * (p - 1) + kappa * p * (p - 1)) / p;
}

START_TEST(usl_comes_back_exactly)
{
    double t[LEVELS];
    for (size_t i = 0; i < LEVELS; i++) t[i] = usl_time(0.03, 0.0008, levels[i]);
    struct usl_fit fit;
    ck_assert_int_eq(models_usl_fit(levels, t, LEVELS, &fit), 0);
    ck_assert_double_eq_tol(fit.sigma, 0.03, 1e-9);
    ck_assert_double_eq_tol(fit.kappa, 0.0008, 1e-9);
    ck_assert_double_eq_tol(fit.t1, 1e6, 1e-3);
    ck_assert(fit.peak_seen);
    ck_assert_double_eq_tol(fit.peak, sqrt(0.97 / 0.0008), 1e-5);
    ck_assert_double_eq(fit.p_max, 32);
}
END_TEST

START_TEST(usl_refuses_what_it_cannot_fit)
{
    double p[] = {1, 2, 4, 8, 8}, t[] = {8, 4, 2, 1, 1};
    struct usl_fit fit = {.n = 99};
    ck_assert_int_eq(models_usl_fit(p, t, 3, &fit), -EINVAL);
    ck_assert_int_eq(models_usl_fit(p, t, 5, &fit), -EINVAL); /* a level twice */
    t[1] = 0;
    ck_assert_int_eq(models_usl_fit(p, t, 4, &fit), -EINVAL);
    t[1] = NAN;
    ck_assert_int_eq(models_usl_fit(p, t, 4, &fit), -EINVAL);
    ck_assert_uint_eq(fit.n, 99);
    t[1] = 4;
    ck_assert_int_eq(models_usl_fit(p, t, 4, &fit), 0);
    ck_assert(!fit.peak_seen); /* four levels never show a peak */
}
END_TEST

/* V1 of the method: parameters covered, and no peak invented. 1500 trials: standard error 0.56 % at 95 %. */
static const double usl_cases[][4] = {{0.05, 0.002, 0.02, 0}, {0.05, 0.001, 0.05, 0.03}, {0.2, 0.005, 0.05, 0.03}};

/* A curve's time; now and then an interruption lengthens a repetition: the median of 15 of them. */
static double usl_median(gsl_rng *random, double time, double noise, double spikes)
{
    double reps[15];
    if (spikes <= 0) return time * gsl_ran_lognormal(random, 0, noise);
    for (int i = 0; i < 15; i++) {
        reps[i] = time * gsl_ran_lognormal(random, 0, noise);
        if (gsl_rng_uniform(random) < spikes) reps[i] *= 1 + gsl_ran_exponential(random, 0.5);
    }
    return stats_median(reps, 15).median;
}

START_TEST(usl_intervals_cover_and_invent_no_peak)
{
    double s = usl_cases[_i][0], k = usl_cases[_i][1], noise = usl_cases[_i][2], spikes = usl_cases[_i][3];
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned sigma = 0, kappa = 0, false_peaks = 0, peaks = 0, trials = 1500;
    for (unsigned trial = 0; trial < trials; trial++) {
        double t[LEVELS], flat[LEVELS];
        for (size_t i = 0; i < LEVELS; i++) {
            t[i] = usl_median(random, usl_time(s, k, levels[i]), noise, spikes);
            flat[i] = usl_median(random, usl_time(s, 0, levels[i]), noise, spikes);
        }
        struct usl_fit fit;
        ck_assert_int_eq(models_usl_fit(levels, t, LEVELS, &fit), 0);
        sigma += fit.sigma_low <= s && s <= fit.sigma_high;
        kappa += fit.kappa_low <= k && k <= fit.kappa_high;
        peaks += fit.peak_seen;
        ck_assert_int_eq(models_usl_fit(levels, flat, LEVELS, &fit), 0);
        false_peaks += fit.peak_seen;
    }
    gsl_rng_free(random);
    ck_assert_msg(sigma >= 0.93 * trials && sigma <= 0.98 * trials, "sigma covered in %u", sigma);
    ck_assert_msg(kappa >= 0.93 * trials && kappa <= 0.98 * trials, "kappa covered in %u", kappa);
    ck_assert_msg(peaks >= 0.99 * trials, "peak seen in %u", peaks);
    ck_assert_msg(false_peaks <= 0.05 * trials, "peak invented in %u", false_peaks);
}
END_TEST

/* A fixed cost o per task: E = w/(w + o), so METG(50 %) = 2 o, whatever the order of the points; a factor of three apart, as in
 * the default experiment, to within 1 %. */
START_TEST(metg_of_a_fixed_cost)
{
    double o = 100, work[13], e[13];
    for (double shift = 1; shift < 3; shift *= 1.2) {
        struct metg_point found;
        for (size_t i = 0; i < 13; i++) {
            work[i] = shift * pow(3, (double)((i * 7) % 13));
            e[i] = work[i] / (work[i] + o);
        }
        ck_assert_int_eq(models_metg(work, e, 13, 0.5, &found), METG_REACHED);
        ck_assert_double_eq_tol(found.work, o, 0.015 * o);
        ck_assert_double_eq(found.granularity, 2 * found.work);
    }
}
END_TEST

/* Tasks of 300 ns took 1.9 us of two workers each, those of 1 us 1.8: by granularity the second was the smallest point of all, and
 * "less than 1 us" was said where 900 ns had been measured. */
START_TEST(metg_where_a_smaller_task_takes_as_long)
{
    double work[] = {300, 1000, 3000}, e[] = {300 / 1900., 1000 / 1800., 0.8};
    struct metg_point found;
    ck_assert_int_eq(models_metg(work, e, 3, 0.5, &found), METG_REACHED);
    ck_assert(found.work > 800 && found.work < 1000);
}
END_TEST

START_TEST(metg_interpolates_in_log_work)
{
    double work[] = {1000, 10, 100}, e[] = {0.9, 0.2, 0.6};
    struct metg_point found;
    ck_assert_int_eq(models_metg(work, e, 3, 0.4, &found), METG_REACHED);
    ck_assert_double_eq_tol(found.work, sqrt(10 * 100), 1e-9);
    ck_assert_double_eq_tol(found.granularity, sqrt(10 * 100) / 0.4, 1e-9);
    ck_assert_int_eq(models_metg(work, e, 3, 0.6, &found), METG_REACHED);
    ck_assert_double_eq_tol(found.work, 100, 1e-9);
    ck_assert_int_eq(models_metg(work, e, 3, 0.1, &found), METG_BOUND);
    ck_assert_double_eq(found.work, 10);
    ck_assert_double_eq(found.granularity, 10 / 0.2);
    ck_assert_int_eq(models_metg(work, e, 3, 0.95, &found), METG_NOT_REACHED);
    ck_assert_double_nan(found.work);
    ck_assert_double_nan(found.granularity);
    ck_assert_int_eq(models_metg(work, e, 0, 0.5, &found), METG_NOT_REACHED);
    double holes[] = {NAN, 0.2, 0.6};
    ck_assert_int_eq(models_metg(work, holes, 3, 0.5, &found), METG_REACHED);
}
END_TEST

/* T/T_s = o/t + 0.6: exactly 1 at t = o/0.4, whatever points stand around it. */
START_TEST(crossing_is_exact_under_its_model)
{
    double task[] = {1e5, 10, 1000, 100}, ratio[4], at;
    for (size_t i = 0; i < 4; i++) ratio[i] = 300 / task[i] + 0.6;
    ck_assert_int_eq(models_crossing(task, ratio, 4, &at), METG_REACHED);
    ck_assert_double_eq_tol(at, 750, 1e-6);
    ck_assert_int_eq(models_crossing(task, ratio, 1, &at), METG_BOUND);
    ck_assert_double_eq(at, 1e5);
    ck_assert_int_eq(models_crossing(task + 1, ratio + 1, 1, &at), METG_NOT_REACHED);
    ck_assert_double_nan(at);
}
END_TEST

/* 1 % of noise up and down on each time; a region that would be negative is none. */
START_TEST(one_line_goes_through_all_sizes)
{
    double serial[] = {10, 100, 1000, 1e4, 1e5}, wall[5];
    struct models_line line;
    for (size_t i = 0; i < 5; i++) wall[i] = 40 + 0.6 * serial[i];
    ck_assert(models_line_fit(serial, wall, 5, &line));
    ck_assert_double_eq_tol(line.region_ns, 40, 1e-9);
    ck_assert_double_eq_tol(line.share, 0.6, 1e-12);
    for (size_t i = 0; i < 5; i++) wall[i] *= i % 2 ? 0.99 : 1.01;
    ck_assert(models_line_fit(serial, wall, 5, &line));
    ck_assert_double_eq_tol(line.region_ns, 40, 1);
    ck_assert_double_eq_tol(line.share, 0.6, 0.01);
    for (size_t i = 0; i < 5; i++) wall[i] = 0.6 * serial[i] - 1;
    ck_assert(models_line_fit(serial, wall, 5, &line));
    ck_assert_double_eq(line.region_ns, 0);
    ck_assert(!models_line_fit(serial, wall, 2, &line));
    wall[2] = NAN;
    ck_assert(!models_line_fit(serial, wall, 5, &line));
    double same[] = {10, 10, 10};
    ck_assert(!models_line_fit(same, serial, 3, &line));
}
END_TEST

/* Against counting up from 1. */
START_TEST(crossover_is_the_first_number_of_tasks_that_pays)
{
    static const double fixed[] = {0.3, 1.7, 999.1, 100003.3, 123456.7}, serial[] = {10, 100, 1000},
                        share[] = {0.25, 0.5, 0.7, 0.98}, workers[] = {2, 3, 8, 64};
    for (size_t f = 0; f < 5; f++)
        for (size_t s = 0; s < 3; s++)
            for (size_t w = 0; w < 16; w++) {
                double p = workers[w / 4], t = serial[s] * fmax(share[w % 4], 1 / p), n = 1;
                while (!(fixed[f] + ceil(n / p) * p * t < n * serial[s]) && n < 1e7) n++;
                double got = models_crossover_tasks(fixed[f], t, serial[s], p);
                ck_assert_msg(got == n, "fixed %g t %g s %g p %g: %g, not %g", fixed[f], t, serial[s], p, got, n);
            }
    ck_assert(isinf(models_crossover_tasks(0, 100, 100, 2)));
    ck_assert(isinf(models_crossover_tasks(10, 120, 100, 2)));
}
END_TEST

START_TEST(pool_model_is_bound_by_work_or_by_the_door)
{
    struct pool_model plain = {100, 10, 0, 50, 1000, 0};
    ck_assert_double_eq(models_pool_time(&plain, 100, 4, 5), 100 + 40 + 25 * (1000 + 10));
    struct pool_model narrow = {0, 0, 1000, 0, 1, 0}; /* one at a time through the door */
    ck_assert_double_eq(models_pool_time(&narrow, 100, 4, 1), 1e5);
}
END_TEST

/* The budget of a good repetition of 100 + 1000 + 100 ns by these workers; results were gathered for so long. */
static int budget_gathered(struct sample_worker *workers, unsigned count, struct cell cell, int64_t gathered_ns, double serial_ns,
                           struct budget *b)
{
    struct run run = {.cell_count = 1, .cells = &cell};
    struct sample sample = {.status = "ok",
                            .start_ns = 100,
                            .wall_ns = 1000,
                            .stop_ns = 100,
                            .gathered_ns = gathered_ns,
                            .instrumented = true,
                            .worker_count = count,
                            .workers = workers};
    ck_assert_int_eq(run_add(&run, &sample, -1), 0);
    int status = budget_make(&run.samples[0], &cell, serial_ns, b);
    run.samples[0].stop_ns = -1;
    ck_assert_int_eq(budget_make(&run.samples[0], &cell, serial_ns, &(struct budget){0}), -ENODATA);
    run_samples_free(&run);
    return status;
}

static int budget_from(struct sample_worker *workers, unsigned count, struct cell cell, double serial_ns, struct budget *b)
{
    return budget_gathered(workers, count, cell, -1, serial_ns, b);
}

static struct cell team_of(unsigned processes, unsigned threads)
{
    return (struct cell){.processes = processes, .threads = threads};
}

START_TEST(budget_closes_and_names_each_term)
{
    struct sample_worker workers[] = {RUNS_WORKER(0, "", 20, 900, 960, -1), RUNS_WORKER(1, "", 10, 600, 640, -1)};
    struct budget b;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 1200, &b), 0);
    ck_assert_double_eq(b.core_ns, 2400);
    ck_assert_double_eq_tol(b.work, 1200 / 2400.0, 1e-12);
    ck_assert_double_eq_tol(b.dilation, 300 / 2400.0, 1e-12);
    ck_assert_double_eq_tol(b.start_stop, 400 / 2400.0, 1e-12);
    ck_assert_double_eq_tol(b.dispatch, (60 + 40) / 2400.0, 1e-12);
    ck_assert_double_eq_tol(b.tail, 320 / 2400.0, 1e-12);
    ck_assert_double_eq_tol(b.residual, 80 / 2400.0, 1e-12);
    ck_assert(b.marked); /* 3.3 % */
    const struct budget over = {.residual = -0.03, .start_stop = 0.5}; /* ends of tasks behind that of the run */
    ck_assert_double_eq_tol(budget_unaccounted(&over, false), 0.03, 1e-12);
    ck_assert_double_eq_tol(budget_unaccounted(&over, true), 0.06, 1e-12);
    ck_assert_double_eq_tol(b.work + b.dilation + b.start_stop + b.dispatch + b.tail + b.residual, 1, 1e-12);
    ck_assert_double_eq_tol(b.load_balance, 750 / 900.0, 1e-12);
    ck_assert_double_eq_tol(b.communication, 900 / 1200.0, 1e-12);
    ck_assert_double_eq_tol(b.computation_scaling, 1200 / 1500.0, 1e-12);
    ck_assert_double_eq_tol(b.load_balance * b.communication * b.computation_scaling, b.efficiency, 1e-12);
}
END_TEST

START_TEST(budget_of_idle_and_unrecorded_workers)
{
    struct sample_worker workers[] = {RUNS_WORKER(0, "", 0, 990, 995, -1), RUNS_WORKER(1, "", -1, 0, -1, -1)};
    struct budget b;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 990, &b), 0);
    ck_assert_double_eq_tol(b.tail, 995 / 2400.0, 1e-12); /* no task was left for it */
    ck_assert(!b.marked);
    ck_assert_int_eq(budget_from(workers, 2, team_of(3, 1), 990, &b), -ENODATA);
    workers[0].busy_ns = 0;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 990, &b), -ENODATA); /* nobody at work: not recorded */
    workers[0].busy_ns = 990;
    workers[1].busy_ns = -1;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 990, &b), -ENODATA);
    ck_assert_int_eq(budget_median(&b, 0, &b), -ENODATA);
}
END_TEST

START_TEST(budget_has_a_term_for_results_that_were_gathered)
{
    struct sample_worker workers[] = {RUNS_WORKER(0, "", 20, 900, 960, -1), RUNS_WORKER(1, "n2", 10, 600, 640, -1)};
    struct budget without, with;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 1200, &without), 0);
    ck_assert(isnan(without.transfer) && isnan(without.serialisation) && without.gather == 0);
    ck_assert_int_eq(budget_gathered(workers, 2, team_of(2, 1), 30, 1200, &with), 0);
    ck_assert_double_eq_tol(with.gather, 60 / with.core_ns, 1e-12);
    ck_assert_double_eq_tol(with.gather + with.residual, without.residual, 1e-12);
    ck_assert_double_eq_tol(with.transfer * with.serialisation, with.communication, 1e-12);
    ck_assert_double_eq_tol(with.transfer, 1 - 60 / with.core_ns, 1e-12);
}
END_TEST

/* Two processes of two threads: B = 1000 and 600 of R = 1200, U = 900, 700, 500, 300. */
START_TEST(budget_has_a_process_and_a_thread_level)
{
    struct sample_worker workers[] = {
        RUNS_WORKER(0, "", 0, 900, 950, 1000), RUNS_WORKER(1, "", 0, 700, 960, 1000),
        RUNS_WORKER(2, "", 0, 500, 590, 600), RUNS_WORKER(3, "", 0, 300, 590, 600)};
    struct budget b;
    ck_assert_int_eq(budget_from(workers, 4, team_of(2, 2), 2000, &b), 0);
    ck_assert_double_eq_tol(b.process_load_balance, 800 / 1000.0, 1e-12);
    ck_assert_double_eq_tol(b.process_communication, 1000 / 1200.0, 1e-12);
    ck_assert_double_eq_tol(b.thread_communication, 900 / 1000.0, 1e-12);
    ck_assert_double_eq_tol(b.thread_load_balance, (600 / 900.0) / (800 / 1000.0), 1e-12);
    ck_assert_double_eq_tol(b.process_load_balance * b.process_communication * b.thread_load_balance *
                                b.thread_communication * b.computation_scaling,
                            b.efficiency, 1e-12);
    workers[2].team_ns = workers[3].team_ns = -1; /* worked, but nobody wrote down for how long */
    ck_assert_int_eq(budget_from(workers, 4, team_of(2, 2), 2000, &b), 0);
    ck_assert_double_nan(b.process_load_balance);
    ck_assert_double_nan(b.thread_communication);
}
END_TEST

/* Processes of one thread are outside the pool when they are in the kernel; one process has no pool at all. */
START_TEST(budget_levels_of_plain_teams)
{
    struct sample_worker workers[] = {RUNS_WORKER(0, "", 0, 900, 950, -1), RUNS_WORKER(1, "", 0, 700, 960, -1)};
    struct budget b;
    ck_assert_int_eq(budget_from(workers, 2, team_of(2, 1), 1500, &b), 0);
    ck_assert_double_eq_tol(b.process_load_balance, b.load_balance, 1e-12);
    ck_assert_double_eq_tol(b.process_communication, b.communication, 1e-12);
    ck_assert_double_eq_tol(b.thread_load_balance, 1, 1e-12);
    ck_assert_double_eq_tol(b.thread_communication, 1, 1e-12);
    ck_assert_int_eq(budget_from(workers, 2, team_of(1, 2), 1500, &b), 0);
    ck_assert_double_eq_tol(b.process_load_balance * b.process_communication, 1, 1e-12);
    ck_assert_double_eq_tol(b.thread_load_balance, b.load_balance, 1e-12);
    ck_assert_double_eq_tol(b.thread_communication, b.communication, 1e-12);
}
END_TEST

START_TEST(median_budget_is_a_real_one)
{
    struct budget all[4] = {{.core_ns = 4, .work = 0.4},
                            {.core_ns = 1, .work = 0.1},
                            {.core_ns = 3, .work = 0.3},
                            {.core_ns = 2, .work = 0.2}},
                  median;
    ck_assert_int_eq(budget_median(all, 4, &median), 0);
    ck_assert_double_eq(median.core_ns, 2);
    ck_assert_double_eq(median.work, 0.2);
    ck_assert_uint_eq(median.n, 4);
    all[1].disturbed = all[2].disturbed = true; /* 10 and 3 are left */
    ck_assert_int_eq(budget_median(all, 4, &median), 0);
    ck_assert_uint_eq(median.n, 2);
    ck_assert(!median.disturbed);
    for (int i = 0; i < 4; i++) all[i].disturbed = true;
    ck_assert_int_eq(budget_median(all, 4, &median), 0);
    ck_assert_uint_eq(median.n, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("models");
    TCase *all = tcase_create("all");
    tcase_add_test(all, formulas);
    tcase_add_test(all, amdahl_comes_back);
    tcase_add_test(all, usl_comes_back_exactly);
    tcase_add_test(all, usl_refuses_what_it_cannot_fit);
    tcase_add_loop_test(all, usl_intervals_cover_and_invent_no_peak, 0, sizeof usl_cases / sizeof *usl_cases);
    tcase_add_test(all, metg_of_a_fixed_cost);
    tcase_add_test(all, metg_where_a_smaller_task_takes_as_long);
    tcase_add_test(all, metg_interpolates_in_log_work);
    tcase_add_test(all, crossing_is_exact_under_its_model);
    tcase_add_test(all, one_line_goes_through_all_sizes);
    tcase_add_test(all, crossover_is_the_first_number_of_tasks_that_pays);
    tcase_add_test(all, pool_model_is_bound_by_work_or_by_the_door);
    tcase_add_test(all, budget_closes_and_names_each_term);
    tcase_add_test(all, budget_of_idle_and_unrecorded_workers);
    tcase_add_test(all, budget_has_a_term_for_results_that_were_gathered);
    tcase_add_test(all, budget_has_a_process_and_a_thread_level);
    tcase_add_test(all, budget_levels_of_plain_teams);
    tcase_add_test(all, median_budget_is_a_real_one);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
