/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/models/summary_parts.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool parts_is_serial(const struct cell *cell)
{
    return !strcmp(cell->runner, "serial");
}

unsigned parts_workers(const struct cell *cell)
{
    return cell->processes * cell->threads;
}

double parts_worth(const struct cell *cell)
{
    return cell->speeds_milli ? (double)cell->speeds_milli / 1000 : parts_workers(cell);
}

double parts_task_ns(const struct cell_summary *row)
{
    return row->cell->task_time_ns ? (double)row->cell->task_time_ns : row->quantity[QUANTITY_task_ns].median;
}

unsigned parts_host(const struct run *run, const char *key)
{
    double value = json_number_value(json_object_get(json_object_get(run->manifest, "host"), key));
    return value > 0 && value < 1 << 20 ? value < 1 ? 1 : (unsigned)value : 0;
}

const struct cell **parts_group(const struct run *run, const struct cell *cell, unsigned but, size_t *count)
{
    const struct cell **group = calloc(run->cell_count + 1, sizeof *group);
    *count = 0;
    for (unsigned i = 0; group && i < run->cell_count; i++) {
        const struct cell *other = &run->cells[i];
        if (other->duplicate != i || !cells_same(cell, other, CELLS_ALL & ~but)) continue;
        if (i < cell->id || cell->duplicate != cell->id) {
            *count = 0;
            break;
        }
        group[(*count)++] = other;
    }
    return group;
}

int parts_each_group(struct summary *summary, unsigned but, parts_group_taker *take)
{
    const struct run *run = summary->run;
    int status = 0;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        size_t count;
        if (parts_is_serial(&run->cells[i])) continue;
        const struct cell **group = parts_group(run, &run->cells[i], but, &count);
        status = !group ? -ENOMEM : count ? take(summary, group, count) : 0;
        free(group);
    }
    return status;
}

/* The first place in by_block whose block is not below. */
static size_t place_of(const struct series *series, uint64_t block)
{
    size_t low = 0, high = series->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->sample[series->by_block[middle]]->block < block) low = middle + 1;
        else high = middle;
    }
    return low;
}

size_t parts_in_block(const struct series *series, unsigned block, size_t *first)
{
    *first = place_of(series, block);
    return place_of(series, (uint64_t)block + 1) - *first;
}

/* Times of a and of b in the same block, NAN where b has none there; how many. */
static size_t paired(const struct summary *summary, const struct cell *a, const struct cell *b, bool total,
                     double *mine, double *other)
{
    const struct series *of_a = &summary->series[a->id], *of_b = &summary->series[b->id];
    for (size_t i = 0; i < of_a->n; i++) {
        mine[i] = (total && !parts_is_serial(a) ? of_a->total : of_a->wall)[i];
        other[i] = NAN;
        size_t first, count = parts_in_block(of_b, of_a->sample[i]->block, &first);
        if (count)
            other[i] = (total && !parts_is_serial(b) ? of_b->total : of_b->wall)[of_b->by_block[first + count - 1]];
    }
    return of_a->n;
}

struct quantity parts_compare(const struct summary *summary, const struct cell *a, const struct cell *b, bool total)
{
    size_t n = summary->series[a->id].n;
    double *mine = malloc((n + 1) * sizeof *mine), *other = malloc((n + 1) * sizeof *other);
    struct quantity ratio = {NAN, NAN, NAN, 0};
    if (mine && other) ratio = stats_ratio(mine, other, paired(summary, a, b, total, mine, other));
    free(mine);
    free(other);
    return ratio;
}

/* Of the i-th good repetition of a cell. */
static double point_of(const struct cell *cell, const struct series *series, size_t i, enum quantity_id id)
{
    double wall_ns = series->wall[i], serial_ns = series->serial[i];
    switch (id) {
    case QUANTITY_wall_ns: return wall_ns;
    case QUANTITY_start_ns: return series->sample[i]->start_ns < 0 ? NAN : (double)series->sample[i]->start_ns;
    case QUANTITY_speedup: return models_speedup(serial_ns, wall_ns);
    case QUANTITY_efficiency: return models_efficiency(models_speedup(serial_ns, wall_ns), parts_worth(cell));
    case QUANTITY_overhead_per_task_ns:
        return models_overhead(serial_ns, wall_ns, parts_worth(cell)) / (double)cell->tasks;
    default: return NAN;
    }
}

