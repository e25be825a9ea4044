#include "search_table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct search_options search_defaults = {.looks = 2,
                                               .candidates = 14,
                                               .last = 3,
                                               .final = 15,
                                               .confirm = STATS_INTERVAL_MIN,
                                               .within = 0,
                                               .share = 1.15,
                                               .least = 60,
                                               .budget_s = INFINITY,
                                               .limit = 4,
                                               .patient = true};

enum { SPREAD = 5, LEADERS = 3, COMBINATIONS_MAX = 12, EXPLORE_MIN = 5 };
static const double flat = 1.03;    /* neighbours this near leave nothing worth finding between them */
static const double hopeless = 1.3; /* a candidate this far behind leaves the halving at once */
static const double blur = 1.5;     /* an interval whose ends differ by more calls for more fresh blocks */
static const double upset =
    1.05; /* a rival who is this much faster in the fresh blocks replaces the winner, resolved or not */
static const double thrift = 1.01; /* a tie with fewer workers may look this much slower and still be recommended */

/* Step 1: look */

static struct search_point first_point(const struct search *search)
{
    struct search_point point = {0};
    for (size_t axis = 0; axis < search->space->axis_count; axis++)
        point.level[axis] = (unsigned)search->space->axis[axis].start;
    for (size_t axis = 0; axis < search->space->axis_count; axis++) {
        if (!points_ordered(search, axis) || search->space->axis[axis].workers) continue;
        double wanted = points_seed(search, &point, axis);
        if (wanted > 0) point.level[axis] = points_nearest_level(&search->space->axis[axis], wanted);
    }
    return point;
}

static size_t worker_axis(const struct search *search)
{
    for (size_t axis = 0; axis < search->space->axis_count; axis++)
        if (search->space->axis[axis].workers && search->space->axis[axis].levels > 1) return axis;
    return SEARCH_NONE;
}

static size_t best_of(struct search *search, const struct search_set *set)
{
    size_t best = SEARCH_NONE;
    for (size_t i = 0; i < set->count; i++)
        if (best == SEARCH_NONE || table_at(search, set->ids[i])->estimate < table_at(search, best)->estimate)
            best = set->ids[i];
    return best;
}

/* Values spread over an axis from the start upwards and then downwards, one by one, each under the limit that those
 * before it set. Either way ends at a value that hit the limit: further out is slower still. */
static size_t spread(struct search *search, size_t base, size_t axis)
{
    struct search_set set = {0};
    const struct search_axis *a = &search->space->axis[axis];
    double step = fmax(2, pow(a->values[a->levels - 1] / a->values[0], 1.0 / (SPREAD - 1)));
    set_add(&set, base);
    table_look(search, &set, search->options->looks);
    for (int side = 1; side >= 0; side--) {
        size_t at = points_scaled(search, base, axis, side ? step : 1 / step);
        while (at != SEARCH_NONE && !search->error) {
            struct search_set one = {.count = 1, .ids = {at}};
            table_look(search, &one, search->options->looks);
            set_add(&set, at);
            at = table_at(search, at)->limited ? SEARCH_NONE : points_scaled(search, at, axis, side ? step : 1 / step);
        }
    }
    return best_of(search, &set);
}

static void by_estimates(struct search *search, struct search_set *set)
{
    for (size_t i = 1; i < set->count; i++)
        for (size_t j = i;
             j > 0 && table_at(search, set->ids[j])->estimate < table_at(search, set->ids[j - 1])->estimate; j--) {
            size_t id = set->ids[j];
            set->ids[j] = set->ids[j - 1];
            set->ids[j - 1] = id;
        }
}

/* The combination of discrete levels with this number, at the values that a point has on the other axes. */
static size_t combined(struct search *search, size_t base, size_t number)
{
    struct search_point point = table_at(search, base)->point;
    for (size_t axis = 0; axis < search->space->axis_count; axis++) {
        if (points_ordered(search, axis)) continue;
        point.level[axis] = (unsigned)(number % search->space->axis[axis].levels);
        number /= search->space->axis[axis].levels;
    }
    return points_settle(search, &point, SEARCH_NONE) ? table_entry(search, &point) : SEARCH_NONE;
}

