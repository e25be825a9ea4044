/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lessons: each file can be read, its cells are those that its check asks for, and its check tells a machine on which
 * the prediction holds from one on which it does not. */
#include "bench/cli/options.h"
#include "bench/lessons/expression.h"
#include "bench/lessons/lessons.h"
#include "bench/plan/grid_words.h"
#include "bench/verbs.h"
#include "tests/fixtures/runs.h"
#include "tests/suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CPUS = 4, BLOCKS = 12 };
static struct reason why;

/* ---- machines ---- */

/* How long work takes that lasts 1000 us in a loop, in us: where the prediction holds, and where it does not. */
static double scaled(const struct cell *cell, double limit)
{
    return 1000 / fmin(cell->processes * cell->threads, limit);
}

static double workers_us(const struct cell *cell, bool holds)
{
    return scaled(cell, holds ? CPUS : 2);
}

static double slow_pool_us(const struct cell *cell, bool holds)
{
    return holds ? 1500 : scaled(cell, CPUS);
}

static double slow_openmp_us(const struct cell *cell, bool holds)
{
    return holds && !strcmp(cell->schedule, "tasks") ? 5000 : scaled(cell, CPUS);
}

static double chunk_us(const struct cell *cell, bool holds)
{
    bool python = !strcmp(cell->runner, "python");
    double end = holds ? 1 + (double)cell->chunk / 400 : 1, each = python && holds && cell->chunk == 1 ? 4 : 1.1;
    return scaled(cell, CPUS) * end * (cell->chunk == 8 ? 1 : each);
}

static double schedule_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (holds && !strcmp(cell->schedule, "static") ? 1.4 : 1);
}

static double pinning_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (!strcmp(cell->placement, "none") && !holds ? 1.2 : 1);
}

static double quota_us(const struct cell *cell, bool holds)
{
    return scaled(cell, holds ? 1 : CPUS);
}

static double false_sharing_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (holds && !strcmp(cell->label, "falseshare") ? 3 : 1);
}

static double bandwidth_us(const struct cell *cell, bool holds)
{
    return scaled(cell, holds && !strcmp(cell->label, "triad") ? 2 : CPUS);
}

static double split_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (!holds && cell->threads > 1 ? 1.5 : 1);
}

static double waiting_us(const struct cell *cell, bool holds)
{
    return scaled(cell, !strcmp(cell->label, "square") && holds ? 8 * CPUS : CPUS);
}

static double starting_us(const struct cell *cell, bool holds)
{
    (void)holds;
    return scaled(cell, CPUS);
}

static double ranks_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (!holds && !strcmp(cell->runner, "mpi") ? 1.3 : 1);
}

static double python_us(const struct cell *cell, bool holds)
{
    return scaled(cell, CPUS) * (!holds && !strcmp(cell->runner, "python:threads") ? 1.5 : 1);
}

static const struct {
    const char *name;
    double (*wall_us)(const struct cell *, bool holds);
    const char *says; /* where it holds */
} machines[] = {
    {"workers", workers_us, "4 workers on 4 cpus: speed-up 4.00 [4.00, 4.00], efficiency 100 %. Twice as many workers: 1.00"},
    {"slow-pool", slow_pool_us, "to stop: 0.663 [0.663, 0.663] times the loop's speed in all, 0.667"},
    {"slow-openmp", slow_openmp_us, "One explicit task each: 0.200 [0.200, 0.200] times the loop's speed"},
    {"chunk", chunk_us, "best with chunk 8; chunk 200 takes 1.62 [1.62, 1.62] times as long. Python's Pool with chunk 1"},
    {"schedule", schedule_us, "static: 369 us; dynamic: 264 us; guided: 264 us. static takes 1.40 [1.40, 1.40] times"},
    {"pinning", pinning_us, "1.00 [1.00, 1.00] times as long as when each is bound to a core of its own (264 us against"},
    {"quota", quota_us, "4 workers are 1.00 [1.00, 1.00] times as fast as one, though 4 cpus are visible."},
    {"false-sharing", false_sharing_us, "take 3.00 [3.00, 3.00] times as long as padded ones between threads, and 3.00"},
    {"bandwidth", bandwidth_us, "4 workers: triad speeds up by 2.00 [2.00, 2.00], spin by 4.00 [4.00, 4.00]. One worker"},
    {"split", split_us, "4 processes of one thread take 1.00 [1.00, 1.00] times as long as one process of 4 threads"},
    {"waiting", waiting_us, "32 workers on 4 cpus: tasks that sleep speed up by 32.0 [32.0, 32.0], tasks that compute by 4"},
    {"starting", starting_us, "With 256 MiB of the parent's memory in use the same start takes 256 us: 32.0 [32.0, 32.0]"},
    {"ranks", ranks_us, "4 ranks take 1.00 [1.00, 1.00] times as long as 4 forked workers for the work"},
    {"python", python_us, "4 threads take 1.00 [1.00, 1.00] times as long as 4 processes for the work (264 us against"},
};

