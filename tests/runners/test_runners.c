/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of runners: whatever the team, the chunk, the schedule and the number of tasks, results are the bytes
 * that a serial loop gives; workers are bound and report; afterwards no child, thread, descriptor or mapping is left.
 * */
#include "tests/runners/contract.h"

/* Every kernel of the registry over this runner. Small: what is asked here is whether the same bytes come out. */
START_TEST(test_kernels)
{
    const struct runner *runner = runners[_i];
    static const unsigned teams[][3] = {{1, 1, 0}, {3, 1, 7}, {1, 3, 7}, {2, 2, 1}};
    if (!available(runner) || starts_slowly(runner)) return;
    for (const struct kernel *const *kernel = kernels; *kernel; kernel++) {
        struct bench bench;
        bench_open(&bench, *kernel, 60, !strcmp((*kernel)->size_unit, "ns") ? 1000 : 5);
        for (size_t i = 0; i < sizeof teams / sizeof *teams; i++)
            if (fits(runner, teams[i]) && (runs_own_kernels(runner) || teams[i][0] > 1)) {
                struct team team = team_of(teams[i][0], teams[i][1], teams[i][2], SCHEDULE_DEFAULT);
                check_cell(&bench, runner, &team);
            }
        bench_close(&bench);
    }
}
END_TEST

/* The shared object of a test kernel and what it holds, in `path` (4096 bytes). */
static const struct kernel *kernel_open(const char *file, char *path, void **library)
{
    ck_assert_int_gt(readlink("/proc/self/exe", path, 4096 - 64), 0);
    snprintf(strrchr(path, '/'), 64, "/kernels/%s.so", file);
    *library = dlopen(path, RTLD_NOW);
    ck_assert_msg(*library != NULL, "%s", dlerror());
    return dlsym(*library, "breakeven_kernel");
}

/* Every kernel in one job, for runners that start slowly: shapes, chunks, schedules and numbers of tasks in turn. */
START_TEST(test_every)
{
    const struct runner *runner = runners[_i];
    static const struct {
        unsigned processes, threads;
        size_t chunk, tasks;
        enum schedule schedule;
    } rows[] = {{3, 1, 7, 1000, SCHEDULE_STATIC}, {1, 3, 0, 203, SCHEDULE_DYNAMIC}, {2, 2, 1, 203, SCHEDULE_DYNAMIC},
                {5, 1, 0, 203, SCHEDULE_STATIC},  {3, 2, 1000, 1, SCHEDULE_MASTER},  {2, 1, 0, 0, SCHEDULE_MASTER},
                {3, 1, 2, 203, SCHEDULE_GUIDED},  {3, 1, 0, 203, SCHEDULE_MASTER},
                {3, 1, 7, 1000, SCHEDULE_DEFAULT}, {1, 3, 7, 1000, SCHEDULE_DEFAULT}};
    char path[4096] = "";
    void *library;
    if (!available(runner) || !starts_slowly(runner)) return;
    const struct kernel *kernel = kernel_open("every", path, &library);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench bench;
        const unsigned shape[] = {rows[i].processes, rows[i].threads};
        unsigned schedules = runner->schedules ? runner->schedules : 1u << SCHEDULE_DEFAULT;
        if (!fits(runner, shape) || !(schedules >> rows[i].schedule & 1)) continue;
        struct team team = team_of(rows[i].processes, rows[i].threads, rows[i].chunk, rows[i].schedule);
        bench_open(&bench, kernel, rows[i].tasks, 1);
        bench.job.kernel_path = path;
        check_cell(&bench, runner, &team);
        bench_close(&bench);
    }
    dlclose(library);
}
END_TEST

/* Every schedule, chunk and number of tasks over every team shape. */
START_TEST(test_shapes)
{
    const struct runner *runner = runners[_i / SHAPES];
    const unsigned *shape = shapes[_i % SHAPES];
    static const size_t tasks[] = {0, 1, 2, 4, 1000};
    if (!fits(runner, shape) || !available(runner) || starts_slowly(runner)) return;
    for (size_t n = 0; n < sizeof tasks / sizeof *tasks; n++) {
        struct bench bench;
        bench_open(&bench, runs_own_kernels(runner) ? &kernel_marks : kernel_find("empty"), tasks[n], 1);
        size_t chunks[] = {0, 1, 7, tasks[n]};
        for (unsigned schedule = 0; schedule < SCHEDULES; schedule++)
            for (size_t c = 0; c < (tasks[n] > 7 ? 4 : 2); c++) {
                if (schedule && !(runner->schedules >> schedule & 1)) continue;
                if (chunks[c] && !(runner->axes & AXIS_CHUNK)) continue;
                if (!runs_own_kernels(runner) && n % 2 == 0 && c) continue; /* these take long to start */
                struct team team = team_of(shape[0], shape[1], chunks[c], (enum schedule)schedule);
                check_cell(&bench, runner, &team);
            }
        bench_close(&bench);
    }
}
END_TEST

