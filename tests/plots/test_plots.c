/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures, page and tables: what a run has is drawn, what it lacks is said, and names from a record stay text. */
#include "kernels/reason.h"
#include "plots/chart.h"
#include "plots/format.h"
#include "plots/plots.h"
#include "results/record/latency.h"
#include "tests/fixtures/runs.h"
#include "tests/fixtures/simulate.h"
#include "tests/suite.h"

#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20 };
static char dir[64];
static struct reason note;
static struct reason why;

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts, (void)kind, (void)walk;
    return remove(path);
}

static void make_dir(void)
{
    snprintf(dir, sizeof dir, "/tmp/breakeven-plots-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    unsetenv("BREAKEVEN_GNUPLOT");
}

static void remove_dir(void)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static off_t size_of(const char *name)
{
    struct stat facts;
    return stat(path_of(name), &facts) ? -1 : facts.st_size;
}

/* The whole file; freed by the caller. */
static char *text_of(const char *name)
{
    off_t size = size_of(name);
    ck_assert_msg(size >= 0, "%s is missing", name);
    char *text = calloc(1, (size_t)size + 1);
    FILE *in = fopen(path_of(name), "r");
    ck_assert(in && fread(text, 1, (size_t)size, in) == (size_t)size);
    fclose(in);
    return text;
}

/* The page, made in the folder; freed by the caller. */
static char *page_of(const struct summary *summary)
{
    ck_assert_int_eq(report_html_write(summary, dir, &why), 0);
    return text_of("report.html");
}

/* What a test ends with that began with make_dir. */
static void put_away(struct summary *summary, struct run *run)
{
    summary_free(summary);
    run_free(run);
    remove_dir();
}

static bool have_gnuplot(void)
{
    return !system("gnuplot --version >/dev/null 2>&1");
}

/* A small run that has something for the figures over workers. */
static struct run worker_run(unsigned blocks)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "forkpool", 1, 1);
    runs_cell(&run, "forkpool", 2, 1);
    runs_cell(&run, "forkpool", 4, 1);
    for (unsigned block = 0; block < blocks; block++) {
        int64_t serial_ns = 100000 + 1000 * block;
        runs_sample(&run, 0, block, serial_ns);
        for (unsigned i = 1; i < 4; i++) runs_sample(&run, i, block, serial_ns >> (i - 1));
    }
    snprintf(run.dir, sizeof run.dir, "%s", dir);
    snprintf(run.name, sizeof run.name, "workers");
    return run;
}

/* ---- grouping ---- */

START_TEST(cells_that_differ_in_one_thing_make_a_line)
{
    make_dir();
    struct run run = worker_run(7);
    struct summary summary = runs_summary(&run);
    struct lines lines;
    ck_assert_int_eq(lines_make(&summary, LINE_WORKERS, &lines), 0);
    ck_assert_uint_eq(lines.count, 1);
    ck_assert_uint_eq(lines.lines[0].count, 3);
    ck_assert_str_eq(lines.lines[0].name, "forkpool");
    ck_assert_uint_eq(lines.lines[0].cells[2]->workers, 4);
    lines_free(&lines);
    ck_assert_int_eq(lines_make(&summary, LINE_CHUNK, &lines), 0);
    ck_assert_uint_eq(lines.count, 0);
    lines_free(&lines);
    put_away(&summary, &run);
}
END_TEST