/* ---- what a lesson would measure there ---- */

static const char *first_or(const struct names *names, size_t i, const char *otherwise)
{
    return names->count ? names->values[i] : otherwise;
}

static uint64_t number_or(const struct numbers *numbers, size_t i, uint64_t otherwise)
{
    return numbers->count ? numbers->values[i] : otherwise;
}

static size_t at_least_one(size_t count)
{
    return count ? count : 1;
}

/* Cell `i` of a grid, counted like an odometer; false after the last. */
static bool grid_cell(struct run *run, const struct options *grid, const char *kernel, size_t i)
{
    const size_t counts[] = {at_least_one(grid->runners.count),   at_least_one(grid->processes.count),
                             at_least_one(grid->threads.count),   at_least_one(grid->schedules.count),
                             at_least_one(grid->placements.count), at_least_one(grid->chunks.count),
                             at_least_one(grid->sizes.count)};
    size_t at[7];
    for (size_t axis = 0; axis < 7; i /= counts[axis++]) at[axis] = i % counts[axis];
    if (i) return false;
    const char *runner = first_or(&grid->runners, at[0], "");
    bool threads_only = !strcmp(runner, "openmp"), processes_only = !threads_only && strcmp(runner, "hybrid");
    unsigned processes = threads_only ? 1 : (unsigned)number_or(&grid->processes, at[1], 1);
    unsigned threads = processes_only ? 1 : (unsigned)number_or(&grid->threads, at[2], 1);
    if ((threads_only && at[1]) || (processes_only && at[2])) return true;
    struct cell *cell = runs_cell(run, runner, processes, threads);
    snprintf(cell->label, sizeof cell->label, "%s", kernel);
    snprintf(cell->kernel, sizeof cell->kernel, "%s", kernel);
    snprintf(cell->schedule, sizeof cell->schedule, "%s", first_or(&grid->schedules, at[3], "default"));
    snprintf(cell->placement, sizeof cell->placement, "%s", first_or(&grid->placements, at[4], "none"));
    cell->chunk = number_or(&grid->chunks, at[5], 0);
    cell->size = number_or(&grid->sizes, at[6], 1);
    return true;
}

static void lesson_cells(const struct lesson *lesson, unsigned cpus, struct run *run)
{
    struct names words;
    struct options grid;
    ck_assert_msg(!grid_words_make(lesson->run, cpus, 1, &words, &why), "%s: %s", lesson->name, why.text);
    ck_assert_msg(options_parse(&grid, verbs, (int)words.count, words.values) < 0, "%s", lesson->name);
    for (size_t k = 0; k < grid.kernels.count; k++) {
        struct cell *serial = runs_cell(run, "serial", 1, 1);
        snprintf(serial->label, sizeof serial->label, "%s", grid.kernels.values[k]);
        snprintf(serial->kernel, sizeof serial->kernel, "%s", grid.kernels.values[k]);
        for (size_t i = 0; grid_cell(run, &grid, grid.kernels.values[k], i); i++) {}
    }
    options_free(&grid);
    values_names_free(&words);
}

static int64_t start_ns(const struct cell *cell, bool holds)
{
    if (!strcmp(cell->runner, "serial")) return 0;
    if (!strcmp(cell->runner, "mpi")) return 800000;
    return holds && !strcmp(cell->label, "ballast") && cell->size > 65536 ? 256000 : 8000;
}

/* noise: the parallel times are off by up to this factor, to either side. */
static struct run measure(const struct lesson *lesson, size_t machine, bool holds, double noise)
{
    struct run run = runs_new();
    lesson_cells(lesson, CPUS, &run);
    for (unsigned block = 0; block < BLOCKS; block++)
        for (unsigned i = 0; i < run.cell_count; i++) {
            const struct cell *cell = &run.cells[i];
            bool serial = !strcmp(cell->runner, "serial");
            double off = serial ? 1 : pow(noise, ((double)((7 * block * block + 17 * i * (block + 1)) % 13) - 6) / 6);
            double us = (1 + 0.01 * block) * off * (serial ? 1000 : machines[machine].wall_us(cell, holds));
            struct observation *sample = runs_sample(&run, i, block, (int64_t)(1000 * us));
            sample->user_ns = sample->wall_ns * cell->processes * cell->threads;
            sample->start_ns = (int64_t)((double)start_ns(cell, holds) * off);
        }
    return run;
}

