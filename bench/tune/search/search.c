/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/search/search_table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct search_options search_defaults = {.looks = 2,
                                               .candidates = 14,
                                               .last = 3,
                                               .final = 25,
                                               .confirm = 10,
                                               .within = 0,
                                               .share = 1.15,
                                               .least = 60,
                                               .budget_s = INFINITY,
                                               .limit = 4,
                                               .patient = true};

/* One look at each value, and an end in a quarter of what trying all of them takes. */
const struct search_options search_commands = {.looks = 1,
                                               .candidates = 6,
                                               .last = 2,
                                               .final = 6,
                                               .confirm = STATS_INTERVAL_MIN,
                                               .within = 0,
                                               .share = 0.22,
                                               .least = 14,
                                               .least_s = 2,
                                               .budget_s = INFINITY,
                                               .limit = 2,
                                               .patient = false};

enum { SPREAD = 5, LEADERS = 3, COMBINATIONS_MAX = 32, EXPLORE_MIN = 5 };
static const double near = 1.15; /* neighbours on an axis: nothing between them is looked at */
static const double COLD_S = 10; /* beside this what the first start of a program costs more does not matter */

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

/* The place in a set of the first with the least estimate. */
static size_t best_in(struct search *search, const struct search_set *set)
{
    size_t best = 0;
    for (size_t i = 1; i < set->count; i++)
        if (table_at(search, set->ids[i])->estimate < table_at(search, set->ids[best])->estimate) best = i;
    return best;
}

static size_t best_of(struct search *search, const struct search_set *set)
{
    return set->count ? set->ids[best_in(search, set)] : SEARCH_NONE;
}

/* Do two points differ on this axis alone, and on those that follow it? */
static bool same_line(const struct search *search, const struct search_point *a, const struct search_point *b,
                      size_t axis)
{
    for (size_t i = 0; i < search->space->axis_count; i++) {
        bool follows = points_ordered(search, i) && !search->space->axis[i].workers;
        if (i != axis && !follows && a->level[i] != b->level[i]) return false;
    }
    return !a->serial && !b->serial;
}

/* Is something far behind on either side of an entry on the axis? Then so is what lies between. */
static bool between_worse(struct search *search, size_t id, size_t axis)
{
    bool worse[2] = {false, false};
    const struct search_point *point = &table_at(search, id)->point;
    for (size_t i = 0; i < search->result->entry_count; i++) {
        const struct search_entry *entry = table_at(search, i);
        if (i != id && entry->count && entry->estimate > SEARCH_HOPELESS * search->best &&
            same_line(search, &entry->point, point, axis))
            worse[entry->point.level[axis] > point->level[axis]] = true;
    }
    return worse[0] && worse[1];
}

/* Values spread over an axis from the start upwards and then downwards, one by one, each under the limit that those
 * before it set. Either way ends at a value that hit the limit: further out is slower still. The points that the winner
 * is shown beside come first where a limit makes them cheap: they may save a step. */
