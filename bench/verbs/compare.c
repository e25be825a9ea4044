/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare: is NEW slower or faster than BASE? The record's numbers, results/summary/compare.c's verdicts, a table. */
#include "bench/verbs/compare.h"

#include "results/models/summary.h"
#include "results/summary/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void cell_describe(const struct cell *cell, char *text, size_t size)
{
    char tasks[48] = "";
    if (cell->task_time_ns) {
        char each[32];
        values_show_duration((double)cell->task_time_ns, each, sizeof each);
        snprintf(tasks, sizeof tasks, "%llu x %s", (unsigned long long)cell->tasks, each);
    } else snprintf(tasks, sizeof tasks, "%llu tasks", (unsigned long long)cell->tasks);
    snprintf(text, size, "%s %s %ux%u %s", cell->label, cell->runner, cell->processes, cell->threads, tasks);
    if (cell->chunk) text_add(text, size, " chunk %llu", (unsigned long long)cell->chunk);
    if (strcmp(cell->schedule, "default")) text_add(text, size, " %s", cell->schedule);
    if (strcmp(cell->placement, "none")) text_add(text, size, " %s", cell->placement);
}

static void ratio_describe(struct quantity ratio, char *text, size_t size)
{
    if (isnan(ratio.median)) snprintf(text, size, "-");
    else if (isnan(ratio.low)) snprintf(text, size, "%.4f [none]", ratio.median);
    else snprintf(text, size, "%.4f [%.4f, %.4f]", ratio.median, ratio.low, ratio.high);
}

static void print_cell(const struct compare_cell *cell, size_t width)
{
    char name[256], base[32] = "-", new[32] = "-", ratio[80];
    cell_describe(cell->base, name, sizeof name);
    if (cell->base_ns.n) values_show_duration(cell->base_ns.median, base, sizeof base);
    if (cell->new_ns.n) values_show_duration(cell->new_ns.median, new, sizeof new);
    ratio_describe(cell->ratio, ratio, sizeof ratio);
    printf("%-*s  %9s  %9s  %-25s  %4zu  %s%s%s\n", (int)width, name, base, new, ratio, cell->ratio.n,
           compare_verdict_names[cell->verdict], cell->why[0] ? ": " : "", cell->why);
}

static void print_group(const struct compare_group *group)
{
    char ratio[80];
    ratio_describe(group->ratio, ratio, sizeof ratio);
    printf("%s%s, geometric mean of %zu cell%s: %s, n %zu: %s\n", group->kernel ? "  " : "The whole run",
           group->kernel ? group->kernel : "", group->cells, group->cells == 1 ? "" : "s", ratio, group->ratio.n,
           compare_verdict_names[group->verdict]);
}

static void print_comparison(const struct comparison *comparison)
{
    size_t width = 4;
    for (size_t i = 0; i < comparison->count; i++) {
        char name[256];
        cell_describe(comparison->cell[i].base, name, sizeof name);
        if (strlen(name) > width) width = strlen(name);
    }
    printf("%-*s  %9s  %9s  %-25s  %4s  verdict\n", (int)width, "cell", "BASE", "NEW", "NEW/BASE [95 %]", "n");
    for (size_t i = 0; i < comparison->count; i++) print_cell(&comparison->cell[i], width);
    const size_t *verdicts = comparison->verdicts;
    printf("\n%s time, %s, margin %g %%: %zu faster, %zu slower, %zu the same, %zu unresolved.\n",
           compare_figure_names[comparison->figure], comparison->paired ? "paired" : "independent",
           comparison->margin * 100, verdicts[COMPARE_FASTER], verdicts[COMPARE_SLOWER], verdicts[COMPARE_SAME],
           verdicts[COMPARE_UNRESOLVED]);
    print_group(&comparison->whole);
    for (size_t i = 0; comparison->kernels > 1 && i < comparison->kernels; i++) print_group(&comparison->kernel[i]);
    puts("The cells, the kernels and the whole run are three questions, each corrected for its many answers: where nothing has\n"
         "changed, at most 5 % of such comparisons call any cell (any kernel, the run) faster or slower (max-T over blocks).");
    if (comparison->failed)
        printf("%zu cell%s no good sample in BASE or in NEW.\n", comparison->failed, comparison->failed == 1 ? " has" : "s have");
    if (comparison->too_few)
        printf("%zu cell%s too few samples to be judged.\n", comparison->too_few, comparison->too_few == 1 ? " has" : "s have");
    for (size_t i = 0; i < comparison->only_base; i++) {
        char name[256];
        cell_describe(comparison->vanished[i], name, sizeof name);
        printf("In BASE alone, so not compared: %s\n", name);
    }
    if (comparison->only_new) printf("Left out, in NEW alone: %zu.\n", comparison->only_new);
    if (comparison->undecided && comparison->failed + comparison->stopped == comparison->count)
        puts("NOTHING COULD BE DECIDED: no cell has a good sample in both runs.");
    else if (comparison->undecided)
        printf("NOTHING COULD BE DECIDED: %zu repetitions are too few here; it would take about %zu of each cell.\n",
               comparison->blocks, comparison->needed);
    if (comparison->software[0]) printf("Beside the program, not the same: %s.\n", comparison->software);
    if (comparison->warning[0]) puts(comparison->warning);
}

