/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.c: the tables of verdicts, fits and budgets. Those with a row a cell are in tables_cells.c. */
#include "kernels/reason.h"
#include "plots/tables.h"
#include "results/models/summary_parts.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Runner, team, and the settings that were chosen for it. */
static void describe_cell(char *out, size_t size, const struct cell *cell)
{
    tables_team(out, size, cell);
    if (cell->schedule[0] && strcmp(cell->schedule, "default")) text_add(out, size, ", %s", cell->schedule);
    if (cell->chunk) text_add(out, size, ", chunk %llu", (unsigned long long)cell->chunk);
}

/* ---- advice ---- */

static void advice_choice(struct table *table, const struct cell_summary *cell, struct quantity gain)
{
    char text[160], team[PARTS_TEXT];
    describe_cell(text, sizeof text, cell->cell);
    if (!strcmp(cell->cell->runner, "serial")) table_cell(table, NAN, "serial");
    else
        table_cell(table, NAN, "%s, %s%s", cell->cell->runner, parts_team(team, cell->cell), text + strcspn(text, ","));
    if (!strcmp(cell->cell->runner, "serial")) table_cell(table, 1, "1");
    else tables_add_quantity(table, "ratio", gain);
}

struct table *tables_advice(const struct summary *summary)
{
    struct table *table = table_new("What to use for which task size",
                                    "Gain: how many times as fast as the serial loop, with its 95 % interval.");
    table_column(table, "task", "duration of one task that was asked for", true);
    table_column(table, "kernel", "what the tasks compute", false);
    table_column(table, "tasks", "number of tasks it was measured with", true);
    table_column(table, "use", "least start + run + stop; among what cannot be told apart, the fewest workers", false);
    table_column(table, "gain", "speed-up over serial, start and stop included", true);
    table_column(table, "with workers already up", "least run phase", false);
    table_column(table, "gain then", "speed-up over serial of the run phase", true);
    for (size_t i = 0; i < summary->advice_count; i++) {
        const struct advice *advice = &summary->advices[i];
        table_row(table);
        table_cell(table, (double)advice->task_time_ns, "%s", format_asked(advice->task_time_ns).text);
        table_cell(table, NAN, "%s", advice->kernel);
        tables_add_count(table, advice->tasks);
        advice_choice(table, advice->best, advice->gain);
        advice_choice(table, advice->warm, advice->warm_gain);
    }
    return table;
}

/* ---- what failed ---- */

struct table *tables_errors(const struct summary *summary)
{
    struct table *table =
        table_new("What failed", "These repetitions have no time; the rest of the run is not touched by them.");
    table_column(table, "cell", "number of the configuration in manifest.json", true);
    table_column(table, "kernel", "", false);
    table_column(table, "configuration", "runner and team", false);
    table_column(table, "failed", "repetitions that failed", true);
    table_column(table, "good", "repetitions that did not", true);
    table_column(table, "cause of the first", "", false);
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *cell = &summary->cells[i];
        char text[160];
        if (!cell->errors) continue;
        describe_cell(text, sizeof text, cell->cell);
        table_row(table);
        tables_add_count(table, i);
        table_cell(table, NAN, "%s", cell->cell->label);
        table_cell(table, NAN, "%s", text);
        tables_add_count(table, cell->errors);
        tables_add_count(table, cell->samples);
        table_cell(table, NAN, "%s", cell->error);
        table_mark(table);
    }
    return table;
}

/* ---- METG, crossover, scaling ---- */

/* What METG, crossovers and scaling are about; the team where it is the same for all. */
static void add_setting(struct table *table, const struct cell *of, bool team)
{
    struct cell cell = *of;
    if (!team) cell.processes = cell.threads = 0;
    tables_add_who(table, &cell);
    if (of->chunk) table_cell(table, NAN, "%s", format_count(of->chunk).text);
    else table_cell(table, NAN, "default");
    table_cell(table, NAN, "%s", of->study);
}

