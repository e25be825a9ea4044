/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One repetition: its phases in order, timed by a clock that follows a script, with a runner that is made up; what goes
 * wrong in a kernel or a runner is a cause and never a number. */
#include "bench/measure/repetition.h"
#include "bench/plan/spec.h"
#include "kernels/reason.h"
#include "tests/suite.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a clock that moves only when told to --- */

static int64_t now_ns;

static int64_t scripted_now(const struct clock *clock)
{
    (void)clock;
    return now_ns;
}
static const struct clock scripted = {.now_ns = scripted_now};

/* --- a kernel that writes its index, and takes 10 ns a task --- */

static int prepared, released;
static int prepare_error, verify_verdict = 1;

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    if (prepare_error) return prepare_error;
    uint64_t *made = arena_alloc(shared, sizeof *made, 64);
    ck_assert_ptr_nonnull(made);
    ck_assert_uint_eq((uintptr_t)made % 64, 0);
    ck_assert_uint_eq(*made, 0);
    *made = params->size;
    *input = made;
    prepared++;
    return 0;
}

static void run_tasks(const void *input, size_t begin, size_t end, void *results)
{
    (void)input;
    for (size_t i = begin; i < end; i++) ((uint64_t *)results)[i] = i;
    now_ns += 10 * (int64_t)(end - begin);
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    for (size_t i = 0; i < params->tasks; i++)
        if (((const uint64_t *)results)[i] != i) {
            snprintf(why, why_size, "task %zu is missing", i);
            return -1;
        }
    return verify_verdict;
}

static void release(void *input)
{
    (void)input;
    released++;
}

static const struct kernel kernel = {.version = KERNEL_VERSION,
                                     .name = "made-up",
                                     .summary = "",
                                     .default_tasks = 8,
                                     .default_size = 1,
                                     .size_unit = "none",
                                     .result_size = sizeof(uint64_t),
                                     .prepare = prepare,
                                     .run = run_tasks,
                                     .verify = verify,
                                     .release = release};

/* --- a runner with two workers in this process, each phase with a duration of its own --- */

static struct {
    const struct job *job;
    const struct team *team;
    bool hooked;
    int setups, starts, runs, stops;
    int fail_setup, fail_start, fail_run; /* errno, 0: none */
    int idle_from;                        /* passes from this one on compute nothing; 0: none */
    size_t tasks[2];                      /* of the first passes */
    unsigned char seen;                   /* the first byte of the results at the start of the last pass */
} fake;

static int fake_setup(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    (void)team, (void)job, (void)state, (void)failure;
    fake.setups++;
    now_ns += 1000;
    return fake.fail_setup;
}

static int fake_start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    fake.job = job;
    fake.hooked = job->hook != NULL;
    fake.team = team;
    fake.starts++;
    now_ns += 200;
    if (fake.fail_start) {
        snprintf(failure->text, sizeof failure->text, "no workers today");
        return fake.fail_start;
    }
    snprintf(team->reports[0].cpus, sizeof team->reports[0].cpus, "3");
    team->reports[0].ready = 1;
    *state = &fake;
    return 0;
}

static int fake_run(void *state, size_t tasks, void *results, struct failure *failure)
{
    ck_assert_ptr_eq(state, &fake);
    fake.seen = *(unsigned char *)results;
    if (fake.runs < 2) fake.tasks[fake.runs] = tasks;
    fake.runs++;
    now_ns += 30;
    if (fake.fail_run) {
        failure->lost_count = 1;
        failure->lost[0] = (struct lost_worker){.worker = 1, .signal = 9, .cause = "out of memory"};
        snprintf(failure->text, sizeof failure->text, "a worker was lost");
        return fake.fail_run;
    }
    if (fake.idle_from && fake.runs >= fake.idle_from) return 0;
    job_team(fake.job, 0, true);
    job_run(fake.job, 0, 0, tasks / 2, results);
    job_run(fake.job, 0, tasks / 2, tasks, results); /* worker 1 gets nothing */
    job_team(fake.job, 0, false);
    return 0;
}

