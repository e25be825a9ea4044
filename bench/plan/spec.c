/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/spec.h"

#include "bench/plan/plan.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Apart from inject.c: the program of a rank has what is injected, and no JSON. */
static json_t *inject_to_json(const struct inject *inject)
{
    if (!inject) return json_null();
    return json_pack("{sI sI sI sf sI sI sf sb sb sb}", "start_ns", (json_int_t)inject->start_ns, "stop_ns",
                     (json_int_t)inject->stop_ns, "dispatch_ns", (json_int_t)inject->dispatch_ns, "byte_ns",
                     inject->byte_ns, "work_ns", (json_int_t)inject->work_ns, "work_tasks",
                     (json_int_t)inject->work_tasks, "work_share", inject->work_share, "skip", inject->skip, "wrong",
                     inject->wrong, "unbound", inject->unbound);
}

static int64_t whole(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool inject_from_json(const json_t *object, struct inject *inject)
{
    if (!json_is_object(object)) return false;
    *inject = (struct inject){
        .start_ns = whole(object, "start_ns"),
        .stop_ns = whole(object, "stop_ns"),
        .dispatch_ns = whole(object, "dispatch_ns"),
        .byte_ns = json_number_value(json_object_get(object, "byte_ns")),
        .work_ns = whole(object, "work_ns"),
        .work_tasks = (uint64_t)whole(object, "work_tasks"),
        .work_share = json_number_value(json_object_get(object, "work_share")),
        .skip = json_is_true(json_object_get(object, "skip")),
        .wrong = json_is_true(json_object_get(object, "wrong")),
        .unbound = json_is_true(json_object_get(object, "unbound")),
    };
    return true;
}

char *spec_to_json(const struct spec *spec)
{
    json_t *cpus = json_null();
    unsigned workers = spec->cell.processes * spec->cell.threads;
    if (spec->cpus) {
        cpus = json_array();
        unsigned here = plan_processes_here(&spec->cell) * spec->cell.threads;
        for (unsigned i = 0; i < workers; i++) json_array_append_new(cpus, json_string(spec->cpus[i % here]));
    }
    json_t *object = json_pack("{so si sI sb ss* so so}", "cell", cell_to_json(&spec->cell), "warmup", (int)spec->warmup,
                               "warmup_tasks", (json_int_t)spec->warmup_tasks, "instrumented", (int)spec->instrumented, "timeline", spec->timeline, "cpus", cpus, "inject",
                               inject_to_json(spec->has_inject ? &spec->inject : NULL));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

static int copy_cpus(const json_t *list, unsigned workers, char ***cpus)
{
    if (!json_is_array(list)) return 0;
    if (json_array_size(list) != workers) return -EINVAL;
    char **copy = calloc(workers + 1u, sizeof *copy);
    int error = copy ? 0 : -ENOMEM;
    for (unsigned i = 0; !error && i < workers; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !(copy[i] = strdup(text))) error = -EINVAL;
    }
    *cpus = copy;
    return error;
}

int spec_from_json(const json_t *object, struct spec *spec, struct reason *why)
{
    struct spec made = {0};
    int error = cell_from_json(json_object_get(object, "cell"), &made.cell, why);
    if (!error) error = copy_cpus(json_object_get(object, "cpus"), made.cell.processes * made.cell.threads, &made.cpus);
    made.warmup = (unsigned)json_integer_value(json_object_get(object, "warmup"));
    made.warmup_tasks = (uint64_t)json_integer_value(json_object_get(object, "warmup_tasks"));
    made.has_inject = inject_from_json(json_object_get(object, "inject"), &made.inject);
    made.instrumented = json_is_true(json_object_get(object, "instrumented"));
    const char *timeline = json_string_value(json_object_get(object, "timeline"));
    if (!error && timeline && !(made.timeline = strdup(timeline))) error = -ENOMEM;
    if (error) {
        if (!*why->text) reason_set(why, "its list of cpus is not one for each worker");
        spec_free(&made);
        return error;
    }
    *spec = made;
    return 0;
}

void spec_free(struct spec *spec)
{
    unsigned workers = spec->cpus ? spec->cell.processes * spec->cell.threads : 0;
    for (unsigned i = 0; i < workers; i++) free(spec->cpus[i]);
    free(spec->cpus);
    free(spec->timeline);
    *spec = (struct spec){0};
}
