/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables_cells.c: the tables with a row a cell: a study's, and how long single tasks took. */
#include "kernels/reason.h"
#include "plots/tables.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <string.h>

void tables_add_quantity(struct table *table, const char *unit, struct quantity quantity)
{
    table_cell(table, quantity.median, "%s", format_quantity(unit, quantity).text);
}

void tables_add_count(struct table *table, uint64_t count)
{
    table_cell(table, (double)count, "%s", format_count(count).text);
}

void tables_team(char *out, size_t size, const struct cell *cell)
{
    bool several = !strcmp(cell->runner, "hybrid") || (cell->processes > 1 && cell->threads > 1);
    if (!strcmp(cell->runner, "serial") || !cell->processes) snprintf(out, size, "%s", cell->runner);
    else if (several) snprintf(out, size, "%s %u x %u", cell->runner, cell->processes, cell->threads);
    else snprintf(out, size, "%s %u", cell->runner, cell->processes * cell->threads);
}

/* ---- what rows begin with: whose they are ---- */

void tables_who_columns(struct table *table)
{
    table_column(table, "runner", "runner and workers, processes x threads", false);
    table_column(table, "kernel", "what the tasks compute", false);
    table_column(table, "schedule", "", false);
    table_column(table, "placement", "", false);
}

void tables_add_who(struct table *table, const struct cell *cell)
{
    char team[96];
    tables_team(team, sizeof team, cell);
    table_row(table);
    table_cell(table, NAN, "%s", team);
    table_cell(table, NAN, "%s", cell->label);
    table_cell(table, NAN, "%s", cell->schedule);
    table_cell(table, NAN, "%s", cell->placement);
}

/* ---- one study's cells ---- */

static const struct {
    enum quantity_id id;
    const char *name;
} study_quantities[] = {
    {QUANTITY_wall_ns, "time T_p"},
    {QUANTITY_speedup, "speed-up"},
    {QUANTITY_speedup_total, "with start, stop"},
    {QUANTITY_efficiency, "efficiency"},
    {QUANTITY_overhead_per_task_ns, "overhead a task"},
    {QUANTITY_start_ns, "start"},
    {QUANTITY_peak_rss_bytes, "peak memory"},
};
enum { STUDY_QUANTITIES = sizeof study_quantities / sizeof *study_quantities };

static void add_marks(struct table *table, const struct cell_summary *cell)
{
    char text[512] = "";
    size_t size = sizeof text;
    if (cell->errors) text_add(text, size, "; %zu failed", cell->errors);
    if (cell->stopped) text_add(text, size, "; %zu stopped: too slow", cell->stopped);
    if (cell->suspects) text_add(text, size, "; %zu suspect: %s", cell->suspects, cell->suspect);
    if (cell->autocorrelated) text_add(text, size, "; times resemble those before them");
    if (cell->outliers) text_add(text, size, "; %zu outlier%s", cell->outliers, cell->outliers == 1 ? "" : "s");
    if (cell->cell->duplicate != cell->cell->id) text_add(text, size, "; A/A of cell %u", cell->cell->duplicate);
    table_cell(table, NAN, "%s", *text ? text + 2 : "");
    if (cell->errors || cell->suspects) table_mark(table);
}

static void add_study_row(struct table *table, const struct cell_summary *summary)
{
    const struct cell *cell = summary->cell;
    tables_add_who(table, cell);
    if (cell->chunk) table_cell(table, NAN, "%s", format_count(cell->chunk).text);
    else table_cell(table, NAN, "default");
    tables_add_count(table, cell->tasks);
    table_cell(table, summary->quantity[QUANTITY_task_ns].median, "%s",
               format_time(summary->quantity[QUANTITY_task_ns].median).text);
    for (size_t q = 0; q < STUDY_QUANTITIES; q++) {
        enum quantity_id id = study_quantities[q].id;
        const struct quantity *value = &summary->quantity[id];
        if (id == QUANTITY_start_ns || id == QUANTITY_peak_rss_bytes || cell->baseline == cell->id)
            table_cell(table, value->median, "%s", format_value(quantity_kinds[id].unit, value->median).text);
        else tables_add_quantity(table, quantity_kinds[id].unit, *value);
    }
    tables_add_count(table, summary->samples);
    add_marks(table, summary);
}