/* One wrong bit in 1000 results is seen through every runner. */
START_TEST(test_wrong)
{
    const struct runner *runner = runners[_i];
    struct team team = team_over(runner, 2, 0);
    struct bench bench;
    if (!available(runner) || !runs_own_kernels(runner)) return;
    bench_open(&bench, &kernel_wrong, 1000, 1);
    setenv("MARKS_WRONG", "1", 1);
    void *state = started(&bench, runner, &team, "wrong");
    ck_assert_msg(!right(&bench, runner, state, "wrong"), "%s hides a wrong result", runner->name);
    runner->stop(state);
    bench_close(&bench);
}
END_TEST

/* Several teams one after another in one process, of changing size. */
START_TEST(test_again)
{
    const struct runner *runner = runners[_i];
    static const unsigned sizes[] = {3, 1, 4, 2};
    struct bench bench;
    if (!available(runner) || starts_slowly(runner)) return; /* test_every does so */
    bench_open(&bench, runs_own_kernels(runner) ? &kernel_marks : kernel_find("empty"), 100, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct team team = team_over(runner, sizes[i], 3);
        check_cell(&bench, runner, &team);
    }
    bench_close(&bench);
}
END_TEST

static void check_reports(const struct runner *runner, const struct team *team, const struct placement *placement)
{
    for (unsigned i = 0; i < placement->workers; i++) {
        const struct worker_report *report = &team->reports[i];
        ck_assert_msg(report->ready == 1, "%s: worker %u did not report", runner->name, i);
        ck_assert_int_eq(report->error, 0);
        if (placement->cpus) ck_assert_str_eq(report->cpus, placement->cpus[i]);
        else ck_assert(*report->cpus);
        ck_assert_int_gt(report->pid, 0);
        for (unsigned k = 0; k < i; k++)
            ck_assert_msg(team->reports[k].tid != report->tid, "%s: %u and %u are one", runner->name, k, i);
        bool same_process = i % team->threads != 0;
        if (same_process) ck_assert_int_eq(report->pid, team->reports[i - 1].pid);
    }
}

/* 128 cpus that do not fit into a report's text are where they were asked to be; with one cpu less they are not. */
START_TEST(test_long_list_is_compared_whole)
{
    char asked[600] = "0", fewer[600] = "2";
    struct worker_report report = {.ready = 1};
    hwloc_bitmap_t all = hwloc_bitmap_alloc();
    hwloc_bitmap_set(all, 0);
    for (unsigned cpu = 2; cpu < 256; cpu += 2) {
        hwloc_bitmap_set(all, cpu);
        snprintf(asked + strlen(asked), sizeof asked - strlen(asked), ",%u", cpu);
        if (cpu > 2) snprintf(fewer + strlen(fewer), sizeof fewer - strlen(fewer), ",%u", cpu);
    }
    cpulist_write(all, report.cpus, sizeof report.cpus);
    ck_assert(worker_is_at(&report, asked));
    ck_assert(!worker_is_at(&report, fewer));
    report.ready = 0;
    ck_assert(!worker_is_at(&report, asked));
    hwloc_bitmap_free(all);
}
END_TEST

