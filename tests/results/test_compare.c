/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparison of runs: verdicts; the gate fires, and does not where nothing changed. */
#include "kernels/reason.h"
#include "results/summary/compare.h"
#include "tests/suite.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(verdicts_follow_the_margin)
{
    static const struct {
        double low, high;
        enum compare_verdict verdict;
    } known[] = {
        {1.06, 1.12, COMPARE_SLOWER}, {1.05, 1.12, COMPARE_UNRESOLVED}, {1.01, 1.12, COMPARE_UNRESOLVED},
        {1.01, 1.04, COMPARE_SAME},   {0.96, 1.05, COMPARE_SAME},       {0.94, 1.01, COMPARE_UNRESOLVED},
        {0.80, 0.95, COMPARE_FASTER}, {0.80, 1.20, COMPARE_UNRESOLVED}, {NAN, NAN, COMPARE_UNRESOLVED},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct quantity ratio = {1, known[i].low, known[i].high, 10};
        ck_assert_msg(compare_verdict(ratio, 0.05) == known[i].verdict, "row %zu", i);
    }
}
END_TEST

/* A run in memory: `cells` cells of 1 ms with `noise`, `blocks` repetitions, cell 0 slower by `factor`. */
enum { CELLS = 300 };
struct made {
    struct run run;
    struct cell cells[CELLS];
    struct observation *samples;
};

struct shape {
    unsigned cells, blocks;
    double noise, factor;
    const double *drift; /* a factor a block, or NULL */
};

static void make_run(struct made *made, const struct shape *shape, gsl_rng *random)
{
    unsigned cells = shape->cells, blocks = shape->blocks;
    memset(made, 0, sizeof *made);
    made->samples = calloc(cells * blocks, sizeof *made->samples);
    made->run = (struct run){.cell_count = cells, .cells = made->cells, .samples = made->samples};
    for (unsigned i = 0; i < cells; i++) {
        struct cell *cell = &made->cells[i];
        *cell = (struct cell){.id = i,
                              .baseline = i,
                              .duplicate = i,
                              .size = 1,
                              .tasks = 100 + i,
                              .processes = 1,
                              .threads = 1,
                              .study = "run",
                              .label = "spin",
                              .kernel = "spin",
                              .runner = "serial",
                              .schedule = "default",
                              .placement = "none"};
    }
    for (unsigned block = 0; block < blocks; block++)
        for (unsigned i = 0; i < cells; i++) {
            struct observation *sample = &made->samples[made->run.sample_count++];
            *sample = (struct observation){
                .cell = i, .block = block, .order = i, .status = "ok", .suspect = "", .cause = "", .verified = "",
                .start_ns = 1000, .stop_ns = 1000};
            double ns = 1e6 * gsl_ran_lognormal(random, 0, shape->noise) * (i ? 1 : shape->factor) *
                        (shape->drift ? shape->drift[block] : 1);
            sample->wall_ns = (int64_t)ns;
        }
    made->run.manifest = json_pack("{s:{s:s}}", "host", "model", "here");
}

static void made_free(struct made *made)
{
    free(made->samples);
    json_decref(made->run.manifest);
}

static void together(struct made *a, struct made *b)
{
    json_object_set_new(a->run.manifest, "together", json_string("x"));
    json_object_set_new(b->run.manifest, "together", json_string("x"));
}

static void compare_made(struct made *a, struct made *b, struct comparison *out)
{
    struct compare_options options = {.margin = 0.05};
    struct reason why = {""};
    int status = compare_runs(&a->run, &b->run, &options, out, &why);
    ck_assert_msg(!status, "%s", why.text);
}

