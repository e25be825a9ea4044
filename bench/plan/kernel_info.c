/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/kernel_info.h"

#include "bench/base/answer.h"
#include "bench/base/isolate.h"
#include "bench/plan/kernel_load.h"
#include "kernels/reason.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_DEADLINE_S = 10, LOADING_S = 2 };

/* Asks an internal verb in its own process, as answer_ask. */
static json_t *ask(const char *verb, json_t *question, const char *doing, struct kernel_info_limits limits,
                   struct reason *why)
{
    struct isolate isolate = {.words = (const char *const[]){verb, NULL},
                              .deadline_ns = ASK_DEADLINE_S * INT64_C(1000000000),
                              .memory_bytes = limits.memory_bytes};
    const int64_t loading_ns = LOADING_S * INT64_C(1000000000), most_ns = INT64_MAX - loading_ns;
    if (limits.deadline_ns) /* of the task, not of the loading before it */
        isolate.deadline_ns = loading_ns + (limits.deadline_ns < (uint64_t)most_ns ? (int64_t)limits.deadline_ns : most_ns);
    return answer_ask(&isolate, question, doing, why);
}

static int from_registry(const struct kernel *kernel, struct kernel_info *info)
{
    struct kernel_info made = {.bottleneck = kernel->bottleneck,
                               .default_tasks = kernel->default_tasks,
                               .default_size = kernel->default_size,
                               .result_size = kernel->result_size};
    snprintf(made.name, sizeof made.name, "%s", kernel->name);
    snprintf(made.label, sizeof made.label, "%s", kernel->name);
    snprintf(made.size_unit, sizeof made.size_unit, "%s", kernel->size_unit);
    *info = made;
    return 0;
}

static int from_object(const char *path, struct kernel_info_limits limits, struct kernel_info *info, struct reason *why)
{
    char *real = realpath(path, NULL);
    if (!real) return reason_give(why, -EINVAL, "%s", strerror(errno));
    struct kernel_info made = {0};
    if (strlen(real) >= sizeof made.name) {
        reason_set(why, "its path is longer than %zu characters", sizeof made.name - 1);
        free(real);
        return -ENAMETOOLONG;
    }
    snprintf(made.name, sizeof made.name, "%s", real);
    free(real);
    const struct kernel_info_limits own = {0, limits.memory_bytes}; /* no task runs */
    json_t *answer = ask("_inspect", json_pack("{ss}", "kernel", made.name), "loading and preparing it", own, why);
    if (!answer) return -EINVAL;
    snprintf(made.label, sizeof made.label, "%s", json_string_value(json_object_get(answer, "name")));
    snprintf(made.size_unit, sizeof made.size_unit, "%s", json_string_value(json_object_get(answer, "size_unit")));
    made.bottleneck = (enum bottleneck)json_integer_value(json_object_get(answer, "bottleneck"));
    made.default_tasks = (uint64_t)json_integer_value(json_object_get(answer, "tasks"));
    made.default_size = (uint64_t)json_integer_value(json_object_get(answer, "size"));
    made.result_size = (uint64_t)json_integer_value(json_object_get(answer, "result_size"));
    json_decref(answer);
    *info = made;
    return 0;
}

int kernel_info_get(const char *name, struct kernel_info_limits limits, struct kernel_info *info, struct reason *why)
{
    if (kernel_is_path(name)) return from_object(name, limits, info, why);
    const struct kernel *kernel = kernel_find(name);
    if (kernel) return from_registry(kernel, info);
    return reason_give(why, -EINVAL, "there is none of that name");
}

/* Of a kernel whose size is a time the answer is known without running it. */
static bool is_timed(const struct kernel_info *info)
{
    return !strcmp(info->size_unit, "ns");
}

static int calibrate(json_t *question, struct kernel_info_limits limits, struct kernel_task *task, struct reason *why)
{
    json_t *answer = ask("_calibrate", question, "timing a task", limits, why);
    if (!answer) return errno ? -errno : -EINVAL;
    const json_t *size = json_object_get(answer, "size");
    if (size) task->size = (uint64_t)json_integer_value(size);
    task->task_ns = json_number_value(json_object_get(answer, "task_ns"));
    json_decref(answer);
    return 0;
}

int kernel_info_calibrate(const struct kernel_info *info, struct kernel_info_limits limits, struct kernel_task *task,
                          struct reason *why)
{
    if (is_timed(info)) {
        task->size = (uint64_t)task->task_ns;
        return 0;
    }
    return calibrate(json_pack("{ss sI sI sf}", "kernel", info->name, "tasks", (json_int_t)task->tasks, "seed",
                               (json_int_t)task->seed, "goal_ns", task->task_ns),
                     limits, task, why);
}

int kernel_info_measure(const struct kernel_info *info, struct kernel_info_limits limits, struct kernel_task *task,
                        struct reason *why)
{
    if (is_timed(info)) {
        task->task_ns = (double)task->size;
        return 0;
    }
    return calibrate(json_pack("{ss sI sI sI}", "kernel", info->name, "tasks", (json_int_t)task->tasks, "seed",
                               (json_int_t)task->seed, "size", (json_int_t)task->size),
                     limits, task, why);
}