START_TEST(a_grid_of_shapes_is_a_heat_map)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned processes = 1; processes <= 2; processes++)
        for (unsigned threads = 1; threads <= 2; threads++) runs_cell(&run, "hybrid", processes, threads);
    for (unsigned cell = 0; cell < 5; cell++)
        for (unsigned block = 0; block < 7; block++) runs_sample(&run, cell, block, 1000 + block);
    struct summary summary = runs_summary(&run);
    struct lines lines;
    ck_assert_int_eq(lines_make(&summary, LINE_SHAPE, &lines), 0);
    ck_assert_uint_eq(lines.count, 1);
    ck_assert_uint_eq(lines.lines[0].count, 4);
    lines_free(&lines);
    ck_assert_int_eq(lines_make(&summary, LINE_WORKERS, &lines), 0);
    for (size_t i = 0; i < lines.count; i++) /* two cells of one width would stand above each other */
        for (size_t k = 1; k < lines.lines[i].count; k++)
            ck_assert_uint_lt(lines.lines[i].cells[k - 1]->workers, lines.lines[i].cells[k]->workers);
    lines_free(&lines);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* ---- drawing ---- */

static void simulate(const struct simulate_machine *machine, unsigned blocks, struct run *run)
{
    make_dir();
    ck_assert_int_eq(simulate_run(dir, machine, blocks, 3), 0);
    ck_assert_msg(!run_read(dir, run, &note, &why), "%s", why.text);
}

/* Of two blocks: no interval anywhere. Whole runs of two machines: report.bats. */
START_TEST(every_figure_of_the_default_experiment_is_drawn)
{
    struct run run = {0};
    simulate(&simulate_small, 2, &run);
    struct summary summary = runs_summary(&run);
    int count = 0;
    int drawn = plots_draw(&summary, dir, &note);
    if (have_gnuplot()) ck_assert_str_eq(note.text, "");
    for (const struct figure *const *figure = plots_figures; *figure; figure++, count++) {
        for (const char *const *kind = (const char *const[]){"dat", "gp", "svg", "png", NULL}; *kind; kind++) {
            char name[64];
            snprintf(name, sizeof name, "plots/%s.%s", (*figure)->name, *kind);
            if (have_gnuplot() || **kind == 'd' || **kind == 'g') ck_assert_msg(size_of(name) > 100, "%s", name);
        }
    }
    ck_assert_int_eq(drawn, have_gnuplot() ? count : 0);
    ck_assert_int_eq(report_html_write(&summary, dir, &why), 0);
    ck_assert_int_lt(size_of("report.html"), 5 * MEGABYTE);
    put_away(&summary, &run);
}
END_TEST

START_TEST(what_a_run_lacks_is_said_and_an_old_figure_goes)
{
    make_dir();
    struct run run = worker_run(7);
    unsigned first = runs_cell(&run, "openmp", 1, 2)->id; /* an A/A pair whose repetitions all failed: gnuplot refused its panel */
    runs_cell(&run, "openmp", 1, 2)->duplicate = first;
    struct summary summary = runs_summary(&run);
    ck_assert(!mkdir(path_of("plots"), 0777));
    FILE *old = fopen(path_of("plots/chunk.svg"), "w");
    ck_assert_ptr_nonnull(old);
    fclose(old);
    ck_assert_int_ge(plots_draw(&summary, dir, &note), 0);
    if (have_gnuplot()) ck_assert_str_eq(note.text, "");
    ck_assert_int_eq(size_of("plots/chunk.svg"), -1);
    char *page = page_of(&summary);
    ck_assert_ptr_nonnull(strstr(page, "<h3>Not drawn</h3>"));
    ck_assert_ptr_nonnull(strstr(page, "Time against chunk: no cells differ in their chunk alone."));
    free(page);
    put_away(&summary, &run);
}
END_TEST

/* The time limit had left no repetition with spans but one, of the cell that is measured twice: its panel had no bar, and whoever
 * drew it died. */