/* The combinations of the discrete axes at the best point so far, into `set`: all of them, or where those are many, one
 * axis after the other from the best so far. Returns the best. */
static size_t combine(struct search *search, size_t base, struct search_set *set)
{
    const struct search_space *space = search->space;
    size_t total = 1;
    for (size_t axis = 0; axis < space->axis_count; axis++)
        if (!points_ordered(search, axis)) total *= space->axis[axis].levels;
    set_add(set, base);
    for (size_t n = 0; total <= COMBINATIONS_MAX && n < total; n++) set_add(set, combined(search, base, n));
    for (size_t axis = 0; total > COMBINATIONS_MAX && axis < space->axis_count; axis++) {
        if (points_ordered(search, axis)) continue;
        size_t room = SEARCH_SET_MAX / space->axis_count, stride = space->axis[axis].levels / room + 1;
        for (unsigned level = 0; level < space->axis[axis].levels; level += (unsigned)stride) {
            struct search_point point = table_at(search, base)->point;
            point.level[axis] = level;
            if (points_settle(search, &point, axis)) set_add(set, table_entry(search, &point));
        }
        table_look(search, set, search->options->looks);
        base = best_of(search, set);
    }
    return base;
}

/* Step 2: narrow */

struct line { /* entries along one axis, by level */
    size_t count;
    size_t ids[SEARCH_SET_MAX];
};

static unsigned level_of(struct search *search, size_t id, size_t axis)
{
    return table_at(search, id)->point.level[axis];
}

static bool line_add(struct search *search, struct line *line, size_t axis, size_t id)
{
    if (id == SEARCH_NONE || line->count == SEARCH_SET_MAX) return false;
    size_t at = 0;
    while (at < line->count && level_of(search, line->ids[at], axis) < level_of(search, id, axis)) at++;
    if (at < line->count && level_of(search, line->ids[at], axis) == level_of(search, id, axis)) return false;
    memmove(&line->ids[at + 1], &line->ids[at], (line->count - at) * sizeof *line->ids);
    line->ids[at] = id;
    line->count++;
    struct search_set one = {.count = 1, .ids = {id}};
    table_look(search, &one, 1);
    if (table_at(search, id)->estimate < hopeless * search->best) table_look(search, &one, search->options->looks);
    return true;
}

static size_t line_best(struct search *search, const struct line *line)
{
    size_t best = 0;
    for (size_t i = 1; i < line->count; i++)
        if (table_at(search, line->ids[i])->estimate < table_at(search, line->ids[best])->estimate) best = i;
    return best;
}

/* Puts entries between the best of the line and its neighbour on one side (or beyond the line's end). */
static bool line_probe(struct search *search, struct line *line, size_t axis, int side)
{
    const struct search_axis *a = &search->space->axis[axis];
    size_t at = line_best(search, line), best = line->ids[at];
    bool at_end = side ? at + 1 == line->count : at == 0;
    if (at_end) return line_add(search, line, axis, points_scaled(search, best, axis, side ? 4 : 0.25));
    size_t next = line->ids[side ? at + 1 : at - 1];
    unsigned here = level_of(search, best, axis), there = level_of(search, next, axis);
    double gap = a->values[there] / a->values[here];
    if ((side ? there - here : here - there) < 2 || fabs(log(gap)) < log(1.1)) return false;
    if (fabs(log(gap)) <= log(2) && table_at(search, next)->estimate < flat * table_at(search, best)->estimate)
        return false;
    unsigned middle = points_nearest_level(a, a->values[here] * sqrt(gap));
    if (middle == here) middle += side ? 1 : -1u;
    if (middle == there) middle -= side ? 1 : -1u;
    return line_add(search, line, axis, points_moved(search, best, axis, middle));
}

