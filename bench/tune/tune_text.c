/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_text.c: what a tuning found, for people: the curve, the table, what failed. */
#include "bench/tune/tune.h"

#include "bench/measure/show.h"
#include "kernels/reason.h"
#include "plots/table.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 40, ROWS_MAX = 24, FAILURES_MAX = 8 };
static const double WIDE = 1.25; /* an interval whose ends differ by more is worth a warning */

struct tune_words tune_show_cost(const struct tune *tune, double cost)
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    struct tune_words words;
    char duration[32];
    if (tune->objective == TUNE_MEMORY) {
        int unit = cost < 1024. * 1024 ? 0 : cost < 1024. * 1024 * 1024 ? 1 : 2;
        snprintf(words.text, sizeof words.text, "%.3g %s", ldexp(cost, -10 * (unit + 1)), units[unit]);
        return words;
    }
    values_show_duration(cost, duration, sizeof duration);
    snprintf(words.text, sizeof words.text, "%s%s", duration,
             tune->objective == TUNE_CORE_SECONDS ? " of cpu time" : "");
    return words;
}

/* How many cpus there are to use, and why: "2 cpus", "1.5 cpus (the quota of /a/b; 4 are allowed): 1 or 2 workers". */
static void show_cpus(const struct limits *limits, char *text, size_t size)
{
    if (isfinite(limits->quota_cpus) && limits->quota_cpus < limits->allowed) {
        double quota = limits->quota_cpus;
        snprintf(text, size, "%.3g cpu%s (the quota of group %.120s; %u are allowed)", quota, quota == 1 ? "" : "s",
                 *limits->quota_where ? limits->quota_where : "/", limits->allowed);
    } else snprintf(text, size, "%u cpu%s", limits->usable, limits->usable == 1 ? "" : "s");
}

void tune_show_waiting(const struct tune *tune, char *text, size_t size)
{
    const struct tune_watch *watch = &tune->watch;
    char again[64] = "";
    *text = '\0';
    if (!watch->low.looks) return;
    if (watch->dropped)
        snprintf(again, sizeof again, ", and took %u block%s of measurements again", watch->dropped,
                 watch->dropped == 1 ? "" : "s");
    snprintf(text, size, "For %.2g s the %u cores together did the work of %.2g", watch->waited_s, tune->capacity.count,
             tune_watch_mean(&watch->low));
    if (!watch->gave_up) text_add(text, size, ": waited%s.", again);
    else text_add(text, size, ", and that went on: measured anyway; expect another answer when it is over.");
}

const struct search_entry *tune_entry(const struct tune *tune, size_t id)
{
    return id < tune->result.entry_count ? &tune->result.entries[id] : NULL;
}

const struct search_entry *tune_reference(const struct tune *tune)
{
    const struct search_entry *serial = tune_entry(tune, tune->result.serial),
                              *usual = tune_entry(tune, tune->result.also[0]);
    if (serial && serial->count && !serial->failed) return serial;
    return usual && usual->count && !usual->failed ? usual : NULL;
}

struct tune_words tune_name(const struct tune *tune, const struct search_entry *entry)
{
    struct tune_words words = {"serial"};
    if (!entry->point.serial) tune->subject->name(tune, &entry->point, words.text, sizeof words.text);
    return words;
}

/* The settings that have no order are the same. */
static bool same_kind(const struct tune *tune, const struct search_entry *a, const struct search_entry *b)
{
    if (a->point.serial || b->point.serial) return false;
    for (size_t axis = 0; axis < tune->space.axis_count; axis++)
        if (!tune->space.axis[axis].values && a->point.level[axis] != b->point.level[axis]) return false;
    return true;
}

static int by_workers(const void *a, const void *b)
{
    const struct search_entry *x = *(struct search_entry *const *)a, *y = *(struct search_entry *const *)b;
    return x->workers != y->workers ? (x->workers < y->workers ? -1 : 1) : search_by_estimate(a, b);
}