static void setting_columns(struct table *table)
{
    tables_who_columns(table);
    table_column(table, "chunk", "tasks claimed at once", false);
    table_column(table, "study", "", false);
}

struct table *tables_metg(const struct summary *summary)
{
    struct table *table =
        table_new("Minimum effective task granularity",
                  "The smallest tasks with which a runner still reaches the efficiency; bootstrap intervals.");
    setting_columns(table);
    table_column(table, "efficiency", "asked for", true);
    table_column(table, "granularity", "p T_p/N there, overhead included", true);
    table_column(table, "useful work per task", "T_s/N there", true);
    table_column(table, "best seen", "highest efficiency of any size", true);
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        add_setting(table, metg->cell, true);
        table_cell(table, metg->efficiency, "%s", format_share(metg->efficiency).text);
        if (metg->reached) {
            table_cell(table, metg->granularity_ns.median, "%s", format_bound("ns", metg->granularity_ns, metg->bound).text);
            table_cell(table, metg->work_ns.median, "%s", format_bound("ns", metg->work_ns, metg->bound).text);
        } else {
            table_cell(table, NAN, "not reached up to %s", format_time(metg->largest_ns).text);
            table_cell(table, NAN, "-");
        }
        table_cell(table, metg->best_efficiency, "%s", format_share(metg->best_efficiency).text);
    }
    table_fold(table);
    return table;
}

static void add_crossover_count(struct table *table, struct quantity tasks)
{
    if (isinf(tasks.median)) table_cell(table, NAN, "never at this size");
    else tables_add_quantity(table, "count", tasks);
}

struct table *tables_crossover(const struct summary *summary)
{
    struct table *table = table_new("When does it beat serial?", "");
    setting_columns(table);
    table_column(table, "task", "measured duration of a task, T_s/N", true);
    table_column(table, "from so many tasks on", "smallest N for which start + run + stop is below serial", true);
    table_column(table, "with workers up: from tasks of", "smallest task for which the run phase alone is below serial",
                 true);
    table_column(table, "predicted", "the same, from what the runner cost with the kernel in brackets", true);
    for (size_t i = 0; i < summary->crossover_count; i++) {
        const struct crossover *crossover = &summary->crossovers[i];
        add_setting(table, crossover->cell, true);
        table_cell(table, crossover->task_ns, "%s", format_time(crossover->task_ns).text);
        add_crossover_count(table, crossover->tasks);
        tables_add_quantity(table, "ns", crossover->warm_task_ns);
        if (isfinite(crossover->predicted_warm_task_ns))
            table_cell(table, crossover->predicted_warm_task_ns, "%s (%s)",
                       format_time(crossover->predicted_warm_task_ns).text, crossover->calibration);
        else table_cell(table, NAN, "-");
    }
    table_fold(table);
    return table;
}

static void add_choice(struct table *table, const struct cell_summary *cell)
{
    if (!cell) {
        table_cell(table, NAN, "-");
        table_cell(table, NAN, "-");
        return;
    }
    table_cell(table, cell->workers, "%u", cell->workers);
    tables_add_quantity(table, "ratio", cell->quantity[QUANTITY_speedup]);
}

struct table *tables_scaling(const struct summary *summary)
{
    struct table *table =
        table_new("How it scales", "Fits stop where the cores end. A peak is published only where the data hold it.");
    setting_columns(table);
    table_column(table, "task", "duration that was asked for", true);
    table_column(table, "best at", "workers with the highest speed-up", true);
    table_column(table, "speed-up", "T_s/T_p there", true);
    table_column(table, "enough", "fewest workers whose speed-up cannot be told from the best", true);
    table_column(table, "speed-up then", "", true);
    table_column(table, "Amdahl's fraction", "serial fraction fitted, with its interval", true);
    table_column(table, "peak of the USL", "workers at the maximum of Gunther's law", true);
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        const struct amdahl_fit *amdahl = &scaling->amdahl;
        add_setting(table, scaling->cell, false);
        uint64_t task_ns = scaling->cell->task_time_ns;
        table_cell(table, (double)task_ns, "%s", task_ns ? format_asked(task_ns).text : "-");
        add_choice(table, scaling->best);
        add_choice(table, scaling->enough);
        if (amdahl->n)
            tables_add_quantity(table, "ratio",
                                (struct quantity){amdahl->fraction, amdahl->low, amdahl->high, amdahl->n});
        else table_cell(table, NAN, "-");
        if (scaling->usl.n && scaling->usl.peak_seen)
            tables_add_quantity(
                table, "ratio",
                (struct quantity){scaling->usl.peak, scaling->usl.peak_low, scaling->usl.peak_high, scaling->usl.n});
        else if (scaling->usl.n) table_cell(table, NAN, "none seen up to %.0f", scaling->usl.p_max);
        else table_cell(table, NAN, "-");
    }
    table_fold(table);
    return table;
}

