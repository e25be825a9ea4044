/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan: which cells a grid becomes. */
#include "bench/measure/tally.h"
#include "bench/plan/grid_words.h"
#include "bench/plan/kernel_info.h"
#include "bench/plan/plan.h"
#include "bench/plan/studies.h"
#include "bench/verbs.h"
#include "kernels/kernel.h"
#include "kernels/reason.h"
#include "runners/runner.h"
#include "tests/suite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct reason why;

static hwloc_topology_t topology;

static void load(void)
{
    ck_assert_int_eq(topology_load("pack:1 core:4 pu:1", &topology, &why), 0);
}

static void unload(void)
{
    hwloc_topology_destroy(topology);
}

static const struct protocol protocol = {.reps = 3,
                                         .reps_min = 3,
                                         .warmup = PLAN_WARMUP_AUTO,
                                         .spans = PLAN_SPANS_AUTO,
                                         .seed = 1,
                                         .task_seed = 1,
                                         .memory_bytes = UINT64_C(1) << 32};

/* Plans one command line for four cpus. Returns plan_add's status, then plan_close's. */
static int plan_line(struct plan *plan, const struct protocol *how, const char *line)
{
    char copy[512], *words[64] = {(char *)"breakeven", (char *)"run"}, *rest;
    int count = 2;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) words[count++] = word;
    struct options grid;
    ck_assert_int_eq(options_parse(&grid, verbs, count, words), -1);
    *why.text = '\0';
    plan_open(plan, topology, 4, how);
    int error = plan_add(plan, "run", &grid, &why);
    if (!error) error = plan_close(plan, &why);
    options_free(&grid);
    return error;
}

static unsigned count_runner(const struct plan *plan, const char *runner)
{
    unsigned count = 0;
    for (unsigned i = 0; i < plan->cell_count; i++) count += !strcmp(plan->cells[i].runner, runner);
    return count;
}

/* What every plan must hold. */
static void check_plan(const struct plan *plan)
{
    for (unsigned i = 0; i < plan->cell_count; i++) {
        const struct cell *cell = &plan->cells[i], *base = &plan->cells[cell->baseline];
        ck_assert_uint_eq(cell->id, i);
        ck_assert_str_eq(base->runner, "serial");
        ck_assert_uint_eq(base->baseline, base->id);
        ck_assert_str_eq(base->kernel, cell->kernel);
        ck_assert_uint_eq(base->size, cell->size);
        ck_assert_uint_eq(base->tasks, cell->tasks);
        ck_assert_uint_ge(cell->processes, 1);
        ck_assert_uint_ge(cell->threads, 1);
        ck_assert(cell->chunk <= cell->tasks);
    }
}

START_TEST(each_problem_gets_its_serial_cell)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel empty --tasks 10,20 --runner openmp --threads 1,2"), 0);
    check_plan(&plan);
    ck_assert_uint_eq(plan.cell_count, 6);
    ck_assert_uint_eq(count_runner(&plan, "serial"), 2);
    plan_free(&plan);
}
END_TEST

START_TEST(axes_that_a_runner_lacks_collapse)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol,
                               "--kernel empty --tasks 100 --runner serial,openmp --processes 1,2,3 "
                               "--threads 2 --chunk 1,5 --schedule static,dynamic --placement none,close"),
                     0);
    check_plan(&plan);
    ck_assert_uint_eq(count_runner(&plan, "serial"), 1);
    ck_assert_uint_eq(count_runner(&plan, "openmp"), 2 * 2 * 2); /* chunk x schedule x placement */
    for (unsigned i = 0; i < plan.cell_count; i++) ck_assert_uint_eq(plan.cells[i].processes, 1);
    plan_free(&plan);
}
END_TEST

START_TEST(policies_that_give_the_same_cpus_are_one_cell)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol,
                               "--kernel empty --tasks 10 --runner openmp --threads 1,2 --placement none,close,spread,0"),
                     0);
    check_plan(&plan);
    ck_assert_uint_eq(count_runner(&plan, "openmp"), 4 + 4 - 1); /* of one worker spread is close; a list is taken as it is */
    ck_assert_uint_eq(plan.note_count, 1);
    ck_assert_str_eq(plan.notes[0], "placement spread gives 1 worker the cpus of close, and is not measured twice");
    plan_free(&plan);
}
END_TEST