static void fake_stop(void *state)
{
    (void)state;
    fake.stops++;
    now_ns += 4;
}

static const struct runner runner = {.name = "fake",
                                     .summary = "",
                                     .axes = AXIS_THREADS,
                                     .setup = fake_setup,
                                     .start = fake_start,
                                     .run = fake_run,
                                     .stop = fake_stop};

static struct sample sample;

static void repeat(unsigned warmup, bool instrumented)
{
    struct repetition repetition = {.kernel = &kernel,
                                    .runner = &runner,
                                    .params = {8, 1, 1},
                                    .team = {.processes = 1, .threads = 2},
                                    .warmup = warmup,
                                    .instrumented = instrumented};
    repetition_run(&repetition, &scripted, &sample);
}

static void teardown(void)
{
    sample_free(&sample);
}

START_TEST(phases_are_timed_apart)
{
    repeat(1, false);
    ck_assert_str_eq(sample.status, "ok");
    ck_assert_str_eq(sample.cause, "");
    ck_assert_int_eq(sample.setup_ns, 1000);
    ck_assert_int_eq(sample.start_ns, 200);
    ck_assert_int_eq(sample.first_ns, 110);
    ck_assert_int_eq(sample.wall_ns, 110);
    ck_assert_int_eq(sample.stop_ns, 4);
    ck_assert_str_eq(sample.verified, "published");
    ck_assert_uint_eq(strlen(sample.hash), 16);
    ck_assert_int_gt(sample.peak_rss_bytes, 0);
    ck_assert_int_eq(fake.setups, 1);
    ck_assert_int_eq(fake.starts, 1);
    ck_assert_int_eq(fake.runs, 2);
    ck_assert_int_eq(fake.stops, 1);
    ck_assert_int_eq(prepared, 1);
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(a_warm_up_pass_may_run_fewer_tasks)
{
    struct repetition repetition = {.kernel = &kernel,
                                    .runner = &runner,
                                    .params = {8, 1, 1},
                                    .team = {.processes = 1, .threads = 2},
                                    .warmup = 1,
                                    .warmup_tasks = 3};
    repetition_run(&repetition, &scripted, &sample);
    ck_assert_str_eq(sample.status, "ok");
    ck_assert_uint_eq(fake.tasks[0], 3);
    ck_assert_uint_eq(fake.tasks[1], 8);
    ck_assert_str_eq(sample.verified, "published");
}
END_TEST

START_TEST(without_warm_up_there_is_no_first_pass)
{
    repeat(0, false);
    ck_assert_int_eq(sample.first_ns, -1);
    ck_assert_int_eq(sample.wall_ns, 110);
    ck_assert_int_eq(fake.runs, 1);
    ck_assert_uint_eq(fake.seen, 0); /* untouched memory */
}
END_TEST

START_TEST(the_workers_say_where_they_stand)
{
    repeat(0, false);
    ck_assert_uint_eq(sample.worker_count, 2);
    ck_assert_str_eq(sample.workers[0].cpus, "3");
    ck_assert_str_eq(sample.workers[1].cpus, "");
    ck_assert_int_eq(sample.workers[0].busy_ns, -1);
    ck_assert(!fake.hooked);
}
END_TEST

START_TEST(spans_say_who_was_busy)
{
    repeat(2, true); /* the passes before leave nothing behind */
    ck_assert(sample.instrumented);
    ck_assert_int_eq(sample.workers[0].busy_ns, 80);
    ck_assert_int_eq(sample.workers[0].late_ns, 30);
    ck_assert_int_eq(sample.workers[0].end_ns, 110);
    ck_assert_int_eq(sample.workers[1].busy_ns, 0);
    ck_assert_int_eq(sample.workers[1].late_ns, -1);
    ck_assert_int_eq(sample.workers[1].end_ns, 0);
    ck_assert_int_eq(sample.workers[0].team_ns, 80);
    ck_assert_int_eq(sample.workers[1].team_ns, 80); /* of the same process */
    ck_assert_uint_eq(sample.latency_count, 1);
    ck_assert_uint_eq(sample.latency[0].tasks, 8);
    ck_assert_uint_eq(sample.latency[0].bin, 8 * 3 + 2); /* 10 ns a task */
}
END_TEST

START_TEST(a_timeline_holds_each_call)
{
    char dir[] = "/tmp/test_repetition.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/3-0.json", dir);
    struct repetition repetition = {.kernel = &kernel,
                                    .runner = &runner,
                                    .params = {8, 1, 1},
                                    .team = {.processes = 1, .threads = 2},
                                    .warmup = 1,
                                    .instrumented = true,
                                    .timeline = path};
    repetition_run(&repetition, &scripted, &sample);
    ck_assert_str_eq(sample.status, "ok");
    json_t *trace = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(trace);
    size_t at, calls = 0;
    json_t *event;
    json_array_foreach (json_object_get(trace, "traceEvents"), at, event) {
        const json_t *first = json_object_get(json_object_get(event, "args"), "first");
        if (strcmp(json_string_value(json_object_get(event, "ph")), "X") || !first) continue;
        ck_assert_int_eq(json_integer_value(first), calls ? 4 : 0);
        ck_assert_double_eq_tol(json_number_value(json_object_get(event, "ts")), calls ? 0.07 : 0.03, 1e-9);
        ck_assert_double_eq_tol(json_number_value(json_object_get(event, "dur")), 0.04, 1e-9);
        ck_assert_int_eq(json_integer_value(json_object_get(event, "tid")), 0);
        calls++;
    }
    ck_assert_uint_eq(calls, 2); /* of the timed pass alone */
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(trace, "otherData"), "dropped")), 0);
    json_decref(trace);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(stale_results_do_not_pass)
{
    fake.idle_from = 2; /* the timed pass computes nothing: what stands there is from the warm-up */
    repeat(1, false);
    ck_assert_uint_eq(fake.seen, 0xA5);
    ck_assert_str_eq(sample.status, "error");
    ck_assert_str_eq(sample.cause, "wrong result: task 0 is missing");
    ck_assert_int_eq(sample.wall_ns, -1);
    ck_assert_str_eq(sample.verified, "");
}
END_TEST

