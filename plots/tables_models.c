/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables_models.c: what each runner costs, as the fitted model has it. */
#include "plots/format.h"
#include "plots/tables.h"

#include <math.h>
#include <string.h>

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
    table_column(table, "runner", "", false);
    table_column(table, "kernel", "what the tasks compute", false);
    table_column(table, "schedule", "", false);
    table_column(table, "placement", "", false);
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
        table_row(table);
        table_cell(table, NAN, "%s", pool->runner);
        table_cell(table, NAN, "%s", pool->kernel);
        table_cell(table, NAN, "%s", pool->schedule);
        table_cell(table, NAN, "%s", pool->placement);
        table_cell(table, NAN, "%s", pool->study);
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
