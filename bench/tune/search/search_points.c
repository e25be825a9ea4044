/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search_points.c: the points of a space: which there are, and the moves between them. Part of search.c. */
#include "bench/tune/search/search_table.h"

#include <math.h>

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