/* Each worker is on the cpus that it was given, says so, and the caller has its own affinity back. */
START_TEST(test_placed)
{
    const struct runner *runner = runners[_i];
    static const char *const policies[] = {"close", "spread", "none"};
    struct reason why = {""};
    cpu_set_t before, after;
    struct bench bench;
    hwloc_topology_t topology;
    if (!available(runner) || !runner->axes) return;
    struct team team = team_over(runner, 2, 1);
    ck_assert_msg(!topology_load(NULL, &topology, &why), "%s", why.text);
    sched_getaffinity(0, sizeof before, &before);
    bench_open(&bench, runs_own_kernels(runner) ? &kernel_marks : kernel_find("empty"), 100, 1);
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        struct placement placement;
        if (starts_slowly(runner) && strcmp(policies[i], "spread")) continue;
        ck_assert(!placement_compute(policies[i], topology, team.processes, team.threads, &placement, &why));
        team.cpus = (const char *const *)placement.cpus;
        team.reports = shared_map(placement.workers * sizeof *team.reports);
        check_cell(&bench, runner, &team);
        check_reports(runner, &team, &placement);
        munmap(team.reports, placement.workers * sizeof *team.reports + 1);
        placement_free(&placement);
    }
    sched_getaffinity(0, sizeof after, &after);
    ck_assert(CPU_EQUAL(&before, &after));
    bench_close(&bench);
    hwloc_topology_destroy(topology);
}
END_TEST

/* A cpu that does not exist: start fails with one line and leaves nothing. */
START_TEST(test_no_such_cpu)
{
    const struct runner *runner = runners[_i];
    static const char *const cpus[] = {"60000", "60000", "60000", "60000"};
    if (!available(runner) || !runner->axes) return;
    struct bench bench;
    struct team team = team_over(runner, 2, 1);
    team.cpus = cpus;
    struct failure failure = {0};
    void *state = NULL;
    bench_open(&bench, runs_own_kernels(runner) ? &kernel_marks : kernel_find("empty"), 100, 1);
    struct holdings before = holdings_now();
    if (runner->setup) ck_assert_int_eq(runner->setup(&team, &bench.job, &state, &failure), 0);
    ck_assert_int_lt(runner->start(&team, &bench.job, &state, &failure), 0);
    ck_assert_msg(*failure.text && !strchr(failure.text, '\n') && strstr(failure.text, "60000"), "%s: %s", runner->name,
                  failure.text);
    check_holdings(before, runner->name);
    bench_close(&bench);
}
END_TEST

/* The hook is called around every task, once, with the number of a worker that there is, where that worker belongs. */
struct counts {
    struct hook hook; /* first */
    const struct job *job;
    unsigned workers;
    const struct team *team;
    uint64_t *tasks_of, *strangers, *strays; /* shared */
};

static void stray_count(const struct counts *counts, unsigned worker)
{
    cpu_set_t here;
    bool read = !sched_getaffinity(0, sizeof here, &here);
    if (!read || CPU_COUNT(&here) != 1 || !CPU_ISSET(strtoul(counts->team->cpus[worker], NULL, 10), &here))
        __atomic_fetch_add(counts->strays, 1, __ATOMIC_RELAXED);
}

static void count_run(const struct hook *hook, unsigned worker, size_t begin, size_t end, void *results)
{
    const struct counts *counts = (const struct counts *)hook;
    if (worker < counts->workers) __atomic_fetch_add(&counts->tasks_of[worker], end - begin, __ATOMIC_RELAXED);
    else __atomic_fetch_add(counts->strangers, 1, __ATOMIC_RELAXED);
    if (counts->team->cpus) stray_count(counts, worker);
    counts->job->kernel->run(counts->job->input, begin, end, results);
}

START_TEST(test_hook)
{
    const struct runner *runner = runners[_i];
    if (!available(runner) || !runs_own_kernels(runner)) return; /* python cannot call it: see python.c */
    struct team team = team_over(runner, 2, 5);
    struct counts counts = {.hook.run = count_run, .workers = team.processes * team.threads, .team = &team};
    struct placement placement;
    hwloc_topology_t topology;
    struct reason why = {""};
    ck_assert_msg(!topology_load(NULL, &topology, &why), "%s", why.text);
    ck_assert(!placement_compute("close", topology, team.processes, team.threads, &placement, &why));
    hwloc_topology_destroy(topology);
    if (runner->axes) team.cpus = (const char *const *)placement.cpus;
    struct bench bench;
    for (unsigned schedule = 0; schedule < SCHEDULES; schedule++) {
        if (schedule && !(runner->schedules >> schedule & 1)) continue;
        team.schedule = (enum schedule)schedule;
        bench_open(&bench, &kernel_marks, 1003, 1);
        counts.tasks_of = shared_map((counts.workers + 2) * sizeof *counts.tasks_of);
        counts.strangers = counts.tasks_of + counts.workers;
        counts.strays = counts.strangers + 1;
        counts.job = &bench.job;
        bench.job.hook = &counts.hook;
        check_cell(&bench, runner, &team);
        uint64_t sum = 0;
        for (unsigned i = 0; i < counts.workers; i++) sum += counts.tasks_of[i];
        ck_assert_uint_eq(*counts.strangers, 0);
        ck_assert_uint_eq(*counts.strays, 0);
        ck_assert_uint_eq(sum, 2 * 1003);
        munmap(counts.tasks_of, (counts.workers + 2) * sizeof *counts.tasks_of + 1);
        bench_close(&bench);
    }
    placement_free(&placement);
}
END_TEST