struct table *tables_study(const struct summary *summary, const char *study)
{
    char title[64];
    snprintf(title, sizeof title, "Study: %s", study);
    struct table *table = table_new(title, "");
    tables_who_columns(table);
    table_column(table, "chunk", "tasks claimed at once", false);
    table_column(table, "tasks", "N", true);
    table_column(table, "task", quantity_kinds[QUANTITY_task_ns].meaning, true);
    for (size_t q = 0; q < STUDY_QUANTITIES; q++)
        table_column(table, study_quantities[q].name, quantity_kinds[study_quantities[q].id].meaning, true);
    table_column(table, "n", "good repetitions", true);
    table_column(table, "marks", "what to doubt", false);
    for (size_t i = 0; i < summary->cell_count; i++)
        if (!strcmp(summary->cells[i].cell->study, study)) add_study_row(table, &summary->cells[i]);
    table_fold(table);
    return table;
}

/* ---- how long single tasks took ---- */

static const struct {
    enum quantity_id id;
    const char *name;
} latency_quantities[] = {
    {QUANTITY_latency_p50_ns, "p50"}, {QUANTITY_latency_p95_ns, "p95"}, {QUANTITY_latency_p99_ns, "p99"}};
enum { LATENCY_QUANTITIES = sizeof latency_quantities / sizeof *latency_quantities };

/* One quantile: with its interval where it has one; too few tasks have none. */
static void add_quantile(struct table *table, struct quantity q)
{
    if (isnan(q.low)) table_cell(table, q.median, "%s", format_time(q.median).text);
    else tables_add_quantity(table, "ns", q);
}

static void add_latency_row(struct table *table, const struct cell_summary *row)
{
    const struct cell *cell = row->cell;
    tables_add_who(table, cell);
    table_cell(table, NAN, "%s", cell->study);
    table_cell(table, row->quantity[QUANTITY_task_ns].median, "%s",
               format_time(row->quantity[QUANTITY_task_ns].median).text);
    for (size_t q = 0; q < LATENCY_QUANTITIES; q++) add_quantile(table, row->quantity[latency_quantities[q].id]);
    double spread = row->quantity[QUANTITY_latency_p95_ns].median / row->quantity[QUANTITY_latency_p50_ns].median;
    table_cell(table, spread, "%s", format_number(spread).text);
    tables_add_count(table, row->quantity[QUANTITY_latency_p50_ns].n);
}

bool tables_has_latency(const struct cell_summary *row)
{
    return row->quantity[QUANTITY_latency_p50_ns].n > 0 && row->cell->duplicate == row->cell->id &&
           parts_chunk(row->cell) <= 1;
}

struct table *tables_latency(const struct summary *summary)
{
    struct table *table = table_new("How long single tasks took",
                                    "From repetitions with busy spans, of runners that claim tasks one by one or in "
                                    "chunks that shrink; a dash where too few tasks tell the quantile.");
    tables_who_columns(table);
    table_column(table, "study", "", false);
    table_column(table, "task", quantity_kinds[QUANTITY_task_ns].meaning, true);
    for (size_t q = 0; q < LATENCY_QUANTITIES; q++)
        table_column(table, latency_quantities[q].name, quantity_kinds[latency_quantities[q].id].meaning, true);
    table_column(table, "p95/p50", "how much longer than usual the slowest twentieth takes at least", true);
    table_column(table, "n", "repetitions with busy spans", true);
    for (size_t i = 0; i < summary->cell_count; i++)
        if (tables_has_latency(&summary->cells[i])) add_latency_row(table, &summary->cells[i]);
    table_fold(table);
    return table;
}
