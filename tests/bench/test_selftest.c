/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the self-test stands on: injections add what they say, through the real repetition; the scripted team is exact.
 */
#include "bench/measure/repetition.h"
#include "bench/plan/inject.h"
#include "bench/plan/spec.h"
#include "bench/selftest/inject_script.h"
#include "bench/selftest/selftest.h"
#include "kernels/reason.h"
#include "tests/suite.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A clock that moves by one ns whenever it is read: waiting on it ends, and costs what it waits for. */
static int64_t ticking_now_ns(const struct clock *clock)
{
    return ++((struct inject_script *)clock->state)->now_ns;
}

static void measure(struct inject_script *script, const struct clock *clock, const struct inject *inject, bool spans,
                    struct sample *sample)
{
    struct repetition repetition = {
        .kernel = &inject_script_kernel,
        .runner = &inject_script_runner,
        .params = {100, 1, inject_script_seed(script)},
        .team = {.processes = 2, .threads = 1, .chunk = 10},
        .warmup = 1,
        .instrumented = spans,
        .inject = inject,
    };
    memset(sample, 0, sizeof *sample);
    repetition_run(&repetition, clock, sample);
}

START_TEST(a_scripted_team_is_exact)
{
    struct inject_script script;
    struct sample sample;
    inject_script_open(&script);
    script.task_ns = 1000, script.dispatch_ns = 50, script.start_ns = 7000, script.stop_ns = 3000, script.join_ns = 11;
    script.share[1] = 2;
    measure(&script, &script.clock, NULL, true, &sample);
    ck_assert_str_eq(sample.status, "ok");
    ck_assert_str_eq(sample.verified, "published");
    ck_assert_int_eq(sample.start_ns, 7000);
    ck_assert_int_eq(sample.stop_ns, 3000);
    ck_assert_int_eq(sample.wall_ns, 50 * 2000 + 5 * 50 + 11); /* worker 1: 50 tasks in 5 chunks, twice as long */
    ck_assert_int_eq(sample.first_ns, sample.wall_ns);
    ck_assert_int_eq(sample.workers[0].busy_ns, 50 * 1000);
    ck_assert_int_eq(sample.workers[1].busy_ns, 50 * 2000);
    ck_assert_int_eq(sample.workers[0].late_ns, 50);
    ck_assert_int_eq(sample.workers[0].end_ns, 50 * 1000 + 5 * 50);
    sample_free(&sample);
}
END_TEST

START_TEST(delays_go_where_they_are_sent)
{
    struct inject_script script;
    inject_script_open(&script);
    script.task_ns = 100000;
    struct clock clock = {ticking_now_ns, &script};
    struct sample plain, sample;
    measure(&script, &clock, NULL, true, &plain);
    ck_assert_int_eq(plain.injected_ns, -1);
    static const struct {
        struct inject inject;
        double start, stop, wall, busy;
    } rows[] = {
        {{.start_ns = 1000000}, 1e6, 0, 0, 0},
        {{.stop_ns = 1000000}, 0, 1e6, 0, 0},
        {{.dispatch_ns = 20000}, 0, 0, 5 * 20000, 0}, /* five chunks a worker, one after the other here */
        {{.byte_ns = 100}, 0, 0, 50 * 4 * 100, 0},    /* four bytes a result */
        {{.work_ns = 10000}, 0, 0, 50 * 10000, 50 * 10000},
        {{.work_share = 0.5}, 0, 0, 50 * 50000, 50 * 50000},
        {{.work_ns = 10000, .work_tasks = 50}, 0, 0, 50 * 10000, 50 * 10000}, /* worker 0's tasks alone */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        measure(&script, &clock, &rows[i].inject, true, &sample);
        ck_assert_msg(!strcmp(sample.status, "ok"), "row %zu: %s", i, sample.cause);
        double waits = rows[i].start + rows[i].stop + 2 * (rows[i].busy > 0 ? 0 : rows[i].wall); /* of both workers */
        ck_assert_msg(fabs((double)sample.injected_ns - waits) <= 0.02 * waits, "row %zu: injected %g", i,
                      (double)sample.injected_ns);
        const double grown[] = {(double)(sample.start_ns - plain.start_ns), (double)(sample.stop_ns - plain.stop_ns),
                                (double)(sample.wall_ns - plain.wall_ns),
                                (double)(sample.workers[0].busy_ns - plain.workers[0].busy_ns)};
        const double wanted[] = {rows[i].start, rows[i].stop, rows[i].wall, rows[i].busy};
        for (int k = 0; k < 4; k++)
            ck_assert_msg(fabs(grown[k] - wanted[k]) <= 0.02 * wanted[k] + 200, "row %zu, figure %d: %g for %g", i, k,
                          grown[k], wanted[k]);
        sample_free(&sample);
    }
    sample_free(&plain);
}
END_TEST

