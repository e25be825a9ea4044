/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/tune_axes.h"

#include "results/record/record.h"
#include "results/summary/summary_json.h"

#include <errno.h>
#include <gsl/gsl_statistics_double.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One setting's figures, in seconds. */
struct row {
    const struct search_point *point;
    char *command;
    size_t n;
    double *times, mean, deviation, median, user, system, least, most;
    json_t *bytes; /* peak memory of each run */
};

struct table {
    const struct tune_axes *axes;
    size_t count;
    struct row *rows;
};

int tune_export_add(struct tune_export *export, const struct search_point *point, const struct command_result *result)
{
    struct tune_export_run *runs = realloc(export->runs, (export->count + 1) * sizeof *runs);
    if (!runs) return -ENOMEM;
    export->runs = runs;
    runs[export->count++] = (struct tune_export_run){*point, (double)result->wall_ns / 1e9, (double)result->user_ns / 1e9,
                                                     (double)result->system_ns / 1e9, result->peak_rss_bytes};
    return 0;
}

void tune_export_free(struct tune_export *export)
{
    free(export->runs);
    *export = (struct tune_export){0, NULL};
}

/* Below 0, 0, above 0: which setting is listed first. */
static int order(const struct tune_axes *axes, const struct search_point *a, const struct search_point *b)
{
    for (size_t i = 0; i < axes->count; i++)
        if (a->level[i] != b->level[i]) return a->level[i] < b->level[i] ? -1 : 1;
    return 0;
}

size_t tune_export_runs(const struct tune_export *export, const struct tune_axes *axes, const struct search_point *point)
{
    size_t count = 0;
    for (size_t i = 0; i < export->count; i++) count += !order(axes, &export->runs[i].point, point);
    return count;
}

static int row_make(struct row *row, const struct tune_export *export, const struct tune_axes *axes,
                    const struct search_point *point, const struct command *command)
{
    struct command_value values[SEARCH_AXES];
    tune_axes_values(axes, point, values);
    *row = (struct row){.point = point, .bytes = json_array(), .times = calloc(export->count, sizeof *row->times)};
    row->command = command_line(command, values, axes->count); /* its variables, too, tell one from another */
    if (!row->command || !row->times || !row->bytes) return -ENOMEM;
    for (size_t i = 0; i < export->count; i++) {
        const struct tune_export_run *run = &export->runs[i];
        if (order(axes, &run->point, point)) continue;
        row->times[row->n++] = run->wall_s;
        row->user += run->user_s;
        row->system += run->system_s;
        json_array_append_new(row->bytes, json_integer(run->peak_bytes));
    }
    row->user /= (double)row->n, row->system /= (double)row->n;
    row->mean = gsl_stats_mean(row->times, 1, row->n);
    row->deviation = row->n > 1 ? gsl_stats_sd(row->times, 1, row->n) : NAN;
    gsl_stats_minmax(&row->least, &row->most, row->times, 1, row->n);
    row->median = stats_quantile(row->times, row->n, 0.5);
    return 0;
}

static void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->rows[i].command);
        free(table->rows[i].times);
        json_decref(table->rows[i].bytes);
    }
    free(table->rows);
}

static int table_make(struct table *table, const struct tune_export *export, const struct tune_axes *axes,
                      const struct command *command)
{
    *table = (struct table){axes, 0, calloc(export->count + 1, sizeof *table->rows)};
    int error = table->rows ? 0 : -ENOMEM;
    for (size_t i = 0; !error && i < export->count; i++) {
        const struct search_point *point = &export->runs[i].point;
        size_t place = 0;
        while (place < table->count && order(axes, table->rows[place].point, point) < 0) place++;
        struct row *row = &table->rows[place];
        if (place < table->count && !order(axes, row->point, point)) continue;
        memmove(row + 1, row, (table->count++ - place) * sizeof *row);
        error = row_make(row, export, axes, point, command);
    }
    return error;
}

static const char *setting(const struct table *table, const struct row *row, size_t axis)
{
    return table->axes->axis[axis].texts[row->point->level[axis]];
}