/* How often, of `trials` comparisons of `cells` cells, cell 0 (slowed by `factor`) and any other are called slower. */
static void count_slower(unsigned trials, const struct shape *shape, bool paired, unsigned *first, unsigned *others)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    *first = *others = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        gsl_rng_set(random, trial + 1);
        double drift[64];
        for (unsigned i = 0; i < 64; i++) drift[i] = 1 + 0.1 * i / shape->blocks; /* the machine gets slower by 10 % */
        struct made a, b;
        make_run(&a, &(struct shape){shape->cells, shape->blocks, shape->noise, 1, paired ? drift : NULL}, random);
        make_run(&b, &(struct shape){shape->cells, shape->blocks, shape->noise, shape->factor, paired ? drift : NULL}, random);
        if (paired) together(&a, &b);
        struct comparison comparison;
        compare_made(&a, &b, &comparison);
        ck_assert(comparison.paired == paired);
        *first += comparison.cell[0].verdict == COMPARE_SLOWER;
        bool any = false;
        for (size_t i = 1; i < comparison.count; i++) any |= comparison.cell[i].verdict == COMPARE_SLOWER;
        *others += any;
        comparison_free(&comparison);
        made_free(&a);
        made_free(&b);
    }
    gsl_rng_free(random);
}

START_TEST(gate_fires_at_ten_percent)
{
    for (int paired = 0; paired < 2; paired++) {
        unsigned first, others;
        count_slower(100, &(struct shape){12, 20, 0.02, 1.10, NULL}, paired, &first, &others);
        ck_assert_msg(first >= 95, "paired %d: found %u of 100", paired, first);
        ck_assert_msg(others == 0, "paired %d: %u false alarms", paired, others);
    }
}
END_TEST

START_TEST(one_percent_is_not_called_slower)
{
    for (int paired = 0; paired < 2; paired++) {
        unsigned first, others;
        count_slower(100, &(struct shape){2, 20, 0.02, 1.01, NULL}, paired, &first, &others);
        ck_assert_uint_eq(first, 0);
        ck_assert_uint_eq(others, 0);
    }
}
END_TEST

/* All cells exactly on the margin's edge is the worst case: over all of them the rate of any alarm is at most 5 %. */
START_TEST(family_error_is_controlled)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned alarms = 0, trials = 300;
    for (unsigned trial = 0; trial < trials; trial++) {
        gsl_rng_set(random, 1000 + trial);
        struct made a, b;
        make_run(&a, &(struct shape){20, 15, 0.03, 1, NULL}, random);
        make_run(&b, &(struct shape){20, 15, 0.03, 1, NULL}, random);
        for (size_t i = 0; i < b.run.sample_count; i++)
            b.samples[i].wall_ns = (int64_t)((double)b.samples[i].wall_ns * 1.05);
        struct comparison comparison;
        compare_made(&a, &b, &comparison);
        alarms += comparison.verdicts[COMPARE_SLOWER] > 0;
        comparison_free(&comparison);
        made_free(&a);
        made_free(&b);
    }
    gsl_rng_free(random);
    ck_assert_msg(alarms <= 27, "%u of %u", alarms, trials); /* 5 % and three standard deviations */
}
END_TEST

START_TEST(other_kernels_sizes_machines_are_refused)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct made a, b;
    make_run(&a, &(struct shape){2, 8, 0.01, 1, NULL}, random);
    make_run(&b, &(struct shape){2, 8, 0.01, 1, NULL}, random);
    struct compare_options options = {.margin = 0.05}, forced = {.margin = 0.05, .force = true};
    struct comparison comparison = {0};
    struct reason why = {""};
    json_object_set_new(json_object_get(b.run.manifest, "host"), "model", json_string("there"));
    ck_assert_int_lt(compare_runs(&a.run, &b.run, &options, &comparison, &why), 0);
    ck_assert_msg(strstr(why.text, "machines differ") && strstr(why.text, "there"), "%s", why.text);
    ck_assert_int_eq(compare_runs(&a.run, &b.run, &forced, &comparison, &why), 0);
    ck_assert_ptr_nonnull(strstr(comparison.warning, "there"));
    comparison_free(&comparison);
    json_object_set_new(json_object_get(b.run.manifest, "host"), "model", json_string("here"));
    b.cells[1].tasks = 999;
    ck_assert_int_lt(compare_runs(&a.run, &b.run, &options, &comparison, &why), 0);
    strcpy(b.cells[1].label, "primes");
    ck_assert_int_lt(compare_runs(&a.run, &b.run, &options, &comparison, &why), 0);
    ck_assert_msg(strstr(why.text, "primes") && strstr(why.text, "NEW alone"), "%s", why.text);
    ck_assert_int_eq(compare_runs(&a.run, &b.run, &forced, &comparison, &why), 0);
    comparison_free(&comparison);
    made_free(&a);
    made_free(&b);
    gsl_rng_free(random);
}
END_TEST

