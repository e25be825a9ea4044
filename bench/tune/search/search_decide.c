/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search_decide.c: steps 3 to 5 of the search: halve the candidates, decide among the last, confirm. Part of search.c.
 */
#include "bench/tune/search/search_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An interval whose ends differ by more than this factor calls for more fresh blocks, */
static const double interval_spread_for_more_blocks = 1.5;
/* and by more than this one while deciding, */
static const double interval_spread_while_deciding = 1.15;
/* up to so many times the blocks asked for. */
enum { blocks_max_factor = 3 };
/* Where measuring is dear, a rival so far behind is not measured again. */
static const double rival_ignored_beyond = 1.08;
/* With the fresh blocks the search may take so many times its budget. */
static const double budget_excess_max = 1.25;
/* A rival that is this much faster in the fresh blocks replaces the winner, resolved or not. */
static const double replaces_winner_at = 1.05;
/* A tie with fewer workers may look this much slower and still be recommended. */
static const double fewer_workers_tolerance = 1.01;

/* Step 3: halve */

static void neighbours(struct search *search, struct search_set *set, size_t base)
{
    const struct search_space *space = search->space;
    set_add(set, base);
    for (size_t axis = 0; axis < space->axis_count; axis++) {
        if (!points_ordered(search, axis) || table_at(search, base)->point.serial) continue;
        double step = space->axis[axis].workers ? 1.125 : 2;
        set_add(set, points_scaled(search, base, axis, step));
        set_add(set, points_scaled(search, base, axis, 1 / step));
    }
    for (size_t a = 0; a < space->axis_count; a++)
        for (size_t b = 0; b < space->axis_count && !table_at(search, base)->point.serial; b++)
            set_add(set, points_traded(search, base, a, b));
}