START_TEST(hosts_that_a_job_does_not_have_are_left_out_and_said)
{
    struct plan plan;
    const struct runner *mpi = runner_find("mpi");
    if (!mpi || mpi->available(&why)) {
        printf("skipped: hosts_that_a_job_does_not_have_are_left_out_and_said: %s\n", mpi ? why.text : "no mpi");
        return;
    }
    setenv("SLURM_JOB_ID", "7", 1);
    setenv("SLURM_JOB_NUM_NODES", "2", 1);
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel empty --tasks 10 --runner mpi --processes 4 --nodes 1,2,4"), 0);
    check_plan(&plan);
    for (unsigned i = 0; i < plan.cell_count; i++) ck_assert_uint_le(plan.cells[i].nodes, 2);
    ck_assert_str_eq(plan.notes[plan.note_count - 1], "--nodes 4 is left out: the job has 2 (SLURM_JOB_NUM_NODES)");
    plan_free(&plan);
}
END_TEST

START_TEST(workers_go_to_the_axis_that_a_runner_has)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel empty --tasks 100 --workers 1,4"), 0);
    check_plan(&plan);
    for (unsigned i = 0; i < plan.cell_count; i++) {
        const struct cell *cell = &plan.cells[i];
        const struct runner *runner = runner_find(cell->runner);
        unsigned workers = cell->processes * cell->threads;
        ck_assert(workers == 1 || (workers == 4 && runner->axes));
        if (!(runner->axes & AXIS_PROCESSES)) ck_assert_uint_eq(cell->processes, 1);
        if (!(runner->axes & AXIS_THREADS)) ck_assert_uint_eq(cell->threads, 1);
    }
    plan_free(&plan);
}
END_TEST

START_TEST(without_lists_a_runner_gets_the_cpus)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel empty --tasks 100 --runner openmp"), 0);
    ck_assert_uint_eq(plan.cell_count, 2);
    ck_assert_uint_eq(plan.cells[1].threads, 4);
    plan_free(&plan);
}
END_TEST

START_TEST(a_runner_with_both_axes_gets_every_split)
{
    struct plan plan;
    if (!runner_find("hybrid")) {
        puts("skipped: no hybrid runner in this build");
        return;
    }
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel empty --tasks 100 --runner hybrid --workers 4"), 0);
    ck_assert_uint_eq(count_runner(&plan, "hybrid"), 3); /* 1x4, 2x2, 4x1 */
    plan_free(&plan);
}
END_TEST

START_TEST(a_kernel_that_counts_ns_is_taken_at_its_word)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel square --delay 10ms --tasks 64 --runner openmp --threads 2"),
                     0);
    ck_assert_uint_eq(plan.cells[0].size, 10000000);
    ck_assert_uint_eq(plan.cells[0].task_time_ns, 10000000);
    ck_assert_uint_eq(plan.extra[0].warmup, 0); /* it waits: nothing to warm up */
    ck_assert_uint_gt(plan.extra[0].deadline_ns, UINT64_C(10000000000));
    plan_free(&plan);
}
END_TEST

START_TEST(a_long_pass_over_memory_is_warmed_up_all_the_same)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel triad,spin --runner serial --tasks 1000 --task-time 1ms"), 0);
    ck_assert_uint_eq(plan.extra[0].warmup, 1); /* each process touches its pages before it is timed */
    ck_assert_uint_eq(plan.extra[1].warmup, 0);
    plan_free(&plan);
}
END_TEST