const struct search_entry **tune_curve(const struct tune *tune, const struct search_entry *kind, size_t *count)
{
    const struct search_result *result = &tune->result;
    const struct search_entry **best = calloc(result->entry_count + 1, sizeof *best);
    *count = 0;
    if (!best) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < result->entry_count; i++) {
        const struct search_entry *entry = &result->entries[i];
        if (entry->count && !entry->failed && (!kind || same_kind(tune, entry, kind))) best[n++] = entry;
    }
    qsort(best, n, sizeof *best, by_workers);
    for (size_t i = 0; i < n; i++)
        if (!*count || best[*count - 1]->workers < best[i]->workers) best[(*count)++] = best[i];
    return best;
}

/* What makes the figures doubtful. */
static void print_doubts(const struct tune *tune)
{
    const struct search_entry *best = tune_entry(tune, tune->result.recommended);
    char waiting[320];
    tune_show_waiting(tune, waiting, sizeof waiting);
    if (*waiting) puts(waiting);
    if (tune->left_runs)
        printf("%zu run%s left processes behind, %zu in all; they were killed, and their %.3g s of cpu time count.\n",
               tune->left_runs, tune->left_runs == 1 ? "" : "s", tune->left, (double)tune->left_ns / 1e9);
    if (tune->suspects)
        printf("Suspect: %zu of %zu measurements: %s.\n", tune->suspects, tune->result.measurements, tune->suspect);
    if (tune->result.shift > SEARCH_SHIFT)
        printf(
            "The machine changed while this was searched: what was measured again took %.2g times as long, or as much "
            "less. Tune again.\n",
            tune->result.shift);
    if (best && isfinite(best->cost.low) && best->cost.high > WIDE * best->cost.low)
        printf("The interval is wide: something else keeps this machine busy; \"breakeven doctor\" says more.\n");
}

/* One line a number of workers: the best that was tried with it. */
static void print_curve(const struct tune *tune)
{
    size_t count;
    const struct search_entry **best = tune_curve(tune, NULL, &count);
    double most = 0;
    for (size_t i = 0; best && i < count; i++) most = fmax(most, best[i]->estimate);
    if (count > 1) puts("\nThe best of each number of workers that was tried:");
    for (size_t i = 0; best && count > 1 && i < count; i++) {
        char workers[32];
        int bar = (int)lround(best[i]->estimate / most * BAR);
        snprintf(workers, sizeof workers, "%g", best[i]->workers);
        printf("%8s %.*s%s %s%s\n", best[i]->workers > 0 ? workers : "serial", bar < 1 ? 1 : bar,
               "########################################", best[i]->limited ? ">" : "",
               tune_show_cost(tune, best[i]->estimate).text, best[i]->limited ? " (stopped)" : "");
    }
    free(best);
}

static const char *note_of(const struct tune *tune, const struct search_entry *entry)
{
    const struct search_result *result = &tune->result;
    size_t id = (size_t)(entry - result->entries);
    bool fewer = entry->workers < result->entries[result->winner].workers;
    if (id == result->recommended)
        return id == result->winner ? "recommended" : fewer ? "recommended: fewer workers" : "recommended: the simpler";
    if (entry->limited) return "stopped: too slow";
    if (id == result->winner) return "fastest";
    if (id == result->also[0]) return entry->tied ? "the default; a tie" : "the default";
    return entry->tied ? "a tie" : "";
}

static void print_table(const struct tune *tune)
{
    const struct search_result *result = &tune->result;
    const struct search_entry *rows[result->entry_count + 1], *recommended = tune_entry(tune, result->recommended);
    size_t count = 0, wide = 13;
    for (size_t i = 0; i < result->entry_count; i++)
        if (result->entries[i].count && !result->entries[i].failed) rows[count++] = &result->entries[i];
    if (!count) return;
    qsort(rows, count, sizeof *rows, search_by_estimate);
    size_t shown = count > ROWS_MAX ? ROWS_MAX : count;
    for (size_t i = 0; i < shown; i++) {
        size_t length = strlen(tune_name(tune, rows[i]).text);
        if (length > wide) wide = length;
    }
    printf("\n%-*s  %12s %8s %5s\n", (int)wide, "configuration", options_objectives[tune->objective], "ratio", "n");
    for (size_t i = 0; i < shown; i++) {
        const char *note = note_of(tune, rows[i]);
        printf("%-*s %s%12s %8.3f %5zu%s%s\n", (int)wide, tune_name(tune, rows[i]).text,
               rows[i]->limited ? ">" : " ", tune_show_cost(tune, rows[i]->estimate).text,
               recommended ? rows[i]->estimate / recommended->estimate : 1, rows[i]->count, *note ? "  " : "", note);
    }
    if (count > shown) printf("and %zu slower ones\n", count - shown);
}

