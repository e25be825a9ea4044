/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search on simulated machines, quiet ones and such as change, and the times that these give. */
#include "tests/fixtures/simulated_search.h"
#include "tests/suite.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What is published for 300 workloads, asked of another 60 a machine. */
START_TEST(simulated_machines)
{
    static const unsigned cpus[] = {4, 16, 64, 256};
    enum { WORKLOADS = 60 };
    double regret[WORKLOADS], cost[WORKLOADS];
    unsigned serial = 0, stayed = 0;
    for (unsigned i = 0; i < WORKLOADS; i++) {
        struct simulated_trial trial;
        ck_assert_int_eq(simulated_try(cpus[_i], 7000 + i, &search_defaults, &trial), 0);
        regret[i] = trial.tuned.regret;
        cost[i] = trial.cost;
        ck_assert_double_ge(regret[i], 0);
        serial += trial.optimum.serial;
        stayed += trial.optimum.serial && trial.tuned.serial;
    }
    qsort(regret, WORKLOADS, sizeof *regret, by_value);
    qsort(cost, WORKLOADS, sizeof *cost, by_value);
    ck_assert_double_le(regret[WORKLOADS / 2], 0.01);
    ck_assert_double_le(regret[WORKLOADS * 95 / 100], 0.05);
    ck_assert_double_le(regret[WORKLOADS - 1], 0.15);
    ck_assert_double_le(cost[WORKLOADS * 95 / 100], 0.10);
    ck_assert_uint_ge(stayed * 100, serial * 95);
}
END_TEST

/* Machines whose neighbour comes and goes, with a watch and without. Where he takes cores away from all that work at
 * once, the watch leaves fewer large regrets. */
START_TEST(simulated_machines_that_change)
{
    static const unsigned cpus[] = {2, 4, 16};
    enum { WORKLOADS = 400 };
    double regret[WORKLOADS];
    unsigned together = 0, blind_over = 0, over = 0, waited = 0, gave_up = 0;
    for (unsigned i = 0; i < WORKLOADS; i++) {
        struct simulated_trial blind, first, last;
        ck_assert_int_eq(simulated_restless(cpus[_i], 9000 + i, &search_defaults, (struct simulated_watch){0, 3}, &first, &blind), 0);
        ck_assert_uint_eq(blind.attempts, 1); /* who does not look sees no change */
        ck_assert_double_eq(blind.waited_s, 0);
        ck_assert_int_eq(simulated_restless(cpus[_i], 9000 + i, &search_defaults, (struct simulated_watch){5, 3}, &first, &last), 0);
        ck_assert_uint_eq(first.attempts, 1);
        ck_assert(first.unsteady == (last.attempts > 1));
        ck_assert(!last.unsteady || last.attempts == 3);
        ck_assert_double_le(first.waited_s, 5.2);
        regret[i] = last.tuned.regret;
        waited += first.waited_s > 0;
        gave_up += first.gave_up;
        if (!first.together) continue;
        together++;
        blind_over += blind.tuned.regret > 0.1;
        over += last.tuned.regret > 0.1;
    }
    qsort(regret, WORKLOADS, sizeof *regret, by_value);
    ck_assert_double_le(regret[WORKLOADS / 2], 0.01);
    ck_assert_double_le(regret[WORKLOADS * 95 / 100], 0.08);
    ck_assert_uint_gt(waited, gave_up);
    ck_assert_uint_gt(together, WORKLOADS / 4);
    ck_assert_uint_lt(over, blind_over);
}
END_TEST

START_TEST(the_simulated_surface)
{
    struct simulated_machine machine = {.cpus = 8, .cores = 4, .thread_gain = 0.25, .bandwidth_workers = 2};
    struct simulated_workload work = {.tasks = 800, .pool = {.task_ns = 1000}};
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 0, 0), 800000, 1e-6);
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 4, 1), 200000, 1e-6);
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_STATIC, 4, 9), 200000, 1e-6);
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 8, 1), 160000, 1e-6); /* 4 + 4/4 cores */
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 3, 100), 300000,
                            1e-6); /* three rounds */
    work.memory = 1;               /* two workers use the bandwidth up */
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 4, 1), 400000, 1e-6);
    work.memory = 0, work.kappa = 0.1; /* 4 x 3 x 0.1 */
    ck_assert_double_eq_tol(simulated_time(&machine, &work, SIMULATED_DYNAMIC, 4, 1), 200000 * 2.2, 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulated");
    TCase *tests = tcase_create("simulated");
    tcase_add_test(tests, the_simulated_surface);
    tcase_add_loop_test(tests, simulated_machines, 0, 4);
    tcase_add_loop_test(tests, simulated_machines_that_change, 0, 3);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