static int read_run(const struct options *options, const char *dir, struct run *run)
{
    struct reason note = {""};
    struct reason why = {""};
    int status = run_read(dir, run, &note, &why);
    if (status) return options_complain(options, "%s", why.text);
    if (note.text[0]) fprintf(stderr, "breakeven compare: %s\n", note.text);
    return 0;
}

static int judge(const struct comparison *comparison)
{
    bool slower = comparison->verdicts[COMPARE_SLOWER] || comparison->whole.verdict == COMPARE_SLOWER;
    for (size_t i = 0; i < comparison->kernels; i++) slower |= comparison->kernel[i].verdict == COMPARE_SLOWER;
    if (slower) return STATUS_FINDING;
    if (comparison->failed || comparison->only_base) return STATUS_FAILED;
    if (comparison->undecided) return STATUS_UNDECIDED;
    return comparison->too_few ? STATUS_FAILED : STATUS_GOOD;
}

/* A run that its own report does not trust is said to be one, before what it is compared for. */
static void tell_trust(const struct options *options, const struct run *run, const char *which)
{
    struct summary summary = {0};
    struct reason why = {""};
    if (summary_make(run, &summary, &why)) return; /* the comparison says what is wrong with it */
    if (summary.trust.verdict == TRUST_NONE)
        fprintf(options->json ? stderr : stdout, "%s%s is not to be trusted: %s.\n", options->json ? "breakeven compare: " : "", which,
                summary.trust.reasons);
    summary_free(&summary);
}

static int compare(const struct options *options, const struct run *base, const struct run *new)
{
    struct compare_options asked = {.margin = options->margin, .force = options->force, .allow = options->allow};
    while (options->figure && strcmp(options->figure, compare_figure_names[asked.figure])) asked.figure++;
    struct comparison comparison = {0};
    struct reason why = {""};
    if (compare_runs(base, new, &asked, &comparison, &why)) return options_complain(options, "%s", why.text);
    int status = STATUS_GOOD;
    tell_trust(options, base, "BASE");
    tell_trust(options, new, "NEW");
    if (options->json) status = options_print_json(options, comparison_to_json(&comparison));
    else print_comparison(&comparison);
    if (!status) status = judge(&comparison);
    comparison_free(&comparison);
    return status;
}

int compare_print(const struct options *options, const char *base_dir, const char *new_dir)
{
    struct run base = {0}, new = {0};
    int status = read_run(options, base_dir, &base);
    if (!status) status = read_run(options, new_dir, &new);
    if (!status) status = compare(options, &base, &new);
    run_free(&base);
    run_free(&new);
    return status;
}

static int run(const struct options *options)
{
    return compare_print(options, options->operands[0], options->operands[1]);
}

const struct verb verb_compare = {
    .name = "compare",
    .summary = "two runs, cell by cell: faster, slower, the same, or unresolved",
    .operands = "BASE NEW",
    .operands_min = 2,
    .operands_max = 2,
    .details =
        "Exit status 1 where a cell, a kernel or the whole run of NEW is slower than in BASE beyond the margin and\n"
        "the samples resolve it; 3 where none is and a cell of BASE is not in NEW, has no good sample or too few; 4\n"
        "where not one verdict could be given, with the repetitions it would take; else 0. Paired runs (run\n"
        "--versus) are compared block by block; independent ones by all their samples, with the drift between them inside the\n"
        "ratio. Machines are the same by model, cpus, memory (within 5 %) and kernel, not by host name.",
    .run = run,
};
