/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject_json.c: apart, since the program of a rank (runners/rank) has what is injected and no JSON. */
#include "bench/plan/inject.h"

#include <jansson.h>

json_t *inject_to_json(const struct inject *inject)
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

bool inject_from_json(const json_t *object, struct inject *inject)
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