/* A task that ends its worker: run fails, says which worker died of what, and stop leaves nothing. */
START_TEST(test_lost)
{
    const struct runner *runner = runners[_i / 2];
    static const struct {
        const char *file;
        int signal, code;
        const char *cause;
    } kernels_lost[] = {{"crash", SIGSEGV, 0, "crash"}, {"exits", 0, 0, "ended by itself in a task"}};
    char path[4096] = "";
    if (!(runner->axes & AXIS_PROCESSES) || (runner->by_name && _i % 2) || !available(runner)) return;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn it into an exit */
    void *library;
    const struct kernel *kernel = kernel_open(kernels_lost[_i % 2].file, path, &library);
    struct team team = team_over(runner, 2, 1);
    struct bench bench = {.job = {.kernel = kernel, .params = {64, 1, 42}, .kernel_path = path}};
    bench.results = shared_map(64 * kernel->result_size);
    struct holdings before = holdings_now();
    struct failure failure = {0};
    void *state = started(&bench, runner, &team, path);
    ck_assert_int_lt(runner->run(state, 64, bench.results, &failure), 0);
    runner->stop(state);
    ck_assert_msg(failure.lost_count >= 1, "%s: %s", path, failure.text);
    ck_assert(*failure.text && !strchr(failure.text, '\n'));
    ck_assert_uint_lt(failure.lost[0].worker, team.processes * team.threads);
    ck_assert_int_eq(failure.lost[0].signal, kernels_lost[_i % 2].signal);
    ck_assert_int_eq(failure.lost[0].code, kernels_lost[_i % 2].code);
    if (strncmp(runner->name, "python", 6)) { /* of Python's workers only signal and code are known */
        ck_assert_str_eq(failure.lost[0].cause, kernels_lost[_i % 2].cause);
        ck_assert_int_gt(failure.lost[0].max_rss_bytes, 0);
    }
    check_holdings(before, path);
    munmap(bench.results, 64 * kernel->result_size + 1);
    dlclose(library);
}
END_TEST

START_TEST(test_registry)
{
    for (unsigned i = 0; runners[i]; i++) {
        ck_assert(runners[i]->start && runners[i]->run && runners[i]->stop && runners[i]->summary);
        ck_assert_ptr_eq(runner_find(runners[i]->name), runners[i]);
        ck_assert(!runners[i]->schedules || runners[i]->axes & AXIS_SCHEDULE);
    }
    ck_assert_ptr_null(runner_find("nosuch"));
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    char python[PATH_MAX];
    interpreter_find(python, sizeof python); /* once here, not in each test: behind a version manager's script it takes long */
    /* Teams outnumber cpus here, and the runtimes, which learn how to wait when they are loaded, would spin against
     * each other. */
    if (!getenv("OMP_WAIT_POLICY") && !setenv("OMP_WAIT_POLICY", "passive", 1)) execv("/proc/self/exe", argv);
    Suite *suite = suite_create("runners");
    TCase *tests = tcase_create("runners");
    int count = (int)runner_count();
    tcase_add_test(tests, test_registry);
    tcase_add_test(tests, test_long_list_is_compared_whole);
    tcase_add_loop_test(tests, test_kernels, 0, count);
    tcase_add_loop_test(tests, test_every, 0, count);
    tcase_add_loop_test(tests, test_shapes, 0, count * SHAPES);
    tcase_add_loop_test(tests, test_wrong, 0, count);
    tcase_add_loop_test(tests, test_again, 0, count);
    tcase_add_loop_test(tests, test_placed, 0, count);
    tcase_add_loop_test(tests, test_no_such_cpu, 0, count);
    tcase_add_loop_test(tests, test_hook, 0, count);
    tcase_add_loop_test(tests, test_lost, 0, 2 * count);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