int search_by_estimate(const void *a, const void *b)
{
    const struct search_entry *x = *(struct search_entry *const *)a, *y = *(struct search_entry *const *)b;
    return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

/* The measured entries by their estimates, malloc'ed; NULL without memory. */
static struct search_entry **sorted(struct search *search)
{
    struct search_entry **entries = malloc((search->result->entry_count + 1) * sizeof *entries);
    if (!entries) search->error = -ENOMEM;
    if (!entries) return NULL;
    for (size_t id = 0; id < search->result->entry_count; id++) entries[id] = table_at(search, id);
    qsort(entries, search->result->entry_count, sizeof(struct search_entry *), search_by_estimate);
    return entries;
}

/* The leaders so far, the neighbours of the best two numbers of workers, and whatever else is near the best. */
static void candidates(struct search *search, struct search_set *set)
{
    struct search_entry **leaders = sorted(search);
    if (!leaders) return;
    size_t count = search->result->entry_count, first = SEARCH_NONE, second = SEARCH_NONE;
    struct search_set near = {0};
    for (size_t i = 0; i < count && search_works(leaders[i]); i++) {
        size_t id = (size_t)(leaders[i] - search->result->entries);
        if (leaders[i]->estimate < SEARCH_HOPELESS * leaders[0]->estimate) set_add(&near, id);
        if (first == SEARCH_NONE) first = id;
        else if (second == SEARCH_NONE && leaders[i]->workers != table_at(search, first)->workers) second = id;
    }
    free(leaders);
    if (first == SEARCH_NONE) return;
    for (size_t i = 0; i < near.count && set->count < search->options->candidates / 2; i++) set_add(set, near.ids[i]);
    neighbours(search, set, first);
    if (second != SEARCH_NONE &&
        table_at(search, second)->estimate < SEARCH_HOPELESS * table_at(search, first)->estimate)
        neighbours(search, set, second);
    for (size_t i = 0; i < near.count && set->count < search->options->candidates; i++) set_add(set, near.ids[i]);
    if (set->count > search->options->candidates) set->count = search->options->candidates;
}

static void halve(struct search *search, struct search_set *set, unsigned since)
{
    double scores[SEARCH_SET_MAX];
    while (set->count > search->options->last && !budget_is_out(search, 0.85)) {
        for (unsigned look = 0; look < search->options->looks; look++)
            table_measure(search, set, search->options->limit * search->best);
        table_rank(search, set, since, scores);
        size_t half = (set->count + 1) / 2, keep = half > search->options->last ? half : search->options->last;
        while (keep > 1 && scores[keep - 1] > scores[0] + log(SEARCH_HOPELESS)) keep--;
        set->count = keep;
    }
    table_rank(search, set, since, scores);
    if (set->count > search->options->last) set->count = search->options->last;
    /* Where a measurement is dear, a candidate that is well behind is not measured beside the winner again. */
    while (!search->options->patient && set->count > 1 &&
           table_at(search, set->ids[set->count - 1])->estimate > rival_ignored_beyond * table_at(search, set->ids[0])->estimate)
        set->count--;
}

/* Are all of the set resolved to be as good as its first, for every purpose? */
static bool equal(struct search *search, const struct search_set *set, unsigned since)
{
    for (size_t i = 1; i < set->count; i++) {
        struct quantity ratio = table_ratio(table_at(search, set->ids[i]), table_at(search, set->ids[0]), since);
        if (!(ratio.high <= fewer_workers_tolerance && ratio.low >= 1 / fewer_workers_tolerance)) return false;
    }
    return true;
}

/* Is a ratio to the set's first unresolved, and its interval wider than that? Spikes and changes do that; more blocks
 * help. */
static bool is_too_wide(struct search *search, const struct search_set *set, size_t first, unsigned since, double width)
{
    for (size_t i = 0; i < set->count; i++) {
        struct quantity ratio = table_ratio(table_at(search, set->ids[i]), table_at(search, first), since);
        if (stats_verdict(ratio) == VERDICT_UNRESOLVED && ratio.high > width * ratio.low) return true;
    }
    return false;
}

/* Step 4: the last three, until all but one are resolved to be slower or each has been measured often enough: where the
 * machine is so uneasy that the intervals stay wide, up to `blocks_max_factor` times as often. */
static void decide(struct search *search, struct search_set *set, unsigned since)
{
    while (set->count > 1 && !budget_is_out(search, 1)) {
        size_t blocks = table_rank(search, set, since, NULL), final = search->options->final;
        if (equal(search, set, since) || blocks >= blocks_max_factor * final) break;
        if (blocks >= final && !is_too_wide(search, set, set->ids[0], since, interval_spread_while_deciding)) break;
        table_measure(search, set, search->options->limit * search->best);
        if (search->error || !table_rank(search, set, since, NULL)) break;
        for (size_t i = set->count; i-- > 1;) {
            const struct search_entry *rival = table_at(search, set->ids[i]);
            if (!search_works(rival) || table_is_slower_anytime(rival, table_at(search, set->ids[0]), since))
                memmove(&set->ids[i], &set->ids[i + 1], (--set->count - i) * sizeof *set->ids);
        }
    }
}

/* Step 5: confirm */

/* The entry with the fewest workers whose estimate is within a factor of the winner's. */
static size_t fewest_workers_near(struct search *search, size_t winner, double factor)
{
    size_t best = winner;
    for (size_t id = 0; id < search->result->entry_count; id++) {
        const struct search_entry *entry = table_at(search, id);
        if (search_works(entry) && entry->estimate <= factor * table_at(search, winner)->estimate &&
            entry->workers < table_at(search, best)->workers)
            best = id;
    }
    return best;
}

/* Measurements of an entry in the blocks before `since`. */
static size_t count_before(const struct search_entry *entry, unsigned since)
{
    size_t before = 0;
    while (before < entry->count && entry->blocks[before] < since) before++;
    return before;
}

/* How much an entry's cost in the blocks from `since` on differs from what it was before, as a ratio above 1; 1 where
 * either is known from too few. */
static double shift_of(const struct search_entry *entry, unsigned since)
{
    size_t before = count_before(entry, since);
    if (before < STATS_INTERVAL_MIN || entry->count - before < SEARCH_FRESH_MIN) return 1;
    double ratio = table_cost(entry, since).median / stats_median(entry->costs, before).median;
    return fmax(ratio, 1 / ratio);
}

static double shift(struct search *search, const struct search_set *set, unsigned since)
{
    double most = 1;
    for (size_t i = 0; i < set->count; i++)
        if (search_works(table_at(search, set->ids[i])))
            most = fmax(most, shift_of(table_at(search, set->ids[i]), since));
    return most;
}

/* What an entry took over what the best of the set took, before the fresh blocks. NAN where it is hardly known. */
static double behind_before(struct search *search, const struct search_set *set, size_t id)
{
    double least = INFINITY, own = NAN;
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = table_at(search, set->ids[i]);
        size_t before = count_before(entry, search->result->fresh);
        if (!search_works(entry) || before < search->options->looks) continue;
        double cost = stats_median(entry->costs, before).median;
        least = fmin(least, cost);
        if (set->ids[i] == id) own = cost;
    }
    return own / least;
}