/* Follows one axis from `base`, starting with what is known on it, out and then inwards. Returns the best entry. */
static size_t narrow(struct search *search, size_t base, size_t axis)
{
    struct line line = {0};
    line_add(search, &line, axis, base);
    if (search->space->axis[axis].workers) {
        for (size_t id = 0; id < search->result->entry_count; id++) {
            struct search_point point = table_at(search, id)->point;
            if (point.serial || !table_at(search, id)->count) continue;
            if (points_moved(search, base, axis, point.level[axis]) == id) line_add(search, &line, axis, id);
        }
    }
    for (unsigned steps = 0; steps < 24; steps++) {
        if (search->error || (search->result->measurements >= search->explored && budget_is_out(search, 0.7))) break;
        bool left = line_probe(search, &line, axis, 0);
        bool right = line_probe(search, &line, axis, 1);
        if (!left && !right) break;
    }
    return line.ids[line_best(search, &line)];
}

/* Follows the line of equal numbers of workers, along which no axis alone leads. */
static size_t trade(struct search *search, size_t base)
{
    size_t best = base, axes = search->space->axis_count;
    for (size_t pair = 0; pair < axes * axes && !budget_is_out(search, 0.7); pair++) {
        size_t id = points_traded(search, best, pair / axes, pair % axes);
        if (id == SEARCH_NONE) continue;
        struct search_set one = {.count = 1, .ids = {id}};
        table_look(search, &one, 1);
        if (table_at(search, id)->estimate >= table_at(search, best)->estimate) continue;
        best = id;
        pair--; /* once more in the same direction */
    }
    return best;
}

/* All ordered axes of one combination: the others first, where they cost least, then workers, then the others again
 * where the number of workers has changed much. */
static size_t descend(struct search *search, size_t base)
{
    size_t best = base;
    for (int round = 0; round < 3; round++) {
        double before = table_at(search, best)->workers;
        for (size_t axis = 0; axis < search->space->axis_count; axis++)
            if (points_ordered(search, axis) && search->space->axis[axis].levels > 1 &&
                search->space->axis[axis].workers == (round == 1))
                best = narrow(search, best, axis);
        if (round == 1) best = trade(search, best);
        double ratio = table_at(search, best)->workers / before;
        if (round == 1 && ratio < 1.5 && ratio > 1 / 1.5) break;
    }
    return best;
}

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

static int by_estimate(const void *a, const void *b)
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
    qsort(entries, search->result->entry_count, sizeof(struct search_entry *), by_estimate);
    return entries;
}

/* The leaders so far, the neighbours of the best two numbers of workers, and whatever else is near the best. */
static void candidates(struct search *search, struct search_set *set)
{
    struct search_entry **leaders = sorted(search);
    if (!leaders) return;
    size_t count = search->result->entry_count, first = SEARCH_NONE, second = SEARCH_NONE;
    struct search_set near = {0};
    for (size_t i = 0; i < count && table_works(leaders[i]); i++) {
        size_t id = (size_t)(leaders[i] - search->result->entries);
        if (leaders[i]->estimate < hopeless * leaders[0]->estimate) set_add(&near, id);
        if (first == SEARCH_NONE) first = id;
        else if (second == SEARCH_NONE && leaders[i]->workers != table_at(search, first)->workers) second = id;
    }
    free(leaders);
    if (first == SEARCH_NONE) return;
    for (size_t i = 0; i < near.count && set->count < search->options->candidates / 2; i++) set_add(set, near.ids[i]);
    neighbours(search, set, first);
    if (second != SEARCH_NONE && table_at(search, second)->estimate < hopeless * table_at(search, first)->estimate)
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
        while (keep > 1 && scores[keep - 1] > scores[0] + log(hopeless)) keep--;
        set->count = keep;
    }
    table_rank(search, set, since, scores);
    if (set->count > search->options->last) set->count = search->options->last;
}

/* Are all of the set resolved to be as good as its first, for every purpose? */
static bool equal(struct search *search, const struct search_set *set, unsigned since)
{
    for (size_t i = 1; i < set->count; i++) {
        struct quantity ratio = table_ratio(table_at(search, set->ids[i]), table_at(search, set->ids[0]), since);
        if (!(ratio.high <= thrift && ratio.low >= 1 / thrift)) return false;
    }
    return true;
}