static struct lesson lesson_of(const char *name)
{
    struct lesson lesson;
    ck_assert_msg(!lesson_find(name, &lesson, &why), "%s: %s", name, why.text);
    return lesson;
}

static struct lesson_result judge(const struct lesson *lesson, const struct run *run, unsigned cpus)
{
    struct lesson_result result;
    struct summary summary = runs_summary(run);
    ck_assert_msg(!lesson_judge(lesson, &summary, cpus, cpus, &result, &why), "%s", why.text);
    summary_free(&summary);
    return result;
}

/* ---- lessons ---- */

enum { MACHINES = sizeof machines / sizeof *machines };

/* With fewer tasks than workers no prediction about workers can hold. */
START_TEST(each_worker_of_a_large_machine_gets_a_task)
{
    static const unsigned cpus[] = {2, 16, 64, 256};
    for (size_t i = 0; i < MACHINES * sizeof cpus / sizeof *cpus; i++) {
        struct lesson lesson = lesson_of(machines[i % MACHINES].name);
        struct names words;
        struct options grid;
        unsigned on = cpus[i / MACHINES];
        ck_assert_msg(!grid_words_make(lesson.run, on, 1, &words, &why), "%s: %s", lesson.name, why.text);
        ck_assert_msg(options_parse(&grid, verbs, (int)words.count, words.values) < 0, "%s", lesson.name);
        const struct numbers *teams[] = {&grid.workers, &grid.processes, &grid.threads};
        ck_assert_uint_eq(grid.tasks.count, 1);
        for (size_t t = 0; t < 3; t++)
            for (size_t k = 0; k < teams[t]->count; k++)
                ck_assert_msg(grid.tasks.values[0] >= teams[t]->values[k], "%s on %u cpus: %llu tasks for %llu workers", lesson.name, on,
                              (unsigned long long)grid.tasks.values[0], (unsigned long long)teams[t]->values[k]);
        options_free(&grid);
        values_names_free(&words);
        lesson_free(&lesson);
    }
}
END_TEST

START_TEST(each_lesson_has_a_machine_here_and_a_number_of_its_own)
{
    unsigned number = 0;
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        struct lesson lesson;
        bool known = false;
        ck_assert_msg(!lesson_read(file.name, file.text, &lesson, &why), "%s: %s", file.name, why.text);
        ck_assert_msg(lesson.number == ++number, "%s: it should have number %u", file.name, number);
        for (size_t i = 0; i < MACHINES; i++) known = known || !strcmp(machines[i].name, lesson.name);
        ck_assert_msg(known, "%s: tests/bench/test_lessons.c has no machine for it", lesson.name);
        lesson_free(&lesson);
    }
    ck_assert_uint_eq(number, MACHINES);
}
END_TEST

static void is_judged(size_t machine, bool holds, double noise, enum lesson_verdict verdict)
{
    struct lesson lesson = lesson_of(machines[machine].name);
    struct run run = measure(&lesson, machine, holds, noise);
    struct lesson_result result = judge(&lesson, &run, CPUS);
    ck_assert_msg(result.verdict == verdict, "%s: %d: %s", lesson.name, result.verdict, result.text);
    run_free(&run);
    lesson_free(&lesson);
}

START_TEST(the_prediction_holds)
{
    struct lesson lesson = lesson_of(machines[_i].name);
    struct run run = measure(&lesson, (size_t)_i, true, 1);
    struct lesson_result result = judge(&lesson, &run, CPUS);
    ck_assert_msg(result.verdict == LESSON_HELD, "%s: %d: %s", lesson.name, result.verdict, result.text);
    ck_assert_msg(strstr(result.text, machines[_i].says), "%s: \"%s\"", lesson.name, result.text);
    ck_assert_ptr_null(strchr(result.text, '{'));
    run_free(&run);
    lesson_free(&lesson);
}
END_TEST

START_TEST(the_prediction_does_not_hold)
{
    is_judged((size_t)_i, false, 1, LESSON_NOT_HELD);
}
END_TEST

START_TEST(noise_decides_nothing)
{
    is_judged((size_t)_i, true, 1e4, LESSON_UNRESOLVED);
}
END_TEST

