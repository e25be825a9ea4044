/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The summary: figures of hand-made runs worked out by hand. */
#include "kernels/reason.h"
#include "results/models/summary_parts.h"
#include "results/models/summary.h"
#include "tests/fixtures/runs.h"
#include "tests/suite.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct quantity figure(const struct summary *summary, unsigned cell, enum quantity_id id)
{
    return summary->cells[cell].quantity[id];
}

START_TEST(figures_of_a_cell)
{
    struct run run = runs_plain(10);
    struct summary summary = runs_summary(&run);
    ck_assert_double_eq(figure(&summary, 0, QUANTITY_wall_ns).median, 104500);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_wall_ns).median, 52250);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_wall_ns).low, 50500); /* rank 2 of 10 */
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_wall_ns).high, 54000);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_serial_ns).median, 104500);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_task_ns).median, 1045);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_total_ns).median, 67250);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_speedup).median, 2, 1e-12);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_speedup).low, 2, 1e-12); /* drift between blocks cancels */
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_efficiency).median, 1, 1e-12);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_speedup_total).low, 101000 / 65500.0, 1e-9);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_overhead_core_ns).median, 0, 1e-9);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_karp_flatt).median, 0, 1e-12);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_setup_ns).median);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_setup_ns).n, 0);
    ck_assert_double_eq(figure(&summary, 0, QUANTITY_speedup).median, 1);
    ck_assert_double_nan(figure(&summary, 0, QUANTITY_karp_flatt).median);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_pool_tax).median); /* one worker was not measured */
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* A fast core and a slow one of half its speed: one and a half cores' worth, of which 1.25 came. */
START_TEST(unequal_cores_are_worth_the_sum_of_their_speeds)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 2)->speeds_milli = 1500;
    for (unsigned block = 0; block < 6; block++) {
        runs_sample(&run, 0, block, 100000);
        runs_sample(&run, 1, block, 80000);
    }
    struct summary summary = runs_summary(&run);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_speedup).median, 1.25, 1e-12);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_efficiency).median, 1.25 / 1.5, 1e-12);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_overhead_core_ns).median, 1.5 * 80000 - 100000, 1e-6);
    double points[8];
    ck_assert_uint_eq(parts_points(&summary, &run.cells[1], QUANTITY_efficiency, points, 8), 6);
    ck_assert_double_eq_tol(points[0], 1.25 / 1.5, 1e-12);
    parts_points(&summary, &run.cells[1], QUANTITY_overhead_per_task_ns, points, 8);
    ck_assert_double_eq_tol(points[0] * (double)run.cells[1].tasks, 1.5 * 80000 - 100000, 1e-6);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_karp_flatt).median, (1 / 1.25 - 1 / 1.5) / (1 - 1 / 1.5), 1e-12);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(few_repetitions_have_no_interval)
{
    struct run run = runs_plain(5);
    struct summary summary = runs_summary(&run);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_wall_ns).low);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_speedup).high);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_speedup).n, 5);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* A drift of +-10 % over the run: the ratio of medians of unpaired halves would be off, the paired one is not. */
