/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary_json.c: the summary as summary.json and summary.csv. Numbers that are none are null, or an empty field. */
#include "results/models/summary_parts.h"
#include "results/summary/summary_json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED = JSON_INDENT(1) | JSON_REAL_PRECISION(12) };

static json_t *words_to_json(const char *words)
{
    json_t *array = json_array();
    char copy[128], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        json_array_append_new(array, json_string(word));
    return array;
}

static json_t *budget_to_json(const struct budget *b)
{
    if (!b->n) return json_null();
    return json_pack("{so so so so so so so so sb so so so so so so so so so so so sI}", "core_ns", json_number(b->core_ns), "work",
                     json_number(b->work), "dilation", json_number(b->dilation), "start_stop", json_number(b->start_stop), "dispatch",
                     json_number(b->dispatch), "tail", json_number(b->tail), "gather", json_number(b->gather), "residual",
                     json_number(b->residual), "marked",
                     (int)b->marked, "load_balance", json_number(b->load_balance), "communication", json_number(b->communication),
                     "computation_scaling", json_number(b->computation_scaling), "efficiency", json_number(b->efficiency), "transfer", json_number(b->transfer),
                     "serialisation", json_number(b->serialisation),
                     "process_load_balance", json_number(b->process_load_balance), "process_communication",
                     json_number(b->process_communication), "thread_load_balance", json_number(b->thread_load_balance),
                     "thread_communication", json_number(b->thread_communication), "instrumentation",
                     json_number(b->instrumentation), "n", (json_int_t)b->n);
}

/* A cell's row: its configuration as the manifest has it, the figures, the counts. */
static json_t *row_to_json(const struct cell_summary *row)
{
    json_t *object = cell_to_json(row->cell);
    if (!object) return NULL;
    for (size_t i = 0; i < QUANTITIES; i++)
        json_object_set_new(object, quantity_kinds[i].name, json_quantity(row->quantity[i]));
    json_object_set_new(object, "budget", budget_to_json(&row->budget));
    json_object_set_new(object, "workers", json_integer(row->workers));
    json_object_set_new(object, "samples", json_integer((json_int_t)row->samples));
    json_object_set_new(object, "outliers", json_integer((json_int_t)row->outliers));
    json_object_set_new(object, "autocorrelated", json_boolean(row->autocorrelated));
    json_object_set_new(object, "verified", json_string(row->verified));
    json_object_set_new(object, "errors", json_integer((json_int_t)row->errors));
    json_object_set_new(object, "error", json_string(row->error));
    json_object_set_new(object, "stopped", json_integer((json_int_t)row->stopped));
    json_object_set_new(object, "suspects", json_integer((json_int_t)row->suspects));
    json_object_set_new(object, "suspect", words_to_json(row->suspect));
    return object;
}

/* Whose it is, and the rest, which it takes over. */
static json_t *line_to_json(const struct cell *cell, bool team, json_t *rest)
{
    json_t *object = summary_who_to_json(cell);
    json_object_set_new(object, "chunk", json_integer((json_int_t)cell->chunk));
    if (team) json_object_set_new(object, "processes", json_integer(cell->processes));
    if (team) json_object_set_new(object, "threads", json_integer(cell->threads));
    json_object_update_new(object, rest);
    return object;
}

static json_t *metg_to_json(const struct metg *m)
{
    json_t *rest =
        json_pack("{so sb sb so so so so so}", "efficiency", json_number(m->efficiency), "reached", (int)m->reached, "bound",
                  (int)m->bound, "granularity_ns", json_quantity(m->granularity_ns), "work_ns",
                  json_quantity(m->work_ns), "smallest_ns", json_number(m->smallest_ns), "largest_ns",
                  json_number(m->largest_ns), "best_efficiency", json_number(m->best_efficiency));
    return line_to_json(m->cell, true, rest);
}

static json_t *crossover_to_json(const struct crossover *c)
{
    json_t *rest =
        json_pack("{sI so so sb so sb so sb so so so ss}", "task_time_ns", (json_int_t)c->cell->task_time_ns, "task_ns",
                  json_number(c->task_ns), "tasks", json_quantity(c->tasks), "never", c->tasks.median == INFINITY,
                  "warm_task_ns", json_quantity(c->warm_task_ns), "warm_bound", (int)c->warm_bound, "cold_task_ns",
                  json_quantity(c->cold_task_ns), "cold_bound", (int)c->cold_bound, "predicted_tasks",
                  json_number(c->predicted_tasks), "predicted_warm_task_ns", json_number(c->predicted_warm_task_ns),
                  "predicted_cold_task_ns", json_number(c->predicted_cold_task_ns), "calibration", c->calibration);
    return line_to_json(c->cell, true, rest);
}

