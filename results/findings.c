/* findings.c: plain sentences from verdicts. What is not resolved is called that. Here: the run as a whole, scaling,
 * and where the time went. */
#include "findings.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sentence_add(struct sentence *sentence, const char *format, ...)
{
    size_t room = sizeof sentence->text - sentence->used;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(sentence->text + sentence->used, room, format, args);
    va_end(args);
    if (length < 0) return;
    if ((size_t)length < room) sentence->used += (size_t)length;
    else memcpy(sentence->text + sizeof sentence->text - 4, "...", 4), sentence->used = sizeof sentence->text - 1;
}

int sentence_end(struct workshop *shop, struct sentence *sentence)
{
    if (!sentence->used) return 0;
    char *text = strdup(sentence->text);
    char **place = text ? parts_append(&shop->summary->findings, &shop->summary->finding_count, sizeof *place) : NULL;
    *sentence = (struct sentence){0};
    if (!place) {
        free(text);
        return -ENOMEM;
    }
    *place = text;
    return 0;
}

void sentence_add_times(struct sentence *sentence, struct quantity quantity)
{
    char number[PARTS_TEXT], interval[PARTS_TEXT];
    sentence_add(sentence, "%s times%s", parts_number(number, quantity.median), parts_interval(interval, quantity));
}

const struct cell_summary *findings_row(const struct workshop *shop, const struct cell *cell)
{
    return &shop->summary->cells[cell->id];
}

/* What the reader must know before any number. */
static int about_run(struct workshop *shop)
{
    const struct summary *summary = shop->summary;
    struct sentence sentence = {0};
    size_t empty = 0, errors = 0, suspects = 0, chained = 0;
    const char *cause = "", *words = "";
    int status = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        empty += !row->samples && !row->errors;
        errors += row->errors;
        suspects += row->suspects;
        chained += row->autocorrelated;
        if (row->errors && !*cause) cause = row->error;
        if (row->suspects && !*words) words = row->suspect;
    }
    if (summary->run->simulated)
        sentence_add(&sentence, "This run is simulated: its numbers come from a model, not from a machine.");
    status = sentence_end(shop, &sentence);
    if (!status && (!summary->run->complete || empty)) {
        sentence_add(&sentence, "The run is %s: %zu of %zu cells have no repetition.",
                     summary->run->complete ? "marked complete, yet has gaps" : "incomplete", empty,
                     summary->cell_count);
        status = sentence_end(shop, &sentence);
    }
    if (!status && errors) {
        sentence_add(&sentence, "%zu of %zu repetitions failed and count as errors, not as times; the first: %s.",
                     errors, summary->run->sample_count, cause);
        status = sentence_end(shop, &sentence);
    }
    if (!status && suspects) {
        sentence_add(&sentence, "%zu of %zu repetitions are suspect (first: %s); they are kept and marked.", suspects,
                     summary->run->sample_count, words);
        status = sentence_end(shop, &sentence);
    }
    if (!status && chained * 10 > summary->cell_count) {
        sentence_add(&sentence,
                     "In %zu of %zu cells times follow one another, more than chance explains: their intervals are "
                     "too narrow; ratios inside a block are less affected.",
                     chained, summary->cell_count);
        status = sentence_end(shop, &sentence);
    }
    return status;
}

/* A/A: the same configuration measured twice must not differ. */
static int about_duplicates(struct workshop *shop)
{
    const struct run *run = shop->summary->run;
    int status = 0;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        if (cell->duplicate == i) continue;
        struct quantity ratio = parts_compare(shop, cell, &run->cells[cell->duplicate], false);
        struct sentence sentence = {0};
        char low[PARTS_TEXT];
        if (isnan(ratio.low)) continue;
        sentence_add(&sentence,
                     "A/A: %s with %s (%s), measured twice in each block, differs by %+.1f %% [%+.1f, %+.1f]: %s.",
                     cell->runner, parts_team(low, cell), cell->label, 100 * (ratio.median - 1), 100 * (ratio.low - 1),
                     100 * (ratio.high - 1),
                     stats_verdict(ratio) == VERDICT_UNRESOLVED
                         ? "no difference, as it must be"
                         : "a difference where there is none, so smaller ones mean nothing");
        status = sentence_end(shop, &sentence);
    }
    return status;
}