START_TEST(ratios_are_formed_inside_a_block)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 4);
    for (unsigned block = 0; block < 12; block++) {
        runs_sample(&run, 0, block, 90000 + 2000 * block);
        if (block >= 6) runs_sample(&run, 1, block, (90000 + 2000 * block) / 4); /* the early ones are lost */
    }
    struct summary summary = runs_summary(&run);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_speedup).median, 4, 1e-9);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_speedup).n, 6);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_serial_ns).median, 101000, 1e-9);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(without_a_serial_time_there_is_no_ratio)
{
    struct run run = runs_plain(8);
    for (size_t i = 0; i < run.sample_count; i++)
        if (run.samples[i].cell == 0) strcpy(run.samples[i].status, "error");
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_speedup).n, 0);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_speedup).median);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_task_ns).median);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_wall_ns).n, 8);
    ck_assert_uint_eq(summary.advice_count, 0);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(nothing_is_dropped_and_nothing_bad_is_a_time)
{
    struct run run = runs_plain(10);
    struct observation *sample = runs_sample(&run, 1, 10, -1);
    strcpy(sample->status, "killed");
    sample->cause = "signal 9 (Killed)";
    sample = runs_sample(&run, 1, 11, 1);
    strcpy(sample->status, "error");
    sample->cause = "wrong result: task 3";
    sample = runs_sample(&run, 1, 3, 1); /* instrumented: never a headline time */
    sample->instrumented = true;
    run.samples[1].suspect = "steal throttled";
    run.samples[3].suspect = "throttled migrated";
    run.samples[5].verified = "";
    sample = runs_sample(&run, 1, 12, 90000000); /* an outlier stays */
    struct summary summary = runs_summary(&run);
    const struct cell_summary *row = &summary.cells[1];
    ck_assert_uint_eq(row->samples, 11);
    ck_assert_uint_eq(row->errors, 2);
    ck_assert_str_eq(row->error, "signal 9 (Killed)");
    ck_assert_uint_eq(row->suspects, 2);
    ck_assert_str_eq(row->suspect, "steal throttled migrated");
    ck_assert_str_eq(row->verified, "");
    ck_assert_uint_eq(row->outliers, 1);
    ck_assert_uint_eq(row->quantity[QUANTITY_wall_ns].n, 11);
    ck_assert_double_eq(row->quantity[QUANTITY_wall_ns].median, 52500);
    ck_assert_str_eq(summary.cells[0].verified, "serial");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(pool_tax_is_that_of_one_worker)
{
    struct run run = runs_plain(8);
    runs_cell(&run, "forkpool", 1, 1);
    strcpy(runs_cell(&run, "forkpool", 4, 1)->placement, "close");
    for (unsigned block = 0; block < 8; block++) {
        runs_sample(&run, 2, block, (100000 + 1000 * block) * 5 / 4);
        runs_sample(&run, 3, block, 30000);
    }
    struct summary summary = runs_summary(&run);
    ck_assert_double_eq_tol(figure(&summary, 1, QUANTITY_pool_tax).median, 0.25, 1e-9);
    ck_assert_double_eq_tol(figure(&summary, 2, QUANTITY_pool_tax).median, 0.25, 1e-9);
    ck_assert_double_nan(figure(&summary, 3, QUANTITY_pool_tax).median); /* another placement has another T_1 */
    ck_assert_double_nan(figure(&summary, 0, QUANTITY_pool_tax).median);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(budget_comes_from_instrumented_samples)
{
    struct run run = runs_plain(8);
    struct observation *sample = runs_sample(&run, 1, 2, 55000);
    const struct sample_worker workers[] = {RUNS_WORKER(0, "", 500, 51000, 54500, -1), RUNS_WORKER(1, "", 2500, 50000, 54000, -1)};
    runs_spans(&run, sample, workers);
    sample->start_ns = 1000;
    sample->stop_ns = 1000;
    struct summary summary = runs_summary(&run);
    const struct budget *b = &summary.cells[1].budget;
    ck_assert_uint_eq(b->n, 1);
    ck_assert_double_eq(b->core_ns, 2 * 57000);
    ck_assert_double_eq_tol(b->work, 102000 / 114000.0, 1e-12); /* serial of block 2 */
    ck_assert_double_eq_tol(b->dilation, -1000 / 114000.0, 1e-12);
    ck_assert_double_eq_tol(b->instrumentation, 55000 / 51000.0 - 1, 1e-12);
    ck_assert_uint_eq(summary.cells[0].budget.n, 0);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_late_p50_ns).median, 1500);
    ck_assert_double_eq(figure(&summary, 1, QUANTITY_late_max_ns).median, 2500);
    ck_assert_uint_eq(figure(&summary, 0, QUANTITY_late_max_ns).n, 0);
    bool told = false;
    for (size_t i = 0; i < summary.finding_count; i++)
        told |= strstr(summary.findings[i].text, "to the last worker's first task: 2.5 us under forkpool") != NULL;
    ck_assert(told);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* E = w/(w + 100) on two workers: METG(50 %) = 200 ns of core time a task, 100 ns of it work. */
static struct run grain_run(double cost, double first, double last)
{
    struct run run = runs_new();
    for (double work = first; work <= last; work *= 2) {
        struct cell *cell = runs_cell(&run, "serial", 1, 1);
        cell->size = cell->task_time_ns = (uint64_t)work;
        cell->tasks = 1000;
        cell = runs_cell(&run, "forkpool", 2, 1);
        cell->size = cell->task_time_ns = (uint64_t)work;
        cell->tasks = 1000;
        for (unsigned block = 0; block < 10; block++) {
            double drift = 1 + 0.01 * block;
            runs_sample(&run, cell->id - 1, block, (int64_t)(1000 * work * drift));
            runs_sample(&run, cell->id, block, (int64_t)(1000 * (work + cost) / 2 * drift));
        }
    }
    return run;
}

/* gnuplot 5.4 died of the row without a number that such a runner had in the figure. */
START_TEST(a_runner_without_any_time_has_no_metg)
{
    struct run run = runs_new();
    for (uint64_t work = 8; work <= 1024; work *= 2) {
        for (unsigned threads = 1; threads <= 2; threads++) {
            struct cell *cell = runs_cell(&run, threads == 1 ? "serial" : "python", 1, threads);
            cell->size = cell->task_time_ns = work;
            cell->tasks = 1000;
        }
    }
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(summary.metg_count, 0);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(metg_is_found)
{
    struct run run = grain_run(100, 8, 10000);
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(summary.metg_count, 1);
    const struct metg *metg = &summary.metgs[0];
    ck_assert(metg->reached && !metg->bound);
    ck_assert_double_eq_tol(metg->granularity_ns.median, 200 * 1.045, 4);
    ck_assert_double_eq_tol(metg->work_ns.median, 100 * 1.045, 2);
    ck_assert(metg->granularity_ns.low < metg->granularity_ns.median &&
              metg->granularity_ns.median < metg->granularity_ns.high);
    ck_assert_str_eq(metg->cell->runner, "forkpool");
    ck_assert_double_eq_tol(metg->smallest_ns, 8 * 1.045, 1e-6);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(metg_at_the_efficiency_asked_for)
{
    struct run run = grain_run(100, 8, 10000);
    json_object_set_new(run.manifest, "efficiency", json_real(0.8));
    struct summary summary = runs_summary(&run);
    ck_assert_double_eq_tol(summary.metgs[0].granularity_ns.median, 500 * 1.045, 20); /* w/(w + 100) = 0.8 at w = 400 */
    ck_assert_double_eq_tol(summary.metgs[0].work_ns.median, 400 * 1.045, 16);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(metg_says_what_it_did_not_see)
{
    struct run run = grain_run(1e6, 8, 10000);
    struct summary summary = runs_summary(&run);
    ck_assert(!summary.metgs[0].reached);
    ck_assert_double_nan(summary.metgs[0].granularity_ns.median);
    ck_assert_double_lt(summary.metgs[0].best_efficiency, 0.02);
    summary_free(&summary);
    run_free(&run);
    run = grain_run(1, 8, 10000);
    summary = runs_summary(&run);
    ck_assert(summary.metgs[0].reached && summary.metgs[0].bound);
    ck_assert_double_eq_tol(summary.metgs[0].work_ns.median, 8 * 1.045, 1e-9);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Start and stop 15000, run at half of serial: N pays where 15000 + N 500 < N 1000, so from 31, an even number's last
 * task. */
START_TEST(crossover_and_advice)
{
    struct run run = runs_plain(10);
    for (size_t i = 0; i < run.sample_count; i++) run.samples[i].wall_ns = run.samples[i].cell ? 50000 : 100000;
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(summary.crossover_count, 1);
    ck_assert_double_eq(summary.crossovers[0].tasks.median, 32);
    ck_assert_double_eq(summary.crossovers[0].tasks.high, 32);
    ck_assert_uint_eq(summary.advice_count, 1);
    ck_assert_ptr_eq(summary.advices[0].best, &summary.cells[1]);
    ck_assert_double_eq_tol(summary.advices[0].gain.median, 100 / 65.0, 1e-9);
    ck_assert_double_eq_tol(summary.advices[0].warm_gain.median, 2, 1e-9);
    for (size_t i = 0; i < run.sample_count; i++)
        if (run.samples[i].cell) run.samples[i].start_ns = 90000;
    summary_free(&summary);
    summary = runs_summary(&run);
    ck_assert_ptr_eq(summary.advices[0].best, &summary.cells[0]);
    ck_assert_double_eq(summary.advices[0].gain.median, 1);
    ck_assert_ptr_eq(summary.advices[0].warm, &summary.cells[1]);
    ck_assert_ptr_nonnull(strstr(summary.advices[0].sentence, "stay serial"));
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Four workers are not resolved to be faster than two: two are advised. Eight are. */
START_TEST(ties_go_to_the_fewest_workers)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned p = 2; p <= 8; p *= 2) runs_cell(&run, "forkpool", p, 1);
    for (unsigned block = 0; block < 10; block++) {
        runs_sample(&run, 0, block, 100000);
        runs_sample(&run, 1, block, 52000);
        runs_sample(&run, 2, block, block % 3 ? 51000 : 56000);
    }
    struct summary summary = runs_summary(&run);
    ck_assert_ptr_eq(summary.advices[0].best, &summary.cells[1]);
    ck_assert_ptr_eq(summary.scalings[0].best, &summary.cells[2]);
    ck_assert_ptr_eq(summary.scalings[0].enough, &summary.cells[1]);
    summary_free(&summary);
    for (unsigned block = 0; block < 10; block++) runs_sample(&run, 3, block, 20000);
    summary = runs_summary(&run);
    ck_assert_ptr_eq(summary.advices[0].best, &summary.cells[3]);
    ck_assert_ptr_eq(summary.scalings[0].enough, &summary.cells[3]);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(empty_runs_and_odd_cells_have_a_summary)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1)->tasks = 0;
    runs_cell(&run, "forkpool", 2, 1)->tasks = 0;
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(figure(&summary, 1, QUANTITY_wall_ns).n, 0);
    summary_free(&summary);
    for (unsigned block = 0; block < 10; block++) {
        runs_sample(&run, 0, block, 0);
        runs_sample(&run, 1, block, 0);
    }
    summary = runs_summary(&run);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_speedup).median);
    ck_assert_double_nan(figure(&summary, 1, QUANTITY_task_ns).median);
    char *csv = summary_to_csv(&summary);
    ck_assert_ptr_null(strstr(csv, "nan"));
    free(csv);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Two workers cannot be told from four, but neither from the serial loop, which four are faster than: four are advised. */
START_TEST(what_is_advised_is_itself_faster_than_serial)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned p = 2; p <= 4; p *= 2) runs_cell(&run, "forkpool", p, 1);
    for (unsigned block = 0; block < 10; block++) {
        runs_sample(&run, 0, block, 100000);
        runs_sample(&run, 1, block, block % 2 ? 70000 : 105000);
        runs_sample(&run, 2, block, 80000);
    }
    struct summary summary = runs_summary(&run);
    ck_assert_ptr_eq(summary.advices[0].best, &summary.cells[2]);
    ck_assert_ptr_eq(summary.advices[0].warm, &summary.cells[2]);
    ck_assert_double_gt(summary.advices[0].gain.low, 1);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("summary");
    TCase *all = tcase_create("all");
    tcase_add_test(all, figures_of_a_cell);
    tcase_add_test(all, unequal_cores_are_worth_the_sum_of_their_speeds);
    tcase_add_test(all, few_repetitions_have_no_interval);
    tcase_add_test(all, ratios_are_formed_inside_a_block);
    tcase_add_test(all, without_a_serial_time_there_is_no_ratio);
    tcase_add_test(all, nothing_is_dropped_and_nothing_bad_is_a_time);
    tcase_add_test(all, pool_tax_is_that_of_one_worker);
    tcase_add_test(all, budget_comes_from_instrumented_samples);
    tcase_add_test(all, a_runner_without_any_time_has_no_metg);
    tcase_add_test(all, metg_is_found);
    tcase_add_test(all, metg_at_the_efficiency_asked_for);
    tcase_add_test(all, metg_says_what_it_did_not_see);
    tcase_add_test(all, crossover_and_advice);
    tcase_add_test(all, ties_go_to_the_fewest_workers);
    tcase_add_test(all, what_is_advised_is_itself_faster_than_serial);
    tcase_add_test(all, empty_runs_and_odd_cells_have_a_summary);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
