/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of samples.jsonl: what is written comes back, whoever wrote it and whichever reader takes it. */
#include "kernels/reason.h"
#include "results/record/record.h"
#include "tests/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct reason why;

static struct sample full_sample(void)
{
    struct sample sample = {.cell = 1,
                            .block = 2,
                            .order = 3,
                            .status = "ok",
                            .cause = "a \"quoted\" cause\twith \xc3\xa9",
                            .began_ns = 1764000000000000000,
                            .setup_ns = 1,
                            .start_ns = 2,
                            .first_ns = -1,
                            .wall_ns = 4,
                            .stop_ns = 5,
                            .user_ns = 6,
                            .system_ns = 7,
                            .voluntary_switches = 8,
                            .involuntary_switches = 9,
                            .minor_faults = 10,
                            .major_faults = 11,
                            .peak_rss_bytes = 12,
                            .steal_ns = -1,
                            .throttled_ns = 14,
                            .clock_ns = 15,
                            .injected_ns = 12345,
                            .instrumented = true,
                            .verified = "serial",
                            .hash = "0123456789abcdef",
                            .suspect = "steal migrated",
                            .worker_count = 2,
                            .lost_count = 1,
                            .latency_count = 2};
    sample.workers = calloc(2, sizeof *sample.workers);
    sample.lost = calloc(1, sizeof *sample.lost);
    sample.workers[0] = (struct sample_worker){0, "0-3,8", "n2", "Some CPU; package:1 core:2", 1, 2, 3, 4, 5};
    sample.workers[1] = (struct sample_worker){1, "", "", "", -1, -1, -1, -1, -1};
    sample.latency = calloc(2, sizeof *sample.latency);
    sample.latency[0] = (struct sample_bin){80, 5};
    sample.latency[1] = (struct sample_bin){96, UINT64_C(1) << 40};
    sample.lost[0] = (struct sample_lost){1, 11, 0, "stack overflow", 4096, 1, 2};
    return sample;
}

START_TEST(samples_come_back)
{
    struct sample sample = full_sample(), back;
    char *line = sample_to_json(&sample);
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_null(strchr(line, '\n'));
    ck_assert_int_eq(sample_from_json(line, strlen(line), &back, &why), 0);
    char *again = sample_to_json(&back);
    ck_assert_str_eq(line, again);
    ck_assert_str_eq(back.cause, sample.cause);
    ck_assert_int_eq(back.wall_ns, 4);
    ck_assert_int_eq(back.steal_ns, -1);
    ck_assert(back.instrumented);
    ck_assert_uint_eq(back.worker_count, 2);
    ck_assert_str_eq(back.workers[0].cpus, "0-3,8");
    ck_assert_int_eq(back.workers[1].busy_ns, -1);
    ck_assert_uint_eq(back.lost_count, 1);
    ck_assert_int_eq(back.lost[0].signal, 11);
    ck_assert_uint_eq(back.latency_count, 2);
    ck_assert_uint_eq(back.latency[1].tasks, UINT64_C(1) << 40);
    ck_assert_int_eq(back.workers[0].team_ns, 4);
    ck_assert_str_eq(back.workers[0].host, "n2");
    free(line);
    free(again);
    sample_free(&sample);
    sample_free(&back);
}
END_TEST

/* What a line says does not hang on its form: written compactly it is scanned, behind a blank the JSON library reads it. */
static void check_both_ways(const char *line)
{
    char spaced[2048];
    struct sample quick, slow;
    snprintf(spaced, sizeof spaced, " %s", line);
    int status = sample_from_json(line, strlen(line), &quick, &why);
    ck_assert_msg(sample_from_json(spaced, strlen(spaced), &slow, &why) == status, "%s: %d, %s", line, status, why.text);
    if (status) return;
    char *one = sample_to_json(&quick), *other = sample_to_json(&slow);
    ck_assert_str_eq(one, other);
    free(one);
    free(other);
    sample_free(&quick);
    sample_free(&slow);
}

