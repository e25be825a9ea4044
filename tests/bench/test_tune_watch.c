/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The watch over the cores' work, with a clock and a machine that follow a script; what it expects of machines that are
 * not here; one look at the one that is. */
#include "bench/tune/tune.h"
#include "kernels/reason.h"
#include "runners/cpus/placement.h"
#include "tests/suite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FULL = 4 };
static const double LOOK_S = 0.002;

/* A machine whose cores do `low` from one time to another, and FULL otherwise. */
struct script {
    double now_s, from_s, to_s, low;
    unsigned looks, naps;
    int look_error, nap_error;
};

static int look(void *context, double *cores)
{
    struct script *script = context;
    script->looks++;
    script->now_s += LOOK_S;
    *cores = script->now_s >= script->from_s && script->now_s < script->to_s ? script->low : FULL;
    return script->look_error;
}

static double now_s(void *context)
{
    return ((struct script *)context)->now_s;
}

static int nap(void *context, double seconds)
{
    struct script *script = context;
    script->naps++;
    script->now_s += seconds;
    return script->nap_error;
}

static struct tune_watch watch_of(struct script *script, double expected, double patience_s)
{
    struct tune_watch watch;
    const struct tune_watch_eyes eyes = {look, now_s, nap, script, expected};
    tune_watch_open(&watch, &eyes, patience_s);
    return watch;
}

/* A block of so many measurements of so long each, as often as the watch asks. How often it was begun. */
static unsigned take_block(struct tune_watch *watch, struct script *script, unsigned count, double each_s)
{
    unsigned begun = 0;
    bool again = true;
    while (again) {
        ck_assert_int_eq(tune_watch_begin(watch), 0);
        ck_assert_uint_lt(begun++, 1000);
        again = false;
        for (unsigned i = 0; !again && i < count; i++) {
            script->now_s += each_s;
            ck_assert_int_eq(tune_watch_check(watch, &again), 0);
        }
    }
    return begun;
}

START_TEST(a_steady_machine_is_looked_at_a_twentieth_of_the_time_and_never_waited_for)
{
    struct script script = {.low = 1};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    for (unsigned i = 0; i < 200; i++) ck_assert_uint_eq(take_block(&watch, &script, 10, 0.005), 1);
    ck_assert_uint_eq(script.naps, 0);
    ck_assert_double_eq(watch.waited_s, 0);
    ck_assert_uint_eq(watch.dropped, 0);
    ck_assert(!watch.gave_up);
    ck_assert_uint_gt(script.looks, 100);
    ck_assert_double_le(script.looks * LOOK_S, 0.05 * script.now_s);
    ck_assert_double_eq(tune_watch_mean(&watch.measured), FULL);
    ck_assert(isnan(tune_watch_mean(&watch.low)));
}
END_TEST

START_TEST(it_waits_until_the_work_is_back_and_goes_on)
{
    struct script script = {.to_s = 1.7, .low = 1.1};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    ck_assert_int_eq(tune_watch_begin(&watch), 0);
    ck_assert_double_ge(script.now_s, 1.7);
    ck_assert_double_le(script.now_s, 1.8);
    ck_assert_double_ge(watch.waited_s, 1.6);
    ck_assert(!watch.gave_up);
    ck_assert_double_eq_tol(tune_watch_mean(&watch.low), 1.1, 1e-9);
    ck_assert_double_eq_tol(watch.low.least, 1.1, 1e-9);
    unsigned naps = script.naps;
    for (unsigned i = 0; i < 100; i++) ck_assert_uint_eq(take_block(&watch, &script, 10, 0.005), 1);
    ck_assert_uint_eq(script.naps, naps);
}
END_TEST

START_TEST(its_patience_ends_and_it_never_waits_again)
{
    struct script script = {.to_s = 1e9, .low = 2};
    struct tune_watch watch = watch_of(&script, FULL, 3);
    ck_assert_uint_eq(take_block(&watch, &script, 10, 0.005), 1);
    ck_assert(watch.gave_up);
    ck_assert_double_ge(watch.waited_s, 3);
    ck_assert_double_le(watch.waited_s, 3.2);
    unsigned naps = script.naps, looks = script.looks;
    for (unsigned i = 0; i < 100; i++) ck_assert_uint_eq(take_block(&watch, &script, 10, 0.005), 1);
    ck_assert_uint_eq(script.naps, naps);
    ck_assert_uint_gt(script.looks, looks); /* it still looks, to tell what was measured */
    ck_assert_double_eq(tune_watch_mean(&watch.measured), 2);
    ck_assert_uint_eq(watch.dropped, 0);
}
END_TEST

