/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A summary as text: JSON, CSV, in every locale, and each of its names documented. */
#include "results/models/summary.h"
#include "tests/fixtures/runs.h"
#include "tests/suite.h"

#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(json_has_what_the_design_promises)
{
    struct run run = runs_plain(5);
    run.samples[1].suspect = "steal";
    json_object_set_new(run.manifest, "host", json_pack("{si}", "cpus", 2));
    struct summary summary = runs_summary(&run);
    json_t *json = summary_to_json(&summary), *cell = json_array_get(json_object_get(json, "cells"), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "schema")), RECORD_SCHEMA);
    ck_assert_str_eq(json_string_value(json_object_get(json, "run")), "made by hand");
    ck_assert(json_is_true(json_object_get(json, "complete")));
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "host"), "cpus")), 2);
    static const char *const keys[] = {"kernel", "runner", "processes", "threads",  "chunk",  "schedule", "placement",
                                       "tasks",  "size",   "study",     "verified", "errors", "suspect",  "budget"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ck_assert_msg(json_object_get(cell, keys[i]), "%s", keys[i]);
    for (size_t i = 0; i < QUANTITIES; i++) {
        const json_t *quantity = json_object_get(cell, quantity_kinds[i].name);
        ck_assert_msg(json_object_size(quantity) == 4 && json_is_null(json_object_get(quantity, "low")), "%s",
                      quantity_kinds[i].name);
    }
    ck_assert_double_eq(json_real_value(json_object_get(json_object_get(cell, "wall_ns"), "median")), 51000);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(cell, "suspect"), 0)), "steal");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "crossovers")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "advice")), 1);
    json_decref(json);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* The page has the word as code. Run from the root. */
static void ck_documented(const char *name, const char *word)
{
    static char page[1 << 17];
    char quoted[64];
    FILE *file = fopen(name, "r");
    if (!file) {
        printf("skipped: every_figure_field_and_mark_is_documented: %s: %s is not here\n", word, name);
        return;
    }
    size_t size = fread(page, 1, sizeof page - 1, file);
    fclose(file);
    ck_assert_uint_lt(size, sizeof page - 1);
    page[size] = '\0';
    snprintf(quoted, sizeof quoted, "`%s`", word);
    ck_assert_msg(strstr(page, quoted), "%s says nothing of %s", name, quoted);
}

/* The documentation is held against the lists: a figure, field or mark without a word in it fails here. */
START_TEST(every_figure_field_and_mark_is_documented)
{
    static const char *const fields[] = {
#define CELL_FIELD(kind, need, member)   #member,
#define SAMPLE_FIELD(kind, need, member) #member,
#define WORKER_FIELD(kind, need, member) #member,
#define LOST_FIELD(kind, need, member)   #member,
#define BIN_FIELD(kind, need, member)    #member,
#include "results/record/record_fields.h"
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) ck_documented("docs/method.md", fields[i]);
    for (size_t i = 0; i < QUANTITIES; i++) ck_documented("docs/method.md", quantity_kinds[i].name);
    for (size_t i = 0; i < SUSPICIONS; i++) ck_documented("docs/method.md", suspicions[i].word);
    for (size_t i = 0; i < SUSPICIONS; i++) ck_documented("docs/troubleshooting.md", suspicions[i].word);
}
END_TEST

static size_t columns(const char *line)
{
    size_t count = 1;
    bool quoted = false;
    for (; *line != '\r' || quoted; line++) {
        if (*line == '"') quoted = !quoted;
        count += *line == ',' && !quoted;
    }
    return count;
}

START_TEST(csv_is_rfc_4180)
{
    struct run run = runs_plain(10);
    strcpy(run.cells[0].kernel, "./odd,\"name\".so");
    strcpy(run.cells[1].kernel, "./odd,\"name\".so");
    struct summary summary = runs_summary(&run);
    char *csv = summary_to_csv(&summary), *second = strstr(csv, "\r\n") + 2, *third = strstr(second, "\r\n") + 2;
    ck_assert_uint_eq(columns(csv), columns(second));
    ck_assert_uint_eq(columns(csv), columns(third));
    ck_assert_ptr_nonnull(strstr(second, "\"./odd,\"\"name\"\".so\""));
    ck_assert_ptr_nonnull(strstr(third, ",52250,50500,54000,"));
    ck_assert_ptr_nonnull(strstr(csv, ",wall_ns,wall_ns_low,wall_ns_high,"));
    ck_assert(!strcmp(csv + strlen(csv) - 2, "\r\n"));
    free(csv);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Readers of CSV (csvkit, pandas) take "none" for a missing value, and a column of 0 and 1 for truths. */
START_TEST(csv_has_no_words_that_readers_take_for_missing)
{
    struct run run = runs_plain(10);
    for (unsigned i = 0; i < run.cell_count; i++) strcpy(run.cells[i].placement, "none"), run.cells[i].chunk = 0;
    struct summary summary = runs_summary(&run);
    char *csv = summary_to_csv(&summary);
    ck_assert_ptr_null(strcasestr(csv, ",none,"));
    ck_assert_ptr_nonnull(strstr(csv, ",unbound,1,1,1,default,"));
    free(csv);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Makes a locale whose decimal point is a comma, in a folder of its own, and enters it. */
static bool enter_comma_locale(void)
{
    char dir[] = "/tmp/test_locale.XXXXXX", command[256], text[16];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(
        command, sizeof command,
        "printf 'LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n' >%s/source; "
        "localedef -c -i %s/source %s/comma >/dev/null 2>&1",
        dir, dir, dir);
    bool entered = system(command) != -1 && !setenv("LOCPATH", dir, 1) && setlocale(LC_ALL, "comma");
    snprintf(text, sizeof text, "%.1f", 0.5);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    return entered && !strcmp(text, "0,5");
}

START_TEST(numbers_have_a_point_in_every_locale)
{
    struct run run = runs_plain(10);
    for (size_t i = 0; i < run.sample_count; i++) run.samples[i].wall_ns |= 1; /* medians may end in .5 */
    struct summary here = runs_summary(&run);
    char *expected = summary_to_csv(&here);
    if (!enter_comma_locale()) {
        printf("skipped: numbers_have_a_point_in_every_locale: localedef makes no locale here\n");
    } else {
        struct summary there = runs_summary(&run);
        char *csv = summary_to_csv(&there);
        ck_assert_str_eq(csv, expected);
        for (size_t i = 0; i < here.finding_count; i++) ck_assert_str_eq(here.findings[i].text, there.findings[i].text);
        ck_assert_str_eq(here.advices[0].sentence, there.advices[0].sentence);
        ck_assert_ptr_nonnull(strchr(here.advices[0].sentence, '.'));
        char text[16];
        snprintf(text, sizeof text, "%.1f", 0.5);
        ck_assert_str_eq(text, "0,5"); /* and the caller's locale is left as it was */
        free(csv);
        summary_free(&there);
    }
    free(expected);
    summary_free(&here);
    run_free(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("summary as text");
    TCase *all = tcase_create("all");
    tcase_add_test(all, json_has_what_the_design_promises);
    tcase_add_test(all, every_figure_field_and_mark_is_documented);
    tcase_add_test(all, csv_is_rfc_4180);
    tcase_add_test(all, csv_has_no_words_that_readers_take_for_missing);
    tcase_add_test(all, numbers_have_a_point_in_every_locale);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
