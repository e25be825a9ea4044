/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record: what is written comes back, and whatever stands in a run's folder is read without a crash or a hang. */
#include "kernels/reason.h"
#include "results/record/record.h"
#include "tests/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_record.XXXXXX";
static struct reason note;
static struct reason why;

#define CELL(id, base, runner, processes)                                                                              \
    "{\"id\":" #id ",\"baseline\":" #base ",\"duplicate\":" #id                                                        \
    ",\"study\":\"run\",\"kernel\":\"spin\",\"label\":\"spin\","                                                       \
    "\"runner\":\"" runner "\",\"size\":1000,\"tasks\":64,\"processes\":" #processes ",\"threads\":1,\"chunk\":0,"     \
    "\"schedule\":\"default\",\"placement\":\"none\"}"
#define MANIFEST(cells) "{\"schema\":1,\"name\":\"t\",\"complete\":true,\"host\":{},\"cells\":[" cells "]}"
#define GOOD_MANIFEST   MANIFEST(CELL(0, 0, "serial", 1) "," CELL(1, 0, "forkpool", 2))
#define LINE(cell, block, began)                                                                                       \
    "{\"cell\":" #cell ",\"block\":" #block ",\"order\":0,\"status\":\"ok\",\"began_ns\":" #began ",\"wall_ns\":5000}" \
    "\n"
#define GOOD_SAMPLES LINE(0, 0, 1) LINE(1, 0, 2)

