/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands with placeholders: what is replaced, how each way to fail comes back, that nothing is left; saved
 * recommendations. */
#include "bench/base/command.h"
#include "bench/plan/plan_config.h"
#include "kernels/reason.h"
#include "tests/suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct command_value values[] = {{"workers", "4"}, {"x", "a b"}};
enum { SECOND_NS = 1000000000 };

static void run(const struct command *command, int64_t limit_ns, struct command_result *result)
{
    struct reason why = {""};
    ck_assert_msg(!command_run(command, values, 2, limit_ns, result, &why), "%s", why.text);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, no zombie */
    ck_assert_int_eq(errno, ECHILD);
}

static const struct {
    const char *template, *filled;
} fillings[] = {
    {"", ""},
    {"plain", "plain"},
    {"-j{workers}", "-j4"},
    {"{workers}{workers}", "44"},
    {"{x}", "a b"},
    {"{unknown} {workers", "{unknown} {workers"},
    {"{{workers}}", "{4}"},
    {"awk '{print $1}'", "awk '{print $1}'"},
    {"{workersx}{ workers}", "{workersx}{ workers}"},
};

START_TEST(placeholders_are_filled_and_other_braces_stay)
{
    char *filled = command_fill(fillings[_i].template, values, 2);
    ck_assert_str_eq(filled, fillings[_i].filled);
    free(filled);
}
END_TEST

START_TEST(where_a_name_is_used)
{
    const char *const words[] = {"prog", "--jobs={workers}", NULL}, *const environment[] = {"A={threads}", NULL};
    struct command command = {.words = words, .environment = environment, .prepare = "clean {chunk}"};
    ck_assert(command_uses(&command, "workers"));
    ck_assert(command_uses(&command, "threads"));
    ck_assert(command_uses(&command, "chunk"));
    ck_assert(!command_uses(&command, "jobs"));
}
END_TEST

START_TEST(words_are_not_seen_by_a_shell)
{
    const char *const words[] = {"printf", "%s|", "{x}", "$HOME;", "*", NULL};
    struct command command = {.words = words, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, COMMAND_DONE);
    ck_assert_str_eq(result.output, "a b|$HOME;|*|");
    ck_assert_str_eq(result.cause, "");
    ck_assert_int_gt(result.wall_ns, 0);
    command_result_free(&result);
}
END_TEST

START_TEST(a_shell_is_used_where_asked_with_the_environment)
{
    const char *const words[] = {"echo", "$N", "$((1 + {workers}))", NULL}, *const environment[] = {"N={workers}x",
                                                                                                    NULL};
    struct command command = {
        .words = words, .environment = environment, .shell = true, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    run(&command, INT64_MAX, &result);
    ck_assert_str_eq(result.output, "4x 5\n");
    command_result_free(&result);
    ck_assert_ptr_null(getenv("N"));
}
END_TEST

static const struct {
    const char *script;
    enum command_end end;
    const char *cause; /* a part of it */
} failures[] = {
    {"exit 3", COMMAND_EXITED, "exit code 3"},
    {"echo first; echo why >&2; echo; exit 7", COMMAND_EXITED, "exit code 7: why"},
    {"kill -SEGV $$", COMMAND_SIGNALED, "signal 11"},
    {"kill -KILL $$", COMMAND_SIGNALED, "signal 9"},
    {"printf 'a\\033[31mb'; exit 1", COMMAND_EXITED, "exit code 1: a?[31mb"},
};

START_TEST(ways_to_fail)
{
    const char *const words[] = {failures[_i].script, NULL};
    struct command command = {.words = words, .shell = true, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, failures[_i].end);
    ck_assert_msg(strstr(result.cause, failures[_i].cause), "%s", result.cause);
    command_result_free(&result);
}
END_TEST

START_TEST(a_missing_program)
{
    const char *const words[] = {"/no/such/program", "{workers}", NULL};
    struct command command = {.words = words, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    struct reason why = {""};
    ck_assert_int_eq(command_check(&command, &why), -ENOENT);
    ck_assert_msg(strstr(why.text, "/no/such/program"), "%s", why.text);
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, COMMAND_MISSING);
    ck_assert_str_eq(result.cause, "cannot start \"/no/such/program\": No such file or directory");
    command_result_free(&result);
    command.words = (const char *const[]){"true", NULL};
    ck_assert_int_eq(command_check(&command, &why), 0);
}
END_TEST

START_TEST(the_deadline_ends_all_of_it)
{
    const char *const words[] = {"trap '' TERM INT; sleep 600 & setsid sleep 600 & sleep 600", NULL};
    struct command command = {.words = words, .shell = true, .deadline_ns = SECOND_NS / 5};
    struct command_result result;
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, COMMAND_TIMED_OUT);
    ck_assert_str_eq(result.cause, "killed after 0.2 s");
    command_result_free(&result);
}
END_TEST