/* Failed and instrumented repetitions are no times; a cell of NEW without any good one is counted, never a verdict. */
START_TEST(only_headline_samples_count)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct made a, b;
    make_run(&a, &(struct shape){2, 12, 0.01, 1, NULL}, random);
    make_run(&b, &(struct shape){2, 12, 0.01, 1, NULL}, random);
    for (size_t i = 0; i < b.run.sample_count; i++)
        if (!b.samples[i].cell) strcpy(b.samples[i].status, "killed");
        else if (b.samples[i].block < 4) b.samples[i].instrumented = true, b.samples[i].wall_ns *= 3;
    struct comparison comparison;
    compare_made(&a, &b, &comparison);
    ck_assert_uint_eq(comparison.failed, 1);
    ck_assert_int_eq(comparison.cell[0].verdict, COMPARE_UNRESOLVED);
    ck_assert_str_eq(comparison.cell[0].why, "no good sample in NEW");
    ck_assert_uint_eq(comparison.cell[1].new_ns.n, 8);
    ck_assert_int_eq(comparison.cell[1].verdict, COMPARE_SAME);
    comparison_free(&comparison);
    made_free(&a);
    made_free(&b);
    gsl_rng_free(random);
}
END_TEST

/* Six repetitions of 300 cells in two interleaved builds. Ten times as slow: each cell; 10 %: the run and its kernel; one
 * cell of all by 30 %: that one. The same twice: nothing. */
START_TEST(few_repetitions_of_many_cells_decide)
{
    static const struct {
        double one, all;
        bool whole, every;
    } known[] = {{10, 10, true, true}, {1.1, 1.1, true, false}, {1.3, 1, false, false}, {1, 1, false, false}};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        struct made a, b;
        make_run(&a, &(struct shape){CELLS, 6, 0.02, 1, NULL}, random);
        make_run(&b, &(struct shape){CELLS, 6, 0.02, 1, NULL}, random);
        together(&a, &b);
        for (size_t i = 0; i < b.run.sample_count; i++)
            b.samples[i].wall_ns = (int64_t)((double)b.samples[i].wall_ns * (b.samples[i].cell ? known[k].all : known[k].one));
        struct comparison comparison;
        compare_made(&a, &b, &comparison);
        ck_assert_msg((comparison.whole.verdict == COMPARE_SLOWER) == known[k].whole, "row %zu: whole", k);
        ck_assert_msg((comparison.kernel[0].verdict == COMPARE_SLOWER) == known[k].whole, "row %zu: kernel", k);
        if (known[k].every) ck_assert_uint_eq(comparison.verdicts[COMPARE_SLOWER], CELLS);
        if (known[k].one > 1.2) ck_assert_int_eq(comparison.cell[0].verdict, COMPARE_SLOWER);
        if (!known[k].whole) ck_assert_uint_eq(comparison.verdicts[COMPARE_SLOWER], known[k].one > 1);
        ck_assert(!comparison.undecided);
        comparison_free(&comparison);
        made_free(&a);
        made_free(&b);
    }
    gsl_rng_free(random);
}
END_TEST

/* Cells that a time limit left with one repetition can tell nothing: that must not keep the others from it. */
START_TEST(cells_of_one_repetition_do_not_silence_the_others)
{
    enum { WHOLE = 270 };
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (unsigned paired = 0; paired < 2; paired++) {
        struct made made[2];
        for (size_t side = 0; side < 2; side++) {
            make_run(&made[side], &(struct shape){CELLS, 6, 0.02, 1, NULL}, random);
            for (size_t i = 0; i < made[side].run.sample_count; i++) {
                struct observation *sample = &made[side].samples[i];
                if (side) sample->wall_ns *= 10;
                if (sample->cell >= WHOLE && sample->block) strcpy(sample->status, "error");
                if (sample->cell >= WHOLE) strcpy(made[side].cells[sample->cell].label, "triad");
            }
        }
        if (paired) together(&made[0], &made[1]);
        struct comparison comparison;
        compare_made(&made[0], &made[1], &comparison);
        ck_assert_uint_eq(comparison.verdicts[COMPARE_SLOWER], WHOLE);
        ck_assert_int_eq(comparison.kernel[0].verdict, COMPARE_SLOWER);
        ck_assert_int_eq(comparison.kernel[1].verdict, COMPARE_UNRESOLVED);
        comparison_free(&comparison);
        made_free(&made[0]);
        made_free(&made[1]);
    }
    gsl_rng_free(random);
}
END_TEST