static void setup(void)
{
    strcpy(dir, "/tmp/test_record.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(path_of(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

/* Reads the run with these two files; the run is freed. Returns run_read's status and the samples seen. */
static int read_with(const char *manifest, const char *samples, size_t samples_size, size_t *count)
{
    struct run run = {.sample_count = 77};
    put("manifest.json", manifest, strlen(manifest));
    put("samples.jsonl", samples, samples_size);
    strcpy(note.text, "untouched");
    strcpy(why.text, "untouched");
    int status = run_read(dir, &run, &note, &why);
    if (count) *count = run.sample_count;
    if (status) ck_assert_msg(run.sample_count == 77 && !run.samples, "touched on failure");
    else run_free(&run);
    return status;
}

START_TEST(cells_come_back)
{
    struct cell cell = {.id = 3,
                        .baseline = 2,
                        .duplicate = 3,
                        .study = "chunk",
                        .kernel = "./mine.so",
                        .label = "mine",
                        .runner = "openmp",
                        .size = 5,
                        .tasks = 1000,
                        .task_time_ns = 10000,
                        .seed = UINT64_MAX,
                        .processes = 1,
                        .threads = 8,
                        .chunk = 64,
                        .schedule = "guided",
                        .placement = "core:0-3"};
    struct cell back;
    json_t *json = cell_to_json(&cell);
    ck_assert_int_eq(cell_from_json(json, &back, &why), 0);
    ck_assert_mem_eq(&cell, &back, sizeof cell);
    json_object_del(json, "runner");
    ck_assert_int_eq(cell_from_json(json, &back, &why), -EINVAL);
    ck_assert_str_eq(why.text, "runner is missing");
    json_decref(json);
}
END_TEST

START_TEST(a_good_run_is_read)
{
    size_t count;
    ck_assert_int_eq(read_with(GOOD_MANIFEST, GOOD_SAMPLES, strlen(GOOD_SAMPLES), &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(note.text, "");
    ck_assert_int_eq(read_with(GOOD_MANIFEST, "", 0, &count), 0); /* interrupted before the first repetition */
    ck_assert_uint_eq(count, 0);
}
END_TEST

/* Texts that another program made of a good run. */
START_TEST(marks_and_line_ends_are_tolerated)
{
    static const char *const texts[] = {"\xEF\xBB\xBF" GOOD_SAMPLES, "\n" GOOD_SAMPLES "\n  \n"};
    size_t count;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_msg(!read_with("\xEF\xBB\xBF" GOOD_MANIFEST "\r\n", texts[i], strlen(texts[i]), &count), "%zu: %s", i,
                      why.text);
        ck_assert_uint_eq(count, 2);
    }
    char windows[1024], *out = windows;
    for (const char *in = GOOD_SAMPLES; *in; *out++ = *in++)
        if (*in == '\n') *out++ = '\r';
    ck_assert_int_eq(read_with(GOOD_MANIFEST, windows, (size_t)(out - windows), &count), 0);
    ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(a_last_line_cut_short_is_left_out)
{
    size_t count, whole = strlen(GOOD_SAMPLES), first = strlen(LINE(0, 0, 1));
    for (size_t size = first + 1; size < whole; size++) {
        ck_assert_msg(!read_with(GOOD_MANIFEST, GOOD_SAMPLES, size, &count), "%zu bytes: %s", size, why.text);
        ck_assert_uint_eq(count, 1);
        ck_assert_ptr_nonnull(strstr(note.text, "cut short"));
    }
}
END_TEST

struct bad {
    const char *text, *said;
};

static const struct bad bad_manifests[] = {
    {"", "is empty"},
    {"{\"schema\":1,\"cells\":[", "not JSON"},
    {"[1,2]", "not a JSON object"},
    {"null", "not JSON"},
    {"{}", "no schema"},
    {"{\"schema\":\"1\"}", "no schema"},
    {"{\"schema\":2}", "schema 2"},
    {"{\"schema\":1}", "cells is missing"},
    {MANIFEST(""), "cells is missing, empty"},
    {"{\"schema\":1,\"cells\":{}}", "cells is missing"},
    {"{\"schema\":1,\"schema\":1}", "duplicate"},
    {MANIFEST("7"), "cells[0]: not a JSON object"},
    {MANIFEST(CELL(0, 0, "serial", 1) "," CELL(0, 0, "serial", 1)), "cells[1] has id 0"},
    {MANIFEST(CELL(0, 0, "serial", 1) "," CELL(2, 0, "forkpool", 2)), "cells[1] has id 2"},
    {MANIFEST(CELL(0, 0, "serial", 1) "," CELL(1, 0, "serial", 1)), "cells[0] and cells[1] are the same configuration"},
    {MANIFEST(CELL(0, 9, "serial", 1)), "refers to a cell that is not there"},
    {MANIFEST(CELL(0, 1, "forkpool", 1) "," CELL(1, 0, "openmp", 1)), "baseline"},
    {MANIFEST(CELL(0, 0, "serial", 0)), "at least 1"},
    {MANIFEST(CELL(0, 0, "serial", -1)), "processes is out of range"},
    {MANIFEST(CELL(0, 0, "serial", 1.5)), "processes is not a whole number"},
    {MANIFEST(CELL(0, 0, "a-runner-with-a-name-beyond-all-reason", 1)), "runner is longer than 23 bytes"},
    {"\xFF\xFE{", "UTF-16"},
    {"\x7f"
     "ELF\x02\x01\x01",
     "not JSON"},
};

START_TEST(bad_manifests_are_refused)
{
    const struct bad *bad = &bad_manifests[_i];
    int status = read_with(bad->text, GOOD_SAMPLES, strlen(GOOD_SAMPLES), NULL);
    ck_assert_int_eq(status, strstr(bad->text, "\"schema\":2") ? -EPROTO : -EINVAL);
    ck_assert_msg(strstr(why.text, bad->said) && strstr(why.text, "/manifest.json"), "said: %s", why.text);
    ck_assert_ptr_null(strchr(why.text, '\n'));
}
END_TEST

#define WITH(fields) "{\"cell\":0,\"block\":0,\"order\":0,\"status\":\"ok\",\"began_ns\":9," fields "}\n"
static const struct bad bad_lines[] = {
    {"not json\n", "not JSON"},
    {"{\"cell\":0\n", "not JSON"},
    {"[]\n", "not a JSON object"},
    {"{}\n", "cell is missing"},
    {WITH("\"wall_ns\":NaN"), "not JSON"},
    {WITH("\"wall_ns\":Infinity"), "not JSON"},
    {WITH("\"wall_ns\":-5"), "wall_ns is negative: -5"},
    {WITH("\"wall_ns\":1.5"), "wall_ns is not a whole number"},
    {WITH("\"wall_ns\":\"5\""), "wall_ns is not a whole number"},
    {WITH("\"wall_ns\":1e400"), "not JSON"},
    {WITH("\"wall_ns\":99999999999999999999"), "not JSON"},
    {WITH("\"start_ns\":5"), "status is ok but there is no wall_ns"},
    {WITH("\"wall_ns\":5,\"wall_ns\":6"), "duplicate"},
    {WITH("\"wall_ns\":5,\"workers\":7"), "workers is not an array"},
    {WITH("\"wall_ns\":5,\"workers\":[{\"worker\":0,\"busy_ns\":-2}]"), "workers[0]: busy_ns is negative"},
    {WITH("\"wall_ns\":5,\"lost\":[{}]"), "lost[0]: worker is missing"},
    {"{\"cell\":0,\"block\":0,\"order\":0,\"status\":\"fine\",\"began_ns\":9}\n", "status is 'fine'"},
    {"{\"cell\":9,\"block\":0,\"order\":0,\"status\":\"error\",\"began_ns\":9}\n",
     "cell 9 is not in the manifest, which has 2"},
};

START_TEST(bad_lines_are_refused_with_their_number)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s%s", LINE(0, 0, 1), bad_lines[_i].text, LINE(1, 0, 2));
    ck_assert_int_eq(read_with(GOOD_MANIFEST, text, strlen(text), NULL), -EINVAL);
    ck_assert_msg(strstr(why.text, bad_lines[_i].said) && strstr(why.text, "samples.jsonl line 2: "), "said: %s",
                  why.text);
}
END_TEST

START_TEST(binary_and_nesting_are_refused)
{
    static const char zeros[4096];
    ck_assert_int_eq(read_with(GOOD_MANIFEST, "\0\0\0\n", 4, NULL), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why.text, "line 1"));
    ck_assert_int_eq(read_with(GOOD_MANIFEST, zeros, sizeof zeros, NULL),
                     0); /* no newline: a torn line of a crashed disk */
    ck_assert_ptr_nonnull(strstr(note.text, "cut short after 4096 bytes"));
    size_t depth = 1000000;
    char *deep = malloc(depth + 2);
    memset(deep, '[', depth);
    strcpy(deep + depth, "\n");
    ck_assert_int_eq(read_with(GOOD_MANIFEST, deep, depth + 1, NULL), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why.text, "depth"));
    deep[depth] = '\0';
    ck_assert_int_eq(read_with(deep, "", 0, NULL), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why.text, "depth"));
    free(deep);
}
END_TEST