/* "spin", and "spin with tasks of 30 us" where the kernel was measured with several sizes. */
static void add_problem(struct sentence *sentence, const struct summary *summary, const struct cell_summary *row)
{
    char size[PARTS_TEXT];
    bool several = false;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell *other = summary->cells[i].cell;
        several |= !strcmp(other->study, row->cell->study) && !strcmp(other->label, row->cell->label) &&
                   (other->size != row->cell->size || other->tasks != row->cell->tasks);
    }
    sentence_add(sentence, "%s", row->cell->label);
    if (several)
        sentence_add(sentence, " with %llu tasks of %s", (unsigned long long)row->cell->tasks,
                     parts_duration(size, row->cell->task_time_ns ? (double)row->cell->task_time_ns
                                                                  : row->quantity[QUANTITY_task_ns].median));
}

/* Where more workers stop helping. */
static void add_end_of_gain(struct sentence *sentence, const struct scaling *scaling)
{
    const struct cell_summary *last = scaling->cells[scaling->count - 1];
    char text[PARTS_TEXT];
    if (scaling->enough != scaling->best)
        sentence_add(sentence, "; %s cannot be told from it", parts_team(text, scaling->enough->cell));
    if (scaling->enough == last) return;
    sentence_add(sentence, "; more than %u gain nothing that can be resolved (up to %u measured",
                 scaling->enough->workers, last->workers);
    double worse = last->quantity[QUANTITY_speedup].median / scaling->best->quantity[QUANTITY_speedup].median;
    if (worse < 0.9)
        sentence_add(sentence, ", where it falls to %s times",
                     parts_number(text, last->quantity[QUANTITY_speedup].median));
    sentence_add(sentence, ")");
    if (scaling->usl.n && scaling->usl.peak_seen)
        sentence_add(sentence, "; the fitted curve peaks at %.0f workers [%.0f, %.0f]", scaling->usl.peak,
                     scaling->usl.peak_low, scaling->usl.peak_high);
}

static void add_best(struct sentence *sentence, const struct scaling *scaling)
{
    const struct cell_summary *best = scaling->best;
    struct quantity speedup = best->quantity[QUANTITY_speedup], total = best->quantity[QUANTITY_speedup_total];
    char team[PARTS_TEXT], serial[PARTS_TEXT];
    bool gains = speedup.median > 1 && (isnan(speedup.low) || stats_verdict(speedup) == VERDICT_MORE);
    if (gains) sentence_add(sentence, "fastest with %s, ", parts_team(team, best->cell));
    else
        sentence_add(sentence, "no number of workers is %s than serial; the best, %s, runs at ",
                     stats_verdict(speedup) == VERDICT_LESS ? "faster" : "resolved to be faster",
                     parts_team(team, best->cell));
    sentence_add_times(sentence, speedup);
    sentence_add(sentence, " the speed of serial (%s), %.0f %% of ideal",
                 parts_duration(serial, best->quantity[QUANTITY_serial_ns].median),
                 100 * best->quantity[QUANTITY_efficiency].median);
    if (total.median < 0.9 * speedup.median) {
        sentence_add(sentence, " (with start and stop ");
        sentence_add_times(sentence, total);
        sentence_add(sentence, ")");
    }
    if (gains) add_end_of_gain(sentence, scaling);
}

static int about_scaling(struct workshop *shop)
{
    const struct summary *summary = shop->summary;
    int status = 0;
    for (size_t i = 0; !status && i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        struct sentence sentence = {0};
        if (!scaling->best || (strcmp(scaling->study, "scaling") && strcmp(scaling->study, "run"))) continue;
        add_problem(&sentence, summary, scaling->best);
        sentence_add(&sentence, ", %s%s%s: ", scaling->runner, strcmp(scaling->schedule, "default") ? " " : "",
                     strcmp(scaling->schedule, "default") ? scaling->schedule : "");
        add_best(&sentence, scaling);
        sentence_add(&sentence, ".");
        status = sentence_end(shop, &sentence);
    }
    return status;
}

/* The fastest of the best cells of a problem: of one runner's (a runner may stand there with several schedules or
 * placements), or with NULL of all runners'. NULL: none. */
static const struct cell_summary *fastest(const struct summary *summary, unsigned baseline, const char *runner)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct cell_summary *row = summary->scalings[i].best;
        if (!row || row->cell->baseline != baseline || (runner && strcmp(row->cell->runner, runner))) continue;
        if (!best || row->quantity[QUANTITY_wall_ns].median < best->quantity[QUANTITY_wall_ns].median) best = row;
    }
    return best;
}

