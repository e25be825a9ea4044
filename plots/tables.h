/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.h: the tables of a report, in its order. */
#ifndef BREAKEVEN_TABLES_H
#define BREAKEVEN_TABLES_H

#include "plots/facts.h"
#include "plots/format.h"
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

/* What the files that make tables share. */
void tables_add_quantity(struct table *, const char *unit, struct quantity); /* the next cell: value and interval */
void tables_add_count(struct table *, uint64_t);
/* "openmp 4", "hybrid 2 x 4", "serial"; without processes the runner alone. */
void tables_team(char *out, size_t size, const struct cell *);
/* Runner, kernel, schedule and placement: the columns, and a new row with them. */
void tables_who_columns(struct table *);
void tables_add_who(struct table *, const struct cell *);

#endif
