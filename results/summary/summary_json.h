/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary_json.h: what the files that write summary.json share, and the parts that the page takes too. Each returns a
 * new reference. */
#ifndef BREAKEVEN_SUMMARY_JSON_H
#define BREAKEVEN_SUMMARY_JSON_H

#include "results/models/summary.h"

#include <jansson.h>
#include <stdio.h>

/* null where it is no number */
json_t *json_number(double value);
json_t *json_quantity(struct quantity);

/* Study, kernel, runner, schedule and placement. (models_json.c) */
json_t *summary_who_to_json(const struct cell *);

/* One runner's fitted costs, with all that a prediction needs (whatif.h). (models_json.c) */
json_t *summary_model_to_json(const struct pool_costs *);
json_t *summary_models_to_json(const struct summary *);

/* A field of CSV by RFC 4180: quoted where it holds a comma, a quote or a line end. */
void summary_csv_text(FILE *, const char *text);

#endif