START_TEST(a_block_that_ends_low_is_taken_again)
{
    struct script script = {.from_s = 1, .to_s = 1.5, .low = 2};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    unsigned begun = 0, blocks = 0;
    while (script.now_s < 3) begun += take_block(&watch, &script, 10, 0.005), blocks++;
    ck_assert_uint_eq(watch.dropped, 1);
    ck_assert_uint_eq(begun, blocks + 1);
    ck_assert_double_ge(watch.waited_s, 0.45);
    ck_assert_double_le(watch.waited_s, 0.75); /* the block that was lost counts */
    ck_assert(!watch.gave_up);
}
END_TEST

START_TEST(what_takes_longer_than_the_patience_is_not_taken_again)
{
    struct script script = {.from_s = 8, .to_s = 9, .low = 2};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    ck_assert_uint_eq(take_block(&watch, &script, 1, 8.5), 1);
    ck_assert_uint_eq(watch.dropped, 0);
    ck_assert_uint_gt(script.naps, 0);
    ck_assert_double_ge(script.now_s, 9);
}
END_TEST

START_TEST(machines_that_flicker_for_ever_cost_no_more_than_the_patience)
{
    struct script script = {.low = 2};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    double measured_s = 0;
    for (unsigned i = 0; i < 400; i++) {
        script.from_s = script.now_s + 0.03, script.to_s = script.from_s + 0.06;
        take_block(&watch, &script, 10, 0.005);
        measured_s += 10 * 0.005;
    }
    ck_assert_double_le(watch.waited_s, 5.2);
    ck_assert_double_le(script.now_s, measured_s * 1.06 + 5.2);
    ck_assert_uint_gt(watch.dropped, 0);
}
END_TEST

START_TEST(where_there_is_nothing_to_see_it_does_not_look)
{
    struct script script = {.to_s = 1e9, .low = 0.5};
    struct tune_watch none = {0}, impatient = watch_of(&script, FULL, 0), alone = watch_of(&script, 1, 5);
    ck_assert_uint_eq(take_block(&none, &script, 5, 0.1), 1);
    ck_assert_uint_eq(take_block(&impatient, &script, 5, 0.1), 1);
    ck_assert_uint_eq(take_block(&alone, &script, 5, 0.1), 1);
    ck_assert_uint_eq(script.looks + script.naps, 0);
}
END_TEST

START_TEST(who_cannot_look_measures_all_the_same)
{
    struct script script = {.to_s = 1e9, .low = 1, .look_error = -EAGAIN};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    for (unsigned i = 0; i < 10; i++) ck_assert_uint_eq(take_block(&watch, &script, 5, 0.1), 1);
    ck_assert_uint_eq(script.looks, 1);
    ck_assert_uint_eq(watch.looks, 0);
    ck_assert_uint_eq(script.naps, 0);
}
END_TEST

START_TEST(an_interrupt_ends_the_waiting)
{
    struct script script = {.to_s = 1e9, .low = 1, .nap_error = -EINTR};
    struct tune_watch watch = watch_of(&script, FULL, 5);
    ck_assert_int_eq(tune_watch_begin(&watch), -EINTR);
    ck_assert_uint_eq(script.naps, 1);
    bool again = true;
    script.now_s += 1;
    ck_assert_int_eq(tune_watch_check(&watch, &again), -EINTR);
    ck_assert(!again);
}
END_TEST

START_TEST(what_was_waited_for_is_said)
{
    struct tune tune = {.capacity.count = 2};
    char text[320] = "x";
    tune_show_waiting(&tune, text, sizeof text);
    ck_assert_str_eq(text, "");
    tune.watch.waited_s = 3.9;
    tune.watch.low = (struct tune_watch_seen){.looks = 10, .sum = 11, .least = 1};
    tune_show_waiting(&tune, text, sizeof text);
    ck_assert_str_eq(text, "For 3.9 s the 2 cores together did the work of 1.1: waited.");
    tune.watch.dropped = 1;
    tune_show_waiting(&tune, text, sizeof text);
    ck_assert_str_eq(text, "For 3.9 s the 2 cores together did the work of 1.1: waited, and took 1 block of "
                           "measurements again.");
    tune.watch.gave_up = true;
    tune_show_waiting(&tune, text, sizeof text);
    ck_assert_str_eq(text, "For 3.9 s the 2 cores together did the work of 1.1, and that went on: measured "
                           "anyway; expect another answer when it is over.");
}
END_TEST

static const struct {
    const char *topology;
    unsigned usable;
    double quota;
    unsigned count;
    double expected;
    unsigned second; /* cpu */
} machines[] = {
    {"pack:1 core:4 pu:1", 4, INFINITY, 4, 4, 1},
    {"pack:1 core:4 pu:2", 8, INFINITY, 4, 4, 2}, /* two hardware threads are one core */
    {"pack:2 core:2 pu:2", 2, 1.5, 2, 1.5, 2},    /* a quota */
    {"pack:1 core:4 pu:2", 3, 3, 3, 3, 2},
    {"pack:1 core:1 pu:2", 2, INFINITY, 1, 1, 0},
    {"pack:1 core:8 pu:1", 1, 0.5, 1, 0.5, 0},
    {"pack:4 core:32 pu:2", 256, INFINITY, TUNE_CAPACITY_CORES, TUNE_CAPACITY_CORES, 2},
};

