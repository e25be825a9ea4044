/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_doubts.c: where the core time went, and what to doubt: gaps, failures, suspicion, A/A. */
#include "results/findings/findings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGETS_TOLD = 3, LOSSES = 5 };

struct loss {
    const char *name;
    double share;
};

static int largest_first(const void *left, const void *right)
{
    double a = ((const struct loss *)left)->share, b = ((const struct loss *)right)->share;
    return (a < b) - (a > b);
}

static void losses_of(const struct budget *b, struct loss losses[LOSSES])
{
    memcpy(losses,
           (struct loss[LOSSES]){{"to tasks running slower together than alone", b->dilation},
                                 {"in start and stop", b->start_stop},
                                 {"in handing out tasks", b->dispatch},
                                 {"in waiting at the tail", b->tail},
                                 {"unexplained", b->residual}},
           LOSSES * sizeof *losses);
    qsort(losses, LOSSES, sizeof *losses, largest_first);
}

/* The fastest cell with several workers of each kernel that has a budget. */
static const struct cell_summary *fastest_with_budget(const struct summary *summary, const char *kernel)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        bool wanted = !strcmp(row->cell->study, "scaling") || !strcmp(row->cell->study, "run");
        if (!row->budget.n || !wanted || row->workers < 2 || strcmp(row->cell->label, kernel)) continue;
        if (!best || row->quantity[QUANTITY_speedup].median > best->quantity[QUANTITY_speedup].median) best = row;
    }
    return best;
}

static int tell_budget(struct summary *summary, const struct cell_summary *row)
{
    struct sentence sentence = {0};
    struct loss losses[LOSSES];
    char team[PARTS_TEXT];
    size_t told = 0;
    losses_of(&row->budget, losses);
    sentence_add(&sentence, "%s under %s with %s: %.0f %% of the core time is work", row->cell->label,
                 row->cell->runner, parts_team(team, row->cell), 100 * row->budget.work);
    for (size_t i = 0; i < LOSSES; i++)
        if (losses[i].share >= 0.01)
            sentence_add(&sentence, "%s%.0f %% %s", told++ ? ", " : "; lost: ", 100 * losses[i].share, losses[i].name);
    if (row->budget.dilation <= -0.01)
        sentence_add(&sentence, "; tasks ran faster than the serial ones, which gives back %.0f %%",
                     -100 * row->budget.dilation);
    sentence_add(&sentence, "%s.", row->budget.marked ? " (too much unexplained: read it with care)" : "");
    return sentence_end(summary, TOPIC_budget, &sentence);
}

/* In how many cells the budget leaves next to nothing unexplained. With tiny tasks, the return of a run phase alone is
 * a share of it: so those with longer ones are counted apart. */
static int tell_residuals(struct summary *summary)
{
    const double LONG_TASK_NS = 1e4;
    struct sentence sentence = {0};
    size_t all = 0, closed = 0, all_long = 0, closed_long = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (!row->budget.n) continue;
        bool is_long = parts_task_ns(row) >= LONG_TASK_NS;
        all++, closed += !row->budget.marked;
        all_long += is_long, closed_long += is_long && !row->budget.marked;
    }
    if (!all) return 0;
    sentence_add(&sentence, "The budget closes within %.0f %% in %zu of %zu cells", 100 * BUDGET_RESIDUAL_MAX, closed,
                 all);
    if (all_long && all_long < all)
        sentence_add(&sentence, ", in %zu of the %zu with tasks of 10 us and more", closed_long, all_long);
    sentence_add(&sentence, closed < all ? "; the others are marked." : ".");
    return sentence_end(summary, TOPIC_budget, &sentence);
}

/* The few kernels that lose the largest share to one cause; the table has all. */
int findings_budget(struct summary *summary)
{
    double below = INFINITY;
    int status = 0;
    for (unsigned told = 0; !status && told < BUDGETS_TOLD; told++) {
        const struct cell_summary *worst = NULL, *fastest = NULL;
        const char *kernel = "";
        double share = 0.02; /* less is not worth a sentence */
        for (size_t i = 0; i < summary->cell_count; i++) {
            const struct cell_summary *row = &summary->cells[i];
            struct loss losses[LOSSES];
            if (!row->budget.n) continue;
            losses_of(&row->budget, losses);
            if (!(losses[0].share < below && losses[0].share > share)) continue;
            if (strcmp(kernel, row->cell->label)) fastest = fastest_with_budget(summary, kernel = row->cell->label);
            if (row != fastest) continue; /* so that each kernel is told once */
            share = losses[0].share, worst = row;
        }
        if (!worst) break;
        below = share;
        status = tell_budget(summary, worst);
    }
    return status ? status : tell_residuals(summary);
}

size_t findings_suspects(const struct summary *summary)
{
    size_t suspects = 0;
    for (size_t i = 0; i < summary->cell_count; i++) suspects += summary->cells[i].suspects;
    return suspects;
}

/* "preempted 261 (something else ran on a worker's cpu), steal 5 (...)" */
static void add_causes(struct sentence *sentence, const struct run *run)
{
    size_t told = 0;
    for (unsigned id = 0; id < SUSPICIONS; id++) {
        size_t count = 0;
        for (size_t i = 0; i < run->sample_count; i++) count += suspicion_in(run->samples[i].suspect, id);
        if (count)
            sentence_add(sentence, "%s%s %zu time%s (%s)", told++ ? ", " : "", suspicions[id].word, count,
                         count == 1 ? "" : "s", suspicions[id].meaning);
    }
}

