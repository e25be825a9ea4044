/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lines.c: cells grouped into curves and panels. */
#include "plots/chart.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the cells of one line share, and those of one panel. */
static const unsigned line_parts[] = {
    [LINE_WORKERS] = CELLS_ALL & ~(CELLS_NODES | CELLS_WORKERS),
    [LINE_GRANULARITY] = CELLS_ALL & ~(CELLS_NODES | CELLS_ANY_SIZE | CELLS_TASKS),
    [LINE_CHUNK] = CELLS_ALL & ~(CELLS_NODES | CELLS_CHUNK),
    [LINE_PLACEMENT] = CELLS_ALL & ~(CELLS_NODES | CELLS_PLACEMENT),
    [LINE_SHAPE] = CELLS_ALL & ~(CELLS_NODES | CELLS_WORKERS),
};
enum { PANEL_PARTS = CELLS_STUDY | CELLS_TASK_TIME | CELLS_PROBLEM };

static bool same_panel(const struct cell *a, const struct cell *b, enum line_axis axis)
{
    return cells_same(a, b, line_parts[axis] & PANEL_PARTS);
}

static bool same_line(const struct cell *a, const struct cell *b, enum line_axis axis, bool threads_too)
{
    return cells_same(a, b, line_parts[axis] | (threads_too ? CELLS_THREADS : 0));
}

static bool usable(const struct cell_summary *cell, enum line_axis axis)
{
    return cell->samples > 0 && isfinite(cell->quantity[QUANTITY_speedup].median) &&
           cell->cell->baseline != cell->cell->id && cell->cell->duplicate == cell->cell->id &&
           strcmp(cell->cell->runner, "serial") && (axis != LINE_CHUNK || cell->cell->chunk > 0);
}

double lines_place(const struct cell_summary *cell, enum line_axis axis)
{
    switch (axis) {
    case LINE_GRANULARITY: return cell->quantity[QUANTITY_task_ns].median;
    case LINE_CHUNK: return (double)cell->cell->chunk;
    case LINE_PLACEMENT: return 0;
    case LINE_SHAPE: return cell->cell->processes;
    default: return cell->workers;
    }
}

static int compare_cells(const void *left, const void *right, void *axis)
{
    const struct cell_summary *a = *(const struct cell_summary *const *)left;
    const struct cell_summary *b = *(const struct cell_summary *const *)right;
    double x = lines_place(a, *(enum line_axis *)axis), y = lines_place(b, *(enum line_axis *)axis);
    if (x == y) x = a->cell->threads, y = b->cell->threads;
    if (x == y) x = a->cell->id, y = b->cell->id;
    return x < y ? -1 : 1;
}

static bool shapes_clash(const struct line *line)
{
    for (size_t i = 1; i < line->count; i++)
        if (line->cells[i]->workers == line->cells[i - 1]->workers) return true;
    return false;
}

/* Collects the cells of first's line; those taken are marked in `taken`. */
static int gather(const struct summary *summary, size_t first, enum line_axis axis, bool threads_too, struct line *line)
{
    line->first = summary->cells[first].cell;
    line->cells = NULL;
    line->count = 0;
    for (size_t i = first; i < summary->cell_count; i++) {
        if (!same_line(line->first, summary->cells[i].cell, axis, threads_too) || !usable(&summary->cells[i], axis)) continue;
        const struct cell_summary **place = parts_append(&line->cells, &line->count, sizeof *place);
        if (!place) {
            free(line->cells);
            return -ENOMEM;
        }
        *place = &summary->cells[i];
    }
    qsort_r(line->cells, line->count, sizeof *line->cells, compare_cells, &axis);
    return 0;
}

/* A line along LINE_SHAPE is wanted only where both processes and threads vary: else it is a curve over workers. */
static bool wanted(const struct line *line, enum line_axis axis)
{
    bool processes = false, threads = false;
    if (line->count < 2) return false;
    if (axis != LINE_SHAPE) return true;
    for (size_t i = 1; i < line->count; i++) {
        processes |= line->cells[i]->cell->processes != line->cells[0]->cell->processes;
        threads |= line->cells[i]->cell->threads != line->cells[0]->cell->threads;
    }
    return processes && threads;
}

/* In a grid over workers and task sizes, a line has siblings that differ in the other axis. Where a study varies one
 * axis alone, its lines say it better than those of a grid. */
static bool siblings(const struct line *a, const struct line *b, enum line_axis axis)
{
    const struct cell *left = a->first, *right = b->first;
    if (a == b || !cells_same(left, right, CELLS_POOL | CELLS_KERNEL | CELLS_CHUNK)) return false;
    return axis == LINE_GRANULARITY ? !cells_same(left, right, CELLS_WORKERS) : !same_panel(left, right, axis);
}

static void drop(struct lines *lines, size_t at)
{
    free(lines->lines[at].cells);
    memmove(&lines->lines[at], &lines->lines[at + 1], (--lines->count - at) * sizeof *lines->lines);
}

/* Leaves out the lines of grids where others exist; along task sizes, where there are only grids, all but the most
 * workers. */