size_t parts_points(const struct summary *summary, const struct cell *cell, enum quantity_id id, double *values,
                    size_t max)
{
    const struct series *series = &summary->series[cell->id];
    size_t count = 0;
    for (size_t i = 0; i < series->n && count < max; i++) {
        double value = point_of(cell, series, i, id);
        if (!isnan(value) && series->wall[i] > 0) values[count++] = value;
    }
    return count;
}

struct quantity parts_twice(const struct summary *summary)
{
    const struct run *run = summary->run;
    size_t n = 0, most = 1;
    for (unsigned i = 0; i < run->cell_count; i++) most += run->cells[i].duplicate == i ? 0 : summary->series[i].n;
    double *second = malloc(most * sizeof *second), *first = malloc(most * sizeof *first);
    struct quantity ratio = {NAN, NAN, NAN, 0};
    for (unsigned i = 0; second && first && i < run->cell_count; i++)
        if (run->cells[i].duplicate != i)
            n += paired(summary, &run->cells[i], &run->cells[run->cells[i].duplicate], false, second + n, first + n);
    if (n) ratio = stats_ratio(second, first, n);
    free(second);
    free(first);
    return ratio;
}

struct quantity parts_scaled(struct quantity quantity, double factor)
{
    return (struct quantity){quantity.median * factor, quantity.low * factor, quantity.high * factor, quantity.n};
}

bool parts_tied(struct quantity ratio)
{
    if (!ratio.n) return false;
    if (isnan(ratio.low)) return ratio.median <= 1.05;
    return stats_verdict(ratio) != VERDICT_MORE || ratio.median <= 1.02;
}

void *parts_append(void *array_pointer, size_t *count, size_t size)
{
    void **array = array_pointer, *grown = realloc(*array, (*count + 1) * size);
    if (!grown) return NULL;
    *array = grown;
    return memset((char *)grown + (*count)++ * size, 0, size);
}

const char *parts_number(char text[PARTS_TEXT], double value)
{
    double size = fabs(value);
    if (size >= 1e15) snprintf(text, PARTS_TEXT, "%.3g", value);
    else
        snprintf(text, PARTS_TEXT, "%.*f",
                 size >= 99.95                 ? 0
                 : size >= 9.995               ? 1
                 : size >= 0.0995 || size == 0 ? 2
                                               : 4,
                 value);
    return text;
}

const char *parts_duration(char text[PARTS_TEXT], double ns)
{
    static const struct {
        double ns;
        const char *unit;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    size_t i = 0;
    while (i < 3 && fabs(ns) < units[i].ns * 0.9995) i++;
    double value = ns / units[i].ns;
    snprintf(text, PARTS_TEXT, "%.3g %s", value, units[i].unit);
    if (fabs(value) >= 999.5) snprintf(text, PARTS_TEXT, "%.0f %s", value, units[i].unit);
    return text;
}

const char *parts_interval(char text[PARTS_TEXT], struct quantity quantity)
{
    char low[PARTS_TEXT], high[PARTS_TEXT];
    if (isnan(quantity.low)) snprintf(text, PARTS_TEXT, " (n = %zu, no interval)", quantity.n);
    else
        snprintf(text, PARTS_TEXT, " [%.24s, %.24s]", parts_number(low, quantity.low),
                 parts_number(high, quantity.high));
    return text;
}

const char *parts_team(char text[PARTS_TEXT], const struct cell *cell)
{
    if (cell->processes > 1 && cell->threads > 1)
        snprintf(text, PARTS_TEXT, "%u processes x %u threads", cell->processes, cell->threads);
    else if (cell->processes > 1) snprintf(text, PARTS_TEXT, "%u processes", cell->processes);
    else if (cell->threads > 1) snprintf(text, PARTS_TEXT, "%u threads", cell->threads);
    else snprintf(text, PARTS_TEXT, "1 worker");
    size_t used = strlen(text);
    if (cell->nodes > 1) snprintf(text + used, PARTS_TEXT - used, " on %u nodes", cell->nodes);
    return text;
}

locale_t parts_locale_enter(void)
{
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    return plain ? uselocale(plain) : (locale_t)0;
}

void parts_locale_leave(locale_t before)
{
    if (!before) return;
    locale_t plain = uselocale(before);
    if (plain != LC_GLOBAL_LOCALE) freelocale(plain);
}