START_TEST(nothing_known_is_not_verified)
{
    verify_verdict = 0;
    repeat(0, false);
    ck_assert_str_eq(sample.status, "ok");
    ck_assert_str_eq(sample.verified, "");
}
END_TEST

START_TEST(a_failing_prepare_is_a_cause)
{
    prepare_error = -ENOMEM;
    repeat(1, false);
    ck_assert_str_eq(sample.status, "error");
    ck_assert_ptr_nonnull(strstr(sample.cause, "prepare"));
    ck_assert_int_eq(fake.starts, 0);
    ck_assert_int_eq(released, 0); /* nothing was made */
    ck_assert_int_eq(sample.wall_ns, -1);
}
END_TEST

START_TEST(a_failing_setup_is_a_cause)
{
    fake.fail_setup = -ENOENT;
    repeat(1, false);
    ck_assert_str_eq(sample.cause, "setup: No such file or directory");
    ck_assert_int_eq(fake.starts, 0);
    ck_assert_int_eq(fake.stops, 0);
}
END_TEST

START_TEST(a_failing_start_is_a_cause)
{
    fake.fail_start = -EAGAIN;
    repeat(1, false);
    ck_assert_str_eq(sample.cause, "start: no workers today");
    ck_assert_int_eq(fake.runs, 0);
    ck_assert_int_eq(fake.stops, 0); /* start undoes what it did */
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(a_lost_worker_is_recorded)
{
    fake.fail_run = -EIO;
    repeat(1, false);
    ck_assert_str_eq(sample.status, "error");
    ck_assert_str_eq(sample.cause, "run: a worker was lost");
    ck_assert_int_eq(sample.wall_ns, -1);
    ck_assert_uint_eq(sample.lost_count, 1);
    ck_assert_int_eq(sample.lost[0].signal, 9);
    ck_assert_str_eq(sample.lost[0].cause, "out of memory");
    ck_assert_int_eq(fake.stops, 1);
}
END_TEST

START_TEST(the_hash_sees_every_byte_and_the_length)
{
    unsigned char bytes[131] = {0};
    for (size_t size = 0; size < sizeof bytes; size++) {
        uint64_t before = repetition_hash(bytes, size);
        ck_assert_uint_ne(before, repetition_hash(bytes, size + 1)); /* one more zero */
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= 1;
            ck_assert_uint_ne(repetition_hash(bytes, size), before);
            bytes[i] ^= 1;
        }
        ck_assert_uint_eq(repetition_hash(bytes, size), before);
    }
    unsigned char swapped[64] = {0};
    swapped[0] = 1;
    uint64_t first = repetition_hash(swapped, 64);
    swapped[0] = 0;
    swapped[32] = 1; /* the same lane, the next round */
    ck_assert_uint_ne(repetition_hash(swapped, 64), first);
}
END_TEST