static size_t spread(struct search *search, size_t base, size_t axis)
{
    struct search_set set = {0};
    const struct search_axis *a = &search->space->axis[axis];
    double step = fmax(2, pow(a->values[a->levels - 1] / a->values[0], 1.0 / (SPREAD - 1)));
    set_add(&set, base);
    table_look(search, &set, search->options->looks);
    /* The first start of a program is slow, and its time would be a limit for all others: the better of two. */
    if (search->space->limits && table_at(search, base)->spent_s < COLD_S) table_look(search, &set, 2);
    for (size_t i = 0; search->space->limits && i < search->space->also_count; i++) {
        struct search_set one = {.count = 1, .ids = {search->result->also[i]}};
        table_look(search, &one, search->options->looks);
    }
    for (int side = 1; side >= 0; side--) {
        size_t at = points_scaled(search, base, axis, side ? step : 1 / step);
        while (at != SEARCH_NONE && !search->error && !between_worse(search, at, axis)) {
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

/* The number of workers at which the combinations were looked at was the best for one of them, and that may be the one
 * that gains nothing from workers. Where a point with another number is clearly ahead of all of them (the default of
 * another runner with all cpus), the combinations there count too. */
static void recombine(struct search *search, size_t base, struct search_set *set)
{
    struct search_set here = {0}, more = {0};
    for (size_t i = 0; i < set->count; i++)
        if (table_at(search, set->ids[i])->workers == table_at(search, base)->workers) set_add(&here, set->ids[i]);
    size_t best = best_of(search, set);
    if (search->error || table_at(search, best)->point.serial || !search_works(table_at(search, best)) ||
        table_at(search, best_of(search, &here))->estimate < SEARCH_FLAT * table_at(search, best)->estimate)
        return;
    combine(search, best, &more);
    table_look(search, &more, search->options->looks);
    for (size_t i = 0; i < more.count; i++) set_add(set, more.ids[i]);
}

/* Step 2: narrow */

static unsigned level_of(struct search *search, size_t id, size_t axis)
{
    return table_at(search, id)->point.level[axis];
}

/* `line`: entries along one axis, by level. */
static bool line_add(struct search *search, struct search_set *line, size_t axis, size_t id)
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
    if (table_at(search, id)->estimate < SEARCH_HOPELESS * search->best)
        table_look(search, &one, search->options->looks);
    return true;
}

/* Puts entries between the best of the line and its neighbour on one side (or beyond the line's end). */
static bool line_probe(struct search *search, struct search_set *line, size_t axis, int side)
{
    const struct search_axis *a = &search->space->axis[axis];
    size_t at = best_in(search, line), best = line->ids[at];
    bool at_end = side ? at + 1 == line->count : at == 0;
    if (at_end) return line_add(search, line, axis, points_scaled(search, best, axis, side ? 4 : 0.25));
    size_t next = line->ids[side ? at + 1 : at - 1];
    unsigned here = level_of(search, best, axis), there = level_of(search, next, axis);
    double gap = a->values[there] / a->values[here];
    if ((side ? there - here : here - there) < 2 || fabs(log(gap)) < log(near)) return false;
    if (fabs(log(gap)) <= log(2) && table_at(search, next)->estimate < SEARCH_FLAT * table_at(search, best)->estimate)
        return false;
    unsigned middle = points_nearest_level(a, a->values[here] * sqrt(gap));
    if (middle == here) middle += side ? 1 : -1u;
    if (middle == there) middle -= side ? 1 : -1u;
    return line_add(search, line, axis, points_moved(search, best, axis, middle));
}

/* Follows one axis from `base`, starting with what is known on it, out and then inwards. Returns the best entry. */
static size_t narrow(struct search *search, size_t base, size_t axis)
{
    struct search_set line = {0};
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
    return best_of(search, &line);
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
            if (search_works(table_at(search, id)) &&
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
        if (result->also[i] == SEARCH_NONE || !result->entries[result->also[i]].count) result->also[i] = none;
}

int search_run(const struct search_space *space, const struct search_options *options, struct search_result *result)
{
    *result = (struct search_result){
        .winner = SEARCH_NONE, .recommended = SEARCH_NONE, .serial = SEARCH_NONE, .fresh = UINT_MAX, .shift = 1};
    for (size_t i = 0; i < SEARCH_ALSO; i++) result->also[i] = SEARCH_NONE;
    struct search search = {.space = space, .options = options, .result = result, .best = INFINITY};
    struct search_point point = first_point(&search);
    struct search_set set = {0};
    size_t base = points_settle(&search, &point, SEARCH_NONE) ? table_entry(&search, &point) : SEARCH_NONE;
    for (size_t i = 0; i < space->also_count; i++) result->also[i] = table_entry(&search, &space->also[i]);
    if (base != SEARCH_NONE && !search.error) {
        size_t axis = worker_axis(&search);
        if (axis != SEARCH_NONE) base = spread(&search, base, axis);
        combine(&search, base, &set);
    }
    for (size_t i = 0; i < space->also_count; i++) set_add(&set, result->also[i]);
    if (space->serial) set_add(&set, result->serial = table_entry(&search, &(struct search_point){.serial = true}));
    if (!set.count && !search.error) search.error = -EINVAL;
    table_look(&search, &set, options->looks);
    if (base != SEARCH_NONE) recombine(&search, base, &set);
    by_estimates(&search, &set);
    budget_settle(&search);
    search.explored = result->measurements + EXPLORE_MIN * options->looks;
    size_t followed = 0;
    for (size_t i = 0; i < set.count && followed < LEADERS && !search.error; i++) {
        const struct search_entry *entry = table_at(&search, set.ids[i]);
        if (entry->point.serial || !search_works(entry)) continue;
        if (followed++ && entry->estimate > SEARCH_HOPELESS * search.best) break;
        descend(&search, set.ids[i]);
    }
    budget_settle(&search);
    decide_all(&search);
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