/* How far an entry is behind the winner; where the machine changed meanwhile, in the worse of what it was before and
 * what it is now: there is no telling which of the two it will be. */
static double behind(struct search *search, const struct search_set *set, size_t id)
{
    struct search_result *result = search->result;
    double now = table_ratio(table_at(search, id), table_at(search, result->winner), result->fresh).median;
    if (result->shift <= SEARCH_SHIFT) return now;
    return fmax(now, behind_before(search, set, id));
}

static void settle_entry(struct search *search, size_t id, unsigned since)
{
    struct search_entry *entry = table_at(search, id), *winner = table_at(search, search->result->winner);
    entry->cost = table_cost(entry, since);
    if (!search_works(entry) || !entry->cost.n) return;
    entry->confirmed = true;
    entry->estimate = entry->cost.median;
    entry->ratio = table_ratio(entry, winner, since);
    entry->tied = stats_verdict(entry->ratio) == VERDICT_UNRESOLVED && entry->ratio.median < SEARCH_HOPELESS;
}

/* The least of an entry's costs in the fresh blocks. */
static double least_fresh(const struct search *search, const struct search_entry *entry)
{
    double least = INFINITY;
    for (size_t i = count_before(entry, search->result->fresh); i < entry->count; i++)
        least = fmin(least, entry->costs[i]);
    return least;
}

/* How much slower than the winner an entry may look and still be recommended for its fewer workers. One worker that is
 * a little faster than the serial loop, or not resolved to be, is no reason for a team; nor is one that is no faster at
 * its best: they do the same work, and what lies between them then is the core that each was on. */
static double allowance(struct search *search, const struct search_entry *entry)
{
    double within = 1 + search->options->within;
    const struct search_entry *winner = table_at(search, search->result->winner);
    if (entry->point.serial && winner->workers <= 1) {
        if (least_fresh(search, entry) <= SEARCH_FLAT * least_fresh(search, winner)) return INFINITY;
        return fmax(within, entry->tied ? SEARCH_HOPELESS : SEARCH_FLAT);
    }
    return entry->tied ? fmax(within, fewer_workers_tolerance) : within;
}

/* Who wins the fresh blocks: a rival replaces the winner only where he is resolved to be faster. Where the machine
 * changed, whoever loses least in the worse of its two states. */
static void choose_winner(struct search *search, const struct search_set *set, unsigned since)
{
    struct search_result *result = search->result;
    struct search_set ranked = *set;
    table_rank(search, &ranked, since, NULL);
    struct quantity rival = table_ratio(table_at(search, ranked.ids[0]), table_at(search, result->winner), since);
    /* Where spikes keep a clear rival unresolved, whoever is chosen must not be far from him either. */
    if (!search_works(table_at(search, result->winner)) || stats_verdict(rival) == VERDICT_LESS ||
        rival.median < 1 / replaces_winner_at)
        result->winner = ranked.ids[0];
    if (result->shift <= SEARCH_SHIFT) return;
    size_t best = result->winner;
    double least = behind(search, set, best);
    for (size_t i = 0; i < set->count; i++) {
        double loss = behind(search, set, set->ids[i]);
        if (search_works(table_at(search, set->ids[i])) && loss < least / fewer_workers_tolerance) best = set->ids[i], least = loss;
    }
    result->winner = best;
}

/* Of equals: fewer workers; as many, but what stands first on the discrete axes, whose values are in the order of who asks
 * (runners: simplest first). */
static bool is_simpler(const struct search *search, const struct search_entry *a, const struct search_entry *b)
{
    if (a->workers != b->workers) return a->workers < b->workers;
    for (size_t axis = 0; a->tied && axis < search->space->axis_count && !a->point.serial && !b->point.serial; axis++)
        if (!points_ordered(search, axis) && a->point.level[axis] != b->point.level[axis])
            return a->point.level[axis] < b->point.level[axis];
    return false;
}

