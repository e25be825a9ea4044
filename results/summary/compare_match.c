/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/summary/compare_parts.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Are two shared objects of one name in the run? Then their paths tell them apart; else a kernel is known by its name,
 * as two builds of it stand in different places. */
static bool name_is_shared(const struct run *run, const struct cell *cell)
{
    for (unsigned i = 0; i < run->cell_count; i++)
        if (strcmp(run->cells[i].kernel, cell->kernel) && !strcmp(run->cells[i].label, cell->label)) return true;
    return false;
}

/* What may differ where two cells are the same question. */
enum { NOTHING = 0, SIZE = CELLS_SIZE, SIZE_AND_TASKS = CELLS_SIZE | CELLS_TASKS, PROBLEM = CELLS_SIZE | CELLS_TASKS | CELLS_SEED };

/* Sizes, and numbers of tasks, that two calibrations for the same time per task find on one machine. */
static const double CALIBRATED_WITHIN = 1.5;

static bool near(uint64_t a, uint64_t b)
{
    return (double)a <= CALIBRATED_WITHIN * (double)b && (double)b <= CALIBRATED_WITHIN * (double)a;
}

static bool cells_match(const struct cell *a, const struct cell *b, unsigned but)
{
    bool calibrated = but == SIZE || but == SIZE_AND_TASKS;
    if (!cells_same(a, b, CELLS_ALL & ~(CELLS_KERNEL | but)) || strcmp(a->label, b->label)) return false;
    return !calibrated || (a->task_time_ns && near(a->size, b->size) && near(a->tasks, b->tasks));
}

static const struct cell *cell_find_but(const struct run *run, const struct cell *wanted, unsigned but)
{
    for (unsigned i = 0; i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        if (cell->duplicate != cell->id || !cells_match(cell, wanted, but)) continue;
        if (!strcmp(cell->kernel, wanted->kernel) || !name_is_shared(run, cell)) return cell;
    }
    return NULL;
}

/* The same one; else one that was calibrated for the same time per task, with as many tasks or, where --work tells how many, about
 * as many. */
static const struct cell *cell_find(const struct run *run, const struct cell *wanted)
{
    const struct cell *found = cell_find_but(run, wanted, NOTHING);
    if (!found) found = cell_find_but(run, wanted, SIZE);
    return found ? found : cell_find_but(run, wanted, SIZE_AND_TASKS);
}

static const struct cell *kernel_find_in(const struct run *run, const char *label)
{
    for (unsigned i = 0; i < run->cell_count; i++)
        if (!strcmp(run->cells[i].label, label)) return &run->cells[i];
    return NULL;
}

/* A cell of NEW that differs from a wanted one of BASE in its size alone, and has no partner of its own there. */
static const struct cell *cell_of_other_size(const struct run *base, const struct run *new, const struct cell *wanted)
{
    if (cell_find(new, wanted)) return NULL;
    for (unsigned i = 0; i < new->cell_count; i++) {
        const struct cell *cell = &new->cells[i];
        if (cell->duplicate == cell->id && cells_match(cell, wanted, PROBLEM) && !cell_find(base, cell)) return cell;
    }
    return NULL;
}

int compare_plans_differ(const struct run *base, const struct run *new, char *text, size_t size)
{
    const struct run *runs[2] = {base, new};
    const char *const names[2] = {"BASE", "NEW"};
    for (int side = 0; side < 2; side++)
        for (unsigned i = 0; i < runs[side]->cell_count; i++) {
            if (kernel_find_in(runs[!side], runs[side]->cells[i].label)) continue;
            snprintf(text, size, "kernel %s is in %s alone", runs[side]->cells[i].label, names[side]);
            return 1;
        }
    for (unsigned i = 0; i < base->cell_count; i++) {
        const struct cell *cell = &base->cells[i], *other = cell_of_other_size(base, new, cell);
        if (!other) continue;
        snprintf(text, size,
                 "%s on %s differs in size: %llu tasks of size %llu (seed %llu) in BASE, %llu of %llu "
                 "(%llu) in NEW",
                 cell->label, cell->runner, (unsigned long long)cell->tasks, (unsigned long long)cell->size,
                 (unsigned long long)cell->seed, (unsigned long long)other->tasks, (unsigned long long)other->size,
                 (unsigned long long)other->seed);
        return 1;
    }
    return 0;
}

/* NEW's work is so many times smaller; 1 where the comparison is forced over what is not the same question. */
static double work_share(const struct cell *base, const struct cell *new)
{
    if (base->seed != new->seed || !base->task_time_ns || base->task_time_ns != new->task_time_ns) return 1;
    double share = (double)base->size * (double)base->tasks / ((double)new->size * (double)new->tasks);
    return share > 0 && isfinite(share) ? share : 1;
}

int compare_pair_cells(const struct run *base, const struct run *new, bool sizes, struct comparison *comparison)
{
    comparison->cell = calloc(base->cell_count ? base->cell_count : 1, sizeof *comparison->cell);
    comparison->vanished = calloc(base->cell_count + (size_t)1, sizeof *comparison->vanished);
    if (!comparison->cell || !comparison->vanished) return -ENOMEM;
    size_t duplicates = 0;
    for (unsigned i = 0; i < base->cell_count; i++) {
        const struct cell *cell = &base->cells[i], *other;
        if (cell->duplicate != cell->id) continue;
        other = cell_find(new, cell);
        if (!other && !sizes) other = cell_of_other_size(base, new, cell);
        if (other) comparison->cell[comparison->count++] = (struct compare_cell){.base = cell, .new = other, .work = work_share(cell, other)};
        else comparison->vanished[comparison->only_base++] = cell;
    }
    for (unsigned i = 0; i < new->cell_count; i++) duplicates += new->cells[i].duplicate != new->cells[i].id;
    size_t new_cells = new->cell_count - duplicates;
    comparison->only_new = new_cells > comparison->count ? new_cells - comparison->count : 0;
    return 0;
}

/* ---- what else was not the same ---- */

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
    else if (a || b)
        list.used = (size_t)snprintf(text, size, "%s does not say what software it ran on", a ? "NEW" : "BASE");
    const json_t *was = json_object_get(base->manifest, "build"), *is = json_object_get(new->manifest, "build");
    static const char *const build[] = {"compiler", "flags"};
    for (int i = 0; i < 2 && was && is; i++)
        differ(&list, build[i], json_object_get(was, build[i]), json_object_get(is, build[i]));
    was = json_object_get(base->manifest, "environment"), is = json_object_get(new->manifest, "environment");
    if (was && is) members_differ(&list, "", was, is);
    if (list.left_out) snprintf(text + list.used, size - list.used, "; and %zu more", list.left_out);
}
