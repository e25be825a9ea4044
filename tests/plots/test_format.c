/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown, as text: numbers with their units, names from anywhere, tables. */
#include "plots/format.h"
#include "plots/chart.h"
#include "plots/table.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A function: what a format returns lives until the end of the call that it is an argument of, not in the macro's variables. */
static void shows(const char *got, const char *want)
{
    ck_assert_str_eq(got, want);
}

START_TEST(numbers_are_short_and_have_units)
{
    shows(format_time(0).text, "0 ns");
    shows(format_time(12.34).text, "12.3 ns");
    shows(format_time(999.7).text, "1.00 us");
    shows(format_time(12345678).text, "12.3 ms");
    shows(format_time(-2500).text, "-2.50 us");
    shows(format_time(90e9).text, "90.0 s");
    shows(format_time(NAN).text, "-");
    shows(format_asked(10000).text, "10 us");
    shows(format_asked(2500000).text, "2.5 ms");
    shows(format_number(0.04567).text, "0.0457");
    shows(format_number(INFINITY).text, "never");
    shows(format_count(1048576).text, "1 048 576");
    shows(format_count(4096).text, "4096");
    shows(format_bytes(3.25 * 1024 * 1024).text, "3.25 MiB");
    shows(format_share(0.9345).text, "93.5 %");
    shows(format_quantity("ratio", (struct quantity){3.714, 3.6, 3.82, 12}).text, "3.71 [3.60, 3.82]");
    shows(format_quantity("ns", (struct quantity){1500, NAN, NAN, 4}).text, "1.50 us (n = 4)");
    shows(format_quantity("ns", (struct quantity){NAN, NAN, NAN, 0}).text, "-");
    shows(format_bound("ns", (struct quantity){1500, 1400, 1600, 12}, true).text, "at most 1.60 us");
    shows(format_bound("ns", (struct quantity){1500, NAN, NAN, 4}, true).text, "at most 1.50 us (n = 4)");
    shows(format_bound("ns", (struct quantity){1500, 1400, INFINITY, 12}, true).text, "not resolved");
    shows(format_bound("ns", (struct quantity){1500, 1400, 1600, 12}, false).text, "1.50 us [1.40 us, 1.60 us]");
}
END_TEST

START_TEST(text_becomes_valid_and_stays_on_its_line)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},       {"two\nlines\t\x1b[31m", "two lines  [31m"},
        {"\xc3\xa9", "\xc3\xa9"}, {"cut \xe2\x82", "cut ??"},
        {"\xc0\xaf", "??"},       {"\xed\xa0\x80", "???"},
        {"\xc2\x9b", "?"},        {"\xf4\x90\x80\x80", "????"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        format_clean(out, sizeof out, cases[i][0]);
        ck_assert_str_eq(out, cases[i][1]);
    }
    format_clean(out, 4, "ab\xe2\x82\xac");
    ck_assert_str_eq(out, "ab"); /* never half a character */
}
END_TEST

START_TEST(gnuplot_sees_no_code_of_a_character)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    format_gnuplot(out, "it's C:\\U+1F600 and \\U+41 \\u \\U");
    fclose(out);
    ck_assert_str_eq(text, "'it''s C:\\U +1F600 and \\U +41 \\u \\U'");
    free(text);
}
END_TEST

START_TEST(tables_fold_align_and_escape)
{
    struct table *table = table_new("T|able", "");
    char *text = NULL;
    size_t size;
    table_column(table, "name", "", false);
    table_column(table, "same", "", false);
    table_column(table, "time", "", true);
    for (int i = 0; i < 2; i++) {
        table_row(table);
        table_cell(table, NAN, i ? "b" : "a|x");
        table_cell(table, NAN, "s");
        table_cell(table, i, i ? "1000" : "1");
    }
    table_fold(table);
    FILE *out = open_memstream(&text, &size);
    table_print_text(table, out, 0, false);
    table_print_markdown(table, out);
    table_print_html(table, out, "t");
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "All: same s."));
    ck_assert_ptr_nonnull(strstr(text, "\nname  time\na|x      1\nb     1000\n"));
    ck_assert_ptr_nonnull(strstr(text, "| a\\|x | 1 |"));
    ck_assert_ptr_nonnull(strstr(text, "aria-sort=\"none\""));
    ck_assert_ptr_nonnull(strstr(text, "data-key=\"1\">1000</td>"));
    free(text);
    table_free(table);
}
END_TEST

