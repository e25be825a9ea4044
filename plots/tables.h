/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.h: the tables of a report, in its order. */
#ifndef BREAKEVEN_TABLES_H
#define BREAKEVEN_TABLES_H

#include "plots/facts.h"
#include "plots/table.h"

/* Each is NULL without memory and empty where there is nothing to say. The caller frees. */
struct table *tables_advice(const struct summary *);
struct table *tables_errors(const struct summary *);
struct table *tables_metg(const struct summary *);
struct table *tables_crossover(const struct summary *);
struct table *tables_models(const struct summary *); /* what each runner costs, as the fitted model has it */
struct table *tables_scaling(const struct summary *);
struct table *tables_budget(const struct summary *);
struct table *tables_latency(const struct summary *);
struct table *tables_study(const struct summary *, const char *study); /* tables_cells.c, as latency */
struct table *tables_manifest(const struct summary *);

/* Does the cell tell how long single tasks took? Not where a claim holds several of them. */
bool tables_has_latency(const struct cell_summary *);

#endif