/* Runners at their best: which take longer, and which cannot be told from the fastest. */
static void add_runners(const struct workshop *shop, struct sentence *sentence, const struct cell_summary *best)
{
    const struct summary *summary = shop->summary;
    struct sentence slower = {0}, open = {0};
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct cell_summary *row = summary->scalings[i].best;
        if (!row || row->cell->baseline != best->cell->baseline || !strcmp(row->cell->runner, best->cell->runner) ||
            row != fastest(summary, row->cell->baseline, row->cell->runner))
            continue;
        struct quantity ratio = parts_compare(shop, row->cell, best->cell, false);
        struct sentence *list = stats_verdict(ratio) == VERDICT_MORE ? &slower : &open;
        sentence_add(list, "%s%s", list->used ? list == &slower ? "; " : ", " : "", row->cell->runner);
        if (list == &open) continue;
        sentence_add(list, " takes ");
        sentence_add_times(list, ratio);
        sentence_add(list, " as long");
    }
    if (!slower.used && !open.used) return;
    add_problem(sentence, summary, best);
    sentence_add(sentence, ", each runner at its best: ");
    if (open.used) sentence_add(sentence, "%s cannot be told from %s", open.text, best->cell->runner);
    else sentence_add(sentence, "%s is fastest", best->cell->runner);
    if (slower.used) sentence_add(sentence, "; %s", slower.text);
    sentence_add(sentence, ".");
}

static int about_runners(struct workshop *shop)
{
    int status = 0;
    for (unsigned base = 0; !status && base < shop->summary->cell_count; base++) {
        const struct cell_summary *best = fastest(shop->summary, base, NULL);
        struct sentence sentence = {0};
        if (best) add_runners(shop, &sentence, best);
        status = sentence_end(shop, &sentence);
    }
    return status;
}

/* The budget of the fastest cell of each kernel that has one. */
static const struct cell_summary *fastest_with_budget(const struct summary *summary, const char *kernel)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        bool wanted = !strcmp(row->cell->study, "scaling") || !strcmp(row->cell->study, "run");
        if (!row->budget.n || !wanted || strcmp(row->cell->label, kernel)) continue;
        if (!best || row->quantity[QUANTITY_speedup].median > best->quantity[QUANTITY_speedup].median) best = row;
    }
    return best;
}

/* How many budgets leave too much unexplained. */
static int about_residuals(struct workshop *shop)
{
    const struct summary *summary = shop->summary;
    struct sentence sentence = {0};
    size_t all = 0, marked = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        all += summary->cells[i].budget.n > 0;
        marked += summary->cells[i].budget.n && summary->cells[i].budget.marked;
    }
    if (marked)
        sentence_add(&sentence,
                     "In %zu of %zu budgets more than %.0f %% of the core time is unexplained: those are marked.",
                     marked, all, 100 * BUDGET_RESIDUAL_MAX);
    return sentence_end(shop, &sentence);
}

static int about_budget(struct workshop *shop)
{
    const struct summary *summary = shop->summary;
    int status = 0;
    for (size_t i = 0; !status && i < summary->cell_count; i++) {
        const struct cell_summary *best = fastest_with_budget(summary, summary->cells[i].cell->label);
        struct sentence sentence = {0};
        char team[PARTS_TEXT];
        if (best != &summary->cells[i]) continue; /* so that each kernel is told once */
        const struct budget *b = &best->budget;
        sentence_add(
            &sentence,
            "Where the core time of %s under %s with %s went: %.1f %% work, %.1f %% tasks running %s together, "
            "%.1f %% start and stop, %.1f %% dispatch, %.1f %% waiting at the tail, %.1f %% unaccounted for%s.",
            best->cell->label, best->cell->runner, parts_team(team, best->cell), 100 * b->work, 100 * b->dilation,
            b->dilation < 0 ? "faster" : "slower", 100 * b->start_stop, 100 * b->dispatch, 100 * b->tail,
            100 * b->residual, b->marked ? " (too much: read it with care)" : "");
        status = sentence_end(shop, &sentence);
    }
    return status;
}

int findings_make(struct workshop *shop)
{
    static int (*const chapters[])(struct workshop *) = {
        about_run,          about_scaling,    about_runners,  about_budget,    about_residuals,    findings_metg,
        findings_crossover, findings_startup, findings_chunk, findings_hybrid, findings_placement, about_duplicates,
    };
    int status = 0;
    for (size_t i = 0; !status && i < sizeof chapters / sizeof *chapters; i++) status = chapters[i](shop);
    return status;
}