START_TEST(the_same_repetition_twice_is_refused)
{
    const char *text = GOOD_SAMPLES GOOD_SAMPLES;
    ck_assert_int_eq(read_with(GOOD_MANIFEST, text, strlen(text), NULL), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why.text, "the same repetition twice: cell 0, block 0"));
}
END_TEST

/* A gigabyte without a newline, as a hole in the file, under a limit on memory that holding it would break. */
START_TEST(a_line_of_a_gigabyte_is_refused_in_little_memory)
{
    struct run run = {0};
    put("manifest.json", GOOD_MANIFEST, strlen(GOOD_MANIFEST));
    put("samples.jsonl", LINE(0, 0, 1), strlen(LINE(0, 0, 1)));
    ck_assert_int_eq(truncate(path_of("samples.jsonl"), (off_t)1 << 30), 0);
    struct rlimit limit = {256 << 20, 256 << 20};
    if (!getenv("SANITIZED")) ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(run_read(dir, &run, &note, &why), -EFBIG);
    ck_assert_ptr_nonnull(strstr(why.text, "samples.jsonl line 2: is longer than 4 MiB"));
    put("samples.jsonl", "", 0);
    ck_assert_int_eq(truncate(path_of("manifest.json"), (off_t)1 << 30), 0);
    ck_assert_int_eq(run_read(dir, &run, &note, &why), -EFBIG);
}
END_TEST

START_TEST(what_is_no_file_is_refused_at_once)
{
    static const char *const names[] = {"manifest.json", "samples.jsonl"};
    struct run run = {0};
    for (int i = 0; i < 2; i++) {
        put(names[0], GOOD_MANIFEST, strlen(GOOD_MANIFEST));
        put(names[1], GOOD_SAMPLES, strlen(GOOD_SAMPLES));
        ck_assert_int_eq(unlink(path_of(names[i])), 0);
        ck_assert_int_eq(run_read(dir, &run, &note, &why), -ENOENT);
        ck_assert_ptr_nonnull(strstr(why.text, names[i]));
        ck_assert_int_eq(mkfifo(path_of(names[i]), 0600), 0);
        ck_assert_int_eq(run_read(dir, &run, &note, &why), -EINVAL);
        ck_assert_ptr_nonnull(strstr(why.text, "is a FIFO, not a file"));
        ck_assert_int_eq(unlink(path_of(names[i])), 0);
        ck_assert_int_eq(mkdir(path_of(names[i]), 0700), 0);
        ck_assert_int_eq(run_read(dir, &run, &note, &why), -EINVAL);
        ck_assert_ptr_nonnull(strstr(why.text, "is a directory, not a file"));
        ck_assert_int_eq(rmdir(path_of(names[i])), 0);
    }
    ck_assert_int_eq(run_read("/nowhere/at/all", &run, &note, &why), -ENOENT);
    ck_assert_int_eq(run_read("/dev/null", &run, &note, &why), -ENOTDIR);
}
END_TEST