/* Step 4: the last three, until all but one are resolved to be slower or each has been measured often enough. */
static void decide(struct search *search, struct search_set *set, unsigned since)
{
    while (set->count > 1 && !budget_is_out(search, 1)) {
        if (table_rank(search, set, since, NULL) >= search->options->final || equal(search, set, since)) break;
        table_measure(search, set, search->options->limit * search->best);
        if (search->error || !table_rank(search, set, since, NULL)) break;
        for (size_t i = set->count; i-- > 1;) {
            struct quantity ratio = table_ratio(table_at(search, set->ids[i]), table_at(search, set->ids[0]), since);
            if (!table_works(table_at(search, set->ids[i])) || stats_verdict(ratio) == VERDICT_MORE)
                memmove(&set->ids[i], &set->ids[i + 1], (--set->count - i) * sizeof *set->ids);
        }
    }
}

/* Step 5: confirm */

/* The entry with the fewest workers whose estimate is within a factor of the winner's. */
static size_t thriftiest(struct search *search, size_t winner, double factor)
{
    size_t best = winner;
    for (size_t id = 0; id < search->result->entry_count; id++) {
        const struct search_entry *entry = table_at(search, id);
        if (table_works(entry) && entry->estimate <= factor * table_at(search, winner)->estimate &&
            entry->workers < table_at(search, best)->workers)
            best = id;
    }
    return best;
}

static void settle_entry(struct search *search, size_t id, unsigned since)
{
    struct search_entry *entry = table_at(search, id), *winner = table_at(search, search->result->winner);
    entry->cost = table_cost(entry, since);
    if (!table_works(entry) || !entry->cost.n) return;
    entry->confirmed = true;
    entry->estimate = entry->cost.median;
    entry->ratio = table_ratio(entry, winner, since);
    entry->tied = stats_verdict(entry->ratio) == VERDICT_UNRESOLVED && entry->ratio.median < hopeless;
}

/* What is confirmed, and which of it to recommend. A rival replaces the winner only where it is resolved to be faster.
 */