static void prefer_plain(struct lines *lines, enum line_axis axis)
{
    size_t plain = 0;
    if (axis != LINE_WORKERS && axis != LINE_GRANULARITY) return;
    for (size_t i = 0; i < lines->count; i++) {
        struct line *line = &lines->lines[i];
        for (size_t k = 0; k < lines->count; k++) {
            if (!siblings(line, &lines->lines[k], axis)) continue;
            line->grid = true;
            line->less |= lines->lines[k].cells[0]->workers > line->cells[0]->workers;
        }
        plain += !line->grid;
    }
    for (size_t i = lines->count; i-- > 0;) {
        const struct line *line = &lines->lines[i];
        if (line->grid && (plain || (axis == LINE_GRANULARITY && line->less))) drop(lines, i);
    }
}

/* How many workers there are matters little where placements are compared: those lines have a figure of their own. */
static void drop_placements(struct lines *lines)
{
    size_t others = 0;
    for (size_t i = 0; i < lines->count; i++) others += strcmp(lines->lines[i].first->study, "placement") != 0;
    for (size_t i = lines->count; i-- > 0 && others;)
        if (!strcmp(lines->lines[i].first->study, "placement")) drop(lines, i);
}

static void name_line(const struct lines *lines, struct line *line, enum line_axis axis)
{
    bool schedule = false, chunk = false, placement = false, shape = false;
    for (size_t i = 0; i < lines->count; i++) {
        const struct cell *other = lines->lines[i].first, *self = line->first;
        if (strcmp(other->runner, self->runner) || strcmp(other->study, self->study)) continue;
        schedule |= strcmp(other->schedule, self->schedule) != 0;
        chunk |= axis != LINE_CHUNK && other->chunk != self->chunk;
        placement |= axis != LINE_PLACEMENT && strcmp(other->placement, self->placement) != 0;
        shape |= axis != LINE_SHAPE && axis != LINE_WORKERS &&
                 (other->processes != self->processes || other->threads != self->threads);
        shape |= axis == LINE_WORKERS && other != self && same_line(other, self, axis, false);
    }
    size_t size = sizeof line->name;
    snprintf(line->name, size, "%s", line->first->runner);
    if (schedule) text_add(line->name, size, " %s", line->first->schedule);
    if (chunk && line->first->chunk) text_add(line->name, size, " chunk %llu", (unsigned long long)line->first->chunk);
    if (shape && axis == LINE_WORKERS) text_add(line->name, size, " x %u threads", line->first->threads);
    else if (shape && line->first->processes > 1 && line->first->threads > 1)
        text_add(line->name, size, " %ux%u", line->first->processes, line->first->threads);
    else if (shape) text_add(line->name, size, " %u", line->first->processes * line->first->threads);
    if (placement) text_add(line->name, size, " %s", line->first->placement);
}

static void number_panels(struct lines *lines, enum line_axis axis)
{
    struct line swap;
    for (size_t i = 0; i < lines->count; i++) { /* bring each panel's lines together, in order of first appearance */
        size_t next = i + 1;
        for (size_t k = i + 1; k < lines->count; k++) {
            if (!same_panel(lines->lines[i].first, lines->lines[k].first, axis)) continue;
            swap = lines->lines[k];
            memmove(&lines->lines[next + 1], &lines->lines[next], (k - next) * sizeof swap);
            lines->lines[next++] = swap;
        }
        for (size_t k = i; k < next; k++) lines->lines[k].panel = lines->panels;
        lines->panels++;
        i = next - 1;
    }
}

int lines_make(const struct summary *summary, enum line_axis axis, struct lines *lines)
{
    struct lines made = {0};
    int status = -ENOMEM;
    bool *taken = calloc(summary->cell_count + 1, sizeof *taken);
    made.lines = calloc(summary->cell_count + 1, sizeof *made.lines);
    if (!taken || !made.lines) goto out;
    for (size_t i = 0; i < summary->cell_count; i++) {
        struct line line = {0};
        if (taken[i] || !usable(&summary->cells[i], axis)) continue;
        if ((status = gather(summary, i, axis, false, &line))) goto out;
        if (axis == LINE_WORKERS && shapes_clash(&line)) {
            free(line.cells);
            if ((status = gather(summary, i, axis, true, &line))) goto out;
            line.grid = true;
        }
        for (size_t k = 0; k < line.count; k++) taken[line.cells[k]->cell->id] = true;
        if (wanted(&line, axis)) made.lines[made.count++] = line;
        else free(line.cells);
    }
    prefer_plain(&made, axis);
    if (axis == LINE_WORKERS) drop_placements(&made);
    number_panels(&made, axis);
    for (size_t i = 0; i < made.count; i++) {
        made.lines[i].hue = lines_hue(summary->run, made.lines[i].first->runner);
        name_line(&made, &made.lines[i], axis);
    }
    *lines = made;
    made = (struct lines){0};
    status = 0;
out:
    free(taken);
    lines_free(&made);
    return status;
}

void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) free(lines->lines[i].cells);
    free(lines->lines);
    *lines = (struct lines){0};
}

unsigned lines_hue(const struct run *run, const char *runner)
{
    unsigned hue = 0;
    for (unsigned i = 0; i < run->cell_count; i++) {
        if (!strcmp(run->cells[i].runner, runner)) break;
        hue += !parts_is_serial(&run->cells[i]) && cells_first(run, i, CELLS_RUNNER);
    }
    return hue;
}
