/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest: runs the parts, prints what was injected, what came back, and whether it holds. */
#include "bench/selftest/selftest.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/cli/options.h"
#include "kernels/reason.h"

#include <jansson.h>

enum { QUICK_S = 60 }; /* twice what --quick needs on a quiet machine */
enum { CALM_S = 5 };

static const struct selftest_part parts[] = {
    {"V1", selftest_fits, false},      {"V2", selftest_statistics, false},
    {"V3", selftest_same, false},      {"V3", selftest_gate, false},
    {"V4", selftest_dispatch, true},   {"V5,V7", selftest_budget, false},
    {"V5", selftest_terms, true},      {"V6", selftest_imbalance, false},
    {"V6,V7", selftest_closing, true}, {"V7", selftest_closing_ranks, true},
    {"V8", selftest_drift, false},     {"V9", selftest_neighbour, false},
    {"V9", selftest_quota, false},     {"V11", selftest_metg_script, false},
    {"V11", selftest_grain, true},     {"V12", selftest_crossover, false},
    {"V13", selftest_mistakes, false}, {"V13", selftest_wrong_serial, false},
    {"V14", selftest_power, false},
};

static void print_row(const struct selftest_row *row)
{
    printf("%-4s %-58s  %s", row->id, row->injected, selftest_outcome_names[row->outcome]);
    if (row->took_s >= 0.05) printf(" (%.1f s)", row->took_s);
    if (row->tries > 1) printf(" (try %u)", row->tries);
    printf("\n     %s%s%s\n", row->came_back, row->wanted[0] ? "; wanted: " : "", row->wanted);
    fflush(stdout);
}

static int print_json(const struct options *options, const struct selftest *test, double took_s)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < test->count; i++) {
        const struct selftest_row *row = &test->rows[i];
        json_array_append_new(rows, json_pack("{ss ss ss ss ss sf sI}", "id", row->id, "injected", row->injected,
                                              "came_back", row->came_back, "wanted", row->wanted, "outcome",
                                              selftest_outcome_names[row->outcome], "took_s", row->took_s, "tries",
                                              (json_int_t)row->tries));
    }
    return options_print_json(options,
                              json_pack("{si sb sI sf sI sI so}", "schema", 1, "quick", test->quick, "seed",
                                        (json_int_t)test->seed, "took_s", took_s, "failed", (json_int_t)test->failed,
                                        "skipped", (json_int_t)test->skipped, "rows", rows));
}

/* Does an operand name one of the part's rows? */
static bool wanted(const struct options *options, const struct selftest_part *part)
{
    bool named = !options->operand_count;
    for (size_t i = 0; i < options->operand_count; i++) named |= text_has_word(part->ids, options->operands[i]);
    return named;
}

static int run(const struct options *options)
{
    struct selftest test = {.quick = options->quick, .seed = options->seed, .calm_s = CALM_S};
    int64_t began_ns = test.last_ns = clock_now_ns(&clock_real);
    if (test.quick) test.until_ns = began_ns + QUICK_S * INT64_C(1000000000);
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        if (!interrupt_seen() && wanted(options, &parts[part])) {
            size_t first = test.count;
            selftest_run(&test, &parts[part]);
            for (size_t i = first; !options->json && !interrupt_seen() && i < test.count; i++) print_row(&test.rows[i]);
        }
    double took_s = (double)(clock_now_ns(&clock_real) - began_ns) / 1e9;
    int status = test.failed ? STATUS_FINDING : STATUS_GOOD, printed = STATUS_GOOD;
    if (interrupt_seen()) {
        options_complain(options, "interrupted");
        status = STATUS_INTERRUPTED;
    } else if (!test.count)
        status = options_complain(options, "no row \"%.40s\": there are V1 to V9 and V11 to V14", options->operands[0]);
    else if (options->json) printed = print_json(options, &test, took_s);
    else
        printf("\n%zu rows: %zu hold, %zu fall short, %zu skipped; %.0f s\n", test.count,
               test.count - test.failed - test.skipped, test.failed, test.skipped, took_s);
    selftest_free(&test);
    return printed ? printed : status;
}

const struct verb verb_selftest = {
    .name = "selftest",
    .summary = "the tool under test: injected known answers come back",
    .operands = "[V1|V2|..]",
    .operands_max = 16,
    .details =
        "Each row injects something known into the code that measures (times, delays, drift, noise, bugs) and looks\n"
        "for it in what comes out; docs/method.md names the limits. Exit status 0 only if every row holds, 1 "
        "otherwise. With\n"
        "operands, only the parts with these rows.",
    .machine = true,
    .run = run,
};