START_TEST(the_limit_stops_it_and_leaves_time_to_clean_up)
{
    const char *const words[] = {"trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.01; done", NULL};
    struct command command = {.words = words, .shell = true, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    run(&command, SECOND_NS / 5, &result);
    ck_assert_int_eq(result.end, COMMAND_LIMITED);
    ck_assert_msg(strstr(result.output, "cleaned"), "%s", result.output);
    command_result_free(&result);
}
END_TEST

/* A line for the shell that ends well. */
static void run_line(const char *line, struct command_result *result)
{
    const char *const words[] = {line, NULL};
    run(&(struct command){.words = words, .shell = true, .deadline_ns = 60ll * SECOND_NS}, INT64_MAX, result);
    ck_assert_int_eq(result->end, COMMAND_DONE);
}

START_TEST(what_it_leaves_behind_is_ended)
{
    struct command_result result;
    run_line("sleep 600 & exit 0", &result);
    ck_assert_uint_eq(result.left, 1);
    command_result_free(&result);
}
END_TEST

START_TEST(much_output_is_cut_in_the_middle)
{
    struct command_result result;
    run_line("echo begin; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end", &result);
    ck_assert_uint_eq(result.output_bytes, 50000000 + 6 + 1 + 4);
    ck_assert_uint_le(strlen(result.output), COMMAND_OUTPUT_KEPT + 64);
    ck_assert(!strncmp(result.output, "begin\nxx", 8));
    ck_assert_str_eq(result.output + strlen(result.output) - 6, "x\nend\n");
    ck_assert_msg(strstr(result.output, "bytes left out"), "no note");
    command_result_free(&result);
}
END_TEST

START_TEST(preparation_comes_before_and_its_failure_is_named)
{
    char dir[] = "/tmp/breakeven-tune.XXXXXX", prepare[128];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(prepare, sizeof prepare, "echo {workers} > %s/made", dir);
    const char *const words[] = {"cat", "made", NULL};
    struct command command = {.words = words, .prepare = prepare, .deadline_ns = 20ll * SECOND_NS};
    struct command_result result;
    ck_assert_int_eq(chdir(dir), 0);
    run(&command, INT64_MAX, &result);
    ck_assert_str_eq(result.output, "4\n");
    command_result_free(&result);
    command.prepare = "exit 9";
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, COMMAND_UNPREPARED);
    ck_assert_str_eq(result.cause, "--prepare: exit code 9");
    command_result_free(&result);
    unlink("made");
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(dir);
}
END_TEST

START_TEST(memory_is_that_of_all_processes)
{
    const char *const words[] = {
        "x=$(head -c 20000000 /dev/zero | tr '\\0' x); (y=$(echo $x | tr x y); sleep 0.4) & sleep 0.4; wait", NULL};
    struct command command = {.words = words, .shell = true, .memory = true, .deadline_ns = 30ll * SECOND_NS};
    struct command_result result;
    run(&command, INT64_MAX, &result);
    ck_assert_int_eq(result.end, COMMAND_DONE);
    ck_assert_int_ge(result.peak_rss_bytes, 20000000); /* two of 20 MB, one of which may share the first's pages */
    command_result_free(&result);
}
END_TEST

/* Saved recommendations */

static const struct {
    const char *text, *why; /* why: a part of the message; NULL: good */
} configs[] = {
    {"{\"unit\": \"kernel\", \"settings\": {\"kernel\": \"spin\", \"size\": 10, \"tasks\": 20, \"runner\": \"openmp\", "
     "\"processes\": 1, \"threads\": 2, \"chunk\": 8, \"schedule\": \"dynamic\", \"placement\": \"none\"}}",
     NULL},
    {"{", "line"},
    {"[]", "no recommendation"},
    {"{\"unit\": \"command\", \"settings\": {}}", "for a command"},
    {"{\"unit\": \"kernel\", \"settings\": {\"kernel\": \"spin\"}}", "\"runner\" is missing"},
    {"{\"unit\": \"kernel\", \"settings\": {\"kernel\": \"spin\", \"size\": 0, \"tasks\": 20, \"runner\": \"openmp\", "
     "\"processes\": 1, \"threads\": 2, \"chunk\": 8, \"schedule\": \"dynamic\", \"placement\": \"none\"}}",
     "\"size\""},
};

START_TEST(saved_recommendations)
{
    char path[] = "/tmp/breakeven-config.XXXXXX";
    struct reason why = {""};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, configs[_i].text, strlen(configs[_i].text)), (int)strlen(configs[_i].text));
    close(fd);
    struct tune_config config = {0};
    int error = tune_config_read(path, &config, &why);
    unlink(path);
    if (configs[_i].why) {
        ck_assert_int_eq(error, -EINVAL);
        ck_assert_msg(strstr(why.text, configs[_i].why), "%s", why.text);
        return;
    }
    ck_assert_int_eq(error, 0);
    uint64_t given = 3;
    struct options options = {.threads = {1, &given}}, merged;
    tune_config_apply(&config, &options, &merged);
    ck_assert_str_eq(merged.kernels.values[0], "spin");
    ck_assert_str_eq(merged.schedules.values[0], "dynamic");
    ck_assert_uint_eq(merged.tasks.values[0], 20);
    ck_assert_uint_eq(merged.chunks.values[0], 8);
    ck_assert_uint_eq(merged.threads.values[0], 3); /* the command line goes before */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tune");
    TCase *tests = tcase_create("tune");
    tcase_add_loop_test(tests, placeholders_are_filled_and_other_braces_stay, 0, sizeof fillings / sizeof *fillings);
    tcase_add_test(tests, where_a_name_is_used);
    tcase_add_test(tests, words_are_not_seen_by_a_shell);
    tcase_add_test(tests, a_shell_is_used_where_asked_with_the_environment);
    tcase_add_loop_test(tests, ways_to_fail, 0, sizeof failures / sizeof *failures);
    tcase_add_test(tests, a_missing_program);
    tcase_add_test(tests, the_deadline_ends_all_of_it);
    tcase_add_test(tests, the_limit_stops_it_and_leaves_time_to_clean_up);
    tcase_add_test(tests, what_it_leaves_behind_is_ended);
    tcase_add_test(tests, much_output_is_cut_in_the_middle);
    tcase_add_test(tests, preparation_comes_before_and_its_failure_is_named);
    tcase_add_test(tests, memory_is_that_of_all_processes);
    tcase_add_loop_test(tests, saved_recommendations, 0, sizeof configs / sizeof *configs);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