/* The median of a cell's run phase from its undisturbed repetitions; n: how many there are. */
static struct quantity undisturbed(const struct summary *summary, const struct cell_summary *row)
{
    const struct series *series = &summary->series[row->cell->id];
    double *walls = malloc((series->n + 1) * sizeof *walls);
    struct quantity median = {NAN, NAN, NAN, 0};
    size_t n = 0;
    for (size_t i = 0; walls && i < series->n; i++)
        if (!series->sample[i]->suspect[0]) walls[n++] = series->wall[i];
    if (walls) median = stats_median(walls, n);
    free(walls);
    return median;
}

struct disturbance findings_disturbance(const struct summary *summary)
{
    struct disturbance found = {.suspects = findings_suspects(summary),
                                .calm = summary->trust.verdict == TRUST_GOOD};
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        struct quantity wall = row->quantity[QUANTITY_wall_ns];
        if (!row->suspects || !row->samples) continue;
        struct quantity rest = undisturbed(summary, row);
        if (!rest.n) found.without++;
        else if (isnan(wall.low)) found.few++;
        else {
            found.judged++;
            if (rest.median >= wall.low && rest.median <= wall.high) continue;
            double by = fabs(rest.median / wall.median - 1);
            if (!found.moved++ || by > found.most) found.most = by;
        }
    }
    return found;
}

void findings_add_disturbance(struct sentence *sentence, const struct disturbance *found)
{
    if (found->moved)
        sentence_add(sentence,
                     "Read them with care: without the disturbed ones %zu of %zu medians leave their intervals, "
                     "by up to %.0f %%.",
                     found->moved, found->judged, 100 * found->most);
    else if (found->judged)
        sentence_add(sentence, "Without them no median leaves its interval%s.",
                     found->calm ? ": they need not worry you" : "");
    else sentence_add(sentence, "There are too few repetitions to say what that changes.");
    if (found->without)
        sentence_add(sentence, " %zu configuration%s ha%s no other repetition: read %s with care.", found->without,
                     found->without == 1 ? "" : "s", found->without == 1 ? "s" : "ve", found->without == 1 ? "it" : "those");
}

/* Failures and suspicion; that a run is simulated or has gaps is said in short. */
static int about_run(struct summary *summary)
{
    struct disturbance found = findings_disturbance(summary);
    struct sentence sentence = {0};
    size_t errors = 0, chained = 0;
    const char *cause = "";
    int status = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        errors += row->errors;
        chained += row->autocorrelated;
        if (row->errors && !*cause) cause = row->error;
    }
    if (errors) {
        sentence_add(&sentence, "%zu of %zu repetitions failed and count as errors, not as times; the first: %s.",
                     errors, summary->run->sample_count, cause);
        status = sentence_end(summary, TOPIC_trust, &sentence);
    }
    if (!status && found.suspects) {
        sentence_add(&sentence, "%zu of %zu repetitions are suspect: ", found.suspects, summary->run->sample_count);
        add_causes(&sentence, summary->run);
        sentence_add(&sentence, ". They are kept and marked. ");
        findings_add_disturbance(&sentence, &found);
        status = sentence_end(summary, TOPIC_trust, &sentence);
    }
    if (!status && chained * 10 > summary->cell_count) {
        sentence_add(&sentence,
                     "In %zu of %zu cells a time resembles the one before it, more than chance explains: their intervals are "
                     "too narrow. Ratios inside a block are less affected.",
                     chained, summary->cell_count);
        status = sentence_end(summary, TOPIC_trust, &sentence);
    }
    return status;
}

/* A/A: the same configuration measured twice must not differ. */
static int about_duplicates(struct summary *summary)
{
    const struct run *run = summary->run;
    int status = 0;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        if (cell->duplicate == i) continue;
        struct quantity ratio = parts_compare(summary, cell, &run->cells[cell->duplicate], false);
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
        status = sentence_end(summary, TOPIC_trust, &sentence);
    }
    return status;
}

/* How long after the common start a runner's last worker began with its first task: the median over its cells with
 * several workers, and the cell that was latest. n: 0 where none tells. */
static struct quantity lateness(const struct summary *summary, const char *runner, const struct cell_summary **worst)
{
    double *values = malloc((summary->cell_count + 1) * sizeof *values);
    struct quantity found = {NAN, NAN, NAN, 0};
    size_t n = 0;
    for (size_t i = 0; values && i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        double late_ns = row->quantity[QUANTITY_late_max_ns].median;
        if (row->workers < 2 || isnan(late_ns) || strcmp(row->cell->runner, runner)) continue;
        values[n++] = late_ns;
        if (!*worst || late_ns > (*worst)->quantity[QUANTITY_late_max_ns].median) *worst = row;
    }
    if (n) found = stats_median(values, n);
    free(values);
    return found;
}

/* Workers start together: how far apart their first tasks were all the same, runner by runner. */
static int about_start(struct summary *summary)
{
    const struct cell_summary *worst = NULL;
    struct sentence sentence = {0};
    char text[PARTS_TEXT], team[PARTS_TEXT];
    size_t told = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const char *runner = summary->cells[i].cell->runner;
        if (!cells_first(summary->run, i, CELLS_RUNNER)) continue;
        struct quantity late = lateness(summary, runner, &worst);
        if (!late.n) continue;
        sentence_add(&sentence, "%s%s under %s",
                     told ? ", " : "From the common start to the last worker's first task: ",
                     parts_duration(text, late.median), runner);
        told++;
    }
    if (!worst) return 0;
    sentence_add(&sentence, " (medians over the cells with several workers); at most %s, %s under %s with %s.",
                 parts_duration(text, worst->quantity[QUANTITY_late_max_ns].median), worst->cell->label,
                 worst->cell->runner, parts_team(team, worst->cell));
    return sentence_end(summary, TOPIC_trust, &sentence);
}

int findings_doubts(struct summary *summary)
{
    int status = about_run(summary);
    if (!status) status = about_start(summary);
    return status ? status : about_duplicates(summary);
}
