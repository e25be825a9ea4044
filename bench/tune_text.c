/* tune_text.c: what a tuning found, for people: the sentence, the curve, the table. */
#include "tune.h"

#include "../results/models.h"
#include "show.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 40, ROWS_MAX = 24, FAILURES_MAX = 8 };
static const double NOTABLE = 0.02; /* differences that a sentence mentions */
static const double WIDE = 1.25;    /* an interval whose ends differ by more is worth a warning */

void tune_show_cost(const struct tune *tune, double cost, char *text, size_t size)
{
    char duration[32];
    if (tune->objective == TUNE_MEMORY) {
        if (cost < 1024. * 1024) snprintf(text, size, "%.3g KiB", cost / 1024);
        else if (cost < 1024. * 1024 * 1024) snprintf(text, size, "%.3g MiB", cost / 1024 / 1024);
        else snprintf(text, size, "%.3g GiB", cost / 1024 / 1024 / 1024);
        return;
    }
    values_show_duration(cost, duration, sizeof duration);
    snprintf(text, size, "%s%s", duration, tune->objective == TUNE_CORE_SECONDS ? " of cpu time" : "");
}

void tune_show_cpus(const struct limits *limits, char *text, size_t size)
{
    if (isfinite(limits->quota_cpus) && limits->quota_cpus < limits->allowed) {
        double quota = limits->quota_cpus;
        snprintf(text, size, "%.3g cpus (the quota of group %.120s; %u are allowed)", quota,
                 *limits->quota_where ? limits->quota_where : "/", limits->allowed);
    } else snprintf(text, size, "%u cpu%s", limits->usable, limits->usable == 1 ? "" : "s");
}

static const struct search_entry *entry_at(const struct tune *tune, size_t id)
{
    return id < tune->result.entry_count ? &tune->result.entries[id] : NULL;
}

static bool works(const struct search_entry *entry)
{
    return entry && !entry->failed && !entry->limited && entry->count;
}

const struct search_entry *tune_reference(const struct tune *tune)
{
    const struct search_entry *serial = entry_at(tune, tune->result.serial),
                              *usual = entry_at(tune, tune->result.also[0]);
    if (serial && serial->count && !serial->failed) return serial;
    return usual && usual->count && !usual->failed ? usual : NULL;
}