/* ---- budget ---- */

static void budget_columns(struct table *table)
{
    static const char *const shares[][2] = {
        {"work", "T_s: useful work"},
        {"dilation", "tasks slower (below 0: faster) together than alone"},
        {"start, stop", "workers started and ended"},
        {"dispatch", "a worker between its tasks"},
        {"tail", "no task left, others still at work"},
        {"gathering", "results on their way from other hosts"},
        {"residual", "what nothing explains"},
        {"load balance", "mean U/max U"},
        {"process level", "share of the time that processes are outside the pool: mean B/R"},
        {"thread level", "share of that time that their threads are in the kernel: mean U/mean B"}};
    table_column(table, "runner", "runner and workers", false);
    table_column(table, "kernel", "", false);
    table_column(table, "study", "", false);
    table_column(table, "task", "serial time per task, T_s/N", true);
    table_column(table, "chunk", "", true);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) table_column(table, shares[i][0], shares[i][1], true);
    table_column(table, "late", quantity_kinds[QUANTITY_late_max_ns].meaning, true);
    table_column(table, "instrumentation",
                 "what recording the spans cost: instrumented over headline run phase, minus 1", true);
    table_column(table, "marks", "", false);
}

static void budget_row(struct table *table, const struct cell_summary *cell)
{
    const struct budget *b = &cell->budget;
    const double shares[] = {b->work,
                             b->dilation,
                             b->start_stop,
                             b->dispatch,
                             b->tail,
                             b->gather,
                             b->residual,
                             b->load_balance,
                             b->process_load_balance * b->process_communication,
                             b->thread_load_balance * b->thread_communication};
    char team[96];
    tables_team(team, sizeof team, cell->cell);
    table_row(table);
    table_cell(table, NAN, "%s", team);
    table_cell(table, NAN, "%s", cell->cell->label);
    table_cell(table, NAN, "%s", cell->cell->study);
    table_cell(table, cell->quantity[QUANTITY_task_ns].median, "%s",
               format_time(cell->quantity[QUANTITY_task_ns].median).text);
    table_cell(table, (double)cell->cell->chunk, "%s",
               cell->cell->chunk ? format_count(cell->cell->chunk).text : "default");
    for (size_t k = 0; k < sizeof shares / sizeof *shares; k++)
        table_cell(table, shares[k], "%s", format_share(shares[k]).text);
    double late_ns = cell->quantity[QUANTITY_late_max_ns].median;
    table_cell(table, late_ns, "%s", format_time(late_ns).text);
    table_cell(table, b->instrumentation, "%s", format_share(b->instrumentation).text);
    table_cell(table, NAN, "%s", b->marked ? "residual above the limit" : "");
    if (b->marked) table_mark(table);
}

struct table *tables_budget(const struct summary *summary)
{
    struct table *table =
        table_new("Where the time went", "Shares of p R with R = start + run + stop, from repetitions that "
                                         "record busy spans.");
    budget_columns(table);
    for (size_t i = 0; i < summary->cell_count; i++)
        if (summary->cells[i].budget.n) budget_row(table, &summary->cells[i]);
    table_fold(table);
    return table;
}

/* ---- manifest ---- */

