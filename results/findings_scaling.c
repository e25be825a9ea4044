/* findings_scaling.c: sentences on speed-up: one a problem with all its runners, and the runners side by side. */
#include "findings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where more workers stop helping. */
static void add_end_of_gain(struct sentence *sentence, const struct scaling *scaling)
{
    const struct cell_summary *last = scaling->cells[scaling->count - 1];
    char text[PARTS_TEXT];
    if (scaling->enough != scaling->best)
        sentence_add(sentence, "; %s cannot be told from it", parts_team(text, scaling->enough->cell));
    if (scaling->enough == last) return;
    sentence_add(sentence, "; more than %u gain nothing that can be resolved, up to %u measured",
                 scaling->enough->workers, last->workers);
    double worse = last->quantity[QUANTITY_speedup].median / scaling->best->quantity[QUANTITY_speedup].median;
    if (worse < 0.9)
        sentence_add(sentence, ", where it falls to %s times",
                     parts_number(text, last->quantity[QUANTITY_speedup].median));
    if (scaling->usl.n && scaling->usl.peak_seen)
        sentence_add(sentence, "; the fitted curve peaks at %.0f workers [%.0f, %.0f]", scaling->usl.peak,
                     scaling->usl.peak_low, scaling->usl.peak_high);
}

/* "openmp", with its schedule; with its placement where this problem was measured with several. */
static void add_name(struct sentence *sentence, const struct summary *summary, const struct scaling *scaling)
{
    bool several = false;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *other = &summary->scalings[i];
        several |= findings_is_scaling(other) && other->best->cell->baseline == scaling->best->cell->baseline &&
                   strcmp(other->placement, scaling->placement);
    }
    sentence_add(sentence, "%s", scaling->runner);
    if (strcmp(scaling->schedule, "default")) sentence_add(sentence, " %s", scaling->schedule);
    if (several) sentence_add(sentence, " placed %s", scaling->placement);
}

static void add_gain(struct sentence *sentence, const struct summary *summary, const struct scaling *scaling)
{
    const struct cell_summary *best = scaling->best;
    struct quantity speedup = best->quantity[QUANTITY_speedup], total = best->quantity[QUANTITY_speedup_total];
    char team[PARTS_TEXT];
    if (sentence->used) sentence_add(sentence, "; ");
    add_name(sentence, summary, scaling);
    sentence_add(sentence, " ");
    sentence_add_times(sentence, speedup);
    sentence_add(sentence, " the speed of serial with %s (%.0f %% of ideal", parts_team(team, best->cell),
                 100 * best->quantity[QUANTITY_efficiency].median);
    if (total.median < 0.9 * speedup.median) {
        sentence_add(sentence, "; with start and stop ");
        sentence_add_times(sentence, total);
    }
    add_end_of_gain(sentence, scaling);
    sentence_add(sentence, ")");
}

static void add_no_gain(struct sentence *sentence, const char *verdict, const struct summary *summary,
                        const struct scaling *scaling)
{
    char team[PARTS_TEXT];
    if (sentence->used) sentence_add(sentence, ", ");
    else sentence_add(sentence, "no number of workers is %s than serial with ", verdict);
    add_name(sentence, summary, scaling);
    sentence_add(sentence, " (");
    sentence_add_times(sentence, scaling->best->quantity[QUANTITY_speedup]);
    sentence_add(sentence, " with %s)", parts_team(team, scaling->best->cell));
}

int findings_scaling(struct workshop *shop)
{
    const struct summary *summary = shop->summary;
    int status = 0;
    for (unsigned base = 0; !status && base < summary->cell_count; base++) {
        struct sentence sentence = {0}, part[3] = {0}; /* gains, not resolved, slower */
        const struct cell_summary *some = NULL;
        for (size_t i = 0; i < summary->scaling_count; i++) {
            const struct scaling *scaling = &summary->scalings[i];
            if (!findings_is_scaling(scaling) || scaling->best->cell->baseline != base) continue;
            some = scaling->best;
            struct quantity speedup = some->quantity[QUANTITY_speedup];
            if (findings_gains(speedup)) add_gain(&part[0], summary, scaling);
            else if (stats_verdict(speedup) == VERDICT_LESS) add_no_gain(&part[2], "faster", summary, scaling);
            else add_no_gain(&part[1], "resolved to be faster", summary, scaling);
        }
        if (!some) continue;
        char serial[PARTS_TEXT];
        findings_add_problem(&sentence, summary, some);
        sentence_add(&sentence, " (serial %s): ", parts_duration(serial, some->quantity[QUANTITY_serial_ns].median));
        for (size_t i = 0, told = 0; i < 3; i++)
            if (part[i].used) sentence_add(&sentence, "%s%s", told++ ? "; " : "", part[i].text);
        sentence_add(&sentence, ".");
        status = sentence_end(shop, TOPIC_scaling, &sentence);
    }
    return status;
}