START_TEST(a_warm_up_is_short_for_one_worker_that_only_computes)
{
    static const struct {
        const char *line;
        uint64_t serial, openmp; /* tasks of a warm-up pass; 0: all */
    } cases[] = {
        {"--kernel spin --tasks 60 --task-time 200us --runner openmp --threads 1", 10, 10}, /* 2 ms */
        {"--kernel spin --tasks 60 --task-time 200us --runner openmp --threads 2", 10, 0},  /* it spreads them over the cpus */
        {"--kernel spin --tasks 5 --task-time 2500us --runner openmp --threads 1", 1, 1},
        {"--kernel spin --tasks 8 --task-time 200us --runner openmp --threads 1", 0, 0},     /* as many as there are */
        {"--kernel spin --tasks 600 --task-time 10us --runner openmp --threads 1", 0, 0},    /* results in two pages */
        {"--kernel triad --tasks 60 --task-time 200us --runner openmp --threads 1", 0, 0},   /* memory */
        {"--kernel matmul --tasks 60 --task-time 200us --runner openmp --threads 1", 0, 0},  /* cache */
    };
    struct protocol asked = protocol;
    struct plan plan;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(plan_line(&plan, &protocol, cases[i].line), 0);
        for (unsigned cell = 0; cell < 2; cell++) {
            uint64_t tasks = plan.extra[cell].warmup_tasks, wanted = cell ? cases[i].openmp : cases[i].serial;
            ck_assert_uint_eq(plan.extra[cell].warmup, 1);
            bool right = wanted > 1 ? tasks >= wanted / 2 && tasks <= 2 * wanted : tasks == wanted; /* task times are measured */
            ck_assert_msg(right, "%s, cell %u: %llu", cases[i].line, cell, (unsigned long long)tasks);
        }
        plan_free(&plan);
    }
    asked.warmup = 1; /* by --warmup: whole ones */
    ck_assert_int_eq(plan_line(&plan, &asked, cases[0].line), 0);
    ck_assert_uint_eq(plan.extra[0].warmup_tasks, 0);
    plan_free(&plan);
}
END_TEST

START_TEST(work_makes_the_number_of_tasks)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel square --task-time 1ms,10ms --work 100ms --runner serial"),
                     0);
    ck_assert_uint_eq(plan.cells[0].tasks, 100);
    ck_assert_uint_eq(plan.cells[1].tasks, 10);
    plan_free(&plan);
}
END_TEST

START_TEST(one_cell_is_measured_twice_where_there_are_intervals)
{
    struct plan plan;
    struct protocol many = protocol;
    many.reps = 6;
    ck_assert_int_eq(plan_line(&plan, &many, "--kernel square --delay 1ms --tasks 4 --runner openmp --threads 2"), 0);
    ck_assert_uint_eq(plan.cell_count, 3);
    ck_assert_uint_eq(plan.cells[2].duplicate, 1);
    ck_assert_uint_eq(plan.cells[1].duplicate, 1);
    ck_assert_int_eq(plan.protocol.spans, 1);
    plan_free(&plan);
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel square --delay 1ms --tasks 4 --runner openmp --threads 2"),
                     0);
    ck_assert_uint_eq(plan.cell_count, 2);
    ck_assert_int_eq(plan.protocol.spans, 0);
    plan_free(&plan);
}
END_TEST

START_TEST(each_worker_gets_tasks_however_long_they_are)
{
    struct plan plan;
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel square --task-time 1ms,100us --work 10ms --runner openmp --threads 1,16"), 0);
    for (unsigned i = 0; i < plan.cell_count; i++)
        ck_assert_uint_eq(plan.cells[i].tasks, plan.cells[i].task_time_ns == 1000000 ? 4 * 16 : 100);
    plan_free(&plan);
    ck_assert_int_eq(plan_line(&plan, &protocol, "--kernel square --task-time 1ms --work 10ms --runner openmp --threads 2"), 0);
    ck_assert_uint_eq(plan.cells[0].tasks, 10);
    plan_free(&plan);
}
END_TEST

/* One repetition of six that something else delays must not decide what a large run is worth. */
START_TEST(a_large_plan_has_a_pair_for_each_of_three_runners)
{
    struct plan plan;
    struct protocol many = protocol;
    many.reps = 6;
    const char *line = "--kernel square --delay 1ms --tasks 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23 "
                       "--runner openmp,forkpool,hybrid --workers 2";
    ck_assert_int_eq(plan_line(&plan, &many, line), 0);
    unsigned twins = 0;
    for (unsigned i = 0; i < plan.cell_count; i++) {
        const struct cell *cell = &plan.cells[i], *first = &plan.cells[cell->duplicate];
        if (first == cell) continue;
        ck_assert_str_eq(cell->runner, first->runner);
        for (unsigned k = 0; k < i; k++)
            ck_assert(plan.cells[k].duplicate == k || strcmp(plan.cells[k].runner, cell->runner));
        twins++;
    }
    ck_assert_uint_eq(twins, 3);
    plan_free(&plan);
}
END_TEST