/* At a margin of 0: the shape of a default run, 227 cells x 6, twice the same in interleaved builds, 200 times: slower or faster is said of
 * anything in at most 5 %, for each of the three questions; three standard deviations more are allowed here. */
static bool is_alarm(enum compare_verdict verdict)
{
    return verdict == COMPARE_SLOWER || verdict == COMPARE_FASTER;
}

START_TEST(the_same_build_twice_alarms_rarely)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned alarms[3] = {0};
    for (unsigned trial = 0; trial < 200; trial++) {
        struct made a, b;
        make_run(&a, &(struct shape){227, 6, 0.03, 1, NULL}, random);
        make_run(&b, &(struct shape){227, 6, 0.03, 1, NULL}, random);
        together(&a, &b);
        struct comparison comparison;
        struct compare_options options = {.margin = 0};
        struct reason why = {""};
        ck_assert_int_eq(compare_runs(&a.run, &b.run, &options, &comparison, &why), 0);
        alarms[0] += comparison.verdicts[COMPARE_SLOWER] + comparison.verdicts[COMPARE_FASTER] > 0;
        alarms[1] += is_alarm(comparison.kernel[0].verdict);
        alarms[2] += is_alarm(comparison.whole.verdict);
        comparison_free(&comparison);
        made_free(&a);
        made_free(&b);
    }
    gsl_rng_free(random);
    for (int i = 0; i < 3; i++) ck_assert_msg(alarms[i] <= 19, "question %d: %u of 200", i, alarms[i]);
}
END_TEST

/* Five pairs have no p below 1/32, which both sides' 5 % forbid. */
START_TEST(too_few_repetitions_decide_nothing_and_say_so)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct made a, b;
    make_run(&a, &(struct shape){3, 5, 0.01, 1, NULL}, random);
    make_run(&b, &(struct shape){3, 5, 0.01, 2, NULL}, random);
    together(&a, &b);
    struct comparison comparison;
    compare_made(&a, &b, &comparison);
    ck_assert(comparison.undecided);
    ck_assert_uint_eq(comparison.needed, 6);
    ck_assert_uint_eq(comparison.too_few, 3);
    ck_assert_double_eq_tol(comparison.floor, 1.0 / 32, 1e-12);
    comparison_free(&comparison);
    made_free(&a);
    made_free(&b);
    gsl_rng_free(random);
}
END_TEST

/* Two cells x 6 blocks: the first always 10.5 % slower; where the sixth block's sign flips, the second would be further out,
 * so that the first has p = 2/64, which both sides' 5 % forbid. Alone it has 1/64 and is slower. */
START_TEST(half_of_the_family_error_is_for_each_side)
{
    static const double second[] = {0.994, 1.1093};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (unsigned cells = 1; cells <= 2; cells++) {
        struct made a, b;
        make_run(&a, &(struct shape){cells, 6, 0, 1, NULL}, random);
        make_run(&b, &(struct shape){cells, 6, 0, 1.105, NULL}, random);
        together(&a, &b);
        for (size_t i = 0; i < b.run.sample_count; i++)
            if (b.samples[i].cell) b.samples[i].wall_ns = (int64_t)(1e6 * second[b.samples[i].block < 5]);
        struct comparison comparison;
        compare_made(&a, &b, &comparison);
        ck_assert_double_eq_tol(comparison.cell[0].slower_p, cells / 64.0, 1e-12);
        ck_assert_int_eq(comparison.cell[0].verdict, cells == 1 ? COMPARE_SLOWER : COMPARE_UNRESOLVED);
        comparison_free(&comparison);
        made_free(&a);
        made_free(&b);
    }
    gsl_rng_free(random);
}
END_TEST