/* The runners of one problem, each at its best. */
struct contest {
    const struct cell_summary *best; /* NULL: fewer than two runners */
    char leaders[200];               /* the fastest and those that cannot be told from it: "openmp and forkpool" */
    size_t leader_count;
};

static bool leads(const struct workshop *shop, const struct cell_summary *row, const struct cell_summary *best)
{
    return row == best || stats_verdict(parts_compare(shop, row->cell, best->cell, false)) != VERDICT_MORE;
}

/* Is this the best cell of a runner at the problem of `best`? A runner may stand there with several schedules. */
static bool contends(const struct summary *summary, const struct scaling *scaling, const struct cell_summary *best)
{
    return findings_is_scaling(scaling) && scaling->best->cell->baseline == best->cell->baseline &&
           scaling->best == findings_fastest(summary, best->cell->baseline, scaling->runner);
}

static void contest_make(const struct workshop *shop, unsigned base, struct contest *contest)
{
    const struct summary *summary = shop->summary;
    const struct cell_summary *best = findings_fastest(summary, base, NULL);
    struct sentence names = {0};
    size_t runners = 0, count = 0, named = 0;
    for (size_t i = 0; best && i < summary->scaling_count; i++) {
        if (!contends(summary, &summary->scalings[i], best)) continue;
        runners++;
        count += leads(shop, summary->scalings[i].best, best);
    }
    if (runners < 2) return;
    for (size_t i = 0; i < summary->scaling_count; i++)
        if (contends(summary, &summary->scalings[i], best) && leads(shop, summary->scalings[i].best, best))
            sentence_add(&names, "%s%s", sentence_comma(named++, count), summary->scalings[i].runner);
    *contest = (struct contest){.best = best, .leader_count = count};
    memcpy(contest->leaders, names.text, sizeof contest->leaders - 1);
}

/* `where`: which problem, in a sentence on several. */
static void add_slower(const struct workshop *shop, struct sentence *sentence, const struct contest *contest,
                       bool where)
{
    const struct summary *summary = shop->summary;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct cell_summary *row = summary->scalings[i].best;
        if (!contends(summary, &summary->scalings[i], contest->best) || leads(shop, row, contest->best)) continue;
        sentence_add(sentence, "; %s takes ", row->cell->runner);
        sentence_add_times(sentence, parts_compare(shop, row->cell, contest->best->cell, false));
        sentence_add(sentence, " as long%s", where ? " on " : "");
        if (where) findings_add_problem(sentence, summary, row);
    }
}

/* One sentence for all problems with the same leaders. */
static int tell_contests(struct workshop *shop, struct contest *contests, size_t count, size_t first)
{
    struct sentence sentence = {0}, slower = {0};
    struct contest like = contests[first];
    size_t same = 0, named = 0;
    for (size_t i = first; i < count; i++) same += contests[i].best && !strcmp(contests[i].leaders, like.leaders);
    sentence_add(&sentence, "%s %s on ", like.leaders,
                 like.leader_count == 1   ? "is fastest"
                 : like.leader_count == 2 ? "cannot be told apart"
                                          : "cannot be told from the fastest of them");
    for (size_t i = first; i < count; i++) {
        if (!contests[i].best || strcmp(contests[i].leaders, like.leaders)) continue;
        sentence_add(&sentence, "%s", sentence_comma(named++, same));
        findings_add_problem(&sentence, shop->summary, contests[i].best);
        add_slower(shop, &slower, &contests[i], same > 1);
        contests[i].best = NULL; /* told */
    }
    sentence_add(&sentence, "%s.", slower.text);
    return sentence_end(shop, TOPIC_runners, &sentence);
}

int findings_runners(struct workshop *shop)
{
    size_t count = shop->summary->cell_count;
    struct contest *contests = calloc(count + 1, sizeof *contests);
    int status = contests ? 0 : -ENOMEM;
    for (unsigned base = 0; !status && base < count; base++) contest_make(shop, base, &contests[base]);
    for (size_t i = 0; !status && i < count; i++)
        if (contests[i].best) status = tell_contests(shop, contests, count, i);
    free(contests);
    return status;
}
