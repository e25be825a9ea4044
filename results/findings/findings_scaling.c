/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_scaling.c: sentences on speed-up: one a problem with all its runners, what holds for several, and the
 * runners side by side. */
#include "results/findings/findings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "openmp", with its schedule; with its placement where this problem was measured with several. */
static void add_name(struct sentence *sentence, const struct summary *summary, const struct scaling *scaling)
{
    const struct cell *cell = scaling->cell;
    bool several = false;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *other = &summary->scalings[i];
        several |= findings_is_scaling(other) && other->best->cell->baseline == scaling->best->cell->baseline &&
                   strcmp(other->cell->placement, cell->placement);
    }
    findings_add_runner(sentence, cell);
    if (several) sentence_add(sentence, " placed %s", cell->placement);
}

enum gain { GAIN_RESOLVED, GAIN_OPEN, GAIN_NONE, GAINS };

static enum gain gain_of(const struct scaling *scaling)
{
    struct quantity speedup = scaling->best->quantity[QUANTITY_speedup];
    if (findings_gains(speedup)) return GAIN_RESOLVED;
    return stats_verdict(speedup) == VERDICT_LESS ? GAIN_NONE : GAIN_OPEN;
}

/* Of those that cannot be told from the best the fewest workers, where they are resolved to gain themselves. */
static const struct cell_summary *told_of(const struct scaling *scaling)
{
    return findings_gains(scaling->enough->quantity[QUANTITY_speedup]) ? scaling->enough : scaling->best;
}

/* "1.99 times [1.87, 2.03] as fast with 2 threads of openmp"; a later item of the same list leaves "as fast" out. */
static void add_speed(struct sentence *sentence, const struct summary *summary, const struct scaling *scaling)
{
    static const char *const heads[GAINS] = {"", " Not resolved: ", " At no number of workers faster than serial: "};
    enum gain gain = gain_of(scaling);
    const struct cell_summary *row = told_of(scaling);
    char team[PARTS_TEXT];
    bool first = !sentence->used;
    sentence_add(sentence, "%s", first ? heads[gain] : ", ");
    sentence_add_times(sentence, row->quantity[QUANTITY_speedup]);
    sentence_add(sentence, "%s with %s of ", first && gain == GAIN_RESOLVED ? " as fast" : "",
                 parts_team(team, row->cell));
    add_name(sentence, summary, scaling);
}

/* One problem: what each runner gains, then where nothing is resolved, then where it is slower. */
static int tell_problem(struct summary *summary, unsigned base)
{
    struct sentence sentence = {0}, part[GAINS] = {0};
    const struct cell_summary *some = NULL;
    char serial[PARTS_TEXT];
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        if (!findings_is_scaling(scaling) || scaling->best->cell->baseline != base) continue;
        some = scaling->best;
        add_speed(&part[gain_of(scaling)], summary, scaling);
    }
    if (!some) return 0;
    findings_add_problem(&sentence, summary, some);
    sentence_add(&sentence, " (%s serially)%s", parts_duration(serial, some->quantity[QUANTITY_serial_ns].median),
                 part[GAIN_RESOLVED].used ? ": " : ".");
    for (size_t i = 0; i < GAINS; i++)
        if (part[i].used) sentence_add(&sentence, "%s.", part[i].text);
    return sentence_end(summary, TOPIC_scaling, &sentence);
}

/* ---- what holds for several problems: one sentence each ---- */

enum { NAMED_MAX = 6 };

/* What one such sentence says of a curve; false: not of this one. */
typedef bool teller(struct sentence *, const struct scaling *);

static int tell_several(struct summary *summary, const char *head, teller *tell)
{
    struct sentence sentence = {0};
    size_t told = 0, more = 0;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        struct sentence what = {0};
        if (!findings_is_scaling(scaling) || gain_of(scaling) != GAIN_RESOLVED || !tell(&what, scaling)) continue;
        if (told == NAMED_MAX) {
            more++;
            continue;
        }
        sentence_add(&sentence, "%s", told++ ? ", " : head);
        findings_add_problem(&sentence, summary, scaling->best);
        sentence_add(&sentence, " under ");
        add_name(&sentence, summary, scaling);
        sentence_add(&sentence, "%s", what.text);
    }
    if (more) sentence_add(&sentence, ", and %zu more (see the table)", more);
    if (told) sentence_add(&sentence, ".");
    return sentence_end(summary, TOPIC_scaling, &sentence);
}

static const struct cell_summary *last_of(const struct scaling *scaling)
{
    return scaling->cells[scaling->count - 1];
}

static bool still_growing(struct sentence *sentence, const struct scaling *scaling)
{
    if (told_of(scaling) != last_of(scaling)) return false;
    sentence_add(sentence, " (%u)", last_of(scaling)->workers);
    return true;
}

static bool falls(struct sentence *sentence, const struct scaling *scaling)
{
    struct quantity last = last_of(scaling)->quantity[QUANTITY_speedup];
    char number[PARTS_TEXT], team[PARTS_TEXT];
    if (!(last.median < 0.9 * scaling->best->quantity[QUANTITY_speedup].median)) return false;
    sentence_add(sentence, " (%s times with %s)", parts_number(number, last.median),
                 parts_team(team, last_of(scaling)->cell));
    return true;
}