static size_t size_of(const char *name)
{
    struct stat stat_of;
    return stat(path_of(name), &stat_of) ? (size_t)-1 : (size_t)stat_of.st_size;
}

START_TEST(files_are_written_whole_or_not_at_all)
{
    ck_assert_int_eq(record_write_file(dir, "a.json", "first", 5), 0);
    ck_assert_uint_eq(size_of("a.json"), 5);
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    static char large[65536];
    ck_assert_int_eq(record_write_file(dir, "a.json", large, sizeof large), -EFBIG);
    ck_assert_uint_eq(size_of("a.json"), 5); /* the old file stands */
    char command[128];
    snprintf(command, sizeof command, "test $(ls -A '%s' | wc -l) = 1", dir);
    ck_assert_msg(system(command) == 0, "a temporary file was left");
    ck_assert_int_eq(record_write_file("/nowhere/at/all", "a", "x", 1), -ENOENT);
}
END_TEST

START_TEST(a_line_that_does_not_fit_leaves_no_half)
{
    int fd = record_open_samples(dir);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(record_append_line(fd, "0123456789"), 0);
    ck_assert_uint_eq(size_of("samples.jsonl"), 11);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {16, 16};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(record_append_line(fd, "0123456789"), -ENOSPC); /* 5 of its 11 bytes fit */
    ck_assert_uint_eq(size_of("samples.jsonl"), 11);
    ck_assert_int_eq(record_append_line(fd, "0123"), 0);
    ck_assert_uint_eq(size_of("samples.jsonl"), 16);
    ck_assert_int_lt(record_append_line(fd, "x"), 0);
    close(fd);
    ck_assert_int_eq(record_append_line(fd, "x"), -EBADF);
}
END_TEST

START_TEST(resuming_cuts_what_was_cut_short)
{
    static char torn[10000];
    memset(torn, 'x', sizeof torn);
    memcpy(torn, GOOD_SAMPLES, strlen(GOOD_SAMPLES));
    put("samples.jsonl", torn, sizeof torn);
    int fd = record_open_samples(dir);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(size_of("samples.jsonl"), strlen(GOOD_SAMPLES));
    ck_assert_int_eq(record_append_line(fd, "y"), 0);
    close(fd);
    put("samples.jsonl", "torn", 4);
    fd = record_open_samples(dir);
    ck_assert_uint_eq(size_of("samples.jsonl"), 0);
    close(fd);
    ck_assert_int_eq(unlink(path_of("samples.jsonl")), 0);
    ck_assert_int_eq(mkfifo(path_of("samples.jsonl"), 0600), 0);
    ck_assert_int_lt(record_open_samples(dir), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, cells_come_back);
    tcase_add_test(all, a_good_run_is_read);
    tcase_add_test(all, marks_and_line_ends_are_tolerated);
    tcase_add_test(all, a_last_line_cut_short_is_left_out);
    tcase_add_loop_test(all, bad_manifests_are_refused, 0, sizeof bad_manifests / sizeof *bad_manifests);
    tcase_add_loop_test(all, bad_lines_are_refused_with_their_number, 0, sizeof bad_lines / sizeof *bad_lines);
    tcase_add_test(all, binary_and_nesting_are_refused);
    tcase_add_test(all, the_same_repetition_twice_is_refused);
    tcase_add_test(all, a_line_of_a_gigabyte_is_refused_in_little_memory);
    tcase_add_test(all, what_is_no_file_is_refused_at_once);
    tcase_add_test(all, files_are_written_whole_or_not_at_all);
    tcase_add_test(all, a_line_that_does_not_fit_leaves_no_half);
    tcase_add_test(all, resuming_cuts_what_was_cut_short);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
