/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/spec.h"

#include "bench/plan/plan.h"

#include "kernels/reason.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *spec_to_json(const struct spec *spec)
{
    json_t *cpus = json_null();
    unsigned workers = spec->cell.processes * spec->cell.threads;
    if (spec->cpus) {
        cpus = json_array();
        unsigned here = plan_processes_here(&spec->cell) * spec->cell.threads;
        for (unsigned i = 0; i < workers; i++) json_array_append_new(cpus, json_string(spec->cpus[i % here]));
    }
    json_t *object = json_pack("{so si sb ss* so so}", "cell", cell_to_json(&spec->cell), "warmup", (int)spec->warmup,
                               "instrumented", (int)spec->instrumented, "timeline", spec->timeline, "cpus", cpus, "inject",
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