START_TEST(a_budget_of_the_second_of_a_pair_alone)
{
    make_dir();
    struct run run = worker_run(7);
    const struct sample_worker workers[] = {RUNS_WORKER(0, "", 500, 49000, 50000, -1), RUNS_WORKER(1, "", 500, 49000, 50000, -1)};
    struct cell *twin = runs_cell(&run, "forkpool", 2, 1);
    twin->duplicate = 2;
    unsigned id = twin->id;
    for (unsigned block = 0; block < 7; block++) runs_sample(&run, id, block, 50000);
    runs_spans(&run, runs_sample(&run, id, 6, 50000), workers);
    struct summary summary = runs_summary(&run);
    ck_assert_uint_eq(summary.cells[id].budget.n, 1);
    ck_assert_int_ge(plots_draw(&summary, dir, &note), 0);
    if (have_gnuplot()) ck_assert_str_eq(note.text, "");
    char *page = page_of(&summary);
    ck_assert_ptr_nonnull(strstr(page, "no repetition recorded the busy spans of its workers"));
    free(page);
    put_away(&summary, &run);
}
END_TEST

/* A serial repetition that another process had stopped: 49 as an efficiency, and all curves lay flat on the axis. */
START_TEST(one_disturbed_repetition_does_not_press_the_others_flat)
{
    make_dir();
    struct run run = worker_run(12);
    run.samples[0].wall_ns *= 50; /* the first block's serial one: beside it all others are 50 times as fast */
    struct summary summary = runs_summary(&run);
    ck_assert_int_ge(plots_draw(&summary, dir, &note), 0);
    char *script = text_of("plots/efficiency.gp"), *highest = strstr(script, "Y_HIGH[1] = [");
    ck_assert_ptr_nonnull(highest);
    ck_assert_double_lt(atof(highest + strlen("Y_HIGH[1] = [")), 2.1);
    ck_assert_ptr_nonnull(strstr(script, "3', 'single repetitions lie above the figure.")); /* a line ends there */
    free(script);
    put_away(&summary, &run);
}
END_TEST

START_TEST(latencies_are_drawn_where_tasks_were_timed)
{
    make_dir();
    struct run run = worker_run(7);
    for (unsigned block = 0; block < 7; block++) {
        struct sample_bin bins[] = {{latency_bin(1000, 1), 90}, {latency_bin(50000, 1), 10}};
        struct sample sample = {.cell = 2,
                                .block = block,
                                .status = "ok",
                                .wall_ns = 60000,
                                .instrumented = true,
                                .latency = bins,
                                .latency_count = 2};
        ck_assert_int_eq(run_add(&run, &sample, -1), 0);
    }
    struct summary summary = runs_summary(&run);
    ck_assert_int_ge(plots_draw(&summary, dir, &note), 0);
    if (have_gnuplot()) {
        ck_assert_str_eq(note.text, "");
        ck_assert_int_gt(size_of("plots/latency.png"), 0);
    }
    char *data = text_of("plots/latency.dat");
    ck_assert_ptr_nonnull(strstr(data, "forkpool, 2 workers, p95: "));
    free(data);
    put_away(&summary, &run);
}
END_TEST

START_TEST(an_empty_run_has_a_page)
{
    make_dir();
    struct run run = worker_run(0);
    run.complete = false;
    struct summary summary = runs_summary(&run);
    ck_assert_int_eq(plots_draw(&summary, dir, &note), 0);
    char *page = page_of(&summary);
    ck_assert_ptr_nonnull(strstr(page, "<strong>Incomplete.</strong>"));
    free(page);
    put_away(&summary, &run);
}
END_TEST

/* ---- gnuplot in trouble ---- */

static void use_gnuplot(const char *script)
{
    FILE *out = fopen(path_of("fake"), "w");
    ck_assert_ptr_nonnull(out);
    fputs(script, out);
    fclose(out);
    ck_assert(!chmod(path_of("fake"), 0755));
    setenv("BREAKEVEN_GNUPLOT", path_of("fake"), 1);
}