/* --- the spec on its way to the process --- */

START_TEST(a_spec_comes_back)
{
    char *cpus[] = {(char *)"0", (char *)"1-2"};
    struct reason why = {""};
    struct spec spec = {
        .cell = {.id = 3, .baseline = 1, .duplicate = 3, .size = 7, .tasks = 9, .processes = 1, .threads = 2},
        .warmup = 2,
        .warmup_tasks = 5,
        .instrumented = true,
        .cpus = cpus};
    struct spec back;
    strcpy(spec.cell.study, "run");
    strcpy(spec.cell.kernel, "empty");
    strcpy(spec.cell.label, "empty");
    strcpy(spec.cell.runner, "openmp");
    strcpy(spec.cell.schedule, "default");
    strcpy(spec.cell.placement, "close");
    char *text = spec_to_json(&spec);
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_int_eq(spec_from_json(json, &back, &why), 0);
    ck_assert_uint_eq(back.cell.tasks, 9);
    ck_assert_uint_eq(back.warmup, 2);
    ck_assert_uint_eq(back.warmup_tasks, 5);
    ck_assert(back.instrumented);
    ck_assert_str_eq(back.cpus[1], "1-2");
    spec_free(&back);
    json_array_clear(json_object_get(json, "cpus")); /* fewer lists than workers */
    ck_assert_int_lt(spec_from_json(json, &back, &why), 0);
    ck_assert_int_lt(spec_from_json(NULL, &back, &why), 0);
    json_decref(json);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("repetition");
    TCase *repetition = tcase_create("repetition");
    tcase_add_checked_fixture(repetition, NULL, teardown);
    tcase_add_test(repetition, phases_are_timed_apart);
    tcase_add_test(repetition, without_warm_up_there_is_no_first_pass);
    tcase_add_test(repetition, a_warm_up_pass_may_run_fewer_tasks);
    tcase_add_test(repetition, the_workers_say_where_they_stand);
    tcase_add_test(repetition, spans_say_who_was_busy);
    tcase_add_test(repetition, a_timeline_holds_each_call);
    tcase_add_test(repetition, stale_results_do_not_pass);
    tcase_add_test(repetition, nothing_known_is_not_verified);
    tcase_add_test(repetition, a_failing_prepare_is_a_cause);
    tcase_add_test(repetition, a_failing_setup_is_a_cause);
    tcase_add_test(repetition, a_failing_start_is_a_cause);
    tcase_add_test(repetition, a_lost_worker_is_recorded);
    tcase_add_test(repetition, the_hash_sees_every_byte_and_the_length);
    tcase_add_test(repetition, a_spec_comes_back);
    suite_add_tcase(suite, repetition);
    return suite_run(suite);
}
