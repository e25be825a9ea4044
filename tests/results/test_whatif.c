/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Predictions from a runner's fitted costs: right where it was measured, honest about where it was not. */
#include "results/models/whatif.h"
#include "tests/fixtures/simulate.h"
#include "tests/suite.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/test_whatif.XXXXXX";
static struct reason note, why;
static struct run run;
static struct summary summary;

static void open_run(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(simulate_run(dir, &simulate_small, 10, 3), 0);
    ck_assert_msg(!run_read(dir, &run, &note, &why), "%s", why.text);
    ck_assert_msg(!summary_make(&run, &summary, &why), "%s", why.text);
}

static void close_run(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    summary_free(&summary);
    run_free(&run);
    ck_assert_int_eq(system(command), 0);
    strcpy(dir, "/tmp/test_whatif.XXXXXX");
}

static struct whatif_setting setting_of(const struct cell_summary *row)
{
    return (struct whatif_setting){.workers = row->workers,
                                   .tasks = (double)row->cell->tasks,
                                   .task_ns = row->quantity[QUANTITY_task_ns].median,
                                   .chunk = (double)row->cell->chunk};
}

START_TEST(a_measured_cell_is_predicted_as_its_fit_says_and_lies_inside)
{
    size_t cells = 0, banded = 0, held = 0;
    for (size_t i = 0; i < summary.pool_count; i++)
        for (size_t k = 0; k < summary.pools[i].fit.n; k++) {
            const struct pool_cell *cell = &summary.pools[i].cells[k];
            struct whatif_setting setting = setting_of(cell->cell);
            struct whatif_answer answer;
            double wall = cell->cell->quantity[QUANTITY_wall_ns].median;
            whatif_ask(&summary.pools[i], &setting, &answer);
            ck_assert_double_eq_tol(answer.run_ns.median / cell->predicted_ns, 1, 1e-9);
            ck_assert_double_eq_tol(answer.speedup.median * answer.run_ns.median / setting.tasks / setting.task_ns, 1, 1e-9);
            ck_assert_uint_eq(answer.outside, 0);
            ck_assert(answer.total_ns.median >= answer.run_ns.median);
            cells++;
            if (isnan(answer.run_ns.low)) continue;
            banded++;
            held += wall >= answer.run_ns.low && wall <= answer.run_ns.high;
        }
    ck_assert_uint_gt(cells, 60);
    ck_assert_uint_gt(banded, 40);
    ck_assert_double_gt((double)held / (double)banded, 0.93);
}
END_TEST

START_TEST(each_axis_has_its_own_outside)
{
    const struct pool_costs *pool = &summary.pools[0];
    struct whatif_setting middle, setting;
    struct whatif_answer answer, far;
    whatif_middle(pool, &middle);
    whatif_ask(pool, &middle, &answer);
    ck_assert_uint_eq(answer.outside, 0);
    setting = middle, setting.workers = 2 * pool->ground.range[WHATIF_WORKERS].high;
    whatif_ask(pool, &setting, &answer);
    ck_assert_uint_eq(answer.outside, 1u << WHATIF_WORKERS);
    setting = middle, setting.task_ns *= 1.2, setting.tasks = round(setting.tasks / 1.2);
    whatif_ask(pool, &setting, &answer);
    ck_assert_uint_eq(answer.outside, 1u << WHATIF_TASK_NS | 1u << WHATIF_TASKS);
    setting = middle, setting.task_ns *= 1.04; /* calibrated sizes are a little off each */
    whatif_ask(pool, &setting, &answer);
    ck_assert_uint_eq(answer.outside, 0);
    setting = middle, setting.task_ns /= 1000;
    whatif_ask(pool, &setting, &far);
    ck_assert_uint_eq(far.outside, 1u << WHATIF_TASK_NS | 1u << WHATIF_WORK_NS);
    ck_assert(far.run_ns.high / far.run_ns.low > answer.run_ns.high / answer.run_ns.low);
}
END_TEST

/* Fits to noisy points, each asked for a new measurement elsewhere: the band holds 95 % of those. */
START_TEST(the_band_holds_as_often_as_it_promises)
{
    enum { TRIALS = 400, POINTS = 12 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned held = 0, held_start = 0;
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        struct pool_point points[POINTS];
        double workers[POINTS], time_ns[POINTS];
        struct pool_fit fit;
        struct pool_start start;
        for (unsigned i = 0; i < POINTS; i++) {
            double tasks = 64 << i % 4, p = 1 << i % 3;
            points[i] = (struct pool_point){.workers = p, .chunk = 1, .tasks = tasks, .task_ns = 1000.0 * (1 + i / 3)};
            points[i].time_ns = (20000 + tasks / p * (1.1 * points[i].task_ns + 300)) * (1 + gsl_ran_gaussian(rng, 0.02));
            workers[i] = p;
            time_ns[i] = (50000 + 20000 * p) * (1 + gsl_ran_gaussian(rng, 0.02));
        }
        ck_assert_int_eq(pool_fit_make(points, POINTS, &fit), 0);
        ck_assert_int_eq(pool_fit_start(workers, time_ns, POINTS, &start), 0);
        struct pool_point asked = {.workers = 4, .chunk = 1, .tasks = 256, .task_ns = 2500};
        double truth = (20000 + 64 * (1.1 * 2500 + 300)) * (1 + gsl_ran_gaussian(rng, 0.02));
        held += fabs(pool_fit_time(&fit, &asked) - truth) <= fit.t * pool_fit_deviation(&fit, &asked);
        truth = (50000 + 20000 * 3) * (1 + gsl_ran_gaussian(rng, 0.02));
        held_start += fabs(pool_fit_start_time(&start, 3) - truth) <= start.t * pool_fit_start_deviation(&start, 3);
    }
    gsl_rng_free(rng);
    ck_assert_msg(held > TRIALS * 0.92 && held < TRIALS * 0.99, "%u of %u", held, TRIALS);
    ck_assert_msg(held_start > TRIALS * 0.92 && held_start < TRIALS * 0.99, "%u of %u", held_start, TRIALS);
}
END_TEST

START_TEST(a_start_measured_with_one_number_of_workers_holds_there_alone)
{
    const double time_ns[] = {100, 110, 90};
    struct pool_start start;
    ck_assert_int_eq(pool_fit_start_only(4, time_ns, 0, &start), -EINVAL);
    ck_assert_int_eq(pool_fit_start_only(4, time_ns, 3, &start), 0);
    ck_assert_double_nan(start.fixed_ns.median);
    ck_assert_double_eq_tol(pool_fit_start_time(&start, 4), 98, 1);
    ck_assert_double_nan(pool_fit_start_time(&start, 5));
    ck_assert(pool_fit_start_deviation(&start, 4) > 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("whatif");
    TCase *simulated = tcase_create("simulated"), *formulas = tcase_create("formulas");
    tcase_add_checked_fixture(simulated, open_run, close_run);
    tcase_add_test(simulated, a_measured_cell_is_predicted_as_its_fit_says_and_lies_inside);
    tcase_add_test(simulated, each_axis_has_its_own_outside);
    tcase_add_test(formulas, the_band_holds_as_often_as_it_promises);
    tcase_add_test(formulas, a_start_measured_with_one_number_of_workers_holds_there_alone);
    suite_add_tcase(suite, simulated);
    suite_add_tcase(suite, formulas);
    return suite_run(suite);
}
