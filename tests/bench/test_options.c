/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values and options as people type them: what is taken, and what is refused in one line. */
#include "bench/cli/options.h"
#include "bench/verbs.h"
#include "kernels/reason.h"
#include "tests/suite.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct reason why;

/* --- values --- */

static const struct {
    const char *text;
    uint64_t value;
} good_counts[] = {{"0", 0}, {"1", 1}, {"64", 64}, {"007", 7}, {"9223372036854775807", INT64_MAX}};

START_TEST(counts_are_taken)
{
    uint64_t value = 77;
    ck_assert_int_eq(values_count(good_counts[_i].text, &value, &why), 0);
    ck_assert_uint_eq(value, good_counts[_i].value);
}
END_TEST

static const char *const bad_counts[] = {"",
                                         "-1",
                                         "+1",
                                         "1.5",
                                         "abc",
                                         "1e9",
                                         "4x",
                                         " 4",
                                         "4 ",
                                         "0x10",
                                         "NaN",
                                         "inf",
                                         "1,000",
                                         "9223372036854775808",
                                         "99999999999999999999999999",
                                         "\xc3\xa9",
                                         "1\n"};

START_TEST(counts_are_refused)
{
    uint64_t value = 77;
    ck_assert_int_lt(values_count(bad_counts[_i], &value, &why), 0);
    ck_assert_uint_eq(value, 77);
    ck_assert_uint_gt(strlen(why.text), 0);
}
END_TEST

static const struct {
    const char *text;
    uint64_t ns;
} good_durations[] = {
    {"1ns", 1},      {"10us", 10000},      {"1.5ms", 1500000}, {"1s", 1000000000},
    {"0.25us", 250}, {"1.0s", 1000000000}, {"0ns", 0},         {"9223372036s", UINT64_C(9223372036000000000)}};

START_TEST(durations_are_taken)
{
    uint64_t ns = 77;
    ck_assert_int_eq(values_duration(good_durations[_i].text, &ns, &why), 0);
    ck_assert_uint_eq(ns, good_durations[_i].ns);
}
END_TEST

static const char *const bad_durations[] = {
    "",      "10",    "10 us", "us",          "-1s",
    "NaN",   "inf",   "infs",  "nans",        "1e3s",
    "1,5ms", ".5s",   "1.s",   "1.2.3s",      "10US",
    "10m",   "10usx", "0x1s",  "9223372037s", "99999999999999999999999999999999999999999999999999999s"};

START_TEST(durations_are_refused)
{
    uint64_t ns = 77;
    ck_assert_int_lt(values_duration(bad_durations[_i], &ns, &why), 0);
    ck_assert_uint_eq(ns, 77);
}
END_TEST

START_TEST(sizes_and_percents)
{
    uint64_t bytes = 77;
    double fraction = 77;
    ck_assert_int_eq(values_size("1.5KiB", &bytes, &why), 0);
    ck_assert_uint_eq(bytes, 1536);
    ck_assert_int_lt(values_size("10kB", &bytes, &why), 0);
    ck_assert_int_lt(values_size("8589934592GiB", &bytes, &why), 0); /* 2^63 */
    ck_assert_int_eq(values_percent("2.5%", &fraction, &why), 0);
    ck_assert_double_eq_tol(fraction, 0.025, 1e-12);
    ck_assert_int_lt(values_percent("0%", &fraction, &why), 0);
    ck_assert_int_lt(values_percent("101%", &fraction, &why), 0);
    ck_assert_int_lt(values_percent("2", &fraction, &why), 0);
}
END_TEST

/* A list as text, "1 2 4", or "" where it is refused. */
static const char *list(const char *text, struct number_kind kind)
{
    static char out[256];
    struct numbers numbers = {0};
    *out = '\0';
    if (values_numbers(text, &kind, &numbers, &why)) return out;
    for (size_t i = 0; i < numbers.count; i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%llu", i ? " " : "",
                 (unsigned long long)numbers.values[i]);
    values_numbers_free(&numbers);
    return out;
}