static void settle_result(struct search *search, const struct search_set *set, unsigned since)
{
    struct search_result *result = search->result;
    struct search_set ranked = *set;
    table_rank(search, &ranked, since, NULL);
    struct quantity rival = table_ratio(table_at(search, ranked.ids[0]), table_at(search, result->winner), since);
    /* Where spikes keep a clear rival unresolved, whoever is chosen must not be far from him either. */
    if (!table_works(table_at(search, result->winner)) || stats_verdict(rival) == VERDICT_LESS ||
        rival.median < 1 / upset)
        result->winner = ranked.ids[0];
    for (size_t i = 0; i < set->count; i++) settle_entry(search, set->ids[i], since);
    result->recommended = result->winner;
    double within = fmax(thrift, 1 + search->options->within);
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = table_at(search, set->ids[i]);
        bool near = entry->tied ? entry->ratio.median <=
                                      (table_at(search, result->winner)->workers <= 1 ? fmax(within, flat) : within)
                                : entry->confirmed && entry->ratio.median <= 1 + search->options->within;
        if (near && entry->workers < table_at(search, result->recommended)->workers) result->recommended = set->ids[i];
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

/* Is a ratio to the winner unresolved and so wide that it says little? Spikes do that; more blocks help. */
static bool blurred(struct search *search, const struct search_set *set, unsigned since)
{
    for (size_t i = 0; i < set->count; i++) {
        struct quantity ratio =
            table_ratio(table_at(search, set->ids[i]), table_at(search, search->result->winner), since);
        if (stats_verdict(ratio) == VERDICT_UNRESOLVED && ratio.high > blur * ratio.low) return true;
    }
    return false;
}

static void confirm(struct search *search, struct search_set *set)
{
    struct search_result *result = search->result;
    unsigned since = (unsigned)result->blocks;
    result->winner = set->ids[0];
    result->fresh = since;
    set_add(set, thriftiest(search, result->winner, flat));
    set_add(set, thriftiest(search, result->winner, 1 + search->options->within));
    if (result->serial < result->entry_count) set_add(set, result->serial);
    for (size_t i = 0; i < search->space->also_count; i++) set_add(set, result->also[i]);
    const struct search_set all = *set;
    for (unsigned block = 0; block < search->options->confirm; block++) {
        if (block >= SEARCH_FRESH_MIN && result->spent_s > search->budget_s &&
            !(search->options->patient && keep_near(search, set)))
            break;
        table_measure(search, set, search->options->patient ? INFINITY : search->options->limit * search->best);
    }
    while (search->options->patient && !search->error && result->blocks - since < search->options->final &&
           blurred(search, set, since) && keep_near(search, set) && set->count > 1)
        table_measure(search, set, INFINITY);
    if (!search->error) settle_result(search, &all, since);
}

struct quantity search_ratio(const struct search_result *result, const struct search_entry *a,
                             const struct search_entry *b)
{
    return table_ratio(a, b, result->fresh);
}

static void leave(struct search *search)
{
    struct search_result *result = search->result;
    if (result->winner == SEARCH_NONE) { /* interrupted, or nothing worked: the best of what there is */
        for (size_t id = 0; id < result->entry_count; id++)
            if (table_works(table_at(search, id)) &&
                (result->winner == SEARCH_NONE ||
                 table_at(search, id)->estimate < table_at(search, result->winner)->estimate))
                result->winner = id;
        result->recommended = result->winner;
    }
    if (result->fresh == UINT_MAX) result->fresh = (unsigned)result->blocks;
    size_t none = result->entry_count;
    if (result->winner == SEARCH_NONE) result->winner = result->recommended = none;
    if (result->serial == SEARCH_NONE) result->serial = none;
    for (size_t i = 0; i < SEARCH_ALSO; i++)
        if (result->also[i] == SEARCH_NONE) result->also[i] = none;
}

int search_run(const struct search_space *space, const struct search_options *options, struct search_result *result)
{
    *result = (struct search_result){
        .winner = SEARCH_NONE, .recommended = SEARCH_NONE, .serial = SEARCH_NONE, .fresh = UINT_MAX};
    for (size_t i = 0; i < SEARCH_ALSO; i++) result->also[i] = SEARCH_NONE;
    struct search search = {.space = space, .options = options, .result = result, .best = INFINITY};
    struct search_point point = first_point(&search);
    struct search_set set = {0}, finalists = {0};
    if (points_settle(&search, &point, SEARCH_NONE)) {
        size_t best = table_entry(&search, &point), axis = worker_axis(&search);
        if (axis != SEARCH_NONE && best != SEARCH_NONE) best = spread(&search, best, axis);
        if (best != SEARCH_NONE) combine(&search, best, &set);
    }
    for (size_t i = 0; i < space->also_count; i++)
        set_add(&set, result->also[i] = table_entry(&search, &space->also[i]));
    if (space->serial) set_add(&set, result->serial = table_entry(&search, &(struct search_point){.serial = true}));
    if (!set.count && !search.error) search.error = -EINVAL;
    table_look(&search, &set, options->looks);
    by_estimates(&search, &set);
    budget_settle(&search);
    search.explored = result->measurements + EXPLORE_MIN * options->looks;
    size_t followed = 0;
    for (size_t i = 0; i < set.count && followed < LEADERS && !search.error; i++) {
        const struct search_entry *entry = table_at(&search, set.ids[i]);
        if (entry->point.serial || !table_works(entry)) continue;
        if (followed++ && entry->estimate > hopeless * search.best) break;
        descend(&search, set.ids[i]);
    }
    budget_settle(&search);
    if (!search.error) candidates(&search, &finalists);
    unsigned since = (unsigned)result->blocks;
    if (finalists.count) {
        halve(&search, &finalists, since);
        decide(&search, &finalists, since);
        if (!search.error) confirm(&search, &finalists);
    }
    leave(&search);
    return search.error;
}

void search_free(struct search_result *result)
{
    for (size_t id = 0; id < result->entry_count; id++) {
        free(result->entries[id].costs);
        free(result->entries[id].blocks);
    }
    free(result->entries);
    *result = (struct search_result){0};
}