START_TEST(what_was_not_measured_is_named)
{
    struct lesson lesson = lesson_of(machines[_i].name);
    struct run run = measure(&lesson, (size_t)_i, true, 1);
    for (size_t i = 0; i < run.sample_count; i++)
        if (strcmp(run.cells[run.samples[i].cell].runner, "serial")) strcpy(run.samples[i].status, "error");
    struct lesson_result result = judge(&lesson, &run, CPUS);
    ck_assert_int_eq(result.verdict, LESSON_UNRESOLVED);
    ck_assert_msg(strstr(result.text, "there is no good repetition of a cell of "), "%s", result.text);
    run_free(&run);
    lesson_free(&lesson);
}
END_TEST

START_TEST(one_cpu_is_said_to_be_too_few)
{
    static const char *const can[] = {"slow-pool", "waiting", "starting"};
    struct lesson lesson = lesson_of(machines[_i].name);
    struct run run = measure(&lesson, (size_t)_i, true, 1);
    bool lacks = true;
    for (size_t i = 0; i < sizeof can / sizeof *can; i++) lacks = lacks && strcmp(can[i], lesson.name);
    ck_assert_msg((judge(&lesson, &run, 1).verdict == LESSON_LACKING) == lacks, "%s", lesson.name);
    run_free(&run);
    lesson_free(&lesson);
}
END_TEST

START_TEST(without_python_the_other_half_is_judged)
{
    static const char *const names[] = {"slow-pool", "chunk"};
    for (size_t machine = 0; machine < MACHINES; machine++) {
        if (strcmp(machines[machine].name, names[0]) && strcmp(machines[machine].name, names[1])) continue;
        struct lesson lesson = lesson_of(machines[machine].name);
        struct run run = measure(&lesson, machine, true, 1);
        for (size_t i = 0; i < run.sample_count; i++)
            if (!strcmp(run.cells[run.samples[i].cell].runner, "python")) strcpy(run.samples[i].status, "error");
        struct lesson_result result = judge(&lesson, &run, CPUS);
        ck_assert_msg(result.verdict == LESSON_HELD && strstr(result.text, "python3 is missing"), "%s", result.text);
        run_free(&run);
        lesson_free(&lesson);
    }
}
END_TEST