static const struct {
    const char *text, *list;
} lists[] = {{"1", "1"},
             {"1,2,4", "1 2 4"},
             {"1..4", "1 2 3 4"},
             {"1..64*2", "1 2 4 8 16 32 64"},
             {"1..50*3", "1 3 9 27"},
             {"10..30+10", "10 20 30"},
             {"3..3", "3"},
             {"1,4..6,9", "1 4 5 6 9"},
             {"9,1", "9 1"},
             {"4611686018427387904..4611686018427387905", "4611686018427387904 4611686018427387905"},
             /* refused: */
             {"", ""},
             {"1,,2", ""},
             {",1", ""},
             {"1,", ""},
             {"4..1", ""},
             {"1..8*0", ""},
             {"1..8*1", ""},
             {"1..8+0", ""},
             {"1,2,1", ""},
             {"1..4,2", ""},
             {"0", ""},
             {"0..3", ""},
             {"1..", ""},
             {"..4", ""},
             {"1...4", ""},
             {"1..4*", ""},
             {"1..4*-2", ""},
             {"1..4*x", ""},
             {"1..99999", ""},
             {"1-4", ""},
             {"1..4..8", ""},
             {"1;2", ""}};

START_TEST(lists_of_counts)
{
    ck_assert_str_eq(list(lists[_i].text, (struct number_kind){values_count, 1, INT64_MAX}), lists[_i].list);
    if (!*lists[_i].list) ck_assert_uint_gt(strlen(why.text), 0);
}
END_TEST

START_TEST(lists_of_durations)
{
    const struct number_kind kind = {values_duration, 1, INT64_MAX};
    ck_assert_str_eq(list("1us..1ms*10", kind), "1000 10000 100000 1000000");
    ck_assert_str_eq(list("1us,1000ns", kind), ""); /* the same twice */
    ck_assert_str_eq(list("1us..1ms", kind), "");   /* no step */
    ck_assert_str_eq(list("1us..3us+1us", kind), "1000 2000 3000");
    ck_assert_str_eq(list("0s", kind), "");
}
END_TEST

START_TEST(a_list_near_the_end_of_numbers_ends)
{
    ck_assert_str_eq(list("9223372036854775806..9223372036854775807", (struct number_kind){values_count, 1, INT64_MAX}),
                     "9223372036854775806 9223372036854775807");
    ck_assert_str_eq(
        list("4611686018427387904..9223372036854775807*2", (struct number_kind){values_count, 1, INT64_MAX}),
        "4611686018427387904");
}
END_TEST

START_TEST(placements_keep_their_commas)
{
    struct names names = {0};
    ck_assert_int_eq(values_placements("none,0-2,5,close,core:0,2,pu:1", &names, &why), 0);
    ck_assert_uint_eq(names.count, 5);
    ck_assert_str_eq(names.values[0], "none");
    ck_assert_str_eq(names.values[1], "0-2,5");
    ck_assert_str_eq(names.values[2], "close");
    ck_assert_str_eq(names.values[3], "core:0,2");
    ck_assert_str_eq(names.values[4], "pu:1");
    values_names_free(&names);
    ck_assert_int_lt(values_placements("0,,2", &names, &why), 0);
    ck_assert_int_lt(values_names("a,b,a", &names, &why), 0);
}
END_TEST

static const char *fruit(size_t i)
{
    static const char *const names[] = {"primes", "spin", "mandelbrot", NULL};
    return names[i];
}

START_TEST(the_nearest_name)
{
    ck_assert_str_eq(values_nearest("primse", fruit), "primes");
    ck_assert_str_eq(values_nearest("spni", fruit), "spin");
    ck_assert_str_eq(values_nearest("mandlebrot", fruit), "mandelbrot");
    ck_assert_ptr_null(values_nearest("zebra", fruit));
    ck_assert_ptr_null(values_nearest("", fruit));
    ck_assert_ptr_null(values_nearest("an argument that is far longer than any name could be, on purpose", fruit));
}
END_TEST

/* --- options --- */

