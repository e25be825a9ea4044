/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/tune.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/cli/options.h"
#include "bench/measure/manifest.h"
#include "bench/measure/rundir.h"
#include "bench/measure/show.h"
#include "kernels/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tune_record_open(struct tune_record *record, const struct options *options, const struct plan *plan)
{
    const char *name = options_given(options, "name") ? options->name : "tune";
    struct reason why = {""};
    *record = (struct tune_record){.options = options, .fd = -1, .began_ns = clock_now_ns(&clock_real)};
    if (rundir_make(options->output, name, record->dir, &why)) return options_complain(options, "%s", why.text);
    record->lock = rundir_lock(record->dir, true, &why);
    if (record->lock == -EWOULDBLOCK) return options_complain(options, "--output %s", why.text);
    record->fd = record_open_samples(record->dir);
    if (record->fd >= 0) record->manifest = manifest_make(plan, name, options);
    int error = record->fd < 0 ? record->fd : manifest_begin(record->dir, record->manifest, plan->topology, &why);
    if (record->fd < 0) reason_set(&why, "cannot write into %s: %s", record->dir, strerror(-error));
    if (!error) return 0;
    options_complain(options, "%s", why.text);
    tune_record_close(record, NULL, error);
    return STATUS_FAILED;
}

static int fail(const struct tune_record *record, const char *file, int error)
{
    options_complain(record->options, "%s/%s cannot be written any more: %s; what was measured before is kept", record->dir, file,
                     strerror(-error));
    return error;
}

/* Into memory; the manifest on disk follows. */
static int append(struct tune_record *record, const struct cell *cell, const struct plan_cell *extra)
{
    struct cell *cells = realloc(record->cells, (record->cell_count + 1) * sizeof *cells);
    if (!cells) return -ENOMEM;
    record->cells = cells;
    struct cell *new = &cells[record->cell_count];
    *new = *cell;
    new->id = new->duplicate = new->baseline = record->cell_count;
    for (unsigned i = 0; i < record->cell_count && new->baseline == new->id; i++)
        if (cells_same(&cells[i], new, CELLS_PROBLEM)) new->baseline = i;
    json_t *manifest = record->manifest;
    json_array_append_new(json_object_get(manifest, "cells"), cell_to_json(new));
    json_array_append_new(json_object_get(manifest, "task_ns"), json_real(extra->task_ns));
    json_array_append_new(json_object_get(manifest, "warmup"), json_integer(extra->warmup));
    json_array_append_new(json_object_get(manifest, "warmup_tasks"), json_integer((json_int_t)new->tasks));
    json_array_append_new(json_object_get(manifest, "deadline_ns"), json_integer((json_int_t)extra->deadline_ns));
    return (int)record->cell_count++;
}

int tune_record_cell(struct tune_record *record, const struct cell *cell, const struct plan_cell *extra)
{
    for (unsigned i = 0; i < record->cell_count; i++)
        if (cells_same(&record->cells[i], cell, CELLS_ALL & ~(CELLS_STUDY | CELLS_TASK_TIME))) return (int)i;
    int id = append(record, cell, extra);
    int error = id < 0 ? id : manifest_write(record->dir, record->manifest); /* before the first sample that names it */
    return error ? fail(record, "manifest.json", error) : id;
}

int tune_record_cells(struct tune_record *record, const struct plan *plan)
{
    int first = (int)record->cell_count, error = 0;
    for (unsigned i = 0; i < plan->cell_count && error >= 0; i++)
        error = append(record, &plan->cells[i], &plan->extra[i]);
    if (error >= 0) error = manifest_write(record->dir, record->manifest);
    return error < 0 ? fail(record, "manifest.json", error) : first;
}

int tune_record_sample(struct tune_record *record, const struct sample *sample)
{
    int error = record_append_sample(record->fd, sample);
    return error ? fail(record, "samples.jsonl", error) : 0;
}

int tune_record_hold(struct tune_record *record, struct sample *sample)
{
    struct sample *held = realloc(record->held, (record->held_count + 1) * sizeof *held);
    if (held) {
        record->held = held;
        held[record->held_count++] = *sample;
    } else sample_free(sample);
    return held ? 0 : -ENOMEM;
}

int tune_record_settle(struct tune_record *record, bool dropped)
{
    int error = 0;
    for (size_t i = 0; i < record->held_count; i++) {
        struct sample *sample = &record->held[i];
        if (dropped) sample_suspect(sample, SUSPICION_capacity);
        if (!error) error = tune_record_sample(record, sample);
        sample_free(sample);
    }
    record->held_count = 0;
    return error;
}

void tune_record_close(struct tune_record *record, json_t *tuning, int error)
{
    enum { SUMMED_MAX = 1000 }; /* cells; more are a benchmark's, which has a table of its own */
    struct shown shown;
    tune_record_settle(record, false);
    interrupt_unwatch();
    if (record->manifest) {
        const char *stopped = error == -EINTR ? "interrupted" : error ? "error" : "search";
        if (tuning) json_object_set(record->manifest, "tuning", tuning);
        manifest_finish(record->manifest, !error, stopped, clock_now_ns(&clock_real) - record->began_ns);
        int written = manifest_write(record->dir, record->manifest);
        if (written) fail(record, "manifest.json", written);
        rundir_point(record->dir);
        if (record->cell_count && record->cell_count <= SUMMED_MAX && !error &&
            !show_open(record->options, record->dir, &shown)) {
            show_write(record->options, &shown, false);
            show_close(&shown);
        }
    }
    json_decref(tuning);
    json_decref(record->manifest);
    free(record->cells);
    free(record->held);
    if (record->fd >= 0) close(record->fd);
    if (record->lock > 0) close(record->lock);
}