START_TEST(mistakes_are_caught)
{
    struct inject_script script;
    struct sample sample;
    inject_script_open(&script);
    const struct inject wrong = {.wrong = true}, skip = {.skip = true};
    measure(&script, &script.clock, &wrong, false, &sample);
    ck_assert_str_eq(sample.status, "error");
    ck_assert_ptr_nonnull(strstr(sample.cause, "wrong result"));
    ck_assert_int_eq(sample.wall_ns, -1);
    sample_free(&sample);
    measure(&script, &script.clock, &skip, false, &sample);
    ck_assert_ptr_nonnull(strstr(sample.cause, "wrong result"));
    sample_free(&sample);
}
END_TEST

START_TEST(an_injection_reaches_the_other_process)
{
    struct spec spec = {.cell = {.runner = "serial",
                                 .kernel = "spin",
                                 .label = "spin",
                                 .study = "run",
                                 .schedule = "default",
                                 .placement = "none",
                                 .processes = 1,
                                 .threads = 1},
                        .has_inject = true,
                        .inject = {.start_ns = 1,
                                   .stop_ns = 2,
                                   .dispatch_ns = 3,
                                   .byte_ns = 0.5,
                                   .work_ns = 4,
                                   .work_share = 0.25,
                                   .work_tasks = 5,
                                   .skip = true,
                                   .unbound = true}},
                read = {.has_inject = false};
    char *text = spec_to_json(&spec);
    struct reason why = {""};
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_int_eq(spec_from_json(json, &read, &why), 0);
    ck_assert(read.has_inject);
    ck_assert(!memcmp(&read.inject, &spec.inject, sizeof spec.inject));
    spec_free(&read);
    json_decref(json);
    free(text);
    spec.has_inject = false;
    text = spec_to_json(&spec);
    json = json_loads(text, 0, NULL);
    ck_assert_int_eq(spec_from_json(json, &read, &why), 0);
    ck_assert(!read.has_inject);
    spec_free(&read);
    json_decref(json);
    free(text);
}
END_TEST

/* The rows without processes hold with any seed: no measurement is in them. */
START_TEST(rows_by_script_and_simulation_hold)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct selftest test = {.quick = true, .seed = seed};
        selftest_fits(&test);
        selftest_statistics(&test);
        selftest_budget(&test);
        selftest_imbalance(&test);
        selftest_drift(&test);
        selftest_metg_script(&test);
        ck_assert_uint_ge(test.count, 35);
        for (size_t i = 0; i < test.count; i++)
            ck_assert_msg(test.rows[i].outcome == SELFTEST_HOLDS, "seed %d: %s %s: %s; wanted %s", (int)seed,
                          test.rows[i].id, test.rows[i].injected, test.rows[i].came_back, test.rows[i].wanted);
        ck_assert_uint_eq(test.failed, 0);
        selftest_free(&test);
    }
}
END_TEST

