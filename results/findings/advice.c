/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advice.c: what to use for tasks of one size: the fastest, ties to the fewest workers, then to the simplest runner;
 * serial is among the candidates. */
#include "results/findings/findings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells of one problem, the serial one among them. */
struct field {
    const struct summary *summary;
    const struct cell_summary **rows;
    size_t count;
};

/* Serial has no workers to start: its time is the run phase, with and without start and stop. */
static double time_of(const struct cell_summary *row, bool total)
{
    return row->quantity[total && !parts_is_serial(row->cell) ? QUANTITY_total_ns : QUANTITY_wall_ns].median;
}

/* Of equals the one that asks least of a program: threads of one process, a pool of processes, both, an interpreter's
 * pool, ranks that a launcher starts. What is not named here comes last. */
static size_t complexity(const struct cell *cell)
{
    static const char *const simplest_first[] = {"serial", "openmp", "forkpool", "hybrid", "python", "mpi"};
    size_t rank = 0, length = strcspn(cell->runner, ":"); /* python:spawn is a python */
    while (rank < sizeof simplest_first / sizeof *simplest_first &&
           (strlen(simplest_first[rank]) != length || strncmp(cell->runner, simplest_first[rank], length)))
        rank++;
    return rank;
}

static int cheapest_first(const void *left, const void *right, void *total)
{
    const struct cell_summary *a = *(const struct cell_summary *const *)left,
                              *b = *(const struct cell_summary *const *)right;
    if (parts_is_serial(a->cell) != parts_is_serial(b->cell)) return parts_is_serial(a->cell) ? -1 : 1;
    if (a->workers != b->workers) return a->workers < b->workers ? -1 : 1;
    size_t simple = complexity(a->cell), other = complexity(b->cell);
    if (simple != other) return simple < other ? -1 : 1;
    double x = time_of(a, *(bool *)total), y = time_of(b, *(bool *)total);
    return (x > y) - (x < y);
}

/* The fastest in the median of those with `workers` or more (serial has none). NULL: none. */
static const struct cell_summary *fastest(const struct field *field, bool total, unsigned workers)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < field->count; i++)
        if ((parts_is_serial(field->rows[i]->cell) ? 0 : field->rows[i]->workers) >= workers &&
            (!best || time_of(field->rows[i], total) < time_of(best, total)))
            best = field->rows[i];
    return best;
}

/* Is it itself faster than the serial loop, where that is not it? To be tied with one that is does not suffice. */
static bool pays(const struct field *field, const struct cell_summary *row, bool total)
{
    const struct cell *serial = &field->summary->run->cells[row->cell->baseline];
    return parts_is_serial(row->cell) || !parts_tied(parts_compare(field->summary, serial, row->cell, total));
}

/* The one with the fewest workers, then the simplest, among those that cannot be told from the fastest, and pay. */
static const struct cell_summary *choose(const struct field *field, bool total)
{
    const struct cell_summary *best = fastest(field, total, 0);
    qsort_r(field->rows, field->count, sizeof *field->rows, cheapest_first, &total);
    for (size_t i = 0; i < field->count; i++)
        if (field->rows[i] == best ||
            (parts_tied(parts_compare(field->summary, field->rows[i]->cell, best->cell, total)) &&
             pays(field, field->rows[i], total)))
            return field->rows[i];
    return best;
}

static struct quantity gain_of(const struct cell_summary *row, bool total)
{
    if (parts_is_serial(row->cell)) return (struct quantity){1, 1, 1, row->samples};
    return row->quantity[total ? QUANTITY_speedup_total : QUANTITY_speedup];
}

static void say(struct advice *advice, const struct field *field)
{
    char size[PARTS_TEXT], factor[PARTS_TEXT], interval[PARTS_TEXT], name[2 * PARTS_TEXT], cold[160], warm[160] = "";
    const struct cell_summary *pool = fastest(field, true, 2);
    if (!pool) pool = fastest(field, true, 1);
    struct quantity slower =
        parts_compare(field->summary, pool->cell, &field->summary->run->cells[pool->cell->baseline], true);
    if (!parts_is_serial(advice->best->cell))
        snprintf(cold, sizeof cold, "%s, %s times as fast as serial%s, start and stop included",
                 findings_choice(name, advice->best->cell), parts_number(factor, advice->gain.median),
                 parts_interval(interval, advice->gain));
    else if (stats_verdict(slower) == VERDICT_MORE || (isnan(slower.low) && slower.median >= 1))
        snprintf(cold, sizeof cold, "stay serial: %s takes %s times as long%s, start and stop included",
                 findings_choice(name, pool->cell), parts_number(factor, slower.median), parts_interval(interval, slower));
    else
        snprintf(cold, sizeof cold, "stay serial: the gain of %s is not resolved%s", findings_choice(name, pool->cell),
                 parts_interval(interval, pool->quantity[QUANTITY_speedup_total]));
    if (parts_is_serial(advice->warm->cell) && parts_is_serial(advice->best->cell))
        snprintf(warm, sizeof warm, "; nor is a gain resolved with workers already up");
    else if (!parts_is_serial(advice->warm->cell))
        snprintf(warm, sizeof warm, "; with workers already up %s, %s times%s", findings_choice(name, advice->warm->cell),
                 parts_number(factor, advice->warm_gain.median), parts_interval(interval, advice->warm_gain));
    snprintf(advice->sentence, sizeof advice->sentence, "%.39s, %llu tasks of %s: %.120s%.120s.", advice->kernel,
             (unsigned long long)advice->tasks, parts_duration(size, parts_task_ns(advice->best)), cold, warm);
}

static int advice_add(struct summary *summary, const struct cell *serial, struct field *field)
{
    struct advice *advice = parts_append(&summary->advices, &summary->advice_count, sizeof *advice);
    if (!advice) return -ENOMEM;
    snprintf(advice->kernel, sizeof advice->kernel, "%s", serial->label);
    advice->task_time_ns = serial->task_time_ns;
    advice->tasks = serial->tasks;
    advice->best = choose(field, true);
    advice->warm = choose(field, false);
    advice->gain = gain_of(advice->best, true);
    advice->warm_gain = gain_of(advice->warm, false);
    say(advice, field);
    return 0;
}

/* The measured cells of the problem of `serial`. */
static bool field_fill(const struct summary *summary, const struct cell *serial, struct field *field)
{
    bool pools = false;
    field->count = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (row->cell->baseline != serial->id || row->cell->duplicate != i || strcmp(row->cell->study, serial->study) ||
            isnan(time_of(row, true)))
            continue;
        pools |= !parts_is_serial(row->cell);
        field->rows[field->count++] = row;
    }
    return pools && summary->series[serial->id].n && serial->tasks;
}

int advice_make(struct summary *summary)
{
    const struct run *run = summary->run;
    struct field field = {.summary = summary, .rows = calloc(run->cell_count + 1, sizeof *field.rows)};
    int status = field.rows ? 0 : -ENOMEM;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        bool pays = !strcmp(cell->study, "breakeven") || !strcmp(cell->study, "run");
        if (cell->baseline != i || !pays) continue;
        if (field_fill(summary, cell, &field)) status = advice_add(summary, cell, &field);
    }
    free(field.rows);
    return status;
}