static json_t *usl_to_json(const struct usl_fit *u)
{
    if (!u->n) return json_null();
    struct quantity sigma = {u->sigma, u->sigma_low, u->sigma_high, u->n},
                    kappa = {u->kappa, u->kappa_low, u->kappa_high, u->n},
                    peak = {u->peak, u->peak_low, u->peak_high, u->n};
    return json_pack("{so so so so so sb so}", "t1", json_number(u->t1), "gamma", json_number(u->gamma), "sigma",
                     json_quantity(sigma), "kappa", json_quantity(kappa), "peak", json_quantity(peak),
                     "peak_seen", (int)u->peak_seen, "p_max", json_number(u->p_max));
}

static json_t *scaling_to_json(const struct scaling *s)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < s->count; i++) json_array_append_new(cells, json_integer(s->cells[i]->cell->id));
    struct quantity amdahl = {s->amdahl.fraction, s->amdahl.low, s->amdahl.high, s->amdahl.n};
    json_t *rest = json_pack("{sI so so so so so so}", "tasks", (json_int_t)s->cell->tasks, "cells", cells, "best",
                             s->best ? json_integer(s->best->cell->id) : json_null(), "enough",
                             s->enough ? json_integer(s->enough->cell->id) : json_null(), "fit_max_workers",
                             s->fit_max_workers == UINT32_MAX ? json_null() : json_integer(s->fit_max_workers),
                             "amdahl", s->amdahl.n ? json_quantity(amdahl) : json_null(), "usl", usl_to_json(&s->usl));
    return line_to_json(s->cell, false, rest);
}

static json_t *advice_to_json(const struct advice *a)
{
    return json_pack("{ss sI sI sI sI so so ss}", "kernel", a->kernel, "task_time_ns", (json_int_t)a->task_time_ns,
                     "tasks", (json_int_t)a->tasks, "best", (json_int_t)a->best->cell->id, "warm",
                     (json_int_t)a->warm->cell->id, "gain", json_quantity(a->gain), "warm_gain",
                     json_quantity(a->warm_gain), "sentence", a->sentence);
}

/* Everything but the cells. */
static json_t *head_to_json(const struct summary *summary)
{
    json_t *scalings = json_array(), *metgs = json_array(), *crossovers = json_array(), *advices = json_array(),
           *findings = json_array();
    for (size_t i = 0; i < summary->scaling_count; i++)
        json_array_append_new(scalings, scaling_to_json(&summary->scalings[i]));
    for (size_t i = 0; i < summary->metg_count; i++) json_array_append_new(metgs, metg_to_json(&summary->metgs[i]));
    for (size_t i = 0; i < summary->crossover_count; i++)
        json_array_append_new(crossovers, crossover_to_json(&summary->crossovers[i]));
    for (size_t i = 0; i < summary->advice_count; i++)
        json_array_append_new(advices, advice_to_json(&summary->advices[i]));
    for (size_t i = 0; i < summary->finding_count; i++)
        json_array_append_new(findings, json_pack("{ss ss}", "topic", topic_kinds[summary->findings[i].topic].name, "text",
                                                  summary->findings[i].text));
    return json_pack("{si ss sb sb s{ss ss} sO* so so so so so so}", "schema", RECORD_SCHEMA, "run", summary->run->name,
                     "complete", (int)summary->run->complete, "simulated", (int)summary->run->simulated, "trust",
                     "verdict", trust_names[summary->trust.verdict], "reasons", summary->trust.reasons, "host",
                     json_object_get(summary->run->manifest, "host"), "findings", findings, "advice", advices, "metg",
                     metgs, "crossovers", crossovers, "models", summary_models_to_json(summary), "scaling", scalings);
}

json_t *summary_to_json(const struct summary *summary)
{
    json_t *object = head_to_json(summary), *cells = json_array();
    for (size_t i = 0; i < summary->cell_count; i++) json_array_append_new(cells, row_to_json(&summary->cells[i]));
    json_object_set_new(object, "cells", cells);
    return object;
}

/* A row two steps in: a newline is never part of a text in JSON. */
static int indented(const char *bytes, size_t size, void *out)
{
    for (size_t i = 0; i < size; i++) {
        fputc(bytes[i], out);
        if (bytes[i] == '\n') fputs("  ", out);
    }
    return ferror((FILE *)out) ? -1 : 0;
}

