/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fitted pool: injected costs come back, and what the points cannot tell is said to be unknown. */
#include "results/statistics/pool_fit.h"
#include "tests/suite.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { POINTS_MAX = 400 };
static struct pool_point points[POINTS_MAX];
static size_t count;

/* The truth, as pool_fit.h states it; the busiest worker's share counted out chunk by chunk. */
struct truth {
    double region, dilation, chunk, serial, byte, spread;
};

static double truth_time(const struct truth *truth, const struct pool_point *point)
{
    unsigned p = (unsigned)point->workers;
    double tasks[64] = {0}, chunks[64] = {0}, left = point->tasks, most_tasks = 0, most_chunks = 0, all = 0;
    for (unsigned at = 0; left > 0; at = (at + 1) % p, all++) {
        double mine = fmin(left, point->chunk);
        tasks[at] += mine;
        chunks[at]++;
        left -= mine;
    }
    for (unsigned i = 0; i < p; i++)
        most_tasks = fmax(most_tasks, tasks[i]), most_chunks = fmax(most_chunks, chunks[i]);
    /* a last chunk that is cut short belongs to whoever is at most as busy as the others */
    double work =
        most_tasks * (truth->dilation * point->task_ns + truth->byte * point->bytes) + most_chunks * truth->chunk;
    return truth->region + fmax(work, truth->serial * all) +
           truth->spread * sqrt(2 * point->chunk * log(point->workers));
}

static void add(double workers, double chunk, double tasks, double task_ns, double bytes)
{
    ck_assert_uint_lt(count, POINTS_MAX);
    points[count++] = (struct pool_point){workers, chunk, tasks, task_ns, bytes, 0};
}

static struct pool_fit fit_of(const struct truth *truth, gsl_rng *random, double noise)
{
    struct pool_fit fit;
    for (size_t i = 0; i < count; i++)
        points[i].time_ns = truth_time(truth, &points[i]) * (random ? gsl_ran_lognormal(random, 0, noise) : 1);
    ck_assert_int_eq(pool_fit_make(points, count, &fit), 0);
    ck_assert_uint_eq(fit.n, count);
    return fit;
}

/* Chunks, workers and numbers of tasks varied: all there is to know but h_s. */
static void grid(void)
{
    static const double workers[] = {1, 2, 4, 8}, chunks[] = {1, 4, 16, 64, 250}, tasks[] = {1000, 8000};
    count = 0;
    for (size_t p = 0; p < 4; p++)
        for (size_t c = 0; c < 5; c++)
            for (size_t n = 0; n < 2; n++) add(workers[p], chunks[c], tasks[n], 2000, 0);
}

START_TEST(costs_come_back)
{
    struct truth truth = {.region = 30000, .dilation = 1.08, .chunk = 700, .spread = 5000};
    grid();
    struct pool_fit fit = fit_of(&truth, NULL, 0);
    ck_assert_double_eq_tol(fit.region_ns.median, 30000, 1);
    ck_assert_double_eq_tol(fit.dilation.median, 1.08, 1e-6);
    ck_assert_double_eq_tol(fit.chunk_ns.median, 700, 0.1);
    ck_assert_double_eq_tol(fit.spread_ns.median, 5000, 1);
    ck_assert_double_nan(fit.byte_ns.median);
    ck_assert_double_lt(fit.error, 1e-6);
    ck_assert(!fit.saturated);
    ck_assert_double_nan(fit.chunk_serial_ns.median);   /* no point is bound by it */
    ck_assert_double_lt(fit.chunk_serial_ns.high, 700); /* else eight workers with chunks of 1 would be */
    ck_assert_double_gt(fit.chunk_serial_ns.high, 200); /* 2860 ns a task over 8 workers leave room for 357 ns */
}
END_TEST