START_TEST(without_gnuplot_numbers_and_page_still_come)
{
    make_dir();
    setenv("BREAKEVEN_GNUPLOT", "/nonexistent/gnuplot", 1);
    struct run run = worker_run(7);
    struct summary summary = runs_summary(&run);
    ck_assert_int_eq(plots_draw(&summary, dir, &note), 0);
    ck_assert_ptr_nonnull(strstr(note.text, "gnuplot is missing"));
    ck_assert_ptr_null(strchr(note.text, '\n'));
    ck_assert_int_gt(size_of("plots/speedup.dat"), 0);
    ck_assert_int_gt(size_of("plots/time.gp"), 0);
    ck_assert_int_eq(size_of("plots/speedup.svg"), -1);
    char *page = page_of(&summary);
    ck_assert_ptr_nonnull(strstr(page, "gnuplot gave no picture"));
    ck_assert_ptr_null(strstr(page, "<svg"));
    free(page);
    put_away(&summary, &run);
}
END_TEST

static const struct {
    const char *script, *says, *leaves_out;
} troubles[] = {
    {"#!/bin/sh\necho >&2; echo 'no such terminal' >&2; echo 'second line' >&2; exit 1\n", "gnuplot failed: no such terminal",
     "second line"},
    {"#!/bin/sh\nexit 0\n", "drew nothing", "failed"},
};

START_TEST(a_gnuplot_that_fails_or_draws_nothing_is_told_once_with_its_words)
{
    make_dir();
    use_gnuplot(troubles[_i].script);
    struct run run = worker_run(7);
    struct summary summary = runs_summary(&run);
    ck_assert_int_eq(plots_draw(&summary, dir, &note), 0);
    ck_assert_ptr_nonnull(strstr(note.text, troubles[_i].says));
    ck_assert_ptr_null(strstr(note.text, troubles[_i].leaves_out));
    put_away(&summary, &run);
}
END_TEST

START_TEST(a_hanging_gnuplot_is_stopped_with_its_children)
{
    make_dir();
    use_gnuplot("#!/bin/sh\nsleep 1000 & echo $! > pid; wait\n");
    ck_assert_int_eq(gnuplot_run(dir, NULL, "x.gp", NULL, 1, &why), -ETIME);
    ck_assert_ptr_nonnull(strstr(why.text, "did not end within 1 s"));
    char *pid = text_of("pid"), proc[64];
    snprintf(proc, sizeof proc, "/proc/%ld/stat", strtol(pid, NULL, 10));
    for (int i = 0; i < 500 && !access(proc, F_OK);
         i++) { /* its end is the system's business; a zombie counts as gone */
        char state = 0;
        FILE *in = fopen(proc, "r");
        if (!in || fscanf(in, "%*d (%*[^)]) %c", &state) != 1 || state == 'Z') i = 500;
        if (in) fclose(in);
        usleep(10000);
        ck_assert_int_ne(i, 499);
    }
    free(pid);
    remove_dir();
}
END_TEST

/* ---- names from a record ---- */

START_TEST(names_stay_text_everywhere)
{
    static const char bad[] = "<b>`touch hit`'@x\"&{_^~\\";
    make_dir();
    struct run run = worker_run(7);
    for (unsigned i = 0; i < run.cell_count; i++) {
        snprintf(run.cells[i].label, sizeof run.cells[i].label, "%s", bad);
        snprintf(run.cells[i].placement, sizeof run.cells[i].placement, "'); system('touch hit'); ('");
    }
    snprintf(run.name, sizeof run.name, "</title><script>alert(1)</script>");
    json_object_set_new(run.manifest, "host",
                        json_pack("{ss ss}", "hostname", bad, "model", "{{script}}<img src=x onerror=1>"));
    json_object_set_new(run.manifest, "command", json_pack("[s s]", "breakeven", "it's; <b>"));
    struct summary summary = runs_summary(&run);
    int drawn = plots_draw(&summary, dir, &note);
    if (have_gnuplot()) {
        ck_assert_msg(!note.text[0], "%s", note.text);
        ck_assert_int_ge(drawn, 4);
        char *picture = text_of("plots/speedup.svg");
        ck_assert_ptr_null(strstr(picture, "<b>"));
        ck_assert_ptr_nonnull(strstr(picture, "&lt;b"));
        free(picture);
    }
    ck_assert_int_eq(size_of("plots/hit"), -1);
    ck_assert_int_eq(access("hit", F_OK), -1);
    char *page = page_of(&summary);
    ck_assert_ptr_null(strstr(page, "<b>`"));
    ck_assert_ptr_null(strstr(page, "<script>alert"));
    ck_assert_ptr_null(strstr(page, "<img"));
    ck_assert_ptr_nonnull(strstr(page, "&lt;b&gt;`touch hit`"));
    ck_assert_ptr_nonnull(strstr(page, "it&#39;s; &lt;b&gt;"));
    free(page);
    put_away(&summary, &run);
}
END_TEST