static const struct {
    const char *line, *says;
} refused[] = {
    {"--kernel empty --tasks 10 --runner openmp --chunk 11", "above the number of tasks"},
    {"--kernel empty --tasks 10 --runner openmp --chunk 1,500", "above the number of tasks"},
    {"--kernel empty --task-time 1us --size 3", "give one of them"},
    {"--kernel empty --workers 2 --threads 2", "give it alone"},
    {"--kernel empty --work 1s --tasks 3 --task-time 1us", "give one of them"},
    {"--kernel empty --work 1s", "needs --task-time"},
    {"--kernel empty --tasks 10 --runner openmp --threads 2 --placement 3-1", "--placement"},
    {"--kernel empty --tasks 10 --runner openmp --threads 2 --placement 77", "--placement"},
    {"--kernel /nowhere/x.so", "No such file"},
    {"--kernel empty --tasks 1000000000 --size 1000", "memory"},
};

START_TEST(grids_that_make_no_sense_are_refused)
{
    struct plan plan;
    struct protocol tight = protocol;
    tight.memory_bytes = 1 << 20;
    ck_assert_int_lt(plan_line(&plan, &tight, refused[_i].line), 0);
    ck_assert_msg(strstr(why.text, refused[_i].says), "\"%s\" said: %s", refused[_i].line, why.text);
    ck_assert_ptr_null(strchr(why.text, '\n'));
    plan_free(&plan);
}
END_TEST

/* --- the default experiment --- */

START_TEST(every_study_can_be_parsed)
{
    if (!runner_find("forkpool") || !runner_find("hybrid")) {
        puts("skipped: a runner of the default experiment is not in this build");
        return;
    }
    const unsigned cpus[] = {1, 2, 3, 4, 8, 64, 256};
    for (size_t i = 0; i < 2 * sizeof cpus / sizeof *cpus; i++) {
        struct options options, grid;
        struct studies studies;
        struct reason reason = {""};
        options_begin(&options, verbs, verb_find(verbs, "run"));
        ck_assert_msg(!studies_open(NULL, i % 2, &options, &studies, &reason), "%s", reason.text);
        for (size_t k = 0; k < studies.ini.count; k++) {
            struct names words;
            const struct ini_section *section = &studies.ini.sections[k];
            ck_assert_msg(!grid_words_make(section, cpus[i / 2], 0.5, &words, &reason), "%s", reason.text);
            options_begin(&grid, verbs, verb_find(verbs, "run"));
            ck_assert_msg(!grid_words_set(&words, section, &grid, &reason), "%u cpus: %s", cpus[i / 2], reason.text);
            for (size_t word = 0; word < words.count; word++) ck_assert_ptr_null(strchr(words.values[word], '{'));
            bool sleeps = grid.kernels.count && !strcmp(grid.kernels.values[0], "square"); /* its speed-up is bounded by its tasks on any machine */
            for (size_t t = 0; t < grid.tasks.count; t++)
                for (size_t w = 0; w < grid.workers.count && !sleeps; w++)
                    ck_assert_msg(grid.tasks.values[t] >= grid.workers.values[w], "%u cpus, section %zu: fewer tasks than workers",
                                  cpus[i / 2], k);
            options_free(&grid);
            values_names_free(&words);
        }
        studies_close(&studies);
    }
}
END_TEST

START_TEST(words_in_braces_are_put_in_for_the_machine)
{
    static const struct {
        const char *value, *wanted;
        unsigned cpus;
    } cases[] = {{"{all}", "1,2,3,4", 2},
                 {"{all}", "1,2,4,8,12,16,24", 12},
                 {"{few}", "2,4,16", 16},
                 {"{20ms}", "10000000ns", 16},
                 {"1..{share}*4", "1..5000*4", 4},
                 {"{60 or 4*cpus}", "60", 15},
                 {"{60 or 4*cpus}", "64", 16},
                 {"1,{cpus},{8*cpus}", "1,3,24", 3},
                 {"1,{cpus}", "1", 1},
                 {"1,1", "1,1", 1},
                 {"spin", "spin", 4}};
    char text[256];
    struct reason reason = {""};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(grid_words_expand(cases[i].value, cases[i].cpus, 0.5, text, sizeof text, &reason), 0);
        ck_assert_str_eq(text, cases[i].wanted);
    }
    unsetenv("SLURM_JOB_ID");
    ck_assert_int_eq(grid_words_expand("{nodes};{ranks}", 4, 1, text, sizeof text, &reason), 0);
    ck_assert_str_eq(text, "1;4");
    setenv("SLURM_JOB_ID", "7", 1);
    setenv("SLURM_JOB_NUM_NODES", "6", 1);
    ck_assert_int_eq(grid_words_expand("{nodes};{ranks}", 4, 1, text, sizeof text, &reason), 0);
    ck_assert_str_eq(text, "1,2,4,6;6");
    ck_assert_int_lt(grid_words_expand("{all}{all}", 4, 1, text, 8, &reason), 0);
    ck_assert_int_eq(grid_words_expand("{cpu}", 4, 1, text, sizeof text, &reason), -EINVAL);
    ck_assert_ptr_nonnull(strstr(reason.text, "{cpu}: the words in braces are"));
}
END_TEST