START_TEST(the_serialised_part_comes_back_where_it_binds)
{
    struct truth truth = {.region = 30000, .dilation = 1, .chunk = 900, .serial = 600};
    grid();
    for (size_t i = 0; i < count; i++) points[i].task_ns = 300;
    struct pool_fit fit = fit_of(&truth, NULL, 0);
    ck_assert(fit.saturated);
    ck_assert_double_eq_tol(fit.chunk_serial_ns.median, 600, 1);
    ck_assert_double_eq_tol(fit.chunk_ns.median, 900, 1);
    ck_assert_double_eq_tol(fit.region_ns.median, 30000, 50);
    ck_assert_double_eq_tol(fit.dilation.median, 1, 1e-3);
    for (size_t i = 0; i < count; i++)
        ck_assert_double_eq_tol(pool_fit_time(&fit, &points[i]) / points[i].time_ns, 1, 1e-3);
}
END_TEST

START_TEST(a_cost_per_byte_comes_back)
{
    struct truth truth = {.region = 20000, .dilation = 1, .chunk = 500, .byte = 0.25};
    count = 0;
    for (double bytes = 1; bytes <= 1 << 20; bytes *= 16)
        for (double p = 1; p <= 4; p *= 2)
            for (double n = 100; n <= 1000; n *= 10) add(p, 1, n, 1000 + bytes / 8, bytes);
    struct pool_fit fit = fit_of(&truth, NULL, 0);
    ck_assert_double_eq_tol(fit.byte_ns.median, 0.25, 1e-6);
    ck_assert_double_eq_tol(fit.chunk_ns.median, 500, 1);
    ck_assert_double_eq_tol(fit.region_ns.median, 20000, 1);
    ck_assert_double_nan(fit.dilation.median); /* tasks grow with their bytes: one of the two can be told */
}
END_TEST

/* One chunk size a worker: what a chunk costs is part of what a run phase costs, whatever the size of tasks. */
START_TEST(what_cannot_be_told_is_not_identifiable)
{
    struct truth truth = {.region = 30000, .dilation = 1.1, .chunk = 700};
    count = 0;
    for (double task_ns = 100; task_ns < 1e6; task_ns *= 10) add(4, 25, 100, task_ns, 0);
    struct pool_fit fit = fit_of(&truth, NULL, 0);
    ck_assert_double_nan(fit.chunk_ns.median);
    ck_assert_double_nan(fit.chunk_serial_ns.median);
    ck_assert_double_nan(fit.spread_ns.median);
    ck_assert_double_eq_tol(fit.region_ns.median, 30700, 1);
    ck_assert_double_eq_tol(fit.dilation.median, 1.1, 1e-6);
    count = 0;
    for (double tasks = 20; tasks < 1e6; tasks *= 10) add(2, 1, tasks, 2e7 / tasks, 0); /* the same work in all */
    fit = fit_of(&truth, NULL, 0);
    ck_assert_double_nan(fit.region_ns.median); /* a share of the same work, or of each run phase? */
    ck_assert_double_eq_tol(fit.chunk_ns.median, 700, 1);
}
END_TEST

START_TEST(nothing_is_made_of_nothing)
{
    struct pool_fit fit = {.n = 99};
    grid();
    ck_assert_int_eq(pool_fit_make(points, 1, &fit), -EINVAL);
    ck_assert_int_eq(pool_fit_make(points, count, &fit), -EINVAL); /* times of 0 */
    for (size_t i = 0; i < count; i++) points[i].time_ns = 1000;
    points[3].time_ns = NAN;
    ck_assert_int_eq(pool_fit_make(points, count, &fit), -EINVAL);
    ck_assert_uint_eq(fit.n, 99);
}
END_TEST

/* 600 trials with 3 % of noise: standard error of a coverage of 95 % is 0.9 %. */
START_TEST(intervals_cover)
{
    struct truth truth = {.region = 40000, .dilation = 1.05, .chunk = 800, .spread = 9000};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned region = 0, dilation = 0, chunk = 0, spread = 0, invented = 0, trials = 600;
    grid();
    for (unsigned trial = 0; trial < trials; trial++) {
        struct pool_fit fit = fit_of(&truth, random, 0.03);
        region += fit.region_ns.low <= 40000 && 40000 <= fit.region_ns.high;
        dilation += fit.dilation.low <= 1.05 && 1.05 <= fit.dilation.high;
        chunk += fit.chunk_ns.low <= 800 && 800 <= fit.chunk_ns.high;
        spread += fit.spread_ns.low <= 9000 && 9000 <= fit.spread_ns.high;
        if (!isnan(fit.chunk_serial_ns.median)) invented++;
    }
    gsl_rng_free(random);
    ck_assert_msg(region >= 0.92 * trials && region <= 0.98 * trials, "region covered in %u", region);
    ck_assert_msg(dilation >= 0.92 * trials && dilation <= 0.98 * trials, "dilation covered in %u", dilation);
    ck_assert_msg(chunk >= 0.92 * trials && chunk <= 0.98 * trials, "chunk covered in %u", chunk);
    ck_assert_msg(spread >= 0.92 * trials && spread <= 0.98 * trials, "spread covered in %u", spread);
    ck_assert_msg(invented <= 0.06 * trials, "a serialised part was invented in %u", invented);
}
END_TEST