START_TEST(cells_that_vanished_are_kept_by_name)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct made a, b;
    make_run(&a, &(struct shape){3, 8, 0.01, 1, NULL}, random);
    make_run(&b, &(struct shape){2, 8, 0.01, 1, NULL}, random);
    struct comparison comparison;
    compare_made(&a, &b, &comparison);
    ck_assert_uint_eq(comparison.only_base, 1);
    ck_assert_ptr_eq(comparison.vanished[0], &a.cells[2]);
    json_object_set_new(json_object_get(a.run.manifest, "host"), "hostname", json_string("one"));
    json_object_set_new(json_object_get(b.run.manifest, "host"), "hostname", json_string("other"));
    json_object_set_new(json_object_get(b.run.manifest, "host"), "model", json_string("x"));
    json_object_set_new(json_object_get(b.run.manifest, "host"), "kernel", json_string("y"));
    comparison_free(&comparison);
    struct compare_options half = {.margin = 0.05, .allow = "kernel"}, both = {.margin = 0.05, .allow = "model,kernel"};
    struct compare_options none = {.margin = 0.05};
    struct reason why = {""};
    ck_assert_int_lt(compare_runs(&a.run, &b.run, &none, &comparison, &why), 0);
    ck_assert_msg(strstr(why.text, "model (model)") && strstr(why.text, "kernel (kernel)") && !strstr(why.text, "other"), "%s", why.text);
    ck_assert_int_lt(compare_runs(&a.run, &b.run, &half, &comparison, &why), 0);
    ck_assert_ptr_null(strstr(why.text, "kernel (kernel)"));
    ck_assert_int_eq(compare_runs(&a.run, &b.run, &both, &comparison, &why), 0);
    ck_assert_ptr_nonnull(strstr(comparison.warning, "kernel (kernel)"));
    comparison_free(&comparison);
    made_free(&a);
    made_free(&b);
    gsl_rng_free(random);
}
END_TEST

/* Two shared objects of one name are two kernels, told apart by their paths; alone in each run, one name is one kernel. */
START_TEST(shared_objects_of_one_name_are_told_apart)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct made a, b;
    struct comparison comparison;
    make_run(&a, &(struct shape){2, 8, 0.01, 1, NULL}, random);
    make_run(&b, &(struct shape){2, 8, 0.01, 1, NULL}, random);
    for (int i = 0; i < 2; i++) a.cells[i].tasks = b.cells[i].tasks = 100;
    strcpy(a.cells[0].kernel, "/x/k.so"), strcpy(a.cells[1].kernel, "/y/k.so");
    strcpy(b.cells[1].kernel, "/x/k.so"), strcpy(b.cells[0].kernel, "/y/k.so");
    compare_made(&a, &b, &comparison);
    ck_assert_uint_eq(comparison.count, 2);
    ck_assert_ptr_eq(comparison.cell[0].new, &b.cells[1]);
    ck_assert_ptr_eq(comparison.cell[1].new, &b.cells[0]);
    comparison_free(&comparison);
    a.run.cell_count = b.run.cell_count = 1;
    a.run.sample_count = b.run.sample_count = 1;
    compare_made(&a, &b, &comparison);
    ck_assert_uint_eq(comparison.count, 1);
    comparison_free(&comparison);
    made_free(&a);
    made_free(&b);
    gsl_rng_free(random);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *all = tcase_create("all");
    tcase_add_test(all, verdicts_follow_the_margin);
    tcase_add_test(all, gate_fires_at_ten_percent);
    tcase_add_test(all, one_percent_is_not_called_slower);
    tcase_add_test(all, family_error_is_controlled);
    tcase_add_test(all, other_kernels_sizes_machines_are_refused);
    tcase_add_test(all, only_headline_samples_count);
    tcase_add_test(all, few_repetitions_of_many_cells_decide);
    tcase_add_test(all, cells_of_one_repetition_do_not_silence_the_others);
    tcase_add_test(all, the_same_build_twice_alarms_rarely);
    tcase_add_test(all, too_few_repetitions_decide_nothing_and_say_so);
    tcase_add_test(all, half_of_the_family_error_is_for_each_side);
    tcase_add_test(all, cells_that_vanished_are_kept_by_name);
    tcase_add_test(all, shared_objects_of_one_name_are_told_apart);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