/* The last lines of what a failed command printed, indented, without control characters. */
static void print_output(const char *output)
{
    size_t length = strlen(output), lines = 0;
    while (length && isspace((unsigned char)output[length - 1])) length--;
    const char *begin = output + length;
    while (begin > output && (begin[-1] != '\n' || ++lines < 4)) begin--;
    printf("      | ");
    for (const char *c = begin; c < output + length; c++) {
        if (*c == '\n') printf("\n      | ");
        else putchar((unsigned char)*c < ' ' && *c != '\t' ? '?' : *c);
    }
    putchar('\n');
}

static void print_failures(const struct tune *tune)
{
    for (size_t i = 0; i < tune->failure_count && i < FAILURES_MAX; i++) {
        struct search_entry entry = {.point = tune->failures[i].point};
        printf("%sfailed: %s: %s\n", i ? "" : "\n", tune_name(tune, &entry).text, tune->failures[i].cause);
        if (tune->failures[i].output && strchr(tune->failures[i].output, '\n') !=
                                            strrchr(tune->failures[i].output, '\n')) /* more than the cause quotes */
            print_output(tune->failures[i].output);
    }
    if (tune->failure_count > FAILURES_MAX) printf("and %zu more\n", tune->failure_count - FAILURES_MAX);
}

/* The default where it is not what is compared with already. */
static void print_default(const struct tune *tune)
{
    const struct search_entry *usual = tune_entry(tune, tune->result.also[0]),
                              *best = tune_entry(tune, tune->result.recommended);
    if (!usual || !best || usual == best || !usual->count || usual->failed || usual == tune_reference(tune)) return;
    struct quantity ratio = search_ratio(&tune->result, usual, best);
    printf("The default, %s, takes %s%s: %.3g", tune_name(tune, usual).text, usual->limited ? "more than " : "",
           tune_show_cost(tune, usual->estimate).text, ratio.n ? ratio.median : usual->estimate / best->estimate);
    if (isfinite(ratio.low)) printf(" [%.3g, %.3g]", ratio.low, ratio.high);
    puts(" times that.");
}

void tune_print(const struct tune *tune)
{
    const struct search_result *result = &tune->result;
    struct reason sentence;
    char cpus[256], spent[32];
    tune_sentence(tune, &sentence);
    table_wrap(stdout, sentence.text, show_width(), 0);
    print_default(tune);
    show_cpus(&tune->limits, cpus, sizeof cpus);
    values_show_duration(result->spent_s * 1e9, spent, sizeof spent);
    double quota = tune->limits.quota_cpus;
    if (quota > 1 && quota < tune->limits.allowed && quota != floor(quota))
        printf("The quota is a fraction: %g and %g workers are both looked at. ", floor(quota), ceil(quota));
    size_t tried = 0;
    for (size_t i = 0; i < result->entry_count; i++) tried += result->entries[i].spent_s > 0;
    printf("This process may use %s. %zu measurement%s of %zu configuration%s took %s", cpus, result->measurements,
           result->measurements == 1 ? "" : "s", tried, tried == 1 ? "" : "s", spent);
    if (isfinite(result->once_s) && result->once_s > 0)
        printf("; trying all once would take about %.3g s", result->once_s);
    bool beyond = tune->serial_s + result->spent_s > tune_limit_s(tune->options);
    puts(beyond ? ". --time-limit is shorter: it begins nothing more, but ends no measurement."
         : result->short_of_budget ? ". Steps were shortened to stay inside the budget." : ".");
    if (*tune->kinds) printf("%s: more workers than the fast ones add less.\n", tune->kinds);
    print_doubts(tune);
    print_curve(tune);
    print_table(tune);
    print_failures(tune);
    if (*tune->dir) printf("\nThe run: %s\n", tune->dir);
}
