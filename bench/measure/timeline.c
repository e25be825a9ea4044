/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void timeline_path(char *path, size_t size, const char *dir, unsigned cell, unsigned block)
{
    snprintf(path, size, "%s/timeline/%u-%u.json", dir, cell, block);
}

/* The trace-event format counts in us; whole numbers keep every ns in any locale. */
static void put_us(FILE *out, const char *key, int64_t ns)
{
    fprintf(out, "\"%s\":%s%" PRId64 ".%03" PRId64, key, ns < 0 ? "-" : "", (ns < 0 ? -ns : ns) / 1000,
            (ns < 0 ? -ns : ns) % 1000);
}

static void put_name(FILE *out, const char *what, unsigned process, unsigned thread, const char *name)
{
    fprintf(out, "{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":\"%s\"}},\n", what, process,
            thread, name);
}

static uint64_t put_worker(FILE *out, const struct spans *spans, unsigned worker, int64_t began_ns)
{
    unsigned count;
    uint64_t dropped;
    const struct span_event *events = spans_events(spans, worker, &count, &dropped);
    for (unsigned i = 0; i < count; i++) {
        const struct span_event *event = &events[i];
        uint64_t tasks = event->end - event->begin;
        fprintf(out, "{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"kernel\",\"pid\":%u,\"tid\":%u,",
                tasks == 1 ? "task" : "chunk", worker / spans->threads, worker);
        put_us(out, "ts", event->began_ns - began_ns);
        fputc(',', out);
        put_us(out, "dur", event->ended_ns - event->began_ns);
        fprintf(out, ",\"args\":{\"first\":%" PRIu64 ",\"tasks\":%" PRIu64 "}},\n", event->begin, tasks);
    }
    return dropped;
}

static void put_all(FILE *out, const struct repetition *repetition, const struct spans *spans, int64_t began_ns,
                    const struct sample *sample)
{
    uint64_t dropped = 0;
    char name[160];
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
    for (unsigned w = 0; w < spans->workers; w++) {
        snprintf(name, sizeof name, "%s process %u", repetition->runner->name, w / spans->threads);
        if (w % spans->threads == 0) put_name(out, "process_name", w / spans->threads, w, name);
        snprintf(name, sizeof name, "worker %u on cpus %s", w, sample->workers[w].cpus);
        put_name(out, "thread_name", w / spans->threads, w, name);
        dropped += put_worker(out, spans, w, began_ns);
    }
    unsigned last = spans->workers / spans->threads;
    put_name(out, "process_name", last, spans->workers, "the caller");
    fprintf(out, "{\"ph\":\"X\",\"name\":\"run phase\",\"cat\":\"run\",\"pid\":%u,\"tid\":%u,\"ts\":0,", last,
            spans->workers);
    put_us(out, "dur", sample->wall_ns);
    fputs("}\n],\"otherData\":{\"kernel\":\"", out);
    for (const char *c = repetition->kernel->name; *c; c++) /* a user's kernel bears any name */
        fputc(*c < ' ' || *c > '~' || *c == '"' || *c == '\\' ? '_' : *c, out);
    fprintf(out, "\",\"runner\":\"%s\",\"wall_ns\":%" PRId64 ",\"dropped\":%" PRIu64 "}}\n", repetition->runner->name,
            sample->wall_ns, dropped);
}

void timeline_write(const char *path, const struct repetition *repetition, const struct spans *spans, int64_t began_ns,
                    const struct sample *sample)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path)) : NULL, *text = NULL;
    size_t size = 0;
    FILE *out = dir ? open_memstream(&text, &size) : NULL;
    if (out) {
        put_all(out, repetition, spans, began_ns, sample);
        bool failed = ferror(out);
        if (!fclose(out) && !failed) (void)record_write_file(dir, slash + 1, text, size);
    }
    free(text);
    free(dir);
}