START_TEST(a_row_that_falls_short_is_counted)
{
    struct selftest test = {.seed = 1};
    struct selftest_row row = {.id = "V0"};
    selftest_add(&test, &row, true);
    selftest_add(&test, &row, false);
    selftest_skip(&test, "V0", "nothing", "no %s", "reason");
    ck_assert_uint_eq(test.count, 3);
    ck_assert_uint_eq(test.failed, 1);
    ck_assert_uint_eq(test.skipped, 1);
    ck_assert_str_eq(test.rows[2].came_back, "no reason");
    selftest_free(&test);
}
END_TEST

/* Of 20 samples `suspects` are suspect: is a row that does not hold counted, or is it the machine's? */
START_TEST(a_loud_machine_is_no_fall_short_where_quiet_is_needed)
{
    static const struct {
        bool quick, needs_quiet;
        unsigned suspects, failed, skipped;
    } cases[] = {{false, false, 20, 1, 0}, {false, true, 3, 0, 1}, {false, true, 2, 1, 0}, {true, false, 3, 0, 1}, {true, false, 2, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct observation samples[20] = {0};
        struct live live = {.needs_quiet = cases[i].needs_quiet, .run = {.samples = samples, .sample_count = 20}};
        struct selftest test = {.quick = cases[i].quick};
        struct selftest_row row = {.id = "V0", .came_back = "found in 3"};
        for (unsigned k = 0; k < 20; k++) samples[k].suspect = k < cases[i].suspects ? "preempted" : "";
        live_judge(&test, &live, &row, false);
        ck_assert_uint_eq(test.failed, cases[i].failed);
        ck_assert_uint_eq(test.skipped, cases[i].skipped);
        if (test.skipped) ck_assert_ptr_nonnull(strstr(test.rows[0].came_back, "the machine is too loud: 15 % of the samples are suspect (found"));
        selftest_free(&test);
    }
}
END_TEST

static unsigned part_tries, part_loud; /* so often it was run; so many of its first tries find a loud machine */

/* Its row holds in a try on a quiet machine only. */
static void loud_at_first(struct selftest *test)
{
    struct observation samples[20] = {0};
    struct live live = {.run = {.samples = samples, .sample_count = 20}};
    struct selftest_row row = {.id = "V0"};
    bool loud = part_tries++ < part_loud;
    for (unsigned k = 0; k < 20; k++) samples[k].suspect = loud && k < 3 ? "preempted" : "";
    live_judge(test, &live, &row, !loud);
}

START_TEST(a_part_on_a_loud_machine_is_measured_again)
{
    static const struct {
        bool again, quick;
        unsigned loud, tries, failed, skipped;
    } cases[] = {{true, false, 0, 1, 0, 0}, {true, false, 1, 2, 0, 0}, {true, false, 2, 3, 0, 0},
                 {true, false, 3, 3, 1, 0}, {false, false, 1, 1, 1, 0}, {true, true, 1, 1, 0, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selftest test = {.quick = cases[i].quick};
        part_tries = 0, part_loud = cases[i].loud;
        selftest_run(&test, &(struct selftest_part){"V0", loud_at_first, cases[i].again});
        ck_assert_uint_eq(part_tries, cases[i].tries);
        ck_assert_uint_eq(test.count, 1);
        ck_assert_uint_eq(test.rows[0].tries, cases[i].tries);
        ck_assert_uint_eq(test.failed, cases[i].failed);
        ck_assert_uint_eq(test.skipped, cases[i].skipped);
        selftest_free(&test);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selftest");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_scripted_team_is_exact);
    tcase_add_test(all, delays_go_where_they_are_sent);
    tcase_add_test(all, mistakes_are_caught);
    tcase_add_test(all, an_injection_reaches_the_other_process);
    tcase_add_test(all, rows_by_script_and_simulation_hold);
    tcase_add_test(all, a_row_that_falls_short_is_counted);
    tcase_add_test(all, a_loud_machine_is_no_fall_short_where_quiet_is_needed);
    tcase_add_test(all, a_part_on_a_loud_machine_is_measured_again);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
