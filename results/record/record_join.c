/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record_join.h"

#include "results/record/record.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool record_is_part(const char *dir)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/manifest.json", dir);
    json_t *manifest = json_load_file(path, 0, NULL);
    bool part = json_is_object(json_object_get(manifest, "share"));
    json_decref(manifest);
    return part;
}

struct join {
    const char *const *dirs; /* of the parts */
    size_t count;
    struct run *runs;
    json_t *manifest; /* of the whole, in the making */
    int fd;           /* its samples */
    struct reason *why;
};

static json_int_t share_of(const struct run *run, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(run->manifest, "share"), key));
}

static const char *host_of(const struct run *run, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(run->manifest, "host"), key));
    return text ? text : "unknown";
}

/* Cells, protocol and build: what makes two parts comparable. */
static const char *difference(const struct run *a, const struct run *b)
{
    static const char *const same[] = {"cells", "protocol"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        json_t *left = json_deep_copy(json_object_get(a->manifest, same[i])), *right = json_deep_copy(json_object_get(b->manifest, same[i]));
        json_object_del(left, "memory_bytes"); /* what was free there */
        json_object_del(right, "memory_bytes");
        bool equal = json_equal(left, right);
        json_decref(left);
        json_decref(right);
        if (!equal) return same[i];
    }
    const json_t *left = json_object_get(a->manifest, "build"), *right = json_object_get(b->manifest, "build");
    return json_equal(json_object_get(left, "commit"), json_object_get(right, "commit")) ? NULL : "build.commit";
}

static int check(const struct join *join, size_t at)
{
    const struct run *run = &join->runs[at];
    if (!share_of(run, "of")) return reason_give(join->why, -EINVAL, "%.200s is no part of a run (run --share)", join->dirs[at]);
    const char *key = difference(&join->runs[0], run);
    if (key) return reason_give(join->why, -EXDEV, "%.200s is a part of another run than %.200s: %s differ", join->dirs[at], join->dirs[0], key);
    for (size_t i = 0; i < at; i++) {
        if (share_of(&join->runs[i], "of") != share_of(run, "of"))
            return reason_give(join->why, -EXDEV, "%.200s is one of %d parts, %.200s one of %d", join->dirs[i], (int)share_of(&join->runs[i], "of"),
                        join->dirs[at], (int)share_of(run, "of"));
        if (share_of(&join->runs[i], "part") == share_of(run, "part"))
            return reason_give(join->why, -EEXIST, "%.200s and %.200s are the same part, %d", join->dirs[i], join->dirs[at],
                        (int)share_of(run, "part"));
    }
    return 0;
}

static void note(const struct join *join, const char *format, const char *a, const char *b)
{
    char line[512];
    snprintf(line, sizeof line, format, a, b);
    json_array_append_new(json_object_get(join->manifest, "notes"), json_string(line));
}

/* Where each part was measured, and what that does to the whole. */
static void describe(const struct join *join)
{
    json_t *parts = json_array();
    bool complete = true;
    for (size_t i = 0; i < join->count; i++) {
        const struct run *run = &join->runs[i];
        complete = complete && run->complete;
        json_array_append_new(parts, json_pack("{sI ss ss sb sO*}", "part", share_of(run, "part"), "hostname", host_of(run, "hostname"), "model",
                                               host_of(run, "model"), "complete", (int)run->complete, "began",
                                               json_object_get(run->manifest, "began")));
        if (!run->complete) note(join, "%s was cut short%s", join->dirs[i], "");
        if (strcmp(host_of(run, "model"), host_of(&join->runs[0], "model")))
            note(join, "the parts were measured on unlike machines: %s and %s", host_of(&join->runs[0], "model"), host_of(run, "model"));
    }
    json_int_t of = share_of(&join->runs[0], "of");
    char missing[64];
    snprintf(missing, sizeof missing, "%d of %d", (int)(of - (json_int_t)join->count), (int)of);
    if (of > (json_int_t)join->count) note(join, "%s parts are missing%s", missing, "");
    complete = complete && of == (json_int_t)join->count;
    json_object_del(join->manifest, "share");
    json_object_set_new(join->manifest, "joined", parts);
    json_object_set_new(join->manifest, "complete", json_boolean(complete));
}

/* A part on its way into the whole. */
struct part {
    const struct join *join;
    unsigned first, end; /* its first block there, and the one behind its last */
};

static int append(const struct sample *sample, int64_t at, void *context)
{
    struct part *part = context;
    struct sample moved = *sample;
    (void)at;
    moved.block += part->first;
    if (moved.block >= part->end) part->end = moved.block + 1;
    int error = record_append_sample(part->join->fd, &moved);
    return error ? reason_give(part->join->why, error, "cannot write the joined samples: %s", strerror(-error)) : 0;
}

static int write_all(struct join *join, const char *into)
{
    struct part part = {join, 0, 0};
    describe(join);
    char *text = json_dumps(join->manifest, JSON_INDENT(1));
    int error = text ? record_write_file(into, "manifest.json", text, strlen(text)) : -ENOMEM;
    free(text);
    join->fd = error ? error : record_open_samples(into);
    if (join->fd < 0) return reason_give(join->why, join->fd, "cannot write into %.200s: %s", into, strerror(-join->fd));
    for (size_t i = 0; i < join->count && !error; i++, part.first = part.end)
        error = run_each(&join->runs[i], append, &part, join->why);
    close(join->fd);
    return error;
}

int record_join(const char *const *dirs, size_t count, const char *into, struct reason *why)
{
    struct join join = {.dirs = dirs, .count = count, .runs = calloc(count + 1, sizeof *join.runs), .why = why};
    if (!join.runs) return reason_give(why, -ENOMEM, "no memory");
    int error = 0;
    for (size_t i = 0; i < count && !error; i++) {
        error = run_read(dirs[i], &join.runs[i], NULL, why);
        if (!error) error = check(&join, i);
    }
    if (!error) {
        join.manifest = json_deep_copy(join.runs[0].manifest);
        error = join.manifest ? write_all(&join, into) : reason_give(why, -ENOMEM, "no memory");
    }
    json_decref(join.manifest);
    for (size_t i = 0; i < count; i++) run_free(&join.runs[i]);
    free(join.runs);
    return error;
}
