/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search_budget.c: what a search may spend, and what measuring everything would. Part of search.c. */
#include "bench/tune/search/search_table.h"

#include <math.h>

enum { COUNTED_MAX = 2000 };

/* All where no time was given; the very first is always taken. */
size_t budget_room(struct search *search, double share, size_t count)
{
    struct search_result *result = search->result;
    double left_s = share * search->options->budget_s - result->spent_s;
    if (!result->measurements || !isfinite(left_s)) return count;
    double each_s = result->spent_s / (double)result->measurements;
    if ((double)count * each_s <= left_s) return count;
    result->short_of_budget = true;
    return left_s < each_s ? 0 : (size_t)(left_s / each_s);
}

bool budget_is_out(struct search *search, double share)
{
    if (search->error) return true;
    if (search->result->spent_s < share * search->allowance_s && budget_room(search, SEARCH_EXPLORING, 1)) return false;
    search->result->short_of_budget = true;
    return true;
}

/* How far apart two points are: octaves on ordered axes, a step for each discrete one. */
static double distance(const struct search *search, const struct search_point *a, const struct search_point *b)
{
    double sum = 0;
    for (size_t axis = 0; axis < search->space->axis_count; axis++)
        sum += points_ordered(search, axis) ? fabs(log2(points_value(search, a, axis) / points_value(search, b, axis)))
                                            : a->level[axis] != b->level[axis];
    return sum;
}

static double spent_once(const struct search_entry *entry)
{
    return entry->spent_s / (double)(entry->count ? entry->count : 1);
}

/* How steeply measuring takes longer towards fewer workers, -1..0, told from the fewest that were tried and the
 * fastest; *fewest receives the former. */
static double slope(struct search *search, double *fewest)
{
    const struct search_entry *low = NULL, *fast = NULL;
    for (size_t id = 0; id < search->result->entry_count; id++) {
        const struct search_entry *entry = table_at(search, id);
        if (entry->point.serial || !entry->count) continue;
        if (!low || entry->workers < low->workers) low = entry;
        if (!fast || spent_once(entry) < spent_once(fast)) fast = entry;
    }
    *fewest = low ? low->workers : 0;
    if (!low || low->workers >= fast->workers) return 0;
    return fmax(-1, log(spent_once(low) / spent_once(fast)) / log(low->workers / fast->workers));
}

/* What measuring every point once would take: each as long as the nearest one tried, more where it has fewer workers
 * than any of those. */
static double once_s(struct search *search)
{
    const struct search_space *space = search->space;
    size_t total = 1, stride, counted = 0, points = 0;
    double sum = 0, fewest, steep = slope(search, &fewest);
    for (size_t axis = 0; axis < space->axis_count; axis++) total *= space->axis[axis].levels;
    stride = total / COUNTED_MAX + 1;
    for (size_t n = 0; n < total; n += stride, counted++) {
        struct search_point point = {0};
        size_t rest = n;
        for (size_t axis = 0; axis < space->axis_count; axis++) {
            point.level[axis] = (unsigned)(rest % space->axis[axis].levels);
            rest /= space->axis[axis].levels;
        }
        if (!points_valid(search, &point)) continue;
        const struct search_entry *nearest = NULL;
        for (size_t id = 0; id < search->result->entry_count; id++) {
            const struct search_entry *entry = table_at(search, id);
            if (!entry->point.serial && entry->count &&
                (!nearest || distance(search, &point, &entry->point) < distance(search, &point, &nearest->point)))
                nearest = entry;
        }
        if (!nearest) continue;
        double workers = search_workers(space, &point);
        sum += spent_once(nearest) * (workers < fewest ? pow(workers / nearest->workers, steep) : 1);
        points++;
    }
    return points ? sum * (double)total / (double)counted : INFINITY;
}

void budget_settle(struct search *search)
{
    struct search_result *result = search->result;
    double serial_s = 0, best_s = INFINITY;
    result->once_s = once_s(search);
    for (size_t id = 0; id < result->entry_count; id++) {
        const struct search_entry *entry = table_at(search, id);
        if (entry->count && entry->point.serial) serial_s = spent_once(entry);
        if (entry->count && spent_once(entry) < best_s) best_s = spent_once(entry);
    }
    double rivals_s = (2 + (double)search->space->also_count) * best_s;
    search->budget_s = fmax(search->options->share * result->once_s, search->options->least * best_s);
    search->budget_s = fmin(fmax(search->budget_s, search->options->least_s), search->options->budget_s);
    /* Fresh blocks beyond those that an interval needs are for what is left; a serial loop that is far behind is not in
     * all of them. */
    unsigned confirm = search->options->confirm < STATS_INTERVAL_MIN ? search->options->confirm : STATS_INTERVAL_MIN;
    unsigned far = serial_s > 2 * best_s ? SEARCH_FRESH_MIN : confirm;
    search->allowance_s = search->budget_s - rivals_s * confirm - serial_s * far;
}
