/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown, as text: numbers with their units, names from anywhere, tables. */
#include "plots/format.h"
#include "plots/table.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    Suite *suite = suite_create("format");
    TCase *all = tcase_create("all");
    tcase_add_test(all, numbers_are_short_and_have_units);
    tcase_add_test(all, text_becomes_valid_and_stays_on_its_line);
    tcase_add_test(all, gnuplot_sees_no_code_of_a_character);
    tcase_add_test(all, tables_fold_align_and_escape);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