static json_t *row_json(const struct table *table, const struct row *row)
{
    json_t *times = json_array(), *codes = json_array(), *parameters = json_object();
    for (size_t i = 0; i < row->n; i++) {
        json_array_append_new(times, json_real(row->times[i]));
        json_array_append_new(codes, json_integer(0));
    }
    for (size_t i = 0; i < table->axes->count; i++)
        json_object_set_new(parameters, table->axes->axis[i].name, text_to_json(setting(table, row, i)));
    return json_pack("{so sf so sf sf sf sf sf so sO so so}", "command", text_to_json(row->command), "mean", row->mean,
                     "stddev", json_number(row->deviation), "median", row->median,
                     "user", row->user, "system", row->system, "min", row->least, "max", row->most, "times", times,
                     "memory_usage_byte", row->bytes, "exit_codes", codes, "parameters", parameters);
}

static void write_json(const struct table *table, FILE *file)
{
    json_t *results = json_array();
    for (size_t i = 0; i < table->count; i++) json_array_append_new(results, row_json(table, &table->rows[i]));
    json_t *whole = json_pack("{so}", "results", results);
    if (whole) json_dumpf(whole, file, JSON_INDENT(2));
    fputc('\n', file);
    json_decref(whole);
}

static void write_csv(const struct table *table, FILE *file)
{
    fputs("command,mean,stddev,median,user,system,min,max", file);
    for (size_t i = 0; i < table->axes->count; i++) fprintf(file, ",parameter_%s", table->axes->axis[i].name);
    fputc('\n', file);
    for (size_t r = 0; r < table->count; r++) {
        const struct row *row = &table->rows[r];
        const double values[] = {row->mean, row->deviation, row->median, row->user, row->system, row->least, row->most};
        summary_csv_text(file, row->command);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            if (isnan(values[i])) fputc(',', file);
            else fprintf(file, ",%.9g", values[i]);
        for (size_t i = 0; i < table->axes->count; i++) {
            fputc(',', file);
            summary_csv_text(file, setting(table, row, i));
        }
        fputc('\n', file);
    }
}

static void write_markdown(const struct table *table, FILE *file)
{
    const struct row *best = table->rows;
    for (size_t r = 1; r < table->count; r++)
        if (table->rows[r].mean < best->mean) best = &table->rows[r];
    bool seconds = table->count && best->mean >= 1;
    const char *unit = seconds ? "s" : "ms";
    double scale = seconds ? 1 : 1e3;
    fprintf(file, "| Command | Mean [%s] | Min [%s] | Max [%s] | Relative |\n|:---|---:|---:|---:|---:|\n", unit, unit, unit);
    for (size_t r = 0; r < table->count; r++) {
        const struct row *row = &table->rows[r];
        double ratio = row->mean / best->mean;
        fputs("| `", file);
        for (const char *c = row->command; *c; c++)
            fputs(*c == '|' ? "\\|" : (char[2]){*c == '\n' ? ' ' : *c, '\0'}, file);
        fprintf(file, "` | %.*f", seconds ? 3 : 1, row->mean * scale);
        if (!isnan(row->deviation)) fprintf(file, " \u00b1 %.*f", seconds ? 3 : 1, row->deviation * scale);
        fprintf(file, " | %.*f | %.*f | %.2f", seconds ? 3 : 1, row->least * scale, seconds ? 3 : 1, row->most * scale, ratio);
        if (row != best && !isnan(row->deviation) && !isnan(best->deviation))
            fprintf(file, " \u00b1 %.2f", ratio * hypot(row->deviation / row->mean, best->deviation / best->mean));
        fputs(" |\n", file);
    }
}

int tune_export_write(const struct tune_export *export, const struct options *options, const struct tune_axes *axes,
                      const struct command *command)
{
    const struct {
        const char *path;
        void (*write)(const struct table *, FILE *);
    } wanted[] = {{options->export_json, write_json}, {options->export_csv, write_csv},
                  {options->export_markdown, write_markdown}};
    struct table table;
    int status = 0;
    if (table_make(&table, export, axes, command)) status = options_complain(options, "no memory");
    for (size_t i = 0; !status && i < sizeof wanted / sizeof *wanted; i++) {
        if (!wanted[i].path) continue;
        FILE *file = fopen(wanted[i].path, "we");
        int error = file ? 0 : errno;
        if (file) {
            wanted[i].write(&table, file);
            if (ferror(file)) error = EIO;
            if (fclose(file)) error = errno;
        }
        if (error) status = options_complain(options, "cannot write %s: %s", wanted[i].path, strerror(error));
    }
    table_free(&table);
    return status;
}
