/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/search/search_table.h"

#include <errno.h>
#include <gsl/gsl_sort.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double search_workers(const struct search_space *space, const struct search_point *point)
{
    if (point->serial) return 0;
    double workers = 1;
    for (size_t axis = 0; axis < space->axis_count; axis++)
        if (space->axis[axis].workers) workers *= space->axis[axis].values[point->level[axis]];
    return workers;
}

bool search_same(const struct search_space *space, const struct search_point *a, const struct search_point *b)
{
    if (a->serial || b->serial) return a->serial && b->serial;
    for (size_t axis = 0; axis < space->axis_count; axis++)
        if (a->level[axis] != b->level[axis]) return false;
    return true;
}

size_t table_entry(struct search *search, const struct search_point *point)
{
    struct search_result *result = search->result;
    for (size_t id = 0; id < result->entry_count; id++)
        if (search_same(search->space, &result->entries[id].point, point)) return id;
    if (result->entry_count == search->capacity) {
        size_t capacity = search->capacity ? 2 * search->capacity : 64;
        struct search_entry *entries = realloc(result->entries, capacity * sizeof *entries);
        if (!entries) {
            search->error = -ENOMEM;
            return SEARCH_NONE;
        }
        result->entries = entries;
        search->capacity = capacity;
    }
    result->entries[result->entry_count] =
        (struct search_entry){.point = *point, .workers = search_workers(search->space, point), .estimate = INFINITY};
    return result->entry_count++;
}

void set_add(struct search_set *set, size_t id)
{
    if (id == SEARCH_NONE || set->count == SEARCH_SET_MAX) return;
    for (size_t i = 0; i < set->count; i++)
        if (set->ids[i] == id) return;
    set->ids[set->count++] = id;
}

static double lower_median(double *values, size_t count)
{
    gsl_sort(values, 1, count);
    return values[(count - 1) / 2];
}

/* One spike among two or three costs does not move it. INFINITY where it failed. */
static double estimate_of(const struct search_entry *entry)
{
    if (entry->failed || !entry->count) return INFINITY;
    double values[entry->count];
    memcpy(values, entry->costs, sizeof values);
    double median = lower_median(values, entry->count);
    return entry->limited ? values[entry->count - 1] : median;
}

static int keep(struct search *search, struct search_entry *entry, const struct search_outcome *outcome)
{
    search->result->measurements++;
    search->result->spent_s += outcome->spent_s;
    entry->spent_s += outcome->spent_s;
    if (outcome->failed || !(outcome->cost > 0) || !isfinite(outcome->cost)) {
        entry->failed = true;
        return 0;
    }
    if (entry->limited && !outcome->limited) entry->count = 0, entry->limited = false; /* now it is known: no bounds */
    double *costs = realloc(entry->costs, (entry->count + 1) * sizeof *costs);
    if (costs) entry->costs = costs;
    unsigned *blocks = realloc(entry->blocks, (entry->count + 1) * sizeof *blocks);
    if (blocks) entry->blocks = blocks;
    if (!costs || !blocks) return -ENOMEM;
    entry->costs[entry->count] = outcome->cost;
    entry->blocks[entry->count++] = (unsigned)search->result->blocks;
    if (outcome->limited && entry->count == 1) entry->limited = true; /* later: a spike of one that was well before */
    if (!outcome->limited && outcome->cost < search->best) search->best = outcome->cost;
    entry->estimate = estimate_of(entry);
    return 0;
}

/* Once each, as one block. */
static void measure_block(struct search *search, const size_t *ids, size_t count, double limit)
{
    struct search_point points[SEARCH_SET_MAX];
    struct search_outcome outcomes[SEARCH_SET_MAX] = {0};
    if (!count || search->error) return;
    for (size_t i = 0; i < count; i++) points[i] = table_at(search, ids[i])->point;
    search->error = search->space->measure(search->space->context, points, count,
                                           search->space->limits ? limit : INFINITY, outcomes);
    if (search->error) return;
    for (size_t i = 0; i < count && !search->error; i++)
        search->error = keep(search, table_at(search, ids[i]), &outcomes[i]);
    search->result->blocks++;
}