static void add_fact(struct table *table, const char *path, const char *value)
{
    if (table_rows(table) >= 400) return;
    table_row(table);
    table_cell(table, NAN, "%s", path);
    table_cell(table, NAN, "%s", value);
}

/* Left out: what has a place of its own in a report, and arrays with one number for each cell. */
static bool told(const char *path, const json_t *value)
{
    static const char *const elsewhere[] = {"cells", "command", "notes", "topology.tree"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (!strcmp(path, elsewhere[i])) return false;
    return !json_is_array(value) || json_array_size(value) == 0 || !json_is_number(json_array_get(value, 0));
}

/* A row for every scalar with its path ("host.model", "protocol.reps"). */
static void add_facts(struct table *table, const json_t *value, const char *path)
{
    char below[512], text[64];
    const char *key;
    size_t at;
    json_t *child;
    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, child) {
            snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "." : "", key);
            if (told(below, child)) add_facts(table, child, below);
        }
    } else if (json_is_array(value)) {
        json_array_foreach (value, at, child) {
            snprintf(below, sizeof below, "%s[%zu]", path, at);
            add_facts(table, child, below);
        }
    } else if (json_is_string(value)) {
        add_fact(table, path, json_string_value(value));
    } else if (json_is_number(value)) {
        if (json_is_integer(value)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        else snprintf(text, sizeof text, "%g", json_real_value(value));
        add_fact(table, path, text);
    } else {
        add_fact(table, path, json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "unknown");
    }
}

struct table *tables_manifest(const struct summary *summary)
{
    struct table *table = table_new("How it was measured", "From manifest.json.");
    table_column(table, "setting", "path in manifest.json", false);
    table_column(table, "value", "", false);
    add_facts(table, summary->run->manifest, "");
    return table;
}

/* ---- what each runner costs ---- */

static void add_cost(struct table *table, const char *unit, struct quantity cost)
{
    bool guess = cost.median < 0 && isnan(cost.low); /* two teams alone: a line through noise */
    if (!isnan(cost.median) && !guess) table_cell(table, cost.median, "%s", format_quantity(unit, cost).text);
    else if (isfinite(cost.high)) table_cell(table, NAN, "at most %s", format_value(unit, cost.high).text);
    else table_cell(table, NAN, "-");
}

struct table *tables_models(const struct summary *summary)
{
    struct table *table =
        table_new("What each runner costs",
                  "Fitted to the medians of its cells; a dash where these cannot tell it from the rest.");
    tables_who_columns(table);
    table_column(table, "study", "", false);
    table_column(table, "start, stop", "of no worker: s0 in s0 + s1 p", true);
    table_column(table, "for each worker", "s1", true);
    table_column(table, "a run phase", "whatever it computes: waking up, joining", true);
    table_column(table, "a chunk", "claiming and handing over, to the worker", true);
    table_column(table, "of it in turn", "one worker after the other: what bounds all of them together", true);
    table_column(table, "a byte", "of a task's result", true);
    table_column(table, "tasks together", "their duration, in that of tasks alone", true);
    table_column(table, "off by", "root mean square of predicted/measured - 1", true);
    for (size_t i = 0; i < summary->pool_count; i++) {
        const struct pool_costs *pool = &summary->pools[i];
        if (!pool->fit.n) continue;
        struct cell cell = *pool->cell;
        cell.processes = 0;
        tables_add_who(table, &cell);
        table_cell(table, NAN, "%s", cell.study);
        add_cost(table, "ns", pool->start.fixed_ns);
        add_cost(table, "ns", pool->start.per_worker_ns);
        add_cost(table, "ns", pool->fit.region_ns);
        add_cost(table, "ns", pool->fit.chunk_ns);
        add_cost(table, "ns", pool->fit.chunk_serial_ns);
        add_cost(table, "ns", pool->fit.byte_ns);
        add_cost(table, "ratio", pool->fit.dilation);
        table_cell(table, pool->fit.error, "%s", format_share(pool->fit.error).text);
    }
    table_fold(table);
    return table;
}