START_TEST(a_long_table_shows_its_first_rows_on_a_page_and_says_so)
{
    for (int rows = TABLE_HTML_ROWS; rows <= TABLE_HTML_ROWS + 1; rows++) {
        struct table *table = table_new("Table", "");
        char *text = NULL, *at;
        size_t size;
        int found = 0;
        table_column(table, "time", "", true);
        for (int i = 0; i < rows; i++) {
            table_row(table);
            table_cell(table, i, "%d", i);
        }
        FILE *out = open_memstream(&text, &size);
        table_print_html(table, out, "t");
        fclose(out);
        for (at = text; (at = strstr(at, "<td")); at++) found++;
        ck_assert_int_eq(found, TABLE_HTML_ROWS);
        ck_assert_int_eq(strstr(text, "The first 300 of 301 rows") != NULL, rows > TABLE_HTML_ROWS);
        free(text);
        table_free(table);
    }
}
END_TEST

/* As gnuplot writes them: a repetition's dots of two series in turn, and what is shown under the pointer but not drawn. */
START_TEST(dots_of_a_crowded_figure_are_one_path)
{
    static const struct figure figure = {.name = "dots", .reading = "Dots."};
    static const struct facts facts = {.complete = true};
    struct chart chart = {.figure = &figure, .facts = &facts, .legend = "none", .panels = 1, .series = 2, .one = {{"a", 0, 0}, {"b", 1, 0}}};
    char dir[] = "/tmp/test_format.XXXXXX", path[64], *text = NULL, *at;
    size_t size;
    int uses = 0, paths = 0, dots = 0;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/plots", dir);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/plots/dots.svg", dir);
    FILE *svg = fopen(path, "w");
    ck_assert_ptr_nonnull(svg);
    fputs("<svg><g fill=\"none\" color=\"black\" stroke=\"currentColor\" stroke-width=\"2.00\" stroke-linecap=\"butt\" stroke-linejoin=\"miter\">\n", svg);
    for (unsigned i = 0; i < 6000; i++)
        fprintf(svg, "<use xlink:href='#gpPt6' transform='translate(%u.25,%u.50) scale(1.16)' color='rgb(%3u, %3u, %3u)' opacity='0.37'/>\n",
                100 + i % 500, 200 + i % 100, chart_colour(&chart, 1 + i / 3000) >> 16, chart_colour(&chart, 1 + i / 3000) >> 8 & 255,
                chart_colour(&chart, 1 + i / 3000) & 255);
    fputs("<use xlink:href='#gpPt6' transform='translate(1.00,1.00) scale(0.00)' color='black'/>\n"
          "<use xlink:href='#gpPt4' transform='translate(1.00,300.00) scale(2.89)' color='black'/></g></svg>\n", svg);
    fclose(svg);
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(svg_inline(&chart, dir, out), 0);
    fclose(out);
    for (at = text; (at = strstr(at, "<use ")); at++) uses++;
    for (at = text; (at = strstr(at, "<path ")); at++) paths++;
    for (at = text; (at = strstr(at, "h0")); at++) dots++;
    ck_assert_int_eq(uses, 1);
    ck_assert_int_eq(paths, 2);
    ck_assert_int_eq(dots, 6000);
    ck_assert_ptr_nonnull(strstr(text, "<g stroke-width=\"2.00\">"));
    ck_assert_ptr_nonnull(strstr(text, "stroke-width=\"2.32\" color=\"var(--hue1)\" fill-opacity=\"0.37\" stroke-opacity=\"0.37\" data-s=\"2\" d=\"M"));
    free(text);
    unlink(path);
    snprintf(path, sizeof path, "%s/plots", dir);
    rmdir(path);
    rmdir(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format");
    TCase *all = tcase_create("all");
    tcase_add_test(all, numbers_are_short_and_have_units);
    tcase_add_test(all, text_becomes_valid_and_stays_on_its_line);
    tcase_add_test(all, gnuplot_sees_no_code_of_a_character);
    tcase_add_test(all, tables_fold_align_and_escape);
    tcase_add_test(all, a_long_table_shows_its_first_rows_on_a_page_and_says_so);
    tcase_add_test(all, dots_of_a_crowded_figure_are_one_path);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
