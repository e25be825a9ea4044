/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 256 << 20 };

static json_t *load(const char *dir, unsigned cell, unsigned block, int *status)
{
    char path[4300];
    struct stat facts;
    *status = -EINVAL;
    if ((size_t)snprintf(path, sizeof path, "%s/timeline/%u-%u.json", dir, cell, block) >= sizeof path) return NULL;
    if (stat(path, &facts)) *status = -errno;
    else if (S_ISREG(facts.st_mode) && facts.st_size <= FILE_MAX) return json_load_file(path, 0, NULL);
    return NULL;
}

/* One call of the kernel; false: another event, or a damaged one. */
static bool span_of(const json_t *event, struct trace_span *span)
{
    const char *phase = json_string_value(json_object_get(event, "ph")),
               *kind = json_string_value(json_object_get(event, "cat"));
    json_int_t worker = json_integer_value(json_object_get(event, "tid"));
    double begin = 1e3 * json_number_value(json_object_get(event, "ts")),
           length = 1e3 * json_number_value(json_object_get(event, "dur"));
    if (!phase || !kind || strcmp(phase, "X") || strcmp(kind, "kernel") || worker < 0 || worker > 1 << 20 ||
        !(length >= 0) || !isfinite(begin + length))
        return false;
    *span = (struct trace_span){(unsigned)worker, begin, begin + length};
    return true;
}

static int by_worker_and_time(const void *left, const void *right)
{
    const struct trace_span *a = left, *b = right;
    if (a->worker != b->worker) return a->worker < b->worker ? -1 : 1;
    return (a->begin_ns > b->begin_ns) - (a->begin_ns < b->begin_ns);
}

int trace_read(const char *dir, unsigned cell, unsigned block, double gap_ns, struct trace_span **spans, size_t *count)
{
    int status;
    json_t *file = load(dir, cell, block, &status), *events = json_object_get(file, "traceEvents"), *event;
    struct trace_span *made = json_is_array(events) ? malloc((json_array_size(events) + 1) * sizeof *made) : NULL;
    size_t at, n = 0, kept = 0;
    if (json_is_array(events) && !made) status = -ENOMEM;
    if (made) {
        json_array_foreach (events, at, event) n += span_of(event, &made[n]);
        qsort(made, n, sizeof *made, by_worker_and_time);
        for (size_t i = 0; i < n; i++) {
            struct trace_span *last = kept ? &made[kept - 1] : NULL;
            if (last && last->worker == made[i].worker && made[i].begin_ns - last->end_ns <= gap_ns)
                last->end_ns = fmax(last->end_ns, made[i].end_ns);
            else made[kept++] = made[i];
        }
        *spans = made;
        *count = kept;
        status = 0;
    }
    json_decref(file);
    return status;
}