START_TEST(serialised_intervals_cover)
{
    struct truth truth = {.region = 30000, .dilation = 1, .chunk = 900, .serial = 600};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned serial = 0, found = 0, trials = 60;
    grid();
    for (size_t i = 0; i < count; i++) points[i].task_ns = 300;
    for (unsigned trial = 0; trial < trials; trial++) {
        struct pool_fit fit = fit_of(&truth, random, 0.02);
        if (!isnan(fit.chunk_serial_ns.median)) found++;
        serial += fit.chunk_serial_ns.low <= 600 && 600 <= fit.chunk_serial_ns.high;
    }
    gsl_rng_free(random);
    ck_assert_uint_eq(found, trials);
    ck_assert_msg(serial >= 0.86 * trials, "covered in %u", serial); /* three standard errors below 95 % */
}
END_TEST

START_TEST(start_up_comes_back)
{
    double workers[] = {1, 2, 4, 8}, time_ns[4];
    struct pool_start start;
    for (size_t i = 0; i < 4; i++) time_ns[i] = 200000 + 60000 * workers[i];
    ck_assert_int_eq(pool_fit_start(workers, time_ns, 4, &start), 0);
    ck_assert_double_eq_tol(start.fixed_ns.median, 200000, 1);
    ck_assert_double_eq_tol(start.per_worker_ns.median, 60000, 1);
    ck_assert_double_eq_tol(start.per_worker_ns.high, 60000, 10);
    ck_assert_int_eq(pool_fit_start(workers, time_ns, 2, &start), 0);
    ck_assert_double_nan(start.fixed_ns.low);
    workers[1] = 1;
    ck_assert_int_eq(pool_fit_start(workers, time_ns, 2, &start), -EINVAL); /* one number of workers */
}
END_TEST

/* The predicted task size against a scan of the truth. */
START_TEST(the_crossover_is_where_a_scan_finds_it)
{
    struct truth truth = {.region = 25000, .dilation = 1.06, .chunk = 400};
    grid();
    struct pool_fit fit = fit_of(&truth, NULL, 0);
    static const double fixed[] = {0, 3e5};
    for (int f = 0; f < 2; f++)
        for (double p = 2; p <= 8; p *= 2)
            for (double chunk = 1; chunk <= 25; chunk *= 5) {
                struct pool_point point = {.workers = p, .chunk = chunk, .tasks = 200};
                double task_ns = 1;
                while (fixed[f] + (point.task_ns = task_ns, truth_time(&truth, &point)) >= 200 * task_ns)
                    task_ns *= 1.001;
                double got = pool_fit_crossover_ns(&fit, fixed[f], p, chunk, 200);
                ck_assert_double_eq_tol(got / task_ns, 1, 0.003);
            }
    ck_assert(isinf(pool_fit_crossover_ns(&fit, 0, 1, 1, 200)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool_fit");
    TCase *all = tcase_create("all");
    tcase_add_test(all, costs_come_back);
    tcase_add_test(all, the_serialised_part_comes_back_where_it_binds);
    tcase_add_test(all, a_cost_per_byte_comes_back);
    tcase_add_test(all, what_cannot_be_told_is_not_identifiable);
    tcase_add_test(all, nothing_is_made_of_nothing);
    tcase_add_test(all, intervals_cover);
    tcase_add_test(all, serialised_intervals_cover);
    tcase_add_test(all, start_up_comes_back);
    tcase_add_test(all, the_crossover_is_where_a_scan_finds_it);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