START_TEST(so_many_cores_are_expected)
{
    hwloc_topology_t topology;
    struct reason why = {""};
    struct tune_capacity capacity;
    struct limits limits = {.usable = machines[_i].usable, .quota_cpus = machines[_i].quota};
    ck_assert_msg(!topology_load(machines[_i].topology, &topology, &why), "%s", why.text);
    ck_assert_int_eq(tune_capacity_open(&capacity, topology, &limits), 0);
    ck_assert_uint_eq(capacity.count, machines[_i].count);
    ck_assert_double_eq(capacity.expected, machines[_i].expected);
    ck_assert_double_eq(tune_capacity_eyes(&capacity).expected, machines[_i].expected);
    if (capacity.count > 1) ck_assert_uint_eq(capacity.cpus[1], machines[_i].second);
    ck_assert_uint_gt(capacity.steps, 0);
    hwloc_topology_destroy(topology);
}
END_TEST

START_TEST(a_look_at_this_machine)
{
    hwloc_topology_t topology;
    struct reason why = {""};
    struct tune_capacity capacity;
    struct limits limits;
    double cores = 0;
    ck_assert_msg(!limits_read("", &limits, &why), "%s", why.text);
    ck_assert_msg(!topology_load(NULL, &topology, &why), "%s", why.text);
    ck_assert_int_eq(tune_capacity_open(&capacity, topology, &limits), 0);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(tune_capacity_look(&capacity, &cores), 0);
        ck_assert(isfinite(cores) && cores > 0);
    }
    ck_assert_uint_eq(capacity.turn, 5);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, no zombie */
    ck_assert_int_eq(errno, ECHILD);
    hwloc_topology_destroy(topology);
}
END_TEST

START_TEST(a_dropped_block_is_recorded_as_suspect)
{
    char path[] = "/tmp/breakeven-watch.XXXXXX", text[8192] = "";
    struct tune_record record = {.fd = mkstemp(path)};
    struct sample steal = {.status = "ok", .suspect = "steal"}, clean = {.status = "ok"};
    ck_assert_int_ge(record.fd, 0);
    ck_assert_int_eq(tune_record_hold(&record, &steal), 0);
    ck_assert_int_eq(tune_record_hold(&record, &clean), 0);
    ck_assert_int_eq(tune_record_settle(&record, true), 0);
    ck_assert_int_eq(tune_record_hold(&record, &clean), 0);
    ck_assert_int_eq(tune_record_settle(&record, false), 0);
    ck_assert_int_eq(tune_record_settle(&record, true), 0); /* nothing is held */
    ck_assert_int_gt(pread(record.fd, text, sizeof text - 1, 0), 0);
    const char *first = strstr(text, "steal capacity"), *second = first ? strstr(first, "\n") : NULL;
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_nonnull(strstr(second, "\"capacity\""));
    const char *third = strstr(second + 1, "\n");
    ck_assert_ptr_nonnull(third);
    ck_assert_ptr_null(strstr(third, "capacity"));
    ck_assert_str_eq(strchr(third + 1, '\n'), "\n"); /* three lines */
    close(record.fd);
    unlink(path);
    free(record.held);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tune_watch");
    TCase *tests = tcase_create("tune_watch");
    tcase_add_test(tests, a_steady_machine_is_looked_at_a_twentieth_of_the_time_and_never_waited_for);
    tcase_add_test(tests, it_waits_until_the_work_is_back_and_goes_on);
    tcase_add_test(tests, its_patience_ends_and_it_never_waits_again);
    tcase_add_test(tests, a_block_that_ends_low_is_taken_again);
    tcase_add_test(tests, what_takes_longer_than_the_patience_is_not_taken_again);
    tcase_add_test(tests, machines_that_flicker_for_ever_cost_no_more_than_the_patience);
    tcase_add_test(tests, where_there_is_nothing_to_see_it_does_not_look);
    tcase_add_test(tests, who_cannot_look_measures_all_the_same);
    tcase_add_test(tests, an_interrupt_ends_the_waiting);
    tcase_add_test(tests, what_was_waited_for_is_said);
    tcase_add_loop_test(tests, so_many_cores_are_expected, 0, sizeof machines / sizeof *machines);
    tcase_add_test(tests, a_look_at_this_machine);
    tcase_add_test(tests, a_dropped_block_is_recorded_as_suspect);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