void table_measure(struct search *search, const struct search_set *set, double limit)
{
    size_t ids[SEARCH_SET_MAX], count = 0, first = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t id = set->ids[(i + search->result->blocks) % set->count];
        if (table_at(search, id)->failed || (table_at(search, id)->limited && isfinite(limit))) continue;
        ids[count++] = id;
    }
    if (count > 1 && !search->result->measurements && isfinite(search->options->budget_s))
        measure_block(search, ids, first = 1, limit); /* alone: it tells how many of the others there is time for */
    count -= first;
    if (search->result->fresh == UINT_MAX) count = budget_room(search, SEARCH_EXPLORING, count);
    measure_block(search, ids + first, count, limit);
}

void table_look(struct search *search, const struct search_set *set, unsigned looks)
{
    for (unsigned look = 1; look <= looks && !search->error; look++) {
        struct search_set rest = {0};
        for (size_t i = 0; i < set->count; i++)
            if (table_at(search, set->ids[i])->count < look) set_add(&rest, set->ids[i]);
        table_measure(search, &rest, search->options->limit * search->best);
    }
}

static const double *cost_in(const struct search_entry *entry, unsigned block)
{
    for (size_t i = entry->count; i-- > 0;) /* the newest blocks are asked for most */
        if (entry->blocks[i] == block) return &entry->costs[i];
    return NULL;
}

/* The median logarithm of the block's costs over the working entries of the set: one spike does not move it. NAN where
 * one of them is not in it. */
static double block_level(const struct search *search, const struct search_set *set, unsigned block)
{
    double values[SEARCH_SET_MAX];
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = &search->result->entries[set->ids[i]];
        if (!search_works(entry)) continue;
        const double *cost = cost_in(entry, block);
        if (!cost) return NAN;
        values[n++] = log(*cost);
    }
    return n ? stats_median(values, n).median : NAN;
}

size_t table_rank(const struct search *search, struct search_set *set, unsigned since, double *scores)
{
    size_t blocks = search->result->blocks > since ? search->result->blocks - since : 0, common = 0;
    double levels[blocks + 1], values[blocks + 1], score[SEARCH_SET_MAX];
    for (size_t b = 0; b < blocks; b++) {
        levels[b] = block_level(search, set, since + (unsigned)b);
        if (!isnan(levels[b])) common++;
    }
    for (size_t i = 0; i < set->count; i++) {
        const struct search_entry *entry = &search->result->entries[set->ids[i]];
        size_t n = 0;
        for (size_t b = 0; b < blocks && search_works(entry); b++) {
            if (isnan(levels[b])) continue;
            const double *cost = cost_in(entry, since + (unsigned)b);
            if (cost) values[n++] = log(*cost) - levels[b];
        }
        score[i] = n ? lower_median(values, n) : INFINITY;
    }
    for (size_t i = 1; i < set->count; i++) /* insertion: the sets are small */
        for (size_t j = i; j > 0 && score[j] < score[j - 1]; j--) {
            double s = score[j];
            size_t id = set->ids[j];
            score[j] = score[j - 1], set->ids[j] = set->ids[j - 1];
            score[j - 1] = s, set->ids[j - 1] = id;
        }
    if (scores) memcpy(scores, score, set->count * sizeof *scores);
    return common;
}

/* The costs of both in the blocks that hold both: how many. Room for a->count each. */
static size_t pairs_of(const struct search_entry *a, const struct search_entry *b, unsigned since, double *of_a, double *of_b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++) {
        const double *other = a->blocks[i] >= since ? cost_in(b, a->blocks[i]) : NULL;
        if (!other) continue;
        of_a[n] = a->costs[i];
        of_b[n++] = *other;
    }
    return n;
}

struct quantity table_ratio(const struct search_entry *a, const struct search_entry *b, unsigned since)
{
    double of_a[a->count + 1], of_b[a->count + 1];
    return stats_ratio(of_a, of_b, pairs_of(a, b, since, of_a, of_b));
}

bool table_is_slower_anytime(const struct search_entry *a, const struct search_entry *b, unsigned since)
{
    double of_a[a->count + 1], of_b[a->count + 1];
    return stats_verdict(stats_ratio_anytime(of_a, of_b, pairs_of(a, b, since, of_a, of_b))) == VERDICT_MORE;
}

