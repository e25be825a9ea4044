/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest_rows: the rows that the parts add, and what they share. */
#include "bench/selftest/selftest.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "kernels/reason.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

const char *const selftest_outcome_names[] = {"holds", "falls short", "skipped"};

static void add(struct selftest *test, const struct selftest_row *row)
{
    struct selftest_row *grown = realloc(test->rows, (test->count + 1) * sizeof *grown);
    test->failed += row->outcome == SELFTEST_FALLS_SHORT || !grown; /* a row that is lost has not held */
    if (!grown) return;
    int64_t now_ns = clock_now_ns(&clock_real);
    struct selftest_row *added = &grown[test->count++];
    *added = *row;
    added->tries = test->tries;
    added->took_s = (double)(now_ns - test->last_ns) / 1e9;
    test->last_ns = now_ns;
    test->rows = grown;
    test->skipped += row->outcome == SELFTEST_SKIPPED;
}

void selftest_add(struct selftest *test, const struct selftest_row *row, bool holds)
{
    struct selftest_row made = *row;
    made.outcome = holds ? SELFTEST_HOLDS : SELFTEST_FALLS_SHORT;
    add(test, &made);
}

struct selftest_band selftest_band(double rate, unsigned trials)
{
    double half = 2.576 * sqrt(rate * (1 - rate) / (trials < 1000 ? trials : 1000));
    return (struct selftest_band){rate - half, fmin(1, rate + half)};
}

void selftest_cover(struct selftest *test, const char *id, unsigned hits, unsigned trials, double rate,
                    const char *format, ...)
{
    struct selftest_band band = selftest_band(rate, trials);
    if (rate <= 0) { /* 93 to 98 %, and what so few trials may miss it by */
        double slack = trials < 1000 ? 2.576 * sqrt(0.05 * 0.95 / trials) - 0.02 : 0;
        band = (struct selftest_band){0.93 - fmax(slack, 0), fmin(1, 0.98 + fmax(slack, 0))};
    }
    struct selftest_row row = {.outcome = SELFTEST_HOLDS};
    double share = (double)hits / trials;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row.injected, sizeof row.injected, format, arguments);
    va_end(arguments);
    snprintf(row.id, sizeof row.id, "%s", id);
    text_add(row.injected, sizeof row.injected, ", %u sets", trials);
    snprintf(row.came_back, sizeof row.came_back, "the interval covers the truth in %.2f %%", 100 * share);
    snprintf(row.wanted, sizeof row.wanted, "%.1f-%.1f %%", 100 * band.low, 100 * band.high);
    if (rate > 0) text_add(row.wanted, sizeof row.wanted, " (nominal %.2f %%)", 100 * rate);
    selftest_add(test, &row, share >= band.low && share <= band.high);
}

gsl_rng *selftest_random(const struct selftest *test)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random) gsl_rng_set(random, (unsigned long)test->seed);
    return random;
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

/* The rows from `first` on: another try follows. */
static void forget(struct selftest *test, size_t first)
{
    for (; test->count > first; test->count--) {
        enum selftest_outcome outcome = test->rows[test->count - 1].outcome;
        test->failed -= outcome == SELFTEST_FALLS_SHORT;
        test->skipped -= outcome == SELFTEST_SKIPPED;
    }
}

void selftest_run(struct selftest *test, const struct selftest_part *part)
{
    const unsigned TRIES = 3;
    size_t first = test->count;
    bool again = true;
    for (test->tries = 1; again && !interrupt_seen(); test->tries++) {
        if (test->tries > 1) {
            forget(test, first);
            sleep(test->calm_s);
        }
        test->loud = false;
        part->run(test);
        again = part->again && test->loud && !test->quick && test->tries < TRIES;
    }
}

void selftest_free(struct selftest *test)
{
    free(test->rows);
    *test = (struct selftest){0};
}
