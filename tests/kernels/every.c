/* SPDX-License-Identifier: GPL-3.0-or-later */
/* every: all built-in kernels in one, for runners that take long to start: task i is one of kernel i % their number. */
#include "kernel.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS_MAX = 64, SLOT = 512, SIZE = 5, SIZE_NS = 1000 };

struct part {
    const struct kernel *kernel;
    struct kernel_params params;
    void *input;
};

struct parts {
    size_t count;
    struct part part[KERNELS_MAX];
};

/* The registry of the shared object two folders up: build/libkernels.so of build/tests/kernels/every.so. */
static const struct kernel *const *registry(void)
{
    Dl_info self;
    char path[4096];
    if (!dladdr((const void *)registry, &self)) return NULL;
    snprintf(path, sizeof path, "%.*s/../../libkernels.so", (int)(strrchr(self.dli_fname, '/') - self.dli_fname),
             self.dli_fname);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return library ? (const struct kernel *const *)dlsym(library, "kernels") : NULL;
}

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    const struct kernel *const *all = registry();
    struct parts *parts = calloc(1, sizeof *parts);
    if (!all || !parts) return -ENOENT;
    while (all[parts->count]) parts->count++;
    for (size_t k = 0; k < parts->count; k++) {
        struct part *part = &parts->part[k];
        part->kernel = all[k];
        part->params = *params;
        part->params.tasks = params->tasks / parts->count + (k < params->tasks % parts->count);
        part->params.size = strcmp(all[k]->size_unit, "ns") ? SIZE : SIZE_NS;
        int error = all[k]->prepare ? all[k]->prepare(&part->params, shared, &part->input) : 0;
        if (error || kernel_result_size(all[k], part->params.size) > SLOT) return error ? error : -E2BIG;
    }
    *input = parts;
    return 0;
}

/* A kernel writes where its task's results lie, counted from the first task's. */
static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct parts *parts = input;
    for (size_t i = begin; i < end; i++) {
        const struct part *part = &parts->part[i % parts->count];
        size_t task = i / parts->count, bytes = kernel_result_size(part->kernel, part->params.size);
        unsigned char *slot = (unsigned char *)results + i * SLOT;
        memset(slot, 0, SLOT);
        part->kernel->run(part->input, task, task + 1, (void *)((uintptr_t)slot - task * bytes));
    }
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    const struct parts *parts = input;
    unsigned char *own = malloc(params->tasks * SLOT + 1);
    int known = own ? 0 : -1;
    for (size_t k = 0; k < parts->count && known >= 0; k++) {
        const struct part *part = &parts->part[k];
        size_t bytes = kernel_result_size(part->kernel, part->params.size);
        for (size_t task = 0; task < part->params.tasks; task++)
            memcpy(own + task * bytes, (const unsigned char *)results + (task * parts->count + k) * SLOT, bytes);
        if (part->kernel->verify) known = part->kernel->verify(part->input, &part->params, own, why, why_size);
    }
    free(own);
    return known < 0 ? -1 : 0;
}

static void release(void *input)
{
    struct parts *parts = input;
    for (size_t k = 0; k < parts->count; k++)
        if (parts->part[k].kernel->release) parts->part[k].kernel->release(parts->part[k].input);
    free(parts);
}

const struct kernel breakeven_kernel = {
    .version = KERNEL_VERSION,
    .name = "every",
    .summary = "all built-in kernels in turn",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 200,
    .default_size = 1,
    .size_unit = "none",
    .result_size = SLOT,
    .prepare = prepare,
    .run = run,
    .verify = verify,
    .release = release,
};
