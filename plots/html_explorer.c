/* SPDX-License-Identifier: GPL-3.0-or-later */
/* html_explorer.c: what the page's explorer works from: the fitted costs of each runner and the cells beneath. */
#include "plots/html_parts.h"
#include "plots/chart.h"
#include "results/models/whatif.h"
#include "results/summary/summary_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A measured cell: setting, time of the run phase, with start and stop, and the speed-ups of both. */
static json_t *point_to_json(const struct cell_summary *row)
{
    const struct quantity *quantity = row->quantity;
    return json_pack("{sI sI so sI so so so so}", "workers", (json_int_t)row->workers, "tasks", (json_int_t)row->cell->tasks,
                     "task_ns", json_number(quantity[QUANTITY_task_ns].median), "chunk", (json_int_t)row->cell->chunk,
                     "run", json_quantity(quantity[QUANTITY_wall_ns]), "total", json_quantity(quantity[QUANTITY_total_ns]),
                     "speedup", json_quantity(quantity[QUANTITY_speedup]), "speedup_total",
                     json_quantity(quantity[QUANTITY_speedup_total]));
}

static json_t *model_to_json(const struct summary *summary, const struct pool_costs *pool)
{
    json_t *model = summary_model_to_json(pool), *points = json_array();
    for (size_t i = 0; i < pool->count; i++) json_array_append_new(points, point_to_json(pool->cells[i].cell));
    json_object_set_new(model, "cells", points);
    json_object_set_new(model, "start_cell", json_integer((json_int_t)(pool->fit.n / 2)));
    json_object_set_new(model, "hue", json_integer(lines_hue(summary->run, pool->runner) % CHART_HUES));
    return model;
}

void html_models(struct page *page)
{
    json_t *models = json_array();
    for (size_t i = 0; i < page->summary->pool_count; i++)
        if (whatif_able(&page->summary->pools[i]))
            json_array_append_new(models, model_to_json(page->summary, &page->summary->pools[i]));
    char *text = json_dumps(models, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(models);
    if (!text) page->status = -ENOMEM;
    for (const char *at = text; at && *at; at++) /* nothing in it may end the script that it stands in */
        *at == '<' ? fputs("\\u003c", page->out) : putc(*at, page->out);
    free(text);
}