static bool lost_in_starting(struct sentence *sentence, const struct scaling *scaling)
{
    struct quantity total = told_of(scaling)->quantity[QUANTITY_speedup_total];
    if (isnan(total.median) || findings_gains(total)) return false;
    sentence_add(sentence, " (");
    sentence_add_times(sentence, total);
    sentence_add(sentence, ")");
    return true;
}

static bool peaks(struct sentence *sentence, const struct scaling *scaling)
{
    if (!scaling->usl.n || !scaling->usl.peak_seen) return false;
    sentence_add(sentence, " (%.0f workers [%.0f, %.0f]%s)", scaling->usl.peak, scaling->usl.peak_low,
                 scaling->usl.peak_high, scaling->usl.peak > scaling->usl.p_max ? ", extrapolated" : "");
    return true;
}

/* Where more workers stop helping. */
static int tell_ends(struct summary *summary)
{
    struct sentence sentence = {0}, ignored = {0};
    size_t growing = 0;
    unsigned most = 0;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        if (!findings_is_scaling(scaling) || gain_of(scaling) != GAIN_RESOLVED) continue;
        if (still_growing(&ignored, scaling)) growing++;
        else if (last_of(scaling)->workers > most) most = last_of(scaling)->workers;
    }
    if (!most) return 0;
    sentence_add(&sentence, "%sore workers than these gain nothing that can be resolved; up to %u were measured.",
                 growing ? "Elsewhere m" : "M", most);
    int status = growing ? tell_several(summary, "Still growing with the most workers measured: ", still_growing) : 0;
    return status ? status : sentence_end(summary, TOPIC_scaling, &sentence);
}

/* The runners of one problem, each at its best. */
struct contest {
    const struct cell_summary *best; /* NULL: fewer than two runners */
    char leaders[200];               /* the fastest and those that cannot be told from it: "openmp and forkpool" */
    size_t leader_count;
};

static bool leads(const struct summary *summary, const struct cell_summary *row, const struct cell_summary *best)
{
    return row == best || stats_verdict(parts_compare(summary, row->cell, best->cell, false)) != VERDICT_MORE;
}

/* Is this the best cell of a runner at the problem of `best`? A runner may stand there with several schedules. */
static bool contends(const struct summary *summary, const struct scaling *scaling, const struct cell_summary *best)
{
    return findings_is_scaling(scaling) && scaling->best->cell->baseline == best->cell->baseline &&
           scaling->best == findings_fastest(summary, best->cell->baseline, scaling->cell->runner);
}

static void contest_make(const struct summary *summary, unsigned base, struct contest *contest)
{
    const struct cell_summary *best = findings_fastest(summary, base, NULL);
    struct sentence names = {0};
    size_t runners = 0, count = 0, named = 0;
    for (size_t i = 0; best && i < summary->scaling_count; i++) {
        if (!contends(summary, &summary->scalings[i], best)) continue;
        runners++;
        count += leads(summary, summary->scalings[i].best, best);
    }
    if (runners < 2) return;
    for (size_t i = 0; i < summary->scaling_count; i++)
        if (contends(summary, &summary->scalings[i], best) && leads(summary, summary->scalings[i].best, best))
            sentence_add(&names, "%s%s", sentence_comma(named++, count), summary->scalings[i].cell->runner);
    *contest = (struct contest){.best = best, .leader_count = count};
    memcpy(contest->leaders, names.text, sizeof contest->leaders - 1);
}

/* `where`: which problem, in a sentence on several. */
static void add_slower(const struct summary *summary, struct sentence *sentence, const struct contest *contest,
                       bool where)
{
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct cell_summary *row = summary->scalings[i].best;
        if (!contends(summary, &summary->scalings[i], contest->best) || leads(summary, row, contest->best)) continue;
        sentence_add(sentence, "; %s takes ", row->cell->runner);
        sentence_add_times(sentence, parts_compare(summary, row->cell, contest->best->cell, false));
        sentence_add(sentence, " as long%s", where ? " on " : "");
        if (where) findings_add_problem(sentence, summary, row);
    }
}

/* One sentence for all problems with the same leaders. */
static int tell_contests(struct summary *summary, struct contest *contests, size_t count, size_t first)
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
        findings_add_problem(&sentence, summary, contests[i].best);
        add_slower(summary, &slower, &contests[i], same > 1);
        contests[i].best = NULL; /* told */
    }
    sentence_add(&sentence, "%s.", slower.text);
    return sentence_end(summary, TOPIC_runners, &sentence);
}

static int tell_runners(struct summary *summary)
{
    size_t count = summary->cell_count;
    struct contest *contests = calloc(count + 1, sizeof *contests);
    int status = contests ? 0 : -ENOMEM;
    for (unsigned base = 0; !status && base < count; base++) contest_make(summary, base, &contests[base]);
    for (size_t i = 0; !status && i < count; i++)
        if (contests[i].best) status = tell_contests(summary, contests, count, i);
    free(contests);
    return status;
}

int findings_scaling(struct summary *summary)
{
    int status = 0;
    for (unsigned base = 0; !status && base < summary->cell_count; base++) status = tell_problem(summary, base);
    if (!status) status = tell_ends(summary);
    if (!status) status = tell_several(summary, "Too many workers cost speed: ", falls);
    if (!status)
        status =
            tell_several(summary, "With start and stop counted the gain is not resolved any more: ", lost_in_starting);
    if (!status) status = tell_several(summary, "Where the fitted curve peaks: ", peaks);
    return status ? status : tell_runners(summary);
}
