/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest_rows: the rows that the parts add. */
#include "bench/selftest/selftest.h"

#include "bench/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *const selftest_outcome_names[SELFTEST_OUTCOMES] = {"holds", "falls short", "skipped"};

static void add(struct selftest *test, const struct selftest_row *row)
{
    struct selftest_row *grown = realloc(test->rows, (test->count + 1) * sizeof *grown);
    test->failed += row->outcome == SELFTEST_FALLS_SHORT || !grown; /* a row that is lost has not held */
    if (!grown) return;
    int64_t now_ns = clock_now_ns(&clock_real);
    struct selftest_row *added = &grown[test->count++];
    *added = *row;
    added->took_s = (double)(now_ns - test->last_ns) / 1e9;
    test->last_ns = now_ns;
    test->rows = grown;
    test->skipped += row->outcome == SELFTEST_SKIPPED;
    if (test->progress) test->progress(added);
}

void selftest_add(struct selftest *test, const struct selftest_row *row, bool holds)
{
    struct selftest_row made = *row;
    made.outcome = holds ? SELFTEST_HOLDS : SELFTEST_FALLS_SHORT;
    add(test, &made);
}

void selftest_skip(struct selftest *test, const char *id, const char *injected, const char *format, ...)
{
    struct selftest_row row = {.outcome = SELFTEST_SKIPPED};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row.came_back, sizeof row.came_back, format, arguments);
    va_end(arguments);
    snprintf(row.id, sizeof row.id, "%s", id);
    snprintf(row.injected, sizeof row.injected, "%s", injected);
    add(test, &row);
}

void selftest_free(struct selftest *test)
{
    free(test->rows);
    *test = (struct selftest){0};
}