START_TEST(a_wrong_check_is_told_with_its_line)
{
    static const char text[] =
        "[lesson]\nquestion = a\nprediction = b\nfigure = speedup\nexplanation = c\notherwise = d\nexercise = e\n"
        "[run]\nkernel = spin\n[check]\nat = cell(workers = 2)\nheld = at.speedup > twice\nsay = x\n";
    struct lesson lesson;
    struct lesson_result result;
    struct run run = runs_plain(8);
    struct summary summary = runs_summary(&run);
    ck_assert_msg(!lesson_read("13-mine", text, &lesson, &why), "%s", why.text);
    ck_assert_int_eq(lesson_judge(&lesson, &summary, 2, 2, &result, &why), -EINVAL);
    ck_assert_str_eq(why.text, "lesson mine: [check]: line 12, held: nothing above is named twice, at \"\"");
    lesson_free(&lesson);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* ---- expressions ---- */

static const struct {
    const char *text, *shows;
} good[] = {
    {"{1 + 2 * 3}", "7"},
    {"{(1 + 2) * 3 - -1}", "10"},
    {"{10 / 4}", "2.50"},
    {"{2 < 3 and not 3 < 3}", "yes"},
    {"{open or yes} {open and yes} {open and no} {not open}", "yes open no open"},
    {"{1 < 2 ? \"a {1 + 1}\" : \"b\"} {open ? 1 : 2} {\"\" ? 1 : 2}", "a 2 2 2"},
    {"{at.speedup} {median(at.speedup)} {2 * at.speedup}", "2.00 [2.00, 2.00] 2.00 4.00 [4.00, 4.00]"},
    {"{4 / at.speedup} {1 - at.speedup}", "2.00 [2.00, 2.00] -1.00 [-1.00, -1.00]"},
    {"{at.wall_ns} {at.workers} {at.chunk} {at.suspect}.", "52.8 us 2 0 ."},
    {"{at.speedup >= 2} {at.speedup > 2} {at.speedup < at.speedup}", "yes no no"},
    {"{at.wall_ns > 50000} {at.wall_ns > 52000} {at.wall_ns > 60000}", "yes open no"},
    {"{at.wall_ns / at.serial_ns > 0}", "open"}, /* of two intervals nothing is known but the medians */
    {"{ratio(one, at)} {ratio(one, at, total_ns)}", "2.00 [2.00, 2.00] 1.56 [1.55, 1.57]"},
    {"{measured(at)} {measured(none)} {measured(none) ? none.wall_ns : 3}", "yes no 3"},
    {"{cell(least = wall_ns) == at} {cell(most = wall_ns) == at} {cell(least = workers, most = wall_ns) == one}",
     "yes no yes"},
    {"{cell(workers = at.workers).workers}", "2"},
};

static const struct {
    const char *text, *says;
} bad[] = {
    {"1 +", "here belongs a name"},        {"1 2", "here is too much, at \"2\""},
    {"(1", "here belongs )"},              {"nothing", "nothing above is named nothing"},
    {"at.colour", "no such field"},        {"1.wall_ns + at", ""},
    {"cell(colour = 1)", "not chosen by"}, {"cell(workers = spin)", "nothing above is named spin"},
    {"at and yes", "join comparisons"},    {"at + 1", "only numbers"},
    {"\"open", "a text does not end"},      {"\"{1\"", "here belongs }"},
    {"ratio(at, at, size)", "a ratio is"}, {"what(1)", "the functions are"},
    {"yes < 1", "cannot be compared"},     {"((((((((((((((((((((((((((((((((((((((((((((1", "too deep"},
};

static void two_cells(struct run *run, struct summary *summary, struct expression_scope *scope)
{
    *run = runs_plain(12);
    *summary = runs_summary(run);
    *scope = (struct expression_scope){.summary = summary};
    ck_assert_int_eq(expression_define(scope, "at", "cell(workers = 2)", &why), 0);
    ck_assert_int_eq(expression_define(scope, "one", "cell(runner = serial)", &why), 0);
    ck_assert_int_eq(expression_define(scope, "none", "cell(workers = 7)", &why), 0);
}

START_TEST(expressions_have_values)
{
    struct summary summary;
    struct expression_scope scope;
    struct expression_value value;
    struct run run;
    two_cells(&run, &summary, &scope);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(!expression_sentence(&scope, good[i].text, &value, &why), "%s: %s", good[i].text, why.text);
        ck_assert_int_eq(value.kind, EXPRESSION_TEXT);
        ck_assert_str_eq(value.text, good[i].shows);
    }
    expression_free(&scope);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(wrong_expressions_are_refused_where_they_are_wrong)
{
    struct summary summary;
    struct expression_scope scope;
    struct expression_value value;
    struct run run;
    two_cells(&run, &summary, &scope);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = (struct reason){""};
        ck_assert_msg(expression_evaluate(&scope, bad[i].text, &value, &why) < 0, "%s", bad[i].text);
        ck_assert_msg(strstr(why.text, bad[i].says), "%s: %s", bad[i].text, why.text);
    }
    expression_free(&scope);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(a_missing_cell_makes_all_that_needs_it_missing)
{
    struct summary summary;
    struct expression_scope scope;
    struct expression_value value;
    struct run run;
    two_cells(&run, &summary, &scope);
    ck_assert_int_eq(expression_sentence(&scope, "{at.wall_ns} {1 + none.wall_ns}", &value, &why), 0);
    ck_assert_int_eq(value.kind, EXPRESSION_MISSING);
    ck_assert_str_eq(value.text, "a cell of workers 7");
    ck_assert_int_eq(expression_evaluate(&scope, "none.speedup > 1 and yes", &value, &why), 0);
    ck_assert_int_eq(value.kind, EXPRESSION_MISSING);
    expression_free(&scope);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lessons");
    TCase *lessons = tcase_create("lessons"), *expressions = tcase_create("expressions");
    tcase_add_test(lessons, each_worker_of_a_large_machine_gets_a_task);
    tcase_add_test(lessons, each_lesson_has_a_machine_here_and_a_number_of_its_own);
    tcase_add_loop_test(lessons, the_prediction_holds, 0, MACHINES);
    tcase_add_loop_test(lessons, the_prediction_does_not_hold, 0, MACHINES);
    tcase_add_loop_test(lessons, noise_decides_nothing, 0, MACHINES);
    tcase_add_loop_test(lessons, what_was_not_measured_is_named, 0, MACHINES);
    tcase_add_loop_test(lessons, one_cpu_is_said_to_be_too_few, 0, MACHINES);
    tcase_add_test(lessons, without_python_the_other_half_is_judged);
    tcase_add_test(lessons, a_wrong_check_is_told_with_its_line);
    tcase_add_test(expressions, expressions_have_values);
    tcase_add_test(expressions, wrong_expressions_are_refused_where_they_are_wrong);
    tcase_add_test(expressions, a_missing_cell_makes_all_that_needs_it_missing);
    suite_add_tcase(suite, lessons);
    suite_add_tcase(suite, expressions);
    return suite_run(suite);
}