/* --- sequential stopping --- */

enum { NARROW, WIDE };

/* Six repetitions, all within 1 % or spread over 30 %. */
static void measure(struct tally *tally, int how, double times)
{
    for (int i = 0; i < 6; i++) ck_assert_int_eq(tally_add(tally, times * 1e6 * (1 + (how == WIDE ? 0.05 : 0.002) * i)), 0);
}

/* Cells: an A/A pair with its serial cell and a clear one beside them; a problem with one that is slow beyond doubt however wide,
 * one that is not, and the fastest, wide too; one that is clear whole; a curve, where a slow one decides something, too. */
static const struct {
    const char *study, *kernel;
    unsigned baseline, duplicate;
    int how;
    double times; /* of what the others take */
    bool settles;
} stopping[] = {{"scaling", "spin", 0, 0, NARROW, 1, false},       {"scaling", "spin", 0, 1, NARROW, 1, false},
                {"scaling", "spin", 0, 1, NARROW, 1, false},       {"scaling", "spin", 0, 3, NARROW, 1, true},
                {"scaling", "triad", 4, 4, NARROW, 2, false},      {"scaling", "triad", 4, 5, WIDE, 3, true},
                {"scaling", "triad", 4, 6, WIDE, 1.9, false},      {"scaling", "triad", 4, 7, WIDE, 1, false},
                {"placement", "spin", 8, 8, NARROW, 1, true},      {"placement", "spin", 8, 9, NARROW, 1, true},
                {"granularity", "spin", 10, 10, NARROW, 1, false}, {"granularity", "spin", 10, 11, WIDE, 9, false},
                {"granularity", "spin", 10, 12, NARROW, 1, true}};
enum { STOPPING = sizeof stopping / sizeof *stopping };

START_TEST(cells_whose_answer_is_clear_stop)
{
    struct cell cells[STOPPING] = {0};
    struct tally tally[STOPPING] = {0};
    struct plan plan = {.cell_count = STOPPING, .cells = cells, .protocol.settle = 0.05};
    for (unsigned i = 0; i < STOPPING; i++) {
        cells[i] = (struct cell){.id = i, .baseline = stopping[i].baseline, .duplicate = stopping[i].duplicate};
        strcpy(cells[i].study, stopping[i].study);
        strcpy(cells[i].kernel, stopping[i].kernel);
        measure(&tally[i], stopping[i].how, stopping[i].times);
    }
    ck_assert_uint_eq(tally_settle(&plan, tally), 5);
    for (unsigned i = 0; i < STOPPING; i++) ck_assert_msg(tally[i].settled == stopping[i].settles, "cell %u", i);
    ck_assert_uint_eq(tally_settle(&plan, tally), 0);
    for (unsigned i = 0; i < STOPPING; i++) free(tally[i].walls_ns);
}
END_TEST

/* Of the same cells: the A/A pair stays; what a block has no time for stops, the dearest first, those of the curve last; a serial
 * cell stops with the last that needs it. */
