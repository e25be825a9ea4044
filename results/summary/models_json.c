/* SPDX-License-Identifier: GPL-3.0-or-later */
/* models_json.c: the runners' fitted costs in summary.json. */
#include "results/models/whatif.h"
#include "results/summary/summary_json.h"

#include <math.h>

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_quantity(struct quantity quantity)
{
    return json_pack("{so so so sI}", "median", json_number(quantity.median), "low", json_number(quantity.low), "high",
                     json_number(quantity.high), "n", (json_int_t)quantity.n);
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(array, json_number(values[i]));
    return array;
}

/* Names of what the points of a fit did not tell apart. */
static json_t *unknown_to_json(const struct pool_fit *fit)
{
    const struct {
        const char *name;
        double median;
    } all[] = {{"region_ns", fit->region_ns.median},
               {"chunk_ns", fit->chunk_ns.median},
               {"chunk_serial_ns", fit->chunk_serial_ns.median},
               {"dilation", fit->dilation.median},
               {"byte_ns", fit->byte_ns.median},
               {"spread_ns", fit->spread_ns.median}};
    json_t *names = json_array();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (isnan(all[i].median)) json_array_append_new(names, json_string(all[i].name));
    return names;
}

static json_t *fit_to_json(const struct pool_fit *fit)
{
    struct quantity parallel = {fit->chunk_ns.median - fit->chunk_serial_ns.median, NAN, fit->chunk_ns.high, fit->n};
    if (!fit->n) return json_null();
    json_t *covariance = json_array();
    for (size_t i = 0; i < POOL_SERIAL; i++)
        json_array_append_new(covariance, numbers(fit->covariance[i], POOL_SERIAL));
    return json_pack("{so so so so so so so so so sb sI so so so so}", "region_ns", json_quantity(fit->region_ns), "chunk_ns",
                     json_quantity(fit->chunk_ns), "chunk_serial_ns", json_quantity(fit->chunk_serial_ns),
                     "chunk_worker_ns", json_quantity(parallel), "dilation", json_quantity(fit->dilation),
                     "byte_ns", json_quantity(fit->byte_ns), "spread_ns", json_quantity(fit->spread_ns),
                     "not_identifiable", unknown_to_json(fit), "error", json_number(fit->error), "saturated",
                     (int)fit->saturated, "n", (json_int_t)fit->n, "value", numbers(fit->value, POOL_TERMS),
                     "covariance", covariance, "scatter", json_number(fit->scatter), "t", json_number(fit->t));
}

static json_t *start_to_json(const struct pool_start *start)
{
    return json_pack("{so so so s[o,o] so so so}", "fixed_ns", json_quantity(start->fixed_ns), "per_worker_ns",
                     json_quantity(start->per_worker_ns), "value", numbers(start->value, 2), "covariance",
                     numbers(start->covariance[0], 2), numbers(start->covariance[1], 2), "scatter",
                     json_number(start->scatter), "t", json_number(start->t), "only_workers",
                     start->only > 0 ? json_number(start->only) : json_null());
}

/* Where the fit may be asked: ranges of what was measured, null where that is not known. */
static json_t *ground_to_json(const struct whatif_ground *ground)
{
    static const char *const own[] = {NULL, "one", "share"};
    json_t *object = json_object();
    for (unsigned axis = 0; axis < WHATIF_AXES; axis++) {
        const double range[] = {ground->range[axis].low, ground->range[axis].high};
        json_object_set_new(object, whatif_axis_names[axis], isnan(range[0]) ? json_null() : numbers(range, 2));
    }
    json_object_set_new(object, "own_chunk", own[ground->own] ? json_string(own[ground->own]) : json_null());
    json_object_set_new(object, "own_chunk_measured", json_boolean(ground->own_measured));
    return object;
}

json_t *summary_who_to_json(const struct cell *cell)
{
    return json_pack("{ss ss ss ss ss}", "study", cell->study, "kernel", cell->label, "runner", cell->runner,
                     "schedule", cell->schedule, "placement", cell->placement);
}

json_t *summary_model_to_json(const struct pool_costs *pool)
{
    json_t *object = summary_who_to_json(pool->cell), *cells = json_array();
    for (size_t i = 0; i < pool->count; i++)
        json_array_append_new(cells,
                              json_pack("{sI so so}", "cell", (json_int_t)pool->cells[i].cell->cell->id, "wall_ns",
                                        json_number(pool->cells[i].cell->quantity[QUANTITY_wall_ns].median), "predicted_ns",
                                        json_number(pool->cells[i].predicted_ns)));
    json_t *rest = json_pack("{so so so so so so}", "start", start_to_json(&pool->start), "fit", fit_to_json(&pool->fit),
                             "predicts", json_boolean(whatif_able(pool)), "measured", ground_to_json(&pool->ground),
                             "fit_max_workers",
                             pool->fit_max_workers == UINT32_MAX ? json_null() : json_integer(pool->fit_max_workers),
                             "cells", cells);
    json_object_update_new(object, rest);
    return object;
}

json_t *summary_models_to_json(const struct summary *summary)
{
    json_t *models = json_array();
    for (size_t i = 0; i < summary->pool_count; i++)
        json_array_append_new(models, summary_model_to_json(&summary->pools[i]));
    return models;
}
