/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/summary/compare_parts.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ONE_MAX = 160, ROOM_FOR_REST = 24 };

struct list {
    char *text;
    size_t size, used, left_out;
};

static const char *shown(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value)) return json_string_value(value);
    char *made = value && !json_is_null(value) ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(text, size, "%s", made ? made : "nothing");
    free(made);
    return text;
}

static void add(struct list *list, const char *name, const json_t *a, const json_t *b)
{
    char one[ONE_MAX], x[64], y[64];
    int length = snprintf(one, sizeof one, "%s%.40s is %.40s in BASE, %.40s in NEW", list->used ? "; " : "", name,
                          shown(a, x, sizeof x), shown(b, y, sizeof y));
    if (list->left_out || length < 0 || list->used + (size_t)length + ROOM_FOR_REST > list->size) {
        list->left_out++;
        return;
    }
    memcpy(list->text + list->used, one, (size_t)length + 1);
    list->used += (size_t)length;
}

static void differ(struct list *list, const char *name, const json_t *a, const json_t *b);

/* What either of two objects holds. */
static void members_differ(struct list *list, const char *name, const json_t *a, const json_t *b)
{
    const json_t *sides[2] = {a, b};
    for (int side = 0; side < 2; side++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)sides[side], key, value) {
            char path[80];
            const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);
            if (side && x) continue;
            snprintf(path, sizeof path, "%s%s%s", name, *name ? "." : "", key);
            differ(list, path, x, y);
        }
    }
}

static void differ(struct list *list, const char *name, const json_t *a, const json_t *b)
{
    if (!strcmp(name, "program") || (a && b && json_equal(a, b))) return;
    if (json_is_object(a) && json_is_object(b)) members_differ(list, name, a, b);
    else if (a || !json_is_null(b)) add(list, name, a, b);
}

void compare_software(const struct run *base, const struct run *new, char *text, size_t size)
{
    const json_t *a = json_object_get(base->manifest, "software"), *b = json_object_get(new->manifest, "software");
    struct list list = {text, size, 0, 0};
    *text = '\0';
    if (a && b) members_differ(&list, "", a, b);
    else if (a || b) list.used = (size_t)snprintf(text, size, "%s does not say what software it ran on", a ? "NEW" : "BASE");
    const json_t *was = json_object_get(base->manifest, "build"), *is = json_object_get(new->manifest, "build");
    static const char *const build[] = {"compiler", "flags"};
    for (int i = 0; i < 2 && was && is; i++) differ(&list, build[i], json_object_get(was, build[i]), json_object_get(is, build[i]));
    was = json_object_get(base->manifest, "environment"), is = json_object_get(new->manifest, "environment");
    if (was && is) members_differ(&list, "", was, is);
    if (list.left_out) snprintf(text + list.used, size - list.used, "; and %zu more", list.left_out);
}