START_TEST(a_changed_byte_is_taken_alike_in_either_form)
{
    static const char others[] = "\"{}[]:,0-9.e\\ x";
    struct sample sample = full_sample();
    char *line = sample_to_json(&sample), changed[2048];
    size_t length = strlen(line);
    ck_assert_uint_lt(length + 2, sizeof changed);
    for (size_t at = 0; at < length; at++) {
        char other = others[at % (sizeof others - 1)]; /* put in its place; one before it; and it taken out */
        snprintf(changed, sizeof changed, "%.*s%c%s", (int)at, line, other, line + at + 1);
        check_both_ways(changed);
        snprintf(changed, sizeof changed, "%.*s1%s", (int)at, line, line + at);
        check_both_ways(changed);
        snprintf(changed, sizeof changed, "%.*s%s", (int)at, line, line + at + 1);
        check_both_ways(changed);
    }
    free(line);
    sample_free(&sample);
}
END_TEST

START_TEST(forms_that_others_write_are_taken_alike)
{
    static const char head[] = "{\"cell\":0,\"block\":0,\"order\":0,\"status\":\"ok\",\"began_ns\":1,\"wall_ns\":1";
    static const char *const tails[] = {
        "}", "}\r", ",\"new\":{\"a\":[1,2.5,null]}}", ",\"cell\":0}", ",\"workers\":[]}", ",\"workers\":[{\"worker\":0},{\"worker\":1}]}",
        ",\"workers\":[{\"worker\":0,\"cpus\":\"{[0]}\"}]}", ",\"workers\":[{\"cpus\":\"0\"}]}", ",\"workers\":[{\"worker\":0}],\"workers\":[{\"worker\":0}]}",
        ",\"user_ns\":-0}", ",\"user_ns\":007}", ",\"user_ns\":-2}", ",\"user_ns\":1.0}", ",\"user_ns\":1e3}", ",\"user_ns\":9223372036854775807}",
        ",\"user_ns\":9223372036854775808}", ",\"instrumented\":null}", ",\"cause\":\"\xc3\xa9\"}", ",\"cause\":\"\xff\"}", ",\"cause\":\"a\\u0041\"}",
        ",\"verified\":\"longer than the twenty bytes there are\"}", "}}", "", ","};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char line[512];
        snprintf(line, sizeof line, "%s%s", head, tails[i]);
        check_both_ways(line);
    }
}
END_TEST

/* A new field that is in the struct but not in the list would be lost in silence. */
START_TEST(a_histogram_that_is_none_is_refused)
{
    static const char *const bad[] = {"[{\"bin\":360,\"tasks\":1}]", "[{\"bin\":-1,\"tasks\":1}]", "[{\"bin\":4}]",
                                      "[{\"bin\":4,\"tasks\":1},{\"bin\":4,\"tasks\":1}]", "{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[256];
        struct sample sample;
        snprintf(line, sizeof line,
                 "{\"cell\":0,\"block\":0,\"order\":0,\"status\":\"ok\",\"began_ns\":1,\"wall_ns\":1,\"latency\":%s}",
                 bad[i]);
        ck_assert_int_eq(sample_from_json(line, strlen(line), &sample, &why), -EINVAL);
        ck_assert_ptr_nonnull(strstr(why.text, "latency"));
    }
}
END_TEST

START_TEST(every_byte_of_a_sample_comes_back)
{
    struct sample sample = full_sample(), back;
    char *line = sample_to_json(&sample);
    ck_assert_int_eq(sample_from_json(line, strlen(line), &back, &why), 0);
    sample_free(&sample);
    sample_free(&back);
    sample.workers = back.workers = NULL;
    ck_assert_mem_eq(&sample, &back, sizeof sample);
    free(line);
}
END_TEST

START_TEST(causes_of_any_bytes_can_be_written)
{
    struct sample sample = {.status = "error", .cause = "bad \xff\xfe bytes", .began_ns = 1}, back;
    char *line = sample_to_json(&sample);
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sample_from_json(line, strlen(line), &back, &why), 0);
    ck_assert_str_eq(back.cause, "bad ?? bytes");
    sample_free(&back);
    free(line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record sample");
    TCase *all = tcase_create("all");
    tcase_add_test(all, samples_come_back);
    tcase_add_test(all, a_changed_byte_is_taken_alike_in_either_form);
    tcase_add_test(all, forms_that_others_write_are_taken_alike);
    tcase_add_test(all, a_histogram_that_is_none_is_refused);
    tcase_add_test(all, every_byte_of_a_sample_comes_back);
    tcase_add_test(all, causes_of_any_bytes_can_be_written);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