struct quantity table_cost(const struct search_entry *entry, unsigned since)
{
    size_t first = entry->count;
    while (first > 0 && entry->blocks[first - 1] >= since) first--;
    return stats_median(entry->costs + first, entry->count - first);
}

/* ---- the points of a space: which there are, and the moves between them ---- */

bool points_valid(const struct search *search, const struct search_point *point)
{
    return !search->space->valid || search->space->valid(search->space->context, point);
}

double points_seed(const struct search *search, const struct search_point *point, size_t axis)
{
    return search->space->seed ? search->space->seed(search->space->context, point, axis) : 0;
}

unsigned points_nearest_level(const struct search_axis *axis, double wanted)
{
    unsigned best = 0;
    for (unsigned level = 1; level < axis->levels; level++)
        if (fabs(log(axis->values[level] / wanted)) < fabs(log(axis->values[best] / wanted))) best = level;
    return best;
}

/* Moves one ordered axis to the valid level nearest to where it stands. */
static bool settle_axis(const struct search *search, struct search_point *point, size_t axis)
{
    unsigned wanted = point->level[axis], levels = (unsigned)search->space->axis[axis].levels;
    for (unsigned step = 0; step < levels; step++) {
        for (int side = 0; side < 2; side++) {
            if (side ? wanted + step >= levels : step > wanted) continue;
            point->level[axis] = side ? wanted + step : wanted - step;
            if (points_valid(search, point)) return true;
        }
    }
    point->level[axis] = wanted;
    return false;
}

bool points_settle(const struct search *search, struct search_point *point, size_t fixed)
{
    if (points_valid(search, point)) return true;
    for (int workers = 0; workers < 2; workers++)
        for (size_t axis = 0; axis < search->space->axis_count; axis++)
            if (axis != fixed && points_ordered(search, axis) && search->space->axis[axis].workers == (workers == 1) &&
                settle_axis(search, point, axis))
                return true;
    return false;
}

/* Lets the axes that do not count workers follow from where they stand at `base`, by the ratio of their seeds. */
static void follow(const struct search *search, const struct search_point *base, struct search_point *point,
                   size_t fixed)
{
    for (size_t axis = 0; axis < search->space->axis_count; axis++) {
        if (axis == fixed || !points_ordered(search, axis) || search->space->axis[axis].workers) continue;
        double then = points_seed(search, base, axis), now = points_seed(search, point, axis);
        if (then > 0 && now > 0)
            point->level[axis] =
                points_nearest_level(&search->space->axis[axis], points_value(search, base, axis) * now / then);
    }
}

size_t points_moved(struct search *search, size_t base, size_t axis, unsigned level)
{
    struct search_point point = table_at(search, base)->point;
    point.level[axis] = level;
    if (search->space->axis[axis].workers) follow(search, &table_at(search, base)->point, &point, axis);
    if (!points_settle(search, &point, axis) || point.level[axis] != level) return SEARCH_NONE;
    return table_entry(search, &point);
}

size_t points_scaled(struct search *search, size_t base, size_t axis, double factor)
{
    const struct search_axis *a = &search->space->axis[axis];
    unsigned from = table_at(search, base)->point.level[axis], to = points_nearest_level(a, a->values[from] * factor);
    if (to == from && factor > 1) to = from + 1;
    if (to == from && factor < 1 && from > 0) to = from - 1;
    if (to == from || to >= a->levels) return SEARCH_NONE;
    return points_moved(search, base, axis, to);
}

double search_seed_chunk(double tasks, double workers)
{
    double p = fmax(workers, 2), chunk = pow(M_SQRT2 * tasks / (p * sqrt(log(p))), 2.0 / 3);
    return fmax(1, fmin(chunk, tasks / (8 * p)));
}

size_t points_traded(struct search *search, size_t base, size_t more, size_t fewer)
{
    const struct search_axis *axis = search->space->axis;
    if (more == fewer || !axis[more].workers || !axis[fewer].workers) return SEARCH_NONE;
    size_t id = points_scaled(search, base, more, 2);
    return id == SEARCH_NONE ? SEARCH_NONE : points_scaled(search, id, fewer, 0.5);
}