/* Parses words; what goes to stderr is kept in `said`. */
static char said[2048];
static int parse_words(struct options *options, int count, char **words)
{
    int saved = dup(2), pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    dup2(pipes[1], 2);
    int status = options_parse(options, verbs, count, words);
    fflush(stderr);
    dup2(saved, 2);
    close(pipes[1]);
    ssize_t got = read(pipes[0], said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    close(pipes[0]);
    close(saved);
    return status;
}

static int parse(struct options *options, const char *line)
{
    static char copy[1024];
    static char *words[64];
    int count = 0;
    snprintf(copy, sizeof copy, "breakeven %s", line);
    for (char *rest, *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = strcmp(word, "''") ? word : (char *)"";
    words[count] = NULL;
    return parse_words(options, count, words);
}

START_TEST(a_whole_command_line)
{
    struct options options;
    ck_assert_int_eq(parse(&options, "run --kernel=empty -r serial --processes 1..8*2 --task-time 10us --json -o dir "
                                     "--precision 2% --time-limit 60s --placement close,0-1"),
                     -1);
    ck_assert_str_eq(options.verb->name, "run");
    ck_assert_str_eq(options.kernels.values[0], "empty");
    ck_assert_uint_eq(options.processes.count, 4);
    ck_assert_uint_eq(options.task_times_ns.values[0], 10000);
    ck_assert(options.json);
    ck_assert_str_eq(options.output, "dir");
    ck_assert_double_eq_tol(options.precision, 0.02, 1e-12);
    ck_assert_uint_eq(options.time_limit_ns, UINT64_C(60000000000));
    ck_assert_uint_eq(options.placements.count, 2);
    ck_assert(options_given(&options, "json"));
    ck_assert(!options_given(&options, "reps"));
    ck_assert_uint_eq(options.seed, 1);
    options_free(&options);
}
END_TEST

static const struct {
    const char *line, *says;
} refused[] = {
    {"rnu", "did you mean \"breakeven run\""},
    {"zebra", "no verb \"zebra\""},
    {"run --kernle empty", "did you mean \"--kernel\""},
    {"run --kern empty", "no option --kern"}, /* no abbreviations */
    {"run --kernel", "--kernel needs a value"},
    {"run --kernel ''", "--kernel"},
    {"run --kernel epmty", "did you mean \"empty\""},
    {"run --kernel empty,empty", "given twice"},
    {"run --kernel empty --kernel empty", "--kernel is given twice"},
    {"run --delay 1s --task-time 1s", "say the same thing"},
    {"run --runner nobody", "there are serial"},
    {"run --threads 0", "--threads"},
    {"run --threads -1", "--threads"},
    {"run --threads 1.5", "--threads"},
    {"run --processes abc", "--processes"},
    {"run --processes 1e9", "--processes"},
    {"run --processes 4x", "--processes"},
    {"run --processes 9223372036854775808", "--processes"},
    {"run --processes 8..1", "backwards"},
    {"run --processes 1..8*0", "never reaches its end"},
    {"run --tasks 0", "--tasks"},
    {"run --chunk 0", "--chunk"},
    {"run --task-time 10", "lacks its unit"},
    {"run --task-time NaN", "--task-time"},
    {"run --task-time inf", "--task-time"},
    {"run --task-time -1s", "--task-time"},
    {"run --reps 0", "--reps"},
    {"run --precision 0%", "--precision"},
    {"run --json=yes", "takes no value"},
    {"run --schedule sometimes", "no schedule"},
    {"run --placement nowhere", "no placement"},
    {"run operand", "one word too many"},
    {"run -x", "no option -x"},
    {"list --reps 3", "no option of \"list\""},
    {"report", "it needs DIR"},
    {"compare a b c", "one word too many"},
};

START_TEST(bad_lines_are_refused_in_one_line)
{
    struct options options;
    ck_assert_int_eq(parse(&options, refused[_i].line), STATUS_USAGE);
    ck_assert_msg(strstr(said, refused[_i].says), "\"%s\" said: %s", refused[_i].line, said);
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
    options_free(&options);
}
END_TEST

/* Options of one kind and what each of them refuses, whatever the others say. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
static const struct {
    const char *const *options, *const *values;
} kinds[] = {
    {LIST("processes", "threads", "workers", "tasks", "chunk", "reps", "size"),
     LIST("0", "-1", "1.5", "abc", "", "1e9", "4x", "9223372036854775808", "99999999999999999999999", "NaN", "inf", " 4")},
    {LIST("processes", "threads", "tasks", "chunk"),
     LIST("8..1", "1..8*0", "1..8*1", "1..8+0", "1..", "..8", "1...8", "1,,2", ",1", "1,", "1,1", "1..4,2")},
    {LIST("task-time", "delay", "time-limit", "deadline", "work"),
     LIST("10", "NaN", "inf", "-1s", "0s", "", "1e3s", "1,5ms", "1 s", "s", "10m", "99999999999999999999s")},
    {LIST("precision"), LIST("0%", "101%", "2", "-1%", "NaN%", "", "abc%")},
    {LIST("memory"), LIST("0MiB", "1MB", "12", "", "-1MiB")},
};

START_TEST(every_option_refuses_what_its_kind_does)
{
    for (const char *const *option = kinds[_i].options; *option; option++)
        for (const char *const *value = kinds[_i].values; *value; value++) {
            struct options options;
            char word[32];
            snprintf(word, sizeof word, "--%s", *option);
            char *words[] = {(char *)"breakeven", (char *)"run", word, (char *)*value, NULL};
            ck_assert_msg(parse_words(&options, 4, words) == STATUS_USAGE, "%s \"%s\" is taken", word, *value);
            ck_assert_msg(strstr(said, word), "%s \"%s\": %s", word, *value, said);
            ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
            options_free(&options);
        }
}
END_TEST

START_TEST(a_hostile_argument_stays_in_its_line)
{
    struct options options;
    char *words[] = {(char *)"breakeven", (char *)"run", (char *)"--kernel", (char *)"a\nb\033[2Jc", NULL};
    ck_assert_int_eq(parse_words(&options, 4, words), STATUS_USAGE);
    ck_assert_ptr_null(strchr(said, '\033'));
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
    options_free(&options);
}
END_TEST

/* Each row is sound: a name once, a type that fits, verbs that exist. The parser relies on it. */
START_TEST(the_table_is_sound)
{
    for (const struct option_row *row = options_table; row->name; row++) {
        for (const struct option_row *other = options_table; other != row; other++) {
            ck_assert_str_ne(other->name, row->name);
            ck_assert(!row->letter || other->letter != row->letter);
        }
        ck_assert(row->type == OPTION_FLAG || row->argument);
        ck_assert(row->help && *row->help);
        char verbs_copy[256];
        snprintf(verbs_copy, sizeof verbs_copy, "%s", row->verbs);
        for (char *rest, *word = strtok_r(verbs_copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            ck_assert_msg(!strcmp(word, "*") || verb_find(verbs, word), "--%s names a verb that is not there: %s", row->name,
                          word);
    }
}
END_TEST

START_TEST(a_comma_decimal_locale_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", NULL};
    const char *set = NULL;
    for (size_t i = 0; names[i] && !set; i++) set = setlocale(LC_ALL, names[i]);
    uint64_t ns;
    char text[32];
    ck_assert_int_eq(values_duration("1.5ms", &ns, &why), 0);
    ck_assert_uint_eq(ns, 1500000);
    ck_assert_int_lt(values_duration("1,5ms", &ns, &why), 0);
    setlocale(LC_ALL, "C");
    values_show_duration(1500000, text, sizeof text);
    ck_assert_str_eq(text, "1.5ms");
    if (!set) puts("skipped: no locale with a decimal comma is installed");
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *values = tcase_create("values"), *lines = tcase_create("options");
    tcase_add_loop_test(values, counts_are_taken, 0, COUNT(good_counts));
    tcase_add_loop_test(values, counts_are_refused, 0, COUNT(bad_counts));
    tcase_add_loop_test(values, durations_are_taken, 0, COUNT(good_durations));
    tcase_add_loop_test(values, durations_are_refused, 0, COUNT(bad_durations));
    tcase_add_test(values, sizes_and_percents);
    tcase_add_loop_test(values, lists_of_counts, 0, COUNT(lists));
    tcase_add_test(values, lists_of_durations);
    tcase_add_test(values, a_list_near_the_end_of_numbers_ends);
    tcase_add_test(values, placements_keep_their_commas);
    tcase_add_test(values, the_nearest_name);
    tcase_add_test(values, a_comma_decimal_locale_changes_nothing);
    tcase_add_test(lines, a_whole_command_line);
    tcase_add_loop_test(lines, bad_lines_are_refused_in_one_line, 0, COUNT(refused));
    tcase_add_loop_test(lines, every_option_refuses_what_its_kind_does, 0, COUNT(kinds));
    tcase_add_test(lines, a_hostile_argument_stays_in_its_line);
    tcase_add_test(lines, the_table_is_sound);
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, lines);
    return suite_run(suite);
}
