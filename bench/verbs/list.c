/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list: the kernels, runners, placements and experiments that there are, and whether each can run here. */
#include "bench/cli/options.h"
#include "bench/lessons/lessons.h"

#include "kernels/kernel.h"
#include "runners/cpus/placement.h"
#include "runners/runner.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *list_kernels(void)
{
    json_t *list = json_array();
    for (const struct kernel *const *k = kernels; *k; k++)
        json_array_append_new(list, json_pack("{ss ss ss sI sI ss ss?}", "name", (*k)->name, "summary", (*k)->summary,
                                              "bottleneck", bottleneck_name((*k)->bottleneck), "tasks",
                                              (json_int_t)(*k)->default_tasks, "size", (json_int_t)(*k)->default_size,
                                              "size_unit", (*k)->size_unit, "published", (*k)->published));
    return list;
}

static json_t *list_schedules(const struct runner *runner)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < SCHEDULES; i++)
        if (i == SCHEDULE_DEFAULT || runner->schedules >> i & 1)
            json_array_append_new(list, json_string(schedule_name((enum schedule)i)));
    return list;
}

static json_t *list_runners(void)
{
    json_t *list = json_array();
    for (const struct runner *const *r = runners; *r; r++) {
        struct reason why = {""};
        bool available = !(*r)->available || !(*r)->available(&why);
        json_t *axes = json_array();
        static const struct {
            unsigned axis;
            const char *name;
        } names[] = {{AXIS_PROCESSES, "processes"},
                     {AXIS_THREADS, "threads"},
                     {AXIS_CHUNK, "chunk"},
                     {AXIS_SCHEDULE, "schedule"}};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if ((*r)->axes & names[i].axis) json_array_append_new(axes, json_string(names[i].name));
        json_array_append_new(list, json_pack("{ss ss so so sb ss?}", "name", (*r)->name, "summary", (*r)->summary,
                                              "axes", axes, "schedules", list_schedules(*r), "available", available,
                                              "reason", available ? NULL : why.text));
    }
    return list;
}

static json_t *list_placements(void)
{
    json_t *list = json_array();
    for (const struct placement_policy *policy = placement_policies; policy->name; policy++)
        json_array_append_new(list, json_pack("{ss ss}", "name", policy->name, "summary", policy->summary));
    json_array_append_new(list, json_pack("{ss ss}", "name", "LIST", "summary",
                                          "explicit: cpus (0-2,5) or objects of hwloc (core:0-3, pack:1), kinds of "
                                          "cores (kind:1), handed out in turn"));
    return list;
}

/* The files inside the program: each is copied by what it is printed with, and run again by run --file or lesson. */
static json_t *list_experiments(void)
{
    json_t *list = json_array();
    json_array_append_new(list, json_pack("{ss ss ss}", "name", "default", "summary", "what make bench measures", "print",
                                          "run --write-file"));
    json_array_append_new(list, json_pack("{ss ss ss}", "name", "quick", "summary", "the same in about half a minute", "print",
                                          "run --quick --write-file"));
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        struct lesson lesson;
        struct reason why = {""};
        char print[96];
        if (lesson_read(file.name, file.text, &lesson, &why)) continue; /* `lesson` says what is wrong with it */
        snprintf(print, sizeof print, "lesson %s --write-file", lesson.name);
        json_array_append_new(list, json_pack("{ss ss ss}", "name", lesson.name, "summary", lesson.question, "print", print));
        lesson_free(&lesson);
    }
    return list;
}

static void print_list(const char *title, const json_t *list)
{
    size_t i;
    json_t *row;
    printf("%s\n", title);
    json_array_foreach (list, i, row) {
        printf("  %-12s %s", json_string_value(json_object_get(row, "name")),
               json_string_value(json_object_get(row, "summary")));
        const char *bottleneck = json_string_value(json_object_get(row, "bottleneck"));
        const char *reason = json_string_value(json_object_get(row, "reason"));
        if (bottleneck) printf(" [%s]", bottleneck);
        const char *print = json_string_value(json_object_get(row, "print"));
        if (reason) printf(" (not here: %s)", reason);
        if (print) printf(" [breakeven %s]", print);
        putchar('\n');
    }
}

static int run(const struct options *options)
{
    static const struct {
        const char *name, *title;
        json_t *(*list)(void);
    } parts[] = {{"kernels", "kernels: what is computed", list_kernels},
                 {"runners", "runners: who computes it", list_runners},
                 {"placements", "placements: where workers run", list_placements},
                 {"experiments", "experiments: files inside the program, and what prints each", list_experiments}};
    const char *asked = options->operand_count ? options->operands[0] : NULL;
    json_t *object = json_object();
    bool first = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (asked && strcmp(asked, parts[i].name)) continue;
        json_t *list = parts[i].list();
        if (!options->json) {
            if (!first) putchar('\n');
            print_list(parts[i].title, list);
            first = false;
        }
        json_object_set_new(object, parts[i].name, list);
    }
    if (options->json && json_object_size(object)) return options_print_json(options, object);
    int status = STATUS_GOOD;
    if (!json_object_size(object))
        status = options_complain(options, "no list of \"%.60s\": there are kernels, runners, placements, experiments",
                                  asked);
    json_decref(object);
    return status;
}

const struct verb verb_list = {
    .name = "list",
    .summary = "the kernels, runners, placements and experiments there are",
    .operands = "[kernels|runners|placements|experiments]",
    .operands_max = 1,
    .run = run,
};