/* ---- text ---- */

static char *printed(const struct summary *summary, unsigned width, bool colour)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(report_text_print(summary, out, width, colour, true), 0);
    fclose(out);
    return text;
}

START_TEST(text_keeps_to_the_width)
{
    struct run run = {0};
    simulate(&simulate_small, 8, &run);
    struct summary summary = runs_summary(&run);
    static const unsigned widths[] = {72, 80, 100, 132};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        char *text = printed(&summary, widths[i], false), *rest;
        ck_assert_ptr_null(strchr(text, '\x1b'));
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            ck_assert_msg(format_columns(line) <= widths[i], "%u: %s", widths[i], line);
            ck_assert_msg(!line[0] || line[strlen(line) - 1] != ' ', "blank at the end: %s", line);
        }
        free(text);
    }
    char *text = printed(&summary, 80, true);
    ck_assert_ptr_nonnull(strchr(text, '\x1b'));
    ck_assert_ptr_nonnull(strstr(text, "SIMULATED")); /* never by colour alone */
    free(text);
    put_away(&summary, &run);
}
END_TEST

START_TEST(curves_in_characters)
{
    make_dir();
    struct run run = worker_run(7);
    struct summary summary = runs_summary(&run);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int status = plots_print(&summary, out, 80, PLOTS_LETTERS, &note);
    fclose(out);
    if (have_gnuplot()) {
        ck_assert_msg(!status, "%s", note.text);
        ck_assert_ptr_nonnull(strstr(text, "Speed-up"));
        ck_assert_ptr_nonnull(strstr(text, "forkpool"));
        ck_assert_ptr_null(strchr(text, '\f'));
        for (const char *c = text; *c; c++) ck_assert_msg(!(*c & 0x80), "beyond ASCII: %.20s", c);
    } else ck_assert_int_eq(status, -ENOENT);
    free(text);
    put_away(&summary, &run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plots");
    TCase *all = tcase_create("all");
    tcase_add_test(all, cells_that_differ_in_one_thing_make_a_line);
    tcase_add_test(all, a_grid_of_shapes_is_a_heat_map);
    tcase_add_test(all, every_figure_of_the_default_experiment_is_drawn);
    tcase_add_test(all, what_a_run_lacks_is_said_and_an_old_figure_goes);
    tcase_add_test(all, a_budget_of_the_second_of_a_pair_alone);
    tcase_add_test(all, one_disturbed_repetition_does_not_press_the_others_flat);
    tcase_add_test(all, latencies_are_drawn_where_tasks_were_timed);
    tcase_add_test(all, an_empty_run_has_a_page);
    tcase_add_test(all, without_gnuplot_numbers_and_page_still_come);
    tcase_add_loop_test(all, a_gnuplot_that_fails_or_draws_nothing_is_told_once_with_its_words, 0, sizeof troubles / sizeof *troubles);
    tcase_add_test(all, a_hanging_gnuplot_is_stopped_with_its_children);
    tcase_add_test(all, names_stay_text_everywhere);
    tcase_add_test(all, text_keeps_to_the_width);
    tcase_add_test(all, curves_in_characters);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
