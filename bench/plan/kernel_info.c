/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/kernel_info.h"

#include "bench/base/answer.h"
#include "bench/base/isolate.h"
#include "bench/cli/options.h"

#include <dlfcn.h>
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
    *info = (struct kernel_info){.bottleneck = kernel->bottleneck,
                                 .default_tasks = kernel->default_tasks,
                                 .default_size = kernel->default_size,
                                 .result_size = kernel->result_size};
    snprintf(info->name, sizeof info->name, "%s", kernel->name);
    snprintf(info->label, sizeof info->label, "%s", kernel->name);
    snprintf(info->size_unit, sizeof info->size_unit, "%s", kernel->size_unit);
    return 0;
}

static int from_object(const char *path, struct kernel_info_limits limits, struct kernel_info *info, struct reason *why)
{
    char *real = realpath(path, NULL);
    if (!real) return reason_give(why, -EINVAL, "%s", strerror(errno));
    struct kernel_info made = {0};
    int length = snprintf(made.name, sizeof made.name, "%s", real);
    free(real);
    if (length >= (int)sizeof made.name)
        return reason_give(why, -ENAMETOOLONG, "its path is longer than %zu characters", sizeof made.name - 1);
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

int kernel_info_calibrate(const struct kernel_info *info, struct kernel_info_limits limits, struct kernel_task *task,
                          struct reason *why)
{
    if (!strcmp(info->size_unit, "ns")) { /* known without running it */
        if (task->size) task->task_ns = (double)task->size;
        else task->size = (uint64_t)task->task_ns;
        return 0;
    }
    json_t *question = json_pack("{ss sI sI sI sf}", "kernel", info->name, "tasks", (json_int_t)task->tasks, "seed",
                                 (json_int_t)task->seed, "size", (json_int_t)task->size, "goal_ns", task->task_ns);
    json_t *answer = ask("_calibrate", question, "timing a task", limits, why);
    if (!answer) return errno ? -errno : -EINVAL;
    task->size = (uint64_t)json_integer_value(json_object_get(answer, "size"));
    task->task_ns = json_number_value(json_object_get(answer, "task_ns"));
    json_decref(answer);
    return 0;
}

/* ---- in the process that may crash ---- */

/* What is wrong with a user's struct; NULL: nothing. Its version is checked before: only then are the fields ours. */
static const char *fault_of(const struct kernel *kernel)
{
    if (!kernel->name || !*kernel->name) return "its name is missing";
    if (strlen(kernel->name) > 39) return "its name is longer than 39 characters";
    for (const char *c = kernel->name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("-_.", *c)))
            return "its name is not one word of a-z, 0-9, '-', '_', '.'";
    if (!kernel->summary) return "its summary is missing";
    if ((unsigned)kernel->bottleneck >= BOTTLENECKS) return "its bottleneck is not one of enum bottleneck";
    if (!kernel->run) return "its run function is missing";
    if (!kernel->size_unit) return "its size_unit is missing";
    if (!kernel->default_tasks || !kernel->default_size) return "its default_tasks or default_size is 0";
    return NULL;
}

static int load(const char *path, const struct kernel **kernel, struct reason *why)
{
    char with_slash[4096];
    snprintf(with_slash, sizeof with_slash, "%s%s", strchr(path, '/') ? "" : "./", path); /* else dlopen searches */
    void *object = dlopen(with_slash, RTLD_NOW | RTLD_LOCAL);
    if (!object) return reason_give(why, -EINVAL, "cannot load it: %s", dlerror());
    const struct kernel *found = dlsym(object, "breakeven_kernel");
    if (!found) return reason_give(why, -EINVAL, "it has no symbol breakeven_kernel (see kernels/kernel.h)");
    if (found->version != KERNEL_VERSION)
        return reason_give(why, -EINVAL,
                           "it is of kernel version %u, this program takes %u: compile it again with this kernel.h",
                           found->version, KERNEL_VERSION);
    const char *fault = fault_of(found);
    if (fault) return reason_give(why, -EINVAL, "%s (see kernels/kernel.h)", fault);
    *kernel = found;
    return 0;
}

int kernel_load(const char *name, const struct kernel **kernel, struct reason *why)
{
    if (kernel_is_path(name)) return load(name, kernel, why);
    const struct kernel *found = kernel_find(name);
    if (!found) return reason_give(why, -EINVAL, "no kernel \"%.60s\"", name);
    *kernel = found;
    return 0;
}