static void name_of(const struct tune *tune, const struct search_entry *entry, char *text, size_t size)
{
    if (entry->point.serial) snprintf(text, size, "serial");
    else tune->subject->name(tune, &entry->point, text, size);
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
    if (x->workers != y->workers) return x->workers < y->workers ? -1 : 1;
    return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

/* The best entry of each number of workers, of the recommendation's kind (NULL: of any), malloc'ed; their number in
 * *count. */
static const struct search_entry **curve(const struct tune *tune, const struct search_entry *kind, size_t *count)
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

struct tune_peak tune_peak(const struct tune *tune)
{
    struct tune_peak peak = {NAN, NAN, NAN};
    const struct search_entry *recommended = entry_at(tune, tune->result.recommended);
    size_t count, n = 0;
    if (!recommended || recommended->point.serial || tune->objective != TUNE_TIME) return peak;
    const struct search_entry **best = curve(tune, recommended, &count);
    double workers[count + 1], costs[count + 1];
    struct usl_fit fit;
    for (size_t i = 0; best && i < count; i++) {
        if (best[i]->limited) continue;
        workers[n] = best[i]->workers;
        costs[n++] = best[i]->estimate;
    }
    free(best);
    if (n >= 5 && !models_usl_fit(workers, costs, n, &fit) && fit.peak_seen)
        peak = (struct tune_peak){fit.peak, fit.peak_low, fit.peak_high};
    return peak;
}

/* Text that grows inside its bounds. */
struct sentence {
    char *text;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (sentence->used < sentence->size)
        sentence->used +=
            (size_t)vsnprintf(sentence->text + sentence->used, sentence->size - sentence->used, format, arguments);
    va_end(arguments);
}

static void say_interval(struct sentence *sentence, struct quantity quantity)
{
    if (isfinite(quantity.low)) say(sentence, " [%.3g, %.3g]", quantity.low, quantity.high);
}

static void say_cost(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    char cost[48], low[48], high[48];
    tune_show_cost(tune, entry->estimate, cost, sizeof cost);
    say(sentence, "%s", cost);
    if (!entry->cost.n || !isfinite(entry->cost.low)) return;
    tune_show_cost(tune, entry->cost.low, low, sizeof low);
    tune_show_cost(tune, entry->cost.high, high, sizeof high);
    say(sentence, " [%s, %s]", low, high);
}

/* "3.1 [3.0, 3.2] x faster than serial" */
static void say_gain(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    const struct search_entry *reference = tune_reference(tune);
    char name[160];
    if (!reference || reference == entry) return;
    name_of(tune, reference, name, sizeof name);
    struct quantity ratio = search_ratio(&tune->result, reference, entry);
    double gain = ratio.n ? ratio.median : reference->estimate / entry->estimate;
    if (reference->limited) {
        say(sentence, "; %s%s was stopped at %.3g times that", reference->point.serial ? "" : "the default, ", name,
            gain);
        return;
    }
    say(sentence, "; %s%s takes %.3g", reference->point.serial ? "" : "the default, ", name, gain);
    say_interval(sentence, ratio);
    say(sentence, " times that");
}

/* Why not the winner itself, and what is a tie. */
static void say_ties(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    const struct search_result *result = &tune->result;
    const struct search_entry *winner = &result->entries[result->winner];
    char name[160];
    if (winner != entry) {
        name_of(tune, winner, name, sizeof name);
        say(sentence, entry->tied ? "; it cannot be told apart from %s" : "; %s is the best", name);
        struct quantity ratio = search_ratio(result, entry, winner);
        say(sentence, " (ratio %.3f", ratio.median);
        say_interval(sentence, ratio);
        say(sentence, ") and has fewer workers");
        return;
    }
    for (size_t i = 0; i < result->entry_count; i++) {
        const struct search_entry *other = &result->entries[i];
        if (other == winner || !other->tied || other->ratio.n < STATS_INTERVAL_MIN) continue;
        name_of(tune, other, name, sizeof name);
        say(sentence, "; %s cannot be told apart from it (ratio %.3f", name, other->ratio.median);
        say_interval(sentence, other->ratio);
        say(sentence, ")");
        return;
    }
}

/* What more workers bring, from what was tried with more. */
static void say_more(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    size_t count;
    const struct search_entry **best = curve(tune, NULL, &count), *next = NULL;
    struct tune_peak peak = tune_peak(tune);
    double most = 1; /* that could have been tried */
    for (size_t axis = 0; axis < tune->space.axis_count; axis++)
        if (tune->space.axis[axis].workers) most *= tune->space.axis[axis].values[tune->space.axis[axis].levels - 1];
    for (size_t i = 0; best && i < count; i++)
        if (best[i]->workers > entry->workers && (!next || best[i]->estimate < next->estimate)) next = best[i];
    free(best);
    if (most <= 1 || entry->point.serial) return;
    if (!next) {
        if (entry->workers < most) say(sentence, "; with more workers it failed");
        else say(sentence, "; it is the most workers that were to be tried");
        return;
    }
    double worse = next->estimate / entry->estimate - 1;
    if (worse > NOTABLE)
        say(sentence, "; more workers add waiting, not speed: %g take %s%.3g %% longer", next->workers,
            next->limited ? "at least " : "", worse * 100);
    else say(sentence, "; more workers gain %s", worse < -NOTABLE ? "little" : "nothing");
    if (isfinite(peak.workers))
        say(sentence, "; the fitted curve peaks at %.2g [%.2g, %.2g]", peak.workers, peak.low, peak.high);
}

/* Smaller and larger chunks beside the recommended one. */
static void say_chunk(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    const struct search_entry *beside[2] = {NULL, NULL};
    size_t axis = 0;
    while (axis < tune->space.axis_count && (tune->space.axis[axis].workers || !tune->space.axis[axis].values)) axis++;
    if (axis == tune->space.axis_count || entry->point.serial) return;
    const struct search_axis *chunk = &tune->space.axis[axis];
    for (size_t i = 0; i < tune->result.entry_count; i++) {
        const struct search_entry *other = &tune->result.entries[i];
        if (!works(other) || other->point.serial) continue;
        struct search_point point = other->point;
        point.level[axis] = entry->point.level[axis];
        if (other == entry || !search_same(&tune->space, &point, &entry->point)) continue;
        int side = other->point.level[axis] > entry->point.level[axis];
        const struct search_entry **nearest = &beside[side];
        if (!*nearest || (side ? other->point.level[axis] < (*nearest)->point.level[axis]
                               : other->point.level[axis] > (*nearest)->point.level[axis]))
            *nearest = other;
    }
    for (int side = 0; side < 2; side++)
        if (beside[side])
            say(sentence, "%s %s %g: %+.2g %%", side && beside[0] ? "," : ";", chunk->name,
                chunk->values[beside[side]->point.level[axis]], (beside[side]->estimate / entry->estimate - 1) * 100);
}

static void say_serial(const struct tune *tune, struct sentence *sentence, const struct search_entry *entry)
{
    const struct search_entry *other = NULL;
    for (size_t i = 0; i < tune->result.entry_count; i++) {
        const struct search_entry *candidate = &tune->result.entries[i];
        if (works(candidate) && candidate->confirmed && candidate != entry &&
            (!other || candidate->estimate < other->estimate))
            other = candidate;
    }
    if (!other) return;
    char name[160];
    name_of(tune, other, name, sizeof name);
    struct quantity ratio = search_ratio(&tune->result, other, entry);
    say(sentence, "; the best with workers, %s, takes %.3g", name, ratio.median);
    say_interval(sentence, ratio);
    say(sentence, " times that%s",
        entry->tied && tune->result.winner != tune->result.recommended
            ? ", which cannot be told apart: workers do not pay here"
            : "");
}

void tune_sentence(const struct tune *tune, char *text, size_t size)
{
    struct sentence sentence = {text, size, 0};
    const struct search_entry *entry = entry_at(tune, tune->result.recommended);
    char name[160];
    *text = '\0';
    if (!entry) {
        say(&sentence, "No configuration worked.");
        return;
    }
    name_of(tune, entry, name, sizeof name);
    if (entry->point.serial) say(&sentence, "Stay serial: ");
    else say(&sentence, "%s: ", name);
    say_cost(tune, &sentence, entry);
    if (entry->point.serial) say_serial(tune, &sentence, entry);
    else {
        say_gain(tune, &sentence, entry);
        say_ties(tune, &sentence, entry);
        say_chunk(tune, &sentence, entry);
        say_more(tune, &sentence, entry);
    }
    if (!entry->confirmed) say(&sentence, "; not measured again, so this is biased towards good luck");
    say(&sentence, ".");
}

/* Breaks a text at spaces to so many columns. */
static void print_wrapped(const char *text, unsigned width)
{
    while (*text) {
        size_t length = strlen(text), take = length;
        if (width && length > width) {
            for (take = width; take > 0 && text[take] != ' '; take--) continue;
            if (!take) take = strcspn(text, " ");
        }
        printf("%.*s\n", (int)take, text);
        text += take;
        while (*text == ' ') text++;
    }
}

/* What makes the figures doubtful. */
static void print_doubts(const struct tune *tune)
{
    const struct search_entry *best = entry_at(tune, tune->result.recommended);
    if (tune->suspects)
        printf("%zu of %zu measurements are suspect: %s.\n", tune->suspects, tune->result.measurements, tune->suspect);
    if (best && isfinite(best->cost.low) && best->cost.high > WIDE * best->cost.low)
        printf("The interval is wide: something else keeps this machine busy; \"breakeven doctor\" says more.\n");
}

/* One line a number of workers: the best that was tried with it. */
static void print_curve(const struct tune *tune)
{
    size_t count;
    const struct search_entry **best = curve(tune, NULL, &count);
    double most = 0;
    for (size_t i = 0; best && i < count; i++) most = fmax(most, best[i]->estimate);
    if (count > 1) puts("\nThe best of each number of workers that was tried:");
    for (size_t i = 0; best && count > 1 && i < count; i++) {
        char cost[48], workers[32];
        int bar = (int)lround(best[i]->estimate / most * BAR);
        tune_show_cost(tune, best[i]->estimate, cost, sizeof cost);
        snprintf(workers, sizeof workers, "%g", best[i]->workers);
        printf("%8s %.*s%s %s%s\n", best[i]->workers > 0 ? workers : "serial", bar < 1 ? 1 : bar,
               "########################################", best[i]->limited ? ">" : "", cost,
               best[i]->limited ? " (stopped)" : "");
    }
    free(best);
}

static int by_estimate(const void *a, const void *b)
{
    const struct search_entry *x = *(struct search_entry *const *)a, *y = *(struct search_entry *const *)b;
    return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

static const char *note_of(const struct tune *tune, const struct search_entry *entry)
{
    const struct search_result *result = &tune->result;
    size_t id = (size_t)(entry - result->entries);
    if (id == result->recommended) return id == result->winner ? "recommended" : "recommended: fewer workers";
    if (entry->limited) return "stopped: too slow";
    if (id == result->winner) return "fastest";
    if (id == result->also[0]) return entry->tied ? "the default; a tie" : "the default";
    return entry->tied ? "a tie" : "";
}

static void print_table(const struct tune *tune)
{
    const struct search_result *result = &tune->result;
    const struct search_entry *rows[result->entry_count + 1], *recommended = entry_at(tune, result->recommended);
    size_t count = 0, wide = 13;
    for (size_t i = 0; i < result->entry_count; i++)
        if (result->entries[i].count && !result->entries[i].failed) rows[count++] = &result->entries[i];
    if (!count) return;
    qsort(rows, count, sizeof *rows, by_estimate);
    size_t shown = count > ROWS_MAX ? ROWS_MAX : count;
    for (size_t i = 0; i < shown; i++) {
        char name[160];
        name_of(tune, rows[i], name, sizeof name);
        if (strlen(name) > wide) wide = strlen(name);
    }
    printf("\n%-*s  %12s %8s %5s\n", (int)wide, "configuration", tune_objective_names[tune->objective], "ratio", "n");
    for (size_t i = 0; i < shown; i++) {
        char name[160], cost[48];
        name_of(tune, rows[i], name, sizeof name);
        tune_show_cost(tune, rows[i]->estimate, cost, sizeof cost);
        const char *note = note_of(tune, rows[i]);
        printf("%-*s %s%12s %8.3f %5zu%s%s\n", (int)wide, name, rows[i]->limited ? ">" : " ", cost,
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
        char name[160];
        struct search_entry entry = {.point = tune->failures[i].point};
        name_of(tune, &entry, name, sizeof name);
        printf("%sfailed: %s: %s\n", i ? "" : "\n", name, tune->failures[i].cause);
        if (tune->failures[i].output && strchr(tune->failures[i].output, '\n') !=
                                            strrchr(tune->failures[i].output, '\n')) /* more than the cause quotes */
            print_output(tune->failures[i].output);
    }
    if (tune->failure_count > FAILURES_MAX) printf("and %zu more\n", tune->failure_count - FAILURES_MAX);
}

/* The default where it is not what is compared with already. */
static void print_default(const struct tune *tune)
{
    const struct search_entry *usual = entry_at(tune, tune->result.also[0]),
                              *best = entry_at(tune, tune->result.recommended);
    if (!usual || !best || usual == best || !usual->count || usual->failed || usual == tune_reference(tune)) return;
    char name[160], cost[48];
    name_of(tune, usual, name, sizeof name);
    tune_show_cost(tune, usual->estimate, cost, sizeof cost);
    struct quantity ratio = search_ratio(&tune->result, usual, best);
    printf("The default, %s, takes %s%s: %.3g", name, usual->limited ? "more than " : "", cost,
           ratio.n ? ratio.median : usual->estimate / best->estimate);
    if (isfinite(ratio.low)) printf(" [%.3g, %.3g]", ratio.low, ratio.high);
    puts(" times that.");
}

void tune_print(const struct tune *tune)
{
    const struct search_result *result = &tune->result;
    char sentence[2048], cpus[256], spent[32];
    unsigned width = show_width();
    tune_sentence(tune, sentence, sizeof sentence);
    print_wrapped(sentence, width);
    print_default(tune);
    tune_show_cpus(&tune->limits, cpus, sizeof cpus);
    values_show_duration(result->spent_s * 1e9, spent, sizeof spent);
    double quota = tune->limits.quota_cpus;
    if (quota > 1 && quota < tune->limits.allowed && quota != floor(quota))
        printf("The quota is a fraction: %g and %g workers are both looked at. ", floor(quota), ceil(quota));
    printf("This process may use %s. %zu measurements of %zu configurations took %s", cpus, result->measurements,
           result->entry_count, spent);
    if (isfinite(result->once_s) && result->once_s > 0)
        printf("; trying all once would take about %.3g s", result->once_s);
    printf(".%s\n", result->short_of_budget ? " Steps were shortened to stay inside the budget." : "");
    print_doubts(tune);
    print_curve(tune);
    print_table(tune);
    print_failures(tune);
    if (*tune->dir) printf("\nThe run: %s\n", tune->dir);
}
