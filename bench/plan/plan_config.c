/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/plan_config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int take_word(const json_t *settings, const char *name, char *word, size_t size, struct reason *why)
{
    const char *value = json_string_value(json_object_get(settings, name));
    if (!value || !*value || strlen(value) >= size)
        return reason_give(why, -EINVAL, "its \"%s\" is missing or no word", name);
    memcpy(word, value, strlen(value) + 1);
    return 0;
}

static int take_number(const json_t *settings, const char *name, uint64_t least, uint64_t *number, struct reason *why)
{
    const json_t *value = json_object_get(settings, name);
    json_int_t integer = json_integer_value(value);
    if (!json_is_integer(value) || integer < (json_int_t)least)
        return reason_give(why, -EINVAL, "its \"%s\" is missing or too small", name);
    *number = (uint64_t)integer;
    return 0;
}

static int take(const json_t *object, struct tune_config *config, struct reason *why)
{
    const json_t *settings = json_object_get(object, "settings");
    const char *unit = json_string_value(json_object_get(object, "unit"));
    if (!json_is_object(settings) || !unit) return reason_give(why, -EINVAL, "it is no recommendation of tune --save");
    if (strcmp(unit, "kernel")) return reason_give(why, -EINVAL, "it is for a %s, not for a kernel", unit);
    const struct {
        const char *name;
        char *word;
        size_t size;
    } words[] = {{"kernel", config->kernel, sizeof config->kernel},
                 {"runner", config->runner, sizeof config->runner},
                 {"schedule", config->schedule, sizeof config->schedule},
                 {"placement", config->placement, sizeof config->placement}};
    const struct {
        const char *name;
        uint64_t least, *number;
    } numbers[] = {{"size", 1, &config->size},
                   {"tasks", 1, &config->tasks},
                   {"processes", 1, &config->processes},
                   {"threads", 1, &config->threads},
                   {"chunk", 0, &config->chunk}};
    int error = 0;
    for (size_t i = 0; !error && i < 4; i++) {
        error = take_word(settings, words[i].name, words[i].word, words[i].size, why);
        config->words[i] = words[i].word;
    }
    for (size_t i = 0; !error && i < 5; i++)
        error = take_number(settings, numbers[i].name, numbers[i].least, numbers[i].number, why);
    return error;
}

int tune_config_read(const char *path, struct tune_config *config, struct reason *why)
{
    json_error_t failure;
    FILE *file = fopen(path, "re");
    if (!file) {
        int error = -errno;
        return reason_give(why, error, "%s", strerror(-error));
    }
    json_t *object = json_loadf(file, JSON_REJECT_DUPLICATES, &failure);
    fclose(file);
    if (!object) return reason_give(why, -EINVAL, "line %d: %.120s", failure.line, failure.text);
    int error = take(object, config, why);
    json_decref(object);
    return error;
}

void tune_config_apply(const struct tune_config *config, const struct options *options, struct options *merged)
{
    struct tune_config *own = (struct tune_config *)config; /* lists are not const, and never written through */
    *merged = *options;
    struct names *const lists[] = {&merged->kernels, &merged->runners, &merged->schedules, &merged->placements};
    for (size_t i = 0; i < 4; i++)
        if (!lists[i]->count) *lists[i] = (struct names){1, &own->words[i]};
    if (!merged->tasks.count && !merged->work_ns) merged->tasks = (struct numbers){1, &own->tasks};
    if (!merged->sizes.count && !merged->task_times_ns.count) merged->sizes = (struct numbers){1, &own->size};
    if (!merged->chunks.count && own->chunk) merged->chunks = (struct numbers){1, &own->chunk};
    if (merged->workers.count) return;
    if (!merged->processes.count) merged->processes = (struct numbers){1, &own->processes};
    if (!merged->threads.count) merged->threads = (struct numbers){1, &own->threads};
}