static int print_row(const struct cell_summary *row, FILE *out)
{
    json_t *object = row_to_json(row);
    int status = object ? json_dump_callback(object, indented, out, PRINTED) : -1;
    json_decref(object);
    return status;
}

int summary_json_print(const struct summary *summary, FILE *out)
{
    json_t *head = head_to_json(summary);
    char *text = head ? json_dumps(head, PRINTED) : NULL;
    size_t length = text ? strlen(text) : 0;
    int status = length > 2 ? 0 : -1;
    json_decref(head);
    if (!status) fprintf(out, "%.*s,\n \"cells\": [", (int)length - 2, text); /* without its last "\n}" */
    free(text);
    for (size_t i = 0; !status && i < summary->cell_count; i++) {
        fputs(i ? ",\n  " : "\n  ", out);
        status = print_row(&summary->cells[i], out);
    }
    fputs(summary->cell_count ? "\n ]\n}" : "]\n}", out);
    return ferror(out) ? -EIO : status ? -ENOMEM : 0;
}

void summary_csv_text(FILE *out, const char *text)
{
    bool plain = !strpbrk(text, ",\"\r\n");
    if (!plain) fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    if (!plain) fputc('"', out);
}

static void csv_number(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value)) fprintf(out, "%.12g", value);
}

static void csv_head(FILE *out)
{
    fputs("cell,study,kernel,runner,schedule,placement,processes,threads,workers,chunk,tasks,size,task_time_ns,samples,"
          "errors,suspects,outliers,verified,suspect,error",
          out);
    for (size_t i = 0; i < QUANTITIES; i++)
        fprintf(out, ",%s,%s_low,%s_high", quantity_kinds[i].name, quantity_kinds[i].name, quantity_kinds[i].name);
    fputs(",budget_work,budget_dilation,budget_start_stop,budget_dispatch,budget_tail,budget_gather,budget_residual,stopped\r\n", out);
}

static void csv_row(FILE *out, const struct cell_summary *row)
{
    const struct cell *cell = row->cell;
    /* "none" is a missing value to many readers of CSV, and a column of 0 and 1 a column of truths. */
    const char *placement = strcmp(cell->placement, "none") ? cell->placement : "unbound";
    const char *const texts[] = {cell->study, cell->kernel, cell->runner, cell->schedule, placement};
    fprintf(out, "%u", cell->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fputc(',', out);
        summary_csv_text(out, texts[i]);
    }
    char chunk[24] = "default";
    if (cell->chunk) snprintf(chunk, sizeof chunk, "%llu", (unsigned long long)cell->chunk);
    fprintf(out, ",%u,%u,%u,%s,%llu,%llu,%llu,%zu,%zu,%zu,%zu,", cell->processes, cell->threads, row->workers, chunk,
            (unsigned long long)cell->tasks, (unsigned long long)cell->size, (unsigned long long)cell->task_time_ns, row->samples, row->errors, row->suspects, row->outliers);
    summary_csv_text(out, row->verified);
    fputc(',', out);
    summary_csv_text(out, row->suspect);
    fputc(',', out);
    summary_csv_text(out, row->error);
    for (size_t i = 0; i < QUANTITIES; i++) {
        csv_number(out, row->quantity[i].median);
        csv_number(out, row->quantity[i].low);
        csv_number(out, row->quantity[i].high);
    }
    const struct budget *b = &row->budget;
    const double shares[] = {b->work, b->dilation, b->start_stop, b->dispatch, b->tail, b->gather, b->residual};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) csv_number(out, b->n ? shares[i] : NAN);
    fprintf(out, ",%zu\r\n", row->stopped);
}

char *summary_to_csv(const struct summary *summary)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    locale_t before = parts_locale_enter();
    csv_head(out);
    for (size_t i = 0; i < summary->cell_count; i++) csv_row(out, &summary->cells[i]);
    parts_locale_leave(before);
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

static char *json_text(const struct summary *summary, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    int status = out ? summary_json_print(summary, out) : -ENOMEM;
    if (out && fclose(out)) status = -ENOMEM;
    if (!status) return text;
    free(text);
    return NULL;
}

int summary_write(const struct summary *summary, const char *dir)
{
    size_t size = 0;
    char *text = json_text(summary, &size);
    int status = text ? record_write_file(dir, "summary.json", text, size) : -ENOMEM;
    free(text);
    if (status) return status;
    text = summary_to_csv(summary);
    status = text ? record_write_file(dir, "summary.csv", text, strlen(text)) : -ENOMEM;
    free(text);
    return status;
}