START_TEST(short_time_goes_to_the_crossings)
{
    static const double cost_ns[STOPPING] = {9, 9, 9, 1, 2, 3, 4, 5, 1, 1, 50, 10, 40};
    static const struct {
        double block_ns;
        const char *goes_on; /* a letter a cell */
    } cases[] = {{144, "yyyyyyyyyyyyy"}, {143, "yyyyyyynyyyyy"}, {135, "yyyyyynnyyyyy"}, {134, "yyyynnnnyyyyy"}, {129, "yyynnnnnyyyyy"},
                 {128, "yyynnnnnnnyyy"}, {126, "yyynnnnnnnyyn"}, {86, "yyynnnnnnnnnn"}, {0, "yyynnnnnnnnnn"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct cell cells[STOPPING] = {0};
        struct tally tally[STOPPING] = {0};
        struct plan plan = {.cell_count = STOPPING, .cells = cells};
        for (unsigned i = 0; i < STOPPING; i++) {
            cells[i] = (struct cell){.id = i, .baseline = stopping[i].baseline, .duplicate = stopping[i].duplicate};
            strcpy(cells[i].study, stopping[i].study);
        }
        tally_narrow(&plan, tally, cost_ns, cases[k].block_ns);
        for (unsigned i = 0; i < STOPPING; i++)
            ck_assert_msg(tally[i].settled == (cases[k].goes_on[i] == 'n'), "%g ns a block, cell %u", cases[k].block_ns, i);
        ck_assert_uint_eq(tally_narrow(&plan, tally, cost_ns, cases[k].block_ns), 0);
    }
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

/* On a crowded machine loading takes longer than the deadline that somebody gives a repetition. */
START_TEST(a_kernel_is_loaded_in_its_own_time)
{
    char path[PATH_MAX] = "";
    struct kernel_info info;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    ck_assert_int_gt(length, 0);
    path[length] = '\0';
    snprintf(strrchr(path, '/'), 32, "/kernels/every.so");
    if (access(path, R_OK)) {
        printf("skipped: a_kernel_is_loaded_in_its_own_time: the users' kernels are not built (make tests)\n");
        return;
    }
    ck_assert_msg(!kernel_info_get(path, (struct kernel_info_limits){.deadline_ns = 1000}, &info, &why), "%s", why.text);
    ck_assert_str_ne(info.label, "");
}
END_TEST

/* The planner starts this program again to time a kernel's task: then it is breakeven. */
static int be_breakeven(int argc, char **argv)
{
    struct options options;
    int status = options_parse(&options, verbs, argc, argv);
    if (status < 0) status = options.verb->run(&options);
    options_free(&options);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1) return be_breakeven(argc, argv);
    Suite *suite = suite_create("plan");
    TCase *grids = tcase_create("grids"), *studies = tcase_create("studies");
    tcase_add_checked_fixture(grids, load, unload);
    tcase_add_test(grids, each_problem_gets_its_serial_cell);
    tcase_add_test(grids, axes_that_a_runner_lacks_collapse);
    tcase_add_test(grids, policies_that_give_the_same_cpus_are_one_cell);
    tcase_add_test(grids, hosts_that_a_job_does_not_have_are_left_out_and_said);
    tcase_add_test(grids, workers_go_to_the_axis_that_a_runner_has);
    tcase_add_test(grids, without_lists_a_runner_gets_the_cpus);
    tcase_add_test(grids, a_runner_with_both_axes_gets_every_split);
    tcase_add_test(grids, a_kernel_that_counts_ns_is_taken_at_its_word);
    tcase_add_test(grids, a_long_pass_over_memory_is_warmed_up_all_the_same);
    tcase_add_test(grids, a_warm_up_is_short_for_one_worker_that_only_computes);
    tcase_add_test(grids, work_makes_the_number_of_tasks);
    tcase_add_test(grids, one_cell_is_measured_twice_where_there_are_intervals);
    tcase_add_test(grids, each_worker_gets_tasks_however_long_they_are);
    tcase_add_test(grids, a_large_plan_has_a_pair_for_each_of_three_runners);
    tcase_add_loop_test(grids, grids_that_make_no_sense_are_refused, 0, COUNT(refused));
    tcase_add_test(studies, every_study_can_be_parsed);
    tcase_add_test(studies, cells_whose_answer_is_clear_stop);
    tcase_add_test(studies, short_time_goes_to_the_crossings);
    tcase_add_test(studies, a_kernel_is_loaded_in_its_own_time);
    tcase_add_test(studies, words_in_braces_are_put_in_for_the_machine);
    suite_add_tcase(suite, grids);
    suite_add_tcase(suite, studies);
    return suite_run(suite);
}