/* Is it resolved to be faster than the serial loop in the fresh blocks? */
static bool gains(struct search *search, size_t id, unsigned since)
{
    const struct search_result *result = search->result;
    if (result->serial >= result->entry_count) return false;
    return stats_verdict(table_ratio(table_at(search, id), table_at(search, result->serial), since)) == VERDICT_LESS;
}

/* What is confirmed, and which of it to recommend. What wins being faster than the serial loop, what is simpler must be so
 * itself: to be tied with the winner does not suffice. */
static void settle_result(struct search *search, const struct search_set *set, unsigned since)
{
    struct search_result *result = search->result;
    result->shift = shift(search, set, since);
    choose_winner(search, set, since);
    for (size_t i = 0; i < set->count; i++) settle_entry(search, set->ids[i], since);
    double winner = behind(search, set, result->winner);
    bool must_gain = gains(search, result->winner, since);
    result->recommended = result->winner;
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = table_at(search, set->ids[i]);
        bool near = entry->confirmed && behind(search, set, set->ids[i]) <= winner * allowance(search, entry);
        bool allowed = entry->point.serial || !must_gain || gains(search, set->ids[i], since);
        if (near && allowed && is_simpler(search, entry, table_at(search, result->recommended)))
            result->recommended = set->ids[i];
    }
}

/* Takes what is far behind the winner out of the set; true while rivals remain to be told apart or the winner lacks an
 * interval: these are cheap. */
static bool keep_near(struct search *search, struct search_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (table_at(search, set->ids[i])->estimate < 2 * table_at(search, search->result->winner)->estimate)
            set->ids[kept++] = set->ids[i];
    set->count = kept;
    return kept > 0;
}

/* Is there time to measure all of the set once more? */
static bool has_room(struct search *search, const struct search_set *set)
{
    double next_s = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = table_at(search, set->ids[i]);
        if (entry->count) next_s += entry->spent_s / (double)entry->count;
    }
    if (search->result->spent_s + next_s <= search->options->budget_s) return true;
    search->result->short_of_budget = true;
    return false;
}

static void confirm(struct search *search, struct search_set *set)
{
    struct search_result *result = search->result;
    unsigned since = (unsigned)result->blocks;
    result->winner = set->ids[0];
    result->fresh = since;
    set_add(set, fewest_workers_near(search, result->winner, SEARCH_FLAT));
    set_add(set, fewest_workers_near(search, result->winner, 1 + search->options->within));
    if (result->serial < result->entry_count) set_add(set, result->serial);
    for (size_t i = 0; i < search->space->also_count; i++) set_add(set, result->also[i]);
    const struct search_set all = *set;
    double began_s = result->spent_s;
    for (unsigned block = 0; block < search->options->confirm; block++) {
        if (!has_room(search, set) && (!keep_near(search, set) || !has_room(search, set))) break;
        double next_s = block ? (result->spent_s - began_s) / block : 0;
        bool enough = block >= STATS_INTERVAL_MIN || !search->options->patient;
        if (block >= SEARCH_FRESH_MIN && result->spent_s + next_s > search->budget_s &&
            (enough || !keep_near(search, set)))
            break;
        table_measure(search, set, search->options->patient ? INFINITY : search->options->limit * search->best);
    }
    while (search->options->patient && !search->error && result->blocks - since < search->options->final &&
           result->spent_s < budget_excess_max * search->budget_s &&
           (is_too_wide(search, set, result->winner, since, interval_spread_for_more_blocks) || shift(search, set, since) > SEARCH_SHIFT) &&
           keep_near(search, set) && set->count > 1 && has_room(search, set))
        table_measure(search, set, INFINITY);
    if (!search->error && result->blocks > since) settle_result(search, &all, since);
    else result->recommended = result->winner; /* no time was left to measure anything again */
}

void decide_all(struct search *search)
{
    struct search_set finalists = {0};
    unsigned since = (unsigned)search->result->blocks;
    if (!search->error) candidates(search, &finalists);
    if (!finalists.count) return;
    halve(search, &finalists, since);
    decide(search, &finalists, since);
    if (!search->error) confirm(search, &finalists);
}
